// A stop that wants an argument would otherwise never be called.
// expect: weir: stop must be `void stop()`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
  void collect(weir::Time) {}
#ifndef RIGHT
  void stop(bool) {}
#else
  void stop() {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
