// Which node of a cluster has which slots, as CLUSTER SLOTS tells it.
#pragma once

#include <hiredis/hiredis.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "place.hpp"

namespace weir::redis_sink {

inline constexpr std::size_t kSlots = 16384;

class SlotMap {
 public:
  // "" or why it is none; then nothing has changed. Whoever was asked is at `asked_host`.
  std::string read(const redisReply& reply, const std::string& asked_host);
  void set(std::size_t slot, const Address& node);
  const Address* node_of(std::size_t slot) const;  // nullptr: nobody's
  const std::vector<Address>& nodes() const { return nodes_; }

 private:
  static constexpr std::uint16_t kNobody = 0xFFFF;
  static std::uint16_t index_of(std::vector<Address>& nodes, const Address& node);

  std::vector<Address> nodes_;
  std::array<std::uint16_t, kSlots> of_slot_ = filled_with_nobody();

  static constexpr std::array<std::uint16_t, kSlots> filled_with_nobody() {
    std::array<std::uint16_t, kSlots> all{};
    all.fill(kNobody);
    return all;
  }
};

}  // namespace weir::redis_sink
