// weir/table_series.hpp - the id under which tables know a series: a key column of fixed size,
// whatever the number and length of labels, equal on every host and in every run.
//
// It is a UUID of version 5 (RFC 9562: SHA-1) over the measurement's name and the labels that are
// present, sorted by key, each text as a netstring ("3:cpu,4:host,1:a,"), so that no value can
// imitate another set of labels. 122 bits of SHA-1: a table would need 10^15 series for a chance of
// one in ten million that two share an id, and to make two on purpose is to break SHA-1.
// Needs the headers of Boost.Uuid.
#pragma once

#include <algorithm>
#include <array>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/abi.h"
#include "weir/format_plan.hpp"

namespace weir::table {

using SeriesId = std::array<std::uint8_t, 16>;

// 8c552e87-e261-4c1b-add5-df8eec28b713, made for this purpose.
inline constexpr boost::uuids::uuid kSeriesNamespace = {{0x8c, 0x55, 0x2e, 0x87, 0xe2, 0x61, 0x4c,
                                                         0x1b, 0xad, 0xd5, 0xdf, 0x8e, 0xec, 0x28,
                                                         0xb7, 0x13}};

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// The name that an id is made of: `first`, then the labels in the order of their keys.
inline std::string netstrings(std::string_view first, Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string name;
  const auto add = [&](std::string_view text) {
    name += std::to_string(text.size()) + ":";
    name += text;
    name += ',';
  };
  add(first);
  for (const auto& [key, value] : labels) {
    add(key);
    add(value);
  }
  return name;
}

inline SeriesId id_of(std::string_view name) {
  const auto uuid = boost::uuids::name_generator_sha1(kSeriesNamespace)(name.data(), name.size());
  SeriesId id;
  std::memcpy(id.data(), &uuid, id.size());
  return id;
}

inline std::string series_name(const weir_series& s) {
  Labels labels;
  format::each_label(s, [&](std::string_view key, std::string_view value) {
    if (!value.empty()) labels.emplace_back(key, value);
  });
  return netstrings(s.measurement->name, std::move(labels));
}

// Costs about a microsecond: keep it per series.
inline SeriesId series_id(const weir_series& s) { return id_of(series_name(s)); }

}  // namespace weir::table
