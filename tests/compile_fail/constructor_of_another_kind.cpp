// A source that asks for what only a sink is given.
// expect: weir: the plugin needs a constructor
#include "weir/weir.hpp"

struct Clock {
#ifndef RIGHT
  explicit Clock(weir::Sink) {}
#else
  explicit Clock(weir::Source) {}
#endif
  void collect(weir::Time) {}
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
