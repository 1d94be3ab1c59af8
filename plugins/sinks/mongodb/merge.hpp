// Documents that the server has already, and that come again or bring more: what has to change.
#pragma once

#include <set>
#include <string>

#include "bson.hpp"
#include "groups.hpp"
#include "tree.hpp"

namespace weir::mongodb_sink {

// What makes `existing` hold what `ours` does: `filter` finds it, as it was read where that
// matters; `change` is the update. False: it does already.
bool make_update(const bson_t& existing, const bson_t& ours, bson_t& filter, bson_t& change);

// The same of a nested document: the rows of `group` come to what is there under `metrics`. Rows
// that find no place there are rejected: reject(origin, reason).
template <class Reject>
bool make_update(const bson_t& existing, const Group& group, const std::set<std::string>& labels,
                 const Limits& limits, Reject reject, bson_t& filter, bson_t& change);

// Builds the document of a group, on top of `base`, a document under `metrics`.
template <class Reject>
void write_metrics(const Group& group, Node& base, const Limits& limits, Reject reject,
                   bson_t& out) {
  std::size_t room = limits.document_bytes;
  for (const Group::Row& row : group.rows) {
    if (std::string why = put(base, row, limits, room); !why.empty()) reject(row.origin, why);
  }
  bson_t metrics;
  bson_append_document_begin(&out, kMetrics, -1, &metrics);
  base.write(metrics);
  bson_append_document_end(&out, &metrics);
}

namespace detail {
// Whether the value of `key` in both is the same, byte by byte; false where one has none.
bool is_same(const bson_t& a, const bson_t& b, const char* key);
void append_filter(bson_t& filter, const bson_t& existing, const char* unchanged);
std::unique_ptr<Node> parse_metrics(const bson_t& existing, const std::set<std::string>& labels);
}  // namespace detail

template <class Reject>
bool make_update(const bson_t& existing, const Group& group, const std::set<std::string>& labels,
                 const Limits& limits, Reject reject, bson_t& filter, bson_t& change) {
  const std::unique_ptr<Node> metrics = detail::parse_metrics(existing, labels);
  Bson ours;
  write_metrics(group, *metrics, limits, reject, *ours.get());
  if (detail::is_same(existing, *ours.get(), kMetrics)) return false;
  detail::append_filter(filter, existing, kMetrics);
  bson_append_document(&change, "$set", -1, ours.get());
  return true;
}

}  // namespace weir::mongodb_sink
