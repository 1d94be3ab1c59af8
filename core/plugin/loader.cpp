// Loading with Boost.DLL, and every reason to refuse a file.
#include "core/plugin/loader.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <list>
#include <set>
#include <stdexcept>

#include "core/plugin/calls.hpp"
#include "core/plugin/host.hpp"

namespace weir::core {

namespace fs = std::filesystem;

namespace {

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
constexpr unsigned kMachine = EM_NONE;
#endif

std::string version_text(unsigned major, unsigned minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

// Whether a segment ends behind the end of the file. dlopen would map it, and the first access to
// what is not there would end the process with SIGBUS.
bool is_torn(std::ifstream& file, const Elf64_Ehdr& header) {
  file.seekg(0, std::ios::end);
  const auto file_size = static_cast<std::uint64_t>(file.tellg());
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    file.seekg(static_cast<std::streamoff>(header.e_phoff + i * sizeof segment));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return true;
    const bool fits = segment.p_offset <= file_size && segment.p_filesz <= file_size &&
                      segment.p_offset + segment.p_filesz <= file_size;
    if (segment.p_type == PT_LOAD && !fits) return true;
  }
  return false;
}

// What the file's first bytes tell, in words that dlopen does not find: "" when it may do.
std::string elf_fault(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "it cannot be read; check its permissions";
  Elf64_Ehdr header{};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  if (file.gcount() < static_cast<std::streamsize>(sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return "it is not a shared object; remove it from the plugin folder, or build it again";
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      (kMachine != EM_NONE && header.e_machine != kMachine)) {
    return "it is built for another architecture (ELF machine " + std::to_string(header.e_machine) +
           ", this agent's is " + std::to_string(kMachine) + "); install the plugin for this one";
  }
  if (is_torn(file, header)) return "it is torn: part of the file is missing; install it again";
  return {};
}

// What dlerror said: Boost puts words around it, and an errno that has no part in it behind.
std::string why_not_loaded(const boost::dll::fs::system_error& e) {
  constexpr std::string_view kBefore = "(dlerror system message: ";
  std::string text = e.what();
  const std::size_t begin = text.find(kBefore), end = text.rfind("): ");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// What the process has loaded. It stays: dlclose would pull code from under threads and static data
// of libraries that never expected it. It can be reached for ever, so that leak checkers see that
// it is meant.
struct Loaded {
  struct stat file {};
  unsigned generation = 0;  // of that path
  const weir_plugin* plugin = nullptr;
  std::string refusal;  // without one
  std::list<boost::dll::shared_library> libraries;
};
Loaded& loaded(const std::string& path) {
  static auto& all = *new std::map<std::string, Loaded>;
  return all[path];
}

// Whether what stands at the path now is what was loaded from there.
bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// The dynamic linker knows what it has loaded by its name, too: a file that was replaced needs
// another one.
std::string alias(const std::string& path, unsigned generation) {
  std::string steps = "/";
  while (generation-- != 0) steps += "./";
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash) + steps + path.substr(slash + 1);
}

}  // namespace

struct Loader::File {
  const weir_plugin* plugin = nullptr;
  std::string refusal;
};

Loader::Loader(const std::vector<std::string>& plugin_dirs) {
  const fs::path program(boost::dll::program_location().string());
  folders_.push_back((program.parent_path().parent_path() / "lib/weir/plugins").string());
  folders_.insert(folders_.end(), plugin_dirs.begin(), plugin_dirs.end());
}

Loader::~Loader() = default;

std::string Loader::path_of(weir_kind kind, const std::string& name) const {
  const std::string file = std::string(config::kind_name(kind)) + '_' + name + ".so";
  for (const std::string& folder : folders_) {
    std::error_code ignored;
    if (fs::exists(fs::path(folder) / file, ignored)) return (fs::path(folder) / file).string();
  }
  return {};
}

bool Loader::exists(weir_kind kind, const std::string& name) {
  return !path_of(kind, name).empty();
}

std::vector<std::string> Loader::names(weir_kind kind) {
  const std::string prefix = std::string(config::kind_name(kind)) + '_';
  std::set<std::string> names;
  for (const std::string& folder : folders_) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string file = entry.path().filename().string();
      if (file.starts_with(prefix) && file.ends_with(".so")) {
        names.insert(file.substr(prefix.size(), file.size() - prefix.size() - 3));
      }
    }
  }
  return {names.begin(), names.end()};
}

