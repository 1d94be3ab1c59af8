// An option held by a type that no configuration value becomes.
// expect: weir: this type cannot hold an option; see weir/options.hpp
#include <set>

#include "weir/weir.hpp"

struct Clock {
  struct Options {
#ifndef RIGHT
    std::set<std::string> zones;
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
