// A source that neither collects nor pushes.
// expect: weir: a source needs `void collect(weir::Time)`, or, to push, `void start()`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
#ifdef RIGHT
  void start() {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time.", WEIR_PUSH))