const Loader::File& Loader::load(const std::string& path) {
  std::unique_ptr<File>& slot = files_[path];
  if (slot) return *slot;
  slot = std::make_unique<File>();
  File& file = *slot;
  Loaded& known = loaded(path);
  struct stat status {};
  const bool is_there = stat(path.c_str(), &status) == 0;
  const bool is_known = known.plugin != nullptr || !known.refusal.empty();
  if (is_there && is_known && is_same(known.file, status)) {
    file.plugin = known.plugin;
    file.refusal = known.refusal;
    return file;
  }
  known.file = status;
  const auto refuse = [&](const std::string& why) -> const File& {
    known.refusal = file.refusal = path + ": " + why;
    known.plugin = nullptr;
    return file;
  };
  if (const std::string fault = elf_fault(path); !fault.empty()) return refuse(fault);
  boost::dll::shared_library& library = known.libraries.emplace_back();
  using boost::dll::load_mode::rtld_local;
  using boost::dll::load_mode::rtld_now;
  try {
    library.load(alias(path, known.generation++), rtld_now | rtld_local);
  } catch (const boost::dll::fs::system_error& e) {
    return refuse("cannot be loaded: " + why_not_loaded(e));
  } catch (...) {
    // The exception of a static initialiser has left the dynamic linker's lock held: a process
    // that went on would hang at the next dlopen of a thread.
    throw std::runtime_error(path +
                             ": it threw an exception while it was loaded, and the agent "
                             "cannot go on from there; remove the file or mend its static objects");
  }
  if (!library.has(WEIR_PLUGIN_SYMBOL)) {
    return refuse("it does not export " WEIR_PLUGIN_SYMBOL
                  ", so it is not a Weir plugin; build it with WEIR_PLUGIN of weir/weir.hpp");
  }
  const auto open = reinterpret_cast<weir_plugin_open_fn>(
      &library.get<std::remove_pointer_t<weir_plugin_open_fn>>(WEIR_PLUGIN_SYMBOL));

  CallError plugin_error;
  const weir_plugin* plugin = nullptr;
  try {
    plugin = open(WEIR_ABI_MAJOR, WEIR_ABI_MINOR, &plugin_error);
  } catch (...) {
    return refuse(WEIR_PLUGIN_SYMBOL " threw an exception; a plugin must not");
  }
  if (plugin == nullptr) {
    return refuse("it refuses this agent (version " + std::string(agent_version()) + "): " +
                  (plugin_error.text[0] != '\0' ? plugin_error.text : "it gives no reason"));
  }
  if (plugin->abi_major != WEIR_ABI_MAJOR || plugin->abi_minor > WEIR_ABI_MINOR) {
    return refuse("it is built for ABI " + version_text(plugin->abi_major, plugin->abi_minor) +
                  ", this agent (version " + agent_version() + ") has ABI " +
                  version_text(WEIR_ABI_MAJOR, WEIR_ABI_MINOR) +
                  (plugin->abi_major == WEIR_ABI_MAJOR
                       ? "; upgrade the agent"
                       : "; build the plugin again with this agent's SDK"));
  }
  if (plugin->size < sizeof(weir_plugin) || plugin->types == nullptr || plugin->type_count == 0 ||
      plugin->name == nullptr || plugin->version == nullptr) {
    return refuse(
        "its description (weir_plugin) is incomplete: it needs a name, a version and "
        "at least one type");
  }
  known.refusal.clear();
  known.plugin = file.plugin = plugin;
  return file;
}

const weir_plugin* Loader::open(const std::string& path, std::string& why) {
  const File& file = load(path);
  why = file.refusal;
  return file.plugin;
}

const weir_component_type* Loader::find(weir_kind kind, const std::string& name, std::string& why) {
  const std::string path = path_of(kind, name);
  if (path.empty()) {
    why = "there is no such plugin";
    return nullptr;
  }
  const File& file = load(path);
  if (file.plugin == nullptr) {
    why = file.refusal;
    return nullptr;
  }
  for (std::uint32_t i = 0; i < file.plugin->type_count; ++i) {
    const weir_component_type* type = file.plugin->types[i];
    if (type == nullptr || type->name == nullptr || type->kind != kind || type->name != name) {
      continue;
    }
    const std::string fault = config::table_fault(*type);
    if (fault.empty()) return type;
    why = path + ": " + fault;
    return nullptr;
  }
  why = path + ": it has no " + config::kind_name(kind) + " '" + name +
        "'; a file is named <kind>_<type>.so after a type that it holds";
  return nullptr;
}

config::TypeCatalog::Origin Loader::origin(weir_kind kind, const std::string& name) {
  const std::string path = path_of(kind, name);
  if (path.empty()) return {};
  const File& file = load(path);
  return {path, file.plugin == nullptr ? "" : file.plugin->version};
}

}  // namespace weir::core
