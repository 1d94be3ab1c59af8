// Shared ownership of a block that is written in place while nobody else holds it. std::shared_ptr
// cannot do this: its use_count is no synchronisation, and the writer must see the last reads of a
// reader that has just let go.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::prometheus_sink {

// T has `std::atomic<std::uint32_t> references`, born as 1, and `static void free(T*)`.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* adopted) : block_(adopted) {}
  Ref(const Ref& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Ref(Ref&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Ref() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      T::free(block_);
    }
  }

  // True when this is the only reference; every read by former holders happened before.
  bool exclusive() const { return block_->references.load(std::memory_order_acquire) == 1; }

  T* get() const { return block_; }
  T* operator->() const { return block_; }
  T& operator*() const { return *block_; }
  explicit operator bool() const { return block_ != nullptr; }

 private:
  T* block_ = nullptr;
};

}  // namespace weir::prometheus_sink
