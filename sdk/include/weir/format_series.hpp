// weir/format_series.hpp - what is rendered once per series: the part of a row that does not
// change (its measurement and labels), found again by the series' index and generation.
//
// A bounded cache: texts live in one arena; when a limit is reached everything is forgotten and
// rendered anew, so that expired series cost nothing for long. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_text.hpp"

namespace weir::format {

class PrefixCache {
 public:
  explicit PrefixCache(std::size_t bytes_max) : bytes_max_(bytes_max) { forget(); }

  // The series' text; `render(Buffer&)` appends it when it is not known yet. kSlack bytes behind
  // it are readable. Valid until the next call.
  template <class Render>
  std::string_view find(const weir_series& series, Render render) {
    for (std::size_t i = series.index & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.generation == 0) return insert(series, render);
      if (slot.index != series.index) continue;
      if (slot.generation != series.generation) return replace(slot, series, render);
      return {texts_.data() + slot.offset, slot.size};
    }
  }

  std::size_t series_count() const { return used_; }
  std::size_t bytes() const { return texts_.size() + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t generation = 0;  // 0: free
    std::uint32_t index = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };

  // An expired series' place: its old text stays in the arena until everything is forgotten.
  template <class Render>
  std::string_view replace(Slot& slot, const weir_series& series, Render render) {
    if (bytes() >= bytes_max_) {
      forget();
      return insert(series, render);
    }
    return fill(slot, series, render);
  }

  template <class Render>
  std::string_view insert(const weir_series& series, Render render) {
    if (bytes() >= bytes_max_) forget();
    if ((used_ + 1) * 2 > slots_.size()) grow();
    ++used_;
    return fill(free_slot(series.index), series, render);
  }

  template <class Render>
  std::string_view fill(Slot& slot, const weir_series& series, Render render) {
    const std::size_t offset = texts_.size();
    render(texts_);
    texts_.reserve(0);  // the slack behind the text
    slot = {series.generation, series.index, static_cast<std::uint32_t>(offset),
            static_cast<std::uint32_t>(texts_.size() - offset)};
    return {texts_.data() + offset, slot.size};
  }

  Slot& free_slot(std::uint32_t index) {
    std::size_t i = index & mask_;
    while (slots_[i].generation != 0) i = (i + 1) & mask_;
    return slots_[i];
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.generation != 0) free_slot(slot.index) = slot;
    }
  }

  void forget() {
    slots_.assign(64, Slot{});
    slots_.shrink_to_fit();
    mask_ = slots_.size() - 1;
    used_ = 0;
    texts_.clear(0);
  }

  std::size_t bytes_max_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
  Buffer texts_;
};

}  // namespace weir::format
