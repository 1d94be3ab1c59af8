// A probe that answers in its own words.
// expect: weir: probe must be `weir::Finding probe(weir::Duration)`
#include "weir/weir.hpp"

struct Probed {
  explicit Probed(weir::Sink) {}
  weir::Status write(std::span<const weir_batch* const>) { return weir::Status::ok(); }
#ifndef RIGHT
  const char* probe(weir::Duration) { return "fine"; }
#else
  weir::Finding probe(weir::Duration) { return weir::Finding::ok("fine"); }
#endif
};
WEIR_PLUGIN("probed", "1.0.0", weir::sink<Probed>("probed", "Is asked."))
