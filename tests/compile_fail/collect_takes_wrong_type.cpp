// A source whose `collect` takes something that is not a time.
// expect: weir: a source needs `void collect(weir::Time)`
#include "weir/weir.hpp"

struct Clock {
  explicit Clock(weir::Source) {}
#ifndef RIGHT
  void collect(const char*) {}
#else
  void collect(weir::Time) {}
#endif
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
