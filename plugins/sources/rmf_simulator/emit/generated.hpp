// generated.hpp - how many values there were of each metric type that the design documents name.
#pragma once

#include <array>
#include <cstdint>

namespace rmf {

inline constexpr std::array<const char*, 7> kMetricTypes{"cpu", "memory", "ldev",   "clpr",
                                                         "mpb", "ports",  "volumes"};
struct Generated {
  std::array<std::uint64_t, kMetricTypes.size()> values{};  // since the start
};

}  // namespace rmf
