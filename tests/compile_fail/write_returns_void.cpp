// A sink that does not say what became of the rows.
// expect: weir: a sink needs `weir::Status write(std::span<const weir_batch* const>)`
#include "weir/weir.hpp"

struct Null {
  explicit Null(weir::Sink) {}
#ifndef RIGHT
  void write(std::span<const weir_batch* const>) {}
#else
  weir::Status write(std::span<const weir_batch* const>) { return weir::Status::ok(); }
#endif
};
WEIR_PLUGIN("null", "1.0.0", weir::sink<Null>("null", "Forgets."))
