// Options that were not declared: nothing could fill them.
// expect: weir: the plugin's Options need `static const weir::OptionTable<Options>& table()`
#include "weir/weir.hpp"

struct Clock {
  struct Options {
    std::string zone;
#ifdef RIGHT
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("zone", &Options::zone, "Time zone.").def("UTC")};
      return t;
    }
#endif
  };
  Clock(weir::Source, const Options&) {}
  void collect(weir::Time) {}
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
