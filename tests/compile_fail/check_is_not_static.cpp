// A check that wants an instance: `weir check` runs it without one, so it would never be called.
// expect: weir: check must be `static void check(const Options&, weir::Problems&)`
#include "weir/weir.hpp"

struct Clock {
  struct Options {
    std::string zone;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("zone", &Options::zone, "Time zone.").def("UTC")};
      return t;
    }
  };
  Clock(weir::Source, const Options&) {}
#ifndef RIGHT
  void check(const Options&, weir::Problems&) {}
#else
  static void check(const Options&, weir::Problems&) {}
#endif
  void collect(weir::Time) {}
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
