// A start that wants an argument would otherwise never be called.
// expect: weir: start must be `void start()`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
  void collect(weir::Time) {}
#ifndef RIGHT
  void start(int) {}
#else
  void start() {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
