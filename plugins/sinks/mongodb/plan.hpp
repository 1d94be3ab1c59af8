// How rows of a measurement become documents: which collection, and what is called how in them.
//
// Flat: labels and fields stand at the top. Nested: the labels of the group stand at the top, and
// rows under metrics.<path>: by the values of the label `key`; as elements of a list where labels
// are left; as one value, or a document of the fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "weir/abi.h"

namespace weir::mongodb_sink {

inline constexpr const char* kRest = "weir_ns";     // ns that a date of BSON leaves out
inline constexpr const char* kLabels = "labels";    // of a document in a time-series collection
inline constexpr const char* kMetrics = "metrics";  // of a nested document

enum class Part { value, mean, sum, count };

struct Label {
  std::string name;
  std::uint32_t index;
};
struct Field {
  std::string name;
  Part part;
  std::uint32_t index;
};

struct Plan {
  const weir_measurement* measurement = nullptr;
  std::string collection;
  std::string id_name;       // what ids are made of besides labels
  std::vector<Label> head;   // at the top of the document
  std::vector<Label> inner;  // nested: in an element of a list
  std::optional<std::uint32_t> key;
  std::string path;
  bool is_value = false;  // the only field stands for the row
  std::vector<Field> fields;
  std::string problem;  // not empty: why this measurement cannot be written
};

Plan make_plan(const weir_measurement& m, const Options& options);

// What is wrong with a name that the options give to a field; "": nothing.
std::string problem_of_name(const std::string& name);

}  // namespace weir::mongodb_sink
