// A processor that wants to change the batch it is given: batches are shared and immutable.
// expect: weir: a processor needs `void process(const weir_batch&)`
#include "weir/weir.hpp"

struct Rename {
  explicit Rename(weir::Processor) {}
#ifndef RIGHT
  void process(weir_batch&) {}
#else
  void process(const weir_batch&) {}
#endif
};
WEIR_PLUGIN("rename", "1.0.0", weir::processor<Rename>("rename", "Renames."))
