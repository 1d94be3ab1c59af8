#include "yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

namespace weir::iot {

namespace {

// A stream over memory: yaml-cpp reads nothing else.
class MemoryBuffer : public std::streambuf {
 public:
  explicit MemoryBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is only read
    setg(begin, begin, begin + text.size());
  }
};

std::uint32_t person(int number) { return static_cast<std::uint32_t>(std::max(number, 0)) + 1; }

[[noreturn]] void refuse(const YAML::Mark& mark, std::string what) {
  throw YamlProblem{person(mark.line), person(mark.column), std::move(what)};
}

class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "a second document begins here; write one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, "", anchor, YamlNode::Kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias: write out what it stands for");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(mark, tag, anchor, YamlNode::Kind::scalar);
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, YamlNode::Kind::sequence), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, tag, anchor, YamlNode::Kind::map), mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    bool has_key = false;
  };

  YamlNode make(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                YamlNode::Kind kind) {
    if (anchor != 0) refuse(mark, "an anchor: there are no aliases here, so it has no use");
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "a tag: write the plain value");
    if (++nodes_ > kYamlNodesMax) {
      refuse(mark, "more than " + std::to_string(kYamlNodesMax) + " values in one file");
    }
    YamlNode node;
    node.kind = kind;
    node.line = person(mark.line);
    node.column = person(mark.column);
    return node;
  }
  void open(YamlNode node, const YAML::Mark& mark) {
    if (stack_.size() == kYamlDepthMax) {
      refuse(mark, "nested more than " + std::to_string(kYamlDepthMax) + " levels deep");
    }
    if (expects_key()) refuse(mark, "a key must be a text");
    stack_.push_back({std::move(node)});
  }
  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }
  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::map &&
           !stack_.back().has_key;
  }
  void add(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (!expects_key()) {
      frame.has_key = false;
      frame.node.items.push_back(std::move(node));
      return;
    }
    if (node.kind != YamlNode::Kind::scalar) {
      throw YamlProblem{node.line, node.column, "a key must be a text"};
    }
    frame.has_key = true;
    frame.node.keys.push_back(std::move(node.text));
  }

  YamlNode root_;
  std::vector<Frame> stack_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// yaml-cpp keeps something for each bracket that is open before it tells of the first.
void refuse_open_brackets(std::string_view text) {
  constexpr int kOpenMax = 100;
  std::uint32_t line = 1;
  int open = 0;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      open = 0;
    }
    if (c == '[' || c == '{') ++open;
    if (c == ']' || c == '}') --open;
    if (open > kOpenMax) throw YamlProblem{line, 1, "too many brackets are open in this line"};
  }
}

}  // namespace

YamlNode parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    throw YamlProblem{1, 1, "more than " + std::to_string(kYamlBytesMax >> 20) + " MiB"};
  }
  refuse_open_brackets(text);
  MemoryBuffer buffer(text);
  std::istream in(&buffer);
  TreeBuilder builder;
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    refuse(e.mark, e.msg);
  }
  return builder.take();
}

}  // namespace weir::iot
