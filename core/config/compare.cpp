#include "core/config/compare.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace weir::config {

namespace {

bool same(const weir_string& a, const weir_string& b) {
  return a.size == b.size && (a.size == 0 || std::memcmp(a.data, b.data, a.size) == 0);
}

}  // namespace

bool same(const weir_value* a, const weir_value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a == b) return true;
  // Bits, so that a number that is none is the same as itself.
  const bool scalar =
      a->type == b->type && a->is_set == b->is_set && a->has_value == b->has_value &&
      a->i64 == b->i64 &&
      std::bit_cast<std::uint64_t>(a->f64) == std::bit_cast<std::uint64_t>(b->f64) &&
      same(a->string, b->string) && same(a->key, b->key);
  if (!scalar || a->item_count != b->item_count) return false;
  return std::equal(a->items, a->items + a->item_count, b->items,
                    [](const weir_value* x, const weir_value* y) { return same(x, y); });
}

bool same(const Component& a, const AgentOptions& agent_a, const Component& b,
          const AgentOptions& agent_b) {
  if (a.type != b.type || a.descriptor != b.descriptor || a.required() != b.required() ||
      agent_a.labels != agent_b.labels || !same(a.options, b.options)) {
    return false;
  }
  if (a.kind == WEIR_SOURCE) {
    return a.source.interval_or(agent_a) == b.source.interval_or(agent_b) &&
           a.source.jitter == b.source.jitter && a.source.speed == b.source.speed &&
           a.source.labels == b.source.labels && a.source.isolation == b.source.isolation;
  }
  return a.consumer.buffer == b.consumer.buffer && a.consumer.isolation == b.consumer.isolation &&
         (a.kind != WEIR_SINK || a.sink == b.sink);
}

}  // namespace weir::config
