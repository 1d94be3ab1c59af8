// A source whose `collect` answers: rows are emitted, not returned.
// expect: weir: a source needs `void collect(weir::Time)`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
#ifndef RIGHT
  int collect(weir::Time) { return 1; }
#else
  void collect(weir::Time) {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
