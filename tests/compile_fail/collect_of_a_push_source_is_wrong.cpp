// A push source may collect too, but not with another signature.
// expect: weir: a source needs `void collect(weir::Time)`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
  void start() {}
#ifndef RIGHT
  void collect() {}
#else
  void collect(weir::Time) {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time.", WEIR_PUSH))
