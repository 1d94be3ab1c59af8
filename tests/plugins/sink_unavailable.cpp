// A sink whose server never answers.
#include "weir/weir.hpp"

namespace {

struct Unavailable {
  explicit Unavailable(weir::Sink) {}
  weir::Status write(std::span<const weir_batch* const>) {
    return weir::Status::retry("nobody answers");
  }
};

}  // namespace

WEIR_PLUGIN("unavailable", "1.0.0", weir::sink<Unavailable>("unavailable", "Never writes."))
