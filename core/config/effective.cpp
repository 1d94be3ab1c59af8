// See effective.hpp.
#include "core/config/effective.hpp"

#include <algorithm>

#include "core/config/fnv.hpp"
#include "core/config/node.hpp"

namespace weir::config {
namespace {

// Whether YAML reads it as this very text, without quotes.
bool is_plain(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./-").find(c) != std::string_view::npos;
  };
  return !text.empty() && text[0] != '-' && text != "null" &&
         std::all_of(text.begin(), text.end(), plain);
}

std::string quoted(const std::string& text) {
  if (is_plain(text)) return text;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      // Read again, it would stand for something.
      if (c == '$') out += '$';
      out += c;
    }
  }
  return out + '"';
}

class Writer {
 public:
  Writer(const Tree& tree, const std::vector<std::string>& secrets, bool places)
      : tree_(tree), secrets_(secrets), places_(places) {}

  void map(const Node& node, std::size_t depth) {
    std::vector<const Node*> items;
    for (const Node& item : node.items) items.push_back(&item);
    if (!places_) {  // what the same keys say is the same in any order
      std::sort(items.begin(), items.end(),
                [](const Node* a, const Node* b) { return a->key < b->key; });
    }
    for (const Node* item : items) {
      out_.append(depth * 2, ' ');
      out_ += quoted(item->key) + ':';
      value(*item, depth + 1);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  // What follows a key or a dash.
  void value(const Node& node, std::size_t depth) {
    switch (node.kind) {
      case NodeKind::kNull: return end("", node);
      case NodeKind::kScalar: return end(' ' + shown(node), node);
      case NodeKind::kMap:
        if (node.items.empty()) return end(" {}", node);
        out_ += '\n';
        return map(node, depth);
      case NodeKind::kSequence: break;
    }
    const bool scalars = std::all_of(node.items.begin(), node.items.end(), [](const Node& item) {
      return item.kind == NodeKind::kScalar;
    });
    if (scalars) {
      std::string list = " [";
      for (const Node& item : node.items) {
        list += (&item == &node.items.front() ? "" : ", ") + shown(item);
      }
      return end(list + ']', node);
    }
    out_ += '\n';
    for (const Node& item : node.items) {
      out_.append(depth * 2, ' ');
      out_ += '-';
      value(item, depth + 1);
    }
  }
  std::string shown(const Node& node) const {
    const bool secret =
        node.secret || std::find(secrets_.begin(), secrets_.end(), node.text) != secrets_.end();
    return secret && !node.text.empty() ? "\"***\"" : quoted(node.text);
  }
  void end(const std::string& text, const Node& node) {
    out_ += text;
    if (places_) {
      const Place place = tree_.place(node);
      out_ += "  # " + place.file + ':' + std::to_string(place.line);
    }
    out_ += '\n';
  }

  const Tree& tree_;
  const std::vector<std::string>& secrets_;
  const bool places_;
  std::string out_;
};

std::string write(const Document& document, const std::vector<std::string>& secrets, bool places) {
  Writer writer(document.tree(), secrets, places);
  writer.map(document.tree().root, 0);
  return writer.take();
}

}  // namespace

std::string effective(const Document& document, const std::vector<std::string>& secrets) {
  return write(document, secrets, true);
}

std::string digest(const Document& document, const std::vector<std::string>& secrets) {
  Fnv hash;
  hash.text(write(document, secrets, false));
  return hash.hex();
}

}  // namespace weir::config
