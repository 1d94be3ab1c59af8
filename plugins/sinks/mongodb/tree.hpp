// A nested document while rows are put into it: what is there already, and what comes to it.
//
// Lists find their elements by the labels in them, so that rows of several measurements, and rows
// that come again, meet in one element. What the server had gives way to what rows bring; what rows
// brought does not give way to another measurement, which is a mistake of the configuration.
#pragma once

#include <bson/bson.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir/abi.h"

namespace weir::mongodb_sink {

class Node {
 public:
  enum class Shape { value, document, list };
  // A label and its value as BSON has it, { "": value }.
  using Identity = std::map<std::string, std::string>;

  explicit Node(Shape shape) : shape_(shape) {}

  // A document of what `iter` goes over. `labels`: what tells the elements of lists apart.
  static std::unique_ptr<Node> parse(bson_iter_t iter, const std::set<std::string>& labels);

  // The child of a document under `key`, made where there is none. nullptr: a row has put
  // something of another shape there.
  Node* child(std::string_view key, Shape shape);
  // The element of a list with exactly these labels.
  Node& element(const Identity& identity);
  // A value of the document that `owner` brings; false: another measurement has brought one.
  bool set(std::string_view key, const bson_iter_t& value, const weir_measurement* owner);
  // A document, or a list, into what has begun.
  void write(bson_t& out) const;

 private:
  void append(std::string_view key, std::unique_ptr<Node> node);
  Node* find(std::string_view key);
  static void write(bson_t& out, std::string_view key, const Node& node);

  Shape shape_;
  const weir_measurement* owner_ = nullptr;  // nullptr: the server had it
  bool is_new_ = false;                      // a row has made it
  std::string value_;                        // { "": value }
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> children_;
  std::unordered_map<std::string, std::size_t> index_;  // of a document, by key
  std::map<Identity, std::size_t> elements_;            // of a list
};

// Keys made of labels' values: without dots, a leading $, NUL, and malformed UTF-8, which are %XX,
// as is % itself, so that no two values share a key. No value at all is "%".
std::string key_of(std::string_view value);

}  // namespace weir::mongodb_sink
