// Nested documents: the rows of a delivery that share collection, time and the labels of a group,
// and how they are put into their document.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "document.hpp"
#include "plan.hpp"
#include "tree.hpp"

namespace weir::mongodb_sink {

// Where a row came from: what a refusal is about.
struct Origin {
  const weir_batch* batch;
  std::uint32_t row;
};

struct Group {
  const std::string* collection;
  std::int64_t time;
  DocumentId id;
  std::string labels;  // a document
  struct Row {
    const Plan* plan;
    Origin origin;
  };
  std::vector<Row> rows;
};

class Done;

class Groups {
 public:
  // Rows that are `done` are left out.
  void add(const Plan& plan, const weir_batch& batch, const Done& done, Heads& heads);
  void clear();
  std::vector<Group>& all() { return groups_; }

  // Labels that tell elements of lists apart: all that were met so far.
  const std::set<std::string>& labels() const { return labels_; }

 private:
  using Key = std::tuple<std::string_view, DocumentId>;
  std::vector<Group> groups_;
  std::map<Key, std::size_t> index_;
  std::set<std::string> labels_;
};

// Puts the row under `metrics`; "" or why it cannot stand there, whole. `room`: bytes that the
// document may still grow by, about.
std::string put(Node& metrics, const Group::Row& row, const Limits& limits, std::size_t& room);

}  // namespace weir::mongodb_sink
