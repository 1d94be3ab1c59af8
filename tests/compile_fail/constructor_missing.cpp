// A plugin that takes nothing from the agent, so that it could not emit either.
// expect: weir: the plugin needs a constructor
#include "weir/weir.hpp"

struct Clock {
#ifdef RIGHT
  explicit Clock(weir::Source) {}
#endif
  void collect(weir::Time) {}
};
WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
