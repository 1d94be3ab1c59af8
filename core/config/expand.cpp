// See expand.hpp.
#include "core/config/expand.hpp"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/config/file.hpp"
#include "core/config/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t kSecretBytesMax = std::size_t{64} << 10;
constexpr std::size_t kExpandedBytesMax = std::size_t{4} << 20;  // of all texts together

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view s) {
  if (s.empty() || !is_name_start(s[0])) return false;
  for (char c : s) {
    if (!is_name_start(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

// Puts its content at the end.
std::string put_in(const std::string& path, Expansion& result) {
  std::string text;
  const std::string fault = read_secret(path, text);
  result.files.push_back({path, print_of(text), true});
  result.secret = true;
  result.text += text;
  return fault;
}

std::string credential(std::string_view name, std::string& path) {
  if (name.empty() || name.find('/') != std::string_view::npos || name == "." || name == "..") {
    return "${credential:NAME} expects the name of a systemd credential, got " + in_quotes(name);
  }
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return "there are no credentials, $CREDENTIALS_DIRECTORY is not set; start the agent as a "
           "systemd service with LoadCredential=" +
           std::string(name.substr(0, 64)) + ":PATH";
  }
  path = std::string(directory) + '/' + std::string(name);
  return "";
}

// VAR, VAR:-default, VAR:?message
std::string variable(std::string_view body, std::string& text) {
  const std::size_t colon = body.find(':');
  const std::string_view name = body.substr(0, colon);
  const std::string_view rest =
      colon == std::string_view::npos ? std::string_view{} : body.substr(colon);
  const bool has_default = rest.starts_with(":-");
  const bool has_message = rest.starts_with(":?");
  if (!is_name(name) || (!rest.empty() && !has_default && !has_message)) {
    return "${" + std::string(body.substr(0, 60)) +
           "} is not understood, expected ${VAR}, ${VAR:-default}, ${VAR:?message}, "
           "${file:PATH} or ${credential:NAME}; write $${ for a literal ${";
  }
  const char* value = std::getenv(std::string(name).c_str());
  const bool is_set = value != nullptr && (*value != '\0' || rest.empty());
  if (is_set) {
    text = value;
    return is_utf8(text) ? ""
                         : "the environment variable " + std::string(name) + " is not UTF-8 text";
  }
  if (has_default) {
    text = rest.substr(2);
    return "";
  }
  const std::string missing = "the environment variable " + std::string(name) + " is not set";
  if (has_message) {
    return rest.size() > 2 ? missing + ": " + std::string(rest.substr(2, 200)) : missing;
  }
  return missing + "; write ${" + std::string(name) + ":-default} to do without";
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Where the nth `${` of a text is written. Counts in the file, since quotes, escapes and folded
// lines make offsets differ; falls back to the text's own place.
Place marker_place(const Tree& tree, const Node& node, std::size_t marker) {
  Place place = tree.place(node);
  const std::string& file = tree.files[node.file].text;
  std::size_t i = 0;
  Position at{1, 1};
  const auto step = [&] {
    if (file[i] == '\n') {
      at = {at.line + 1, 1};
    } else if ((static_cast<unsigned char>(file[i]) & 0xC0) != 0x80) {
      ++at.column;
    }
    ++i;
  };
  while (i < file.size() && (at.line < node.at.line || at.column < node.at.column)) step();
  for (; i + 1 < file.size(); step()) {
    if (file[i] != '$' || file[i + 1] != '{') continue;
    if (marker-- == 0) {
      place.line = at.line;
      place.column = at.column;
      break;
    }
  }
  return place;
}

void expand_node(Tree& tree, Node& node, std::size_t& bytes_left, Problems& problems) {
  for (Node& item : node.items) expand_node(tree, item, bytes_left, problems);
  if (node.kind != NodeKind::kScalar || node.text.find("${") == std::string::npos) return;
  Expansion result = expand(node.text, directory_of(tree.names[node.file]), bytes_left);
  if (!result.fault.empty()) {
    problems.add(marker_place(tree, node, result.fault_marker), result.fault);
    node.broken = true;
    return;
  }
  bytes_left -= result.text.size();
  node.text = std::move(result.text);
  node.secret = result.secret;
  tree.witnesses.insert(tree.witnesses.end(), result.files.begin(), result.files.end());
}

}  // namespace

std::string read_secret(const std::string& path, std::string& text) {
  const std::string fault = read_file(path, kSecretBytesMax, "file that is put in", text);
  if (!fault.empty()) return path + " " + fault;
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.find('\0') != std::string::npos || !is_utf8(text)) {
    return path + " is not UTF-8 text";
  }
  return "";
}

Expansion expand(const std::string& text, const std::string& directory, std::size_t bytes_max) {
  Expansion result;
  std::size_t marker = 0;
  const auto fail = [&](std::string fault) {
    result.text.clear();
    result.fault = std::move(fault);
    result.fault_marker = marker;
    return result;
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.starts_with("$${")) {
      result.text += "${";
      i += 3;
      ++marker;
      continue;
    }
    if (!rest.starts_with("${")) {
      result.text += text[i++];
      continue;
    }
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      return fail("${ without its }; write $${ for a literal ${");
    }
    const std::string_view body = rest.substr(2, close - 2);
    if (body.find("${") != std::string_view::npos) {
      return fail("a ${...} inside of a ${...}, expected plain text there");
    }
    std::string value;
    std::string fault;
    if (body.starts_with("file:")) {
      const std::string path(body.substr(5));
      fault = path.empty() ? "${file:PATH} expects a path, got nothing"
                           : put_in(path[0] == '/' ? path : directory + path, result);
    } else if (body.starts_with("credential:")) {
      std::string path;
      fault = credential(body.substr(11), path);
      if (fault.empty()) fault = put_in(path, result);
    } else {
      fault = variable(body, value);
    }
    if (!fault.empty()) return fail(std::move(fault));
    result.text += value;
    if (result.text.size() > bytes_max) {
      return fail("the configuration grows beyond 4MiB here, expected less");
    }
    i += close + 1;
    ++marker;
  }
  return result;
}

void expand(Tree& tree, Problems& problems) {
  std::size_t bytes_left = kExpandedBytesMax;
  expand_node(tree, tree.root, bytes_left, problems);
}

}  // namespace weir::config
