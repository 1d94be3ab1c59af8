// See load.hpp.
#include "core/config/load.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/config/components.hpp"
#include "core/config/effective.hpp"
#include "core/config/expand.hpp"
#include "core/config/file.hpp"
#include "core/config/graph.hpp"
#include "core/config/hosts.hpp"
#include "core/config/merge.hpp"
#include "core/config/node.hpp"
#include "core/config/text.hpp"
#include "core/config/values.hpp"
#include "core/config/yaml.hpp"
#include "weir/listen.hpp"

namespace weir::config {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::size_t kFilesMax = 1000;

const std::vector<std::string> kSections{"agent", "sources", "processors", "sinks"};

bool is_section(const std::string& key) {
  return std::find(kSections.begin(), kSections.end(), key) != kSections.end();
}

std::string own_hostname() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

// The names that end in .yaml, sorted, hidden ones left out. No directory: none.
std::vector<std::string> yaml_files(const std::string& directory, Problems& problems) {
  std::vector<std::string> paths;
  DIR* dir = ::opendir(directory.c_str());
  if (dir == nullptr) {
    if (errno != ENOENT && errno != ENOTDIR) {
      problems.add({directory, 0, 0}, std::string("cannot be listed: ") + std::strerror(errno));
    }
    return paths;
  }
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name[0] != '.' && name.ends_with(".yaml")) paths.push_back(directory + '/' + name);
  }
  ::closedir(dir);
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Those of a directory that are for a host. Only this host's full name is looked up, and only where
// some file needs it.
std::vector<std::string> host_files(const std::string& directory, const std::string& name,
                                    bool is_own, Problems& problems) {
  constexpr std::string_view kEnd = ".yaml";
  std::vector<std::string> stems;
  bool any_dots = false;
  for (const std::string& path : yaml_files(directory, problems)) {
    const std::size_t begin = directory.size() + 1;
    stems.push_back(path.substr(begin, path.size() - kEnd.size() - begin));
    any_dots = any_dots || stems.back().find('.') != std::string::npos;
  }
  const bool asks = is_own && any_dots && name.find('.') == std::string::npos;
  std::vector<std::string> paths;
  for (const std::string& stem : host_stems(stems, name, asks ? full_hostname(name) : "")) {
    paths.push_back(directory + '/' + stem + std::string(kEnd));
  }
  return paths;
}

class Files {
 public:
  Files(Tree& tree, Problems& problems) : tree_(tree), problems_(problems) {}

  // Reads one file on top of those before.
  void add(const std::string& path) {
    problems_.file(path);
    const auto index = static_cast<std::uint16_t>(tree_.files.size());
    tree_.names.push_back(path);
    SourceFile& file = tree_.files.emplace_back(SourceFile{path, ""});
    Node root;
    if (!read(file, index, root)) {
      tree_.complete = false;
      return;
    }
    if (root.kind == NodeKind::kNull) return;
    if (root.kind != NodeKind::kMap) {
      problems_.add(
          tree_.place(root),
          "expected a map with agent, sources, processors and sinks, got " + describe(root));
      tree_.complete = false;
      return;
    }
    // Each file for itself: merged, a list would vanish behind another file's map.
    for (Node& item : root.items) {
      if (item.kind == NodeKind::kMap || item.kind == NodeKind::kNull || !is_section(item.key)) {
        continue;
      }
      problems_.add(tree_.place(item), item.key + ": expected a map, got " + describe(item));
      item.kind = NodeKind::kNull;
      item.items.clear();
      tree_.complete = false;
    }
    merge(tree_.root, std::move(root));
  }

 private:
  bool read(SourceFile& file, std::uint16_t index, Node& root) {
    const std::string fault = read_file(file.name, kFileBytesMax, "configuration file", file.text);
    if (!fault.empty()) {
      problems_.add({file.name, 0, 0}, fault);
      return false;
    }
    tree_.witnesses.push_back({file.name, print_of(file.text)});
    Position at;
    const std::string bad_text = check_text(file.text, at);
    if (!bad_text.empty()) {
      problems_.add({file.name, at.line, at.column}, bad_text);
      return false;
    }
    return parse_yaml(file.name, index, file.text, budget_, root, problems_);
  }

  Tree& tree_;
  Problems& problems_;
  Budget budget_;
};

template <class T>
Options options_of(const OptionTable<T>& table) {
  return {table.data(), table.size()};
}

void check_sections(const Tree& tree, Problems& problems) {
  for (const Node& item : tree.root.items) {
    if (is_section(item.key)) continue;
    problems.add(tree.key_place(item), "unknown key " + in_quotes(item.key) +
                                           suggestion(item.key, kSections, "known keys"));
  }
}

// Whether a key that is no section is `name` misspelt.
bool is_misspelt(const Tree& tree, const char* name) {
  return std::any_of(tree.root.items.begin(), tree.root.items.end(), [&](const Node& item) {
    return !is_section(item.key) && nearest(item.key, kSections) == name;
  });
}

// Plugins in a directory that is not there are unknown types, far from the cause.
void check_plugin_dirs(const weir_value& group, Problems& problems) {
  const weir_value* dirs = find_value(&group, "plugin_dirs");
  for (std::uint32_t i = 0; i < dirs->item_count; ++i) {
    const weir_value& value = *dirs->items[i];
    const std::string path(view(value.string));
    if (value.has_value == 0) continue;
    if (DIR* dir = ::opendir(path.c_str())) {
      ::closedir(dir);
      continue;
    }
    const char* why = std::strerror(errno);
    problems.warn({value.file, value.line, value.column},
                  "agent.plugin_dirs: the directory " + in_quotes(path) +
                      " cannot be listed, so no plugin is found in it: " + why +
                      (path.starts_with('/') ? "" : "; it is taken from the working directory"));
  }
}

