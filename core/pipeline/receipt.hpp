// What became of a chain whose source wants to know: weir.acknowledge/1.
//
// A receipt travels on the heads of chains: on the one that the source emitted, and on those that
// processors made of it. It is open while its emitter or a route that counts has something to do;
// then its source is told, once. Its memory lives until the last chain that carries it is gone.
#pragma once

#include <atomic>
#include <cstdint>

#include "weir/ext/acknowledge.h"

namespace weir::core {

class Receipt {
 public:
  // Open, and held by its maker. `required_only`: sinks that are not required do not count.
  // `unsettled`: goes down by one when the source has been told.
  Receipt(weir_settled settled, void* context, std::uint64_t token, bool required_only,
          std::atomic<std::uint64_t>& unsettled)
      : settled_(settled),
        context_(context),
        token_(token),
        required_only_(required_only),
        unsettled_(unsettled) {}
  Receipt(const Receipt&) = delete;
  Receipt& operator=(const Receipt&) = delete;

  // A route that leads to a required sink, or to none, has taken a chain; is done with it; has
  // lost it, to be followed by `done`.
  void open(bool to_required) {
    if (counts(to_required)) open_.fetch_add(1, std::memory_order_relaxed);
  }
  void done(bool to_required) {
    if (counts(to_required)) close();
  }
  void lose(bool to_required) {
    if (counts(to_required)) lost_.store(true, std::memory_order_relaxed);
  }
  // The maker has emitted, and lets go.
  void emitted() {
    close();
    unref();
  }

  Receipt* ref() {
    refs_.fetch_add(1, std::memory_order_relaxed);
    return this;
  }
  void unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  ~Receipt() = default;

  bool counts(bool to_required) const { return to_required || !required_only_; }
  void close() {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    // Once: a reload may open it again for routes that did not count before.
    if (told_.exchange(true, std::memory_order_acq_rel)) return;
    settled_(context_, token_,
             lost_.load(std::memory_order_relaxed) ? weir_outcome{WEIR_LOST}
                                                   : weir_outcome{WEIR_DELIVERED});
    unsettled_.fetch_sub(1, std::memory_order_release);
  }

  const weir_settled settled_;
  void* const context_;
  const std::uint64_t token_;
  const bool required_only_;
  std::atomic<std::uint64_t>& unsettled_;
  std::atomic<bool> lost_{false}, told_{false};
  std::atomic<std::uint32_t> open_{1};
  std::atomic<std::uint32_t> refs_{1};
};

}  // namespace weir::core
