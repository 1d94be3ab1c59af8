// Rows of a delivery that failed which the server has all the same: when the delivery comes again,
// they are not written again. So one that takes longer than it may goes on where it was.
#pragma once

#include <unordered_map>
#include <vector>

#include "groups.hpp"
#include "weir/weir.hpp"

namespace weir::mongodb_sink {

// One thread.
class Done {
 public:
  explicit Done(Sink sink) : sink_(sink) {}
  ~Done() { forget(); }
  Done(const Done&) = delete;
  Done& operator=(const Done&) = delete;

  bool has(const Origin& row) const {
    if (rows_of_.empty()) return false;
    const auto found = rows_of_.find(row.batch);
    return found != rows_of_.end() && found->second[row.row];
  }

  // The batch is retained, so that one at the same place is the same one.
  void add(const Origin& row) {
    const auto [found, is_new] = rows_of_.try_emplace(row.batch, row.batch->rows);
    if (is_new) sink_.retain(*row.batch);
    found->second[row.row] = true;
  }

  void forget() {
    for (const auto& [batch, rows] : rows_of_) sink_.release(*batch);
    rows_of_.clear();
  }

 private:
  const Sink sink_;
  std::unordered_map<const weir_batch*, std::vector<bool>> rows_of_;
};

}  // namespace weir::mongodb_sink