// No name is looked up here: localhost is asked about once it was bound.
bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return host == "localhost" ||
         (inet_pton(AF_INET, host.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET) ||
         (inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

void check_http(const HttpOptions& http, const weir_value& group, Problems& problems) {
  const auto refuse = [&](const char* option, const std::string& why) {
    const weir_value& value = *find_value(&group, (std::string("http.") + option).c_str());
    problems.add({value.file, value.line, value.column},
                 std::string("agent.http.") + option + ": " + why);
  };
  // An empty one, such as of a file that is being written, is none that was left out on purpose.
  const weir_value* token = find_value(&group, "http.token");
  const bool is_written = token != nullptr && token->has_value != 0;
  if (is_written && http.token.size() < kTokenBytesMin) {
    refuse("token", "is shorter than " + std::to_string(kTokenBytesMin) +
                        " characters, expected one such as `openssl rand -hex 32` prints");
  }
  if (http.socket && *http.socket != kHttpOff && !http.socket->starts_with('/')) {
    refuse("socket", "expected an absolute path, or off");
  }
  if (!http.listen || *http.listen == kHttpOff) return;
  std::string host;
  std::uint16_t port = 0;
  if (const std::string why = parse_listen(*http.listen, host, port); !why.empty()) {
    refuse("listen", why);
  } else if (!is_loopback(host) && http.token.empty()) {
    refuse("listen", "others can reach " + in_quotes(*http.listen) +
                         ", expected an agent.http.token beside it, or an address of loopback");
  }
}

// An agent without sources or without sinks would run and do nothing.
void check_purpose(const Tree& tree, Problems& problems) {
  for (const weir_kind kind : {WEIR_SOURCE, WEIR_SINK}) {
    const char* name = section_name(kind);
    const Node* section = tree.root.find(name);
    if ((section != nullptr && !section->items.empty()) || is_misspelt(tree, name)) continue;
    const Place place = section != nullptr   ? tree.key_place(*section)
                        : tree.names.empty() ? Place{}
                                             : Place{tree.names[0], 0, 0};
    problems.add(place, std::string("there are no ") + name + ", expected at least one under '" +
                            name + ":'");
  }
}

}  // namespace

Document::Document(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
const std::vector<std::string>& Document::files() const { return tree_->names; }
const Witnesses& Document::witnesses() const { return tree_->witnesses; }

Document read(const LoadRequest& request, Problems& problems) {
  auto tree = std::make_unique<Tree>();
  tree->root.kind = NodeKind::kMap;
  tree->hostname = request.hostname.empty() ? own_hostname() : request.hostname;

  const std::size_t slash = request.path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : request.path.substr(0, slash + 1);
  std::vector<std::string> paths = yaml_files(directory + "conf.d", problems);
  const bool is_own = request.hostname.empty();
  for (const std::string& path :
       host_files(directory + "hosts", tree->hostname, is_own, problems)) {
    paths.push_back(path);
  }
  if (paths.size() > kFilesMax) {
    problems.add({directory + "conf.d", 0, 0},
                 "has " + std::to_string(paths.size()) + " files, expected at most 1000");
    paths.clear();
  }
  Files files(*tree, problems);
  files.add(request.path);
  for (const std::string& path : paths) files.add(path);
  expand(*tree, problems);
  return Document(std::move(tree));
}

AgentOptions agent_options(const Document& document, Problems& problems) {
  const Tree& tree = document.tree();
  const Node* node = tree.root.find("agent");
  if (node != nullptr && node->kind == NodeKind::kNull) node = nullptr;
  Arena arena;
  ValueReader values(tree, arena, problems);
  const Path path{nullptr, "agent"};
  const Options table = options_of(AgentOptions::table());
  if (node != nullptr) values.unknown_keys(*node, {table}, path);
  const Place place = node != nullptr ? tree.place(*node) : Place{};
  const weir_value* group = values.group(node, place, table, path);
  check_labels(*group, "labels", path, problems);
  check_plugin_dirs(*group, problems);
  AgentOptions options;
  AgentOptions::table().read(options, *group);
  check_http(options.http, *group, problems);
  if (options.hostname.empty()) options.hostname = tree.hostname;
  return options;
}

std::unique_ptr<Config> bind(const Document& document, TypeCatalog& catalog, Problems& problems) {
  const Tree& tree = document.tree();
  auto config = std::make_unique<Config>();
  config->values = std::make_unique<Arena>();
  config->agent = agent_options(document, problems);
  check_sections(tree, problems);
  ComponentReader reader(tree, config->agent, catalog, *config->values, problems);
  for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
    reader.section(kind, config->components);
  }
  if (tree.complete) check_purpose(tree, problems);
  connect(tree, config->components, problems);
  config->warnings = problems.warnings();
  config->witnesses = tree.witnesses;
  config->secrets = reader.secrets();
  if (!config->agent.http.token.empty()) config->secrets.push_back(config->agent.http.token);
  if (!problems.empty()) return nullptr;
  config->digest = digest(document, config->secrets);
  return config;
}

std::unique_ptr<Config> load(const LoadRequest& request, TypeCatalog& catalog, Problems& problems) {
  const Document document = read(request, problems);
  return bind(document, catalog, problems);
}

}  // namespace weir::config
