// See yaml.hpp.
#include "core/config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/config/text.hpp"
#include "core/config/yaml_keys.hpp"
#include "core/config/yaml_places.hpp"

namespace weir::config {
namespace {

constexpr const char* kOpenQuote = "a text in quotes begins here and does not end";

std::string too_deep() {
  return "nested more than " + std::to_string(kDepthMax) + " levels deep, expected less";
}

// Thrown through yaml-cpp to stop it.
struct Refusal {
  Position at;
  std::string message;
};

class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& file_name, std::uint16_t file_index, const std::string& text,
          Budget& budget, Problems& problems)
      : file_name_(file_name),
        file_(file_index),
        text_(text),
        places_(text),
        budget_(budget),
        problems_(problems) {}

  Node take_root() { return std::move(root_); }
  YamlPlaces& places() { return places_; }
  bool open_quote(Position& at) {
    if (last_quoted_ == std::string::npos || is_closed(text_, last_quoted_)) return false;
    at = places_.position(last_quoted_);
    return true;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const bool marked = text_.compare(places_.offset(mark), 3, "---") == 0;
    throw Refusal{places_.position(mark),
                  marked ? "a second document begins here, expected one document a file"
                         : "text after the end of the document, expected nothing more"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) throw Refusal{places_.position(mark), "a key is missing before the ':'"};
    Node node = make(NodeKind::kNull, mark);
    const bool is_value = !stack_.empty() && stack_.back().has_key;
    node.at = is_value ? stack_.back().key_at : places_.of_nothing(mark);
    charge(1, 0, node.at);
    add(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    const Position at = places_.position(mark);
    if (tag == "!") last_quoted_ = places_.offset(mark);
    if (value.find('\0') != std::string::npos) {
      throw Refusal{at, "a text with a NUL character, expected text without"};
    }
    charge(1, value.size(), at);
    if (expects_key()) {
      Frame& frame = stack_.back();
      frame.has_key = true;
      frame.key = value;
      frame.key_at = at;
      return;
    }
    Node node = make(NodeKind::kScalar, mark);
    node.text = value;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position at = places_.position(mark);
    if (expects_key()) throw Refusal{at, "an alias as a key, expected the key itself"};
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw Refusal{at, "this alias is inside of what it stands for"};
    charge(it->second.nodes, it->second.text_bytes, at);
    add(Node(it->second.node), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(NodeKind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(NodeKind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override {
    Node& map = stack_.back().node;
    for (const Duplicate& d : take_duplicates(map)) {
      problems_.add({file_name_, d.at.line, d.at.column}, "duplicate key " + in_quotes(d.key) +
                                                              ", first written in line " +
                                                              std::to_string(d.first.line));
    }
    Position at;
    std::string fault = apply_merge_key(map, at);
    if (!fault.empty()) throw Refusal{at, std::move(fault)};
    close();
  }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Position key_at;
  };
  struct Anchored {
    Node node;
    std::size_t nodes;
    std::size_t text_bytes;
  };

  Node make(NodeKind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.file = file_;
    node.at = places_.position(mark);
    return node;
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == NodeKind::kMap && !stack_.back().has_key;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
    throw Refusal{places_.position(mark), "the tag " + in_quotes(tag) +
                                              ", expected none; put a text that begins with ! "
                                              "in quotes"};
  }

  void charge(std::size_t nodes, std::size_t text_bytes, Position at) {
    if (nodes > budget_.nodes || text_bytes > budget_.text_bytes) {
      throw Refusal{at,
                    "the configuration comes to more than 50000 values or 4MiB of text, with "
                    "its aliases written out; expected less"};
    }
    budget_.nodes -= nodes;
    budget_.text_bytes -= text_bytes;
  }

  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Position at = places_.position(mark);
    check_tag(mark, tag);
    if (expects_key()) {
      throw Refusal{at, std::string("a ") + (kind == NodeKind::kMap ? "map" : "list") +
                            " as a key, expected text; put a text that begins with [ or { in "
                            "quotes"};
    }
    if (stack_.size() >= kDepthMax) throw Refusal{at, too_deep()};
    charge(1, 0, at);
    stack_.push_back({make(kind, mark), anchor, false, {}, {}});
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  // Puts a finished node where it belongs.
  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      std::size_t nodes = 0, text_bytes = 0;
      measure(node, nodes, text_bytes);
      charge(nodes, text_bytes, node.at);  // the copy for aliases
      anchors_.insert_or_assign(anchor, Anchored{node, nodes, text_bytes});
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.has_key) {
      node.key = std::move(frame.key);
      node.key_at = frame.key_at;
      frame.has_key = false;
    }
    frame.node.items.push_back(std::move(node));
  }

  static void measure(const Node& node, std::size_t& nodes, std::size_t& text_bytes) {
    ++nodes;
    text_bytes += node.text.size() + node.key.size();
    for (const Node& item : node.items) measure(item, nodes, text_bytes);
  }

  const std::string& file_name_;
  const std::uint16_t file_;
  const std::string& text_;
  YamlPlaces places_;
  Budget& budget_;
  Problems& problems_;
  int documents_ = 0;
  std::size_t last_quoted_ = std::string::npos;  // offset of the last text in quotes
  Node root_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
};

}  // namespace

bool parse_yaml(const std::string& file_name, std::uint16_t file_index, const std::string& text,
                Budget& budget, Node& root, Problems& problems) {
  Builder builder(file_name, file_index, text, budget, problems);
  const auto refuse = [&](Position at, std::string message) {
    problems.add({file_name, at.line, at.column}, std::move(message));
    return false;
  };
  Position deep;
  if (nested_in_line(text, kDepthMax, deep)) return refuse(deep, too_deep());
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& e) {
    return refuse(e.at, e.message);
  } catch (const YAML::Exception& e) {
    Position at = builder.places().position(e.mark);
    const std::string message = explain(e, builder.places(), at);
    Position open;
    if (builder.open_quote(open)) return refuse(open, kOpenQuote);
    return refuse(at, message);
  } catch (const std::exception& e) {
    return refuse({}, std::string("cannot be read as YAML: ") + e.what());
  }
  if (Position open; builder.open_quote(open)) return refuse(open, kOpenQuote);
  root = builder.take_root();
  return true;
}

}  // namespace weir::config
