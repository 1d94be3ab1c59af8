// devices.hpp - what a collector remembers about each device of a table that is read again and
// again: a lookup that costs one comparison while the table keeps its order, and a sweep that
// finds what has vanished, so that memory follows the devices that exist.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace node_probe {

inline constexpr std::size_t kDevicesMax = 10'000;

// Rows that a table with a line for each device can need.
inline std::uint32_t rows_for(std::string_view table) {
  const auto lines = static_cast<std::size_t>(std::count(table.begin(), table.end(), '\n')) + 1;
  return static_cast<std::uint32_t>(std::min(lines, kDevicesMax));
}

template <class State>
class Devices {
 public:
  // Begins a pass over the table.
  void begin() {
    ++pass_;
    cursor_ = 0;
    overflowed_ = false;
  }

  // The state of `key`, made by `make(State&)` when it is new. Nothing when there are
  // kDevicesMax already, or when the table has the same key twice in this pass.
  template <class Make>
  State* visit(std::string_view key, Make make) {
    std::size_t at = find(key);
    if (at == entries_.size()) {
      if (at == kDevicesMax) {
        overflowed_ = true;
        return nullptr;
      }
      auto entry = std::make_unique<Entry>();
      entry->key = key;
      make(entry->state);
      entry->double_of_another = has_series_of_another(entry->state);
      entries_.push_back(std::move(entry));
    }
    cursor_ = at + 1;
    Entry& entry = *entries_[at];
    if (entry.pass == pass_ || entry.double_of_another) {
      entry.pass = pass_;
      return nullptr;
    }
    entry.pass = pass_;
    return &entry.state;
  }

  // Ends a pass: calls gone(State&) for every device that was not visited and forgets it.
  template <class Gone>
  void sweep(Gone gone) {
    const auto stale = std::stable_partition(entries_.begin(), entries_.end(),
                                             [&](const auto& e) { return e->pass == pass_; });
    for (auto i = stale; i != entries_.end(); ++i) gone((*i)->state);
    entries_.erase(stale, entries_.end());
  }

  template <class Visit>
  void for_each(Visit visit) {
    for (auto& entry : entries_) {
      if (!entry->double_of_another) visit(entry->key, entry->state);
    }
  }

  // Whether `visit` has refused a device for want of room in this pass.
  bool overflowed() const { return overflowed_; }

 private:
  struct Entry {
    std::string key;
    State state{};
    std::uint64_t pass = 0;
    bool double_of_another = false;
  };

  // Names that are not UTF-8 can become equal when they are made so; a series has one row.
  bool has_series_of_another(const State& state) const {
    if constexpr (requires { state.series == nullptr; }) {
      return state.series != nullptr &&
             std::any_of(entries_.begin(), entries_.end(),
                         [&](const auto& e) { return e->state.series == state.series; });
    }
    return false;
  }

  std::size_t find(std::string_view key) const {
    for (std::size_t at = cursor_; at < entries_.size(); ++at) {
      if (entries_[at]->key == key) return at;
    }
    for (std::size_t at = 0; at < std::min(cursor_, entries_.size()); ++at) {
      if (entries_[at]->key == key) return at;
    }
    return entries_.size();
  }

  std::vector<std::unique_ptr<Entry>> entries_;
  std::size_t cursor_ = 0;
  std::uint64_t pass_ = 0;
  bool overflowed_ = false;
};

}  // namespace node_probe
