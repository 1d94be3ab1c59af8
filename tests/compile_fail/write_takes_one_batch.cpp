// A sink that wants batches one by one.
// expect: weir: a sink needs `weir::Status write(std::span<const weir_batch* const>)`
#include "weir/weir.hpp"

struct Null {
  explicit Null(weir::Sink) {}
#ifndef RIGHT
  weir::Status write(const weir_batch&) { return weir::Status::ok(); }
#else
  weir::Status write(std::span<const weir_batch* const>) { return weir::Status::ok(); }
#endif
};
WEIR_PLUGIN("null", "1.0.0", weir::sink<Null>("null", "Forgets."))
