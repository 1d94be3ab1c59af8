// A list whose items are neither strings nor described structs.
// expect: weir: a list option holds std::string or a struct with a static table()
#include <set>

#include "weir/weir.hpp"

struct Clock {
  struct Options {
#ifndef RIGHT
    std::vector<int> zones;
#else
    std::vector<std::string> zones;
#endif
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("zones", &Options::zones, "Time zones.")};
      return t;
    }
  };
  Clock(weir::Source, const Options&) {}
  void collect(weir::Time) {}
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
