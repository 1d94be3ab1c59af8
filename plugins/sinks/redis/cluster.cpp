#include "cluster.hpp"

#include <algorithm>

#include "connection.hpp"

namespace weir::redis_sink {

namespace {

constexpr std::size_t kNodesMax = 1024;

bool is_number(const redisReply* reply, long long max) {
  return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 && reply->integer <= max;
}

}  // namespace

std::uint16_t SlotMap::index_of(std::vector<Address>& nodes, const Address& node) {
  const auto at = std::find(nodes.begin(), nodes.end(), node);
  if (at == nodes.end()) nodes.push_back(node);
  return static_cast<std::uint16_t>(std::find(nodes.begin(), nodes.end(), node) - nodes.begin());
}

// [[first slot, last slot, [host, port, ...] of the master, [...] of a replica, ...], ...]
std::string SlotMap::read(const redisReply& reply, const std::string& asked_host) {
  SlotMap map;
  if (reply.type != REDIS_REPLY_ARRAY) return "CLUSTER SLOTS gave no list";
  for (std::size_t i = 0; i < reply.elements; ++i) {
    const redisReply& range = *reply.element[i];
    if (range.type != REDIS_REPLY_ARRAY || range.elements < 3 ||
        !is_number(range.element[0], kSlots - 1) || !is_number(range.element[1], kSlots - 1) ||
        range.element[0]->integer > range.element[1]->integer) {
      return "CLUSTER SLOTS gave something else than ranges of slots";
    }
    const redisReply& node = *range.element[2];
    if (node.type != REDIS_REPLY_ARRAY || node.elements < 2 || !is_number(node.element[1], 65535)) {
      return "CLUSTER SLOTS gave a range without a node";
    }
    // The host is unknown, nil or empty, where it is that of the node that was asked.
    Address address;
    const std::string text =
        std::string(text_of(*node.element[0])) + ":" + std::to_string(node.element[1]->integer);
    if (!parse_address(text, asked_host, address)) {
      return "CLUSTER SLOTS gave a node without an address";
    }
    if (map.nodes_.size() >= kNodesMax) return "the cluster has more than 1024 nodes";
    const std::uint16_t index = index_of(map.nodes_, address);
    std::fill(map.of_slot_.begin() + range.element[0]->integer,
              map.of_slot_.begin() + range.element[1]->integer + 1, index);
  }
  *this = std::move(map);
  return "";
}

void SlotMap::set(std::size_t slot, const Address& node) {
  if (nodes_.size() >= kNodesMax) return;  // until the map is read again
  of_slot_.at(slot) = index_of(nodes_, node);
}

const Address* SlotMap::node_of(std::size_t slot) const {
  const std::uint16_t index = of_slot_.at(slot);
  return index == kNobody ? nullptr : &nodes_[index];
}

}  // namespace weir::redis_sink
