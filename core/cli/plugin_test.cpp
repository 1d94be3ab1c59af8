// Runs the checks of plugin_test_checks.hpp on every type of a file. See plugin_test.hpp.
#include "core/cli/plugin_test.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>

#include "core/cli/columns.hpp"
#include "core/cli/plugin_test_checks.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/config/text.hpp"
#include "core/plugin/loader.hpp"

namespace weir::cli {

namespace {

namespace fs = std::filesystem;
using namespace plugin_test_detail;

constexpr int kExitFailure = 1;

// A folder that is gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "weir-plugin-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  // That folder, with nothing in it.
  const std::string& fresh() const {
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
    return path_;
  }

 private:
  std::string path_;
};

// A type as the tool knows it, which never loads the file itself.
struct Type {
  std::uint32_t index = 0;
  weir_kind kind = 0;
  std::string title;    // "source clock"
  std::string missing;  // names of required options that were not given, with a blank between
};

// The child's: what a type is called, whatever stands there.
std::string title_of(const weir_component_type& type) {
  const char* name = type.name == nullptr || !config::is_utf8(type.name) ? "?" : type.name;
  std::string title = std::string(config::kind_name(type.kind)) + ' ' + name;
  std::replace_if(
      title.begin(), title.end(), [](unsigned char c) { return c < ' '; }, '?');
  return title;
}

const weir_plugin& load(const std::string& file) {
  static core::Loader loader({});  // it keeps what it loaded
  step("loading the file");
  std::string why;
  const weir_plugin* plugin = loader.open(file, why);
  if (plugin == nullptr) fail(why);
  return *plugin;
}

// "source_clock.so": a file is found by the name of a type that it holds.
bool is_named_after(const std::string& file, const weir_component_type& type) {
  const std::string name = type.name == nullptr ? "" : type.name;
  return fs::path(file).filename() ==
         std::string(config::kind_name(type.kind)) + '_' + name + ".so";
}

// Lines for `parse`: of the types, and of options that none of them has.
std::string survey(const std::string& file, const Written& options) {
  const weir_plugin& plugin = load(file);
  std::ostringstream text;
  bool named = false, all_right = true;
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < plugin.type_count; ++i) {
    const weir_component_type* type = plugin.types[i];
    if (type == nullptr) fail("type " + std::to_string(i) + " is NULL, expected a description");
    const bool right = config::table_fault(*type).empty();
    all_right = all_right && right;
    named = named || is_named_after(file, *type);
    text << "type " << i << ' ' << type->kind << '\n' << title_of(*type) << '\n';
    if (right) {
      for (const std::string& name : missing(*type, options)) text << name << ' ';
      for (std::uint32_t o = 0; o < type->option_count; ++o) {
        known.emplace_back(type->options[o]->name);
      }
    }
    text << '\n';
  }
  if (!named) fail("no type has the name of the file, expected <kind>_<type>.so after one of them");
  for (const config::Node& option : options) {
    if (!all_right || std::find(known.begin(), known.end(), option.key) != known.end()) continue;
    text << "unknown\n" << option.key << config::suggestion(option.key, known, "options") << '\n';
  }
  return text.str();
}

// Of `survey`. "", or the option that no type has.
std::string parse(const std::string& text, std::vector<Type>& types) {
  std::istringstream lines(text);
  for (std::string word; lines >> word;) {
    Type type;
    if (word == "type") lines >> type.index >> type.kind;
    lines.ignore();
    std::getline(lines, type.title);
    if (word != "type") return type.title;
    std::getline(lines, type.missing);
    types.push_back(std::move(type));
  }
  return "";
}

class Run {
 public:
  Run(std::string file, Written options, std::chrono::seconds limit, std::FILE* out)
      : file_(std::move(file)), options_(std::move(options)), limit_(limit), out_(out) {}

  int all(std::FILE* err) {
    std::fprintf(out_, "%s\n", file_.c_str());
    const Verdict surveyed = in_child(limit_, [&] { return survey(file_, options_); });
    std::vector<Type> types;
    if (tell("load", surveyed)) {
      if (const std::string unknown = parse(surveyed.text, types); !unknown.empty()) {
        std::fprintf(err, "weir plugin test: no type of the file has the option %s\n",
                     unknown.c_str());
        return kExitFailure;
      }
    }
    for (const Type& type : types) test(type);
    std::fprintf(out_, "%s: %zu ok, %zu failed, %zu skipped\n",
                 counted(ok_ + failed_ + skipped_, "check").c_str(), ok_, failed_, skipped_);
    return failed_ == 0 ? 0 : kExitFailure;
  }

 private:
  void test(const Type& type) {
    std::fprintf(out_, "%s\n", type.title.c_str());
    bool described = false;
    for (const Check& check : checks()) {
      if (check.kind != 0 && check.kind != type.kind) continue;
      if (check.run == check_description) {
        described = tell(check.name, run(type, check));
      } else if (!described) {
        tell(check.name, skipped("the description is wrong"));
      } else if (check.creates && !type.missing.empty()) {
        tell(check.name, skipped(hint(type)));
      } else {
        tell(check.name, run(type, check));
      }
    }
  }

  Verdict run(const Type& type, const Check& check) {
    const std::string& folder = scratch_.fresh();
    return in_child(limit_, [&] {
      const weir_plugin& plugin = load(file_);
      check.run({plugin, *plugin.types[type.index], options_, folder});
      return "";
    });
  }

  static Verdict skipped(const std::string& why) { return {Verdict::Kind::kSkipped, why, ""}; }
  static std::string hint(const Type& type) {
    std::istringstream names(type.missing);
    std::string text = "it needs";
    for (std::string name; names >> name;) text += " --option " + name + "=VALUE";
    return text;
  }

  // True where the check has passed.
  bool tell(const char* name, const Verdict& verdict) {
    switch (verdict.kind) {
      case Verdict::Kind::kOk:
        ++ok_;
        std::fprintf(out_, "  ok: %s\n", name);
        return true;
      case Verdict::Kind::kSkipped:
        ++skipped_;
        std::fprintf(out_, "  skipped: %s: %s\n", name, verdict.text.c_str());
        return false;
      case Verdict::Kind::kFailed: break;
    }
    ++failed_;
    std::fprintf(out_, "  FAILED: %s: %s\n", name, verdict.text.c_str());
    std::istringstream said(verdict.said);
    for (std::string line; std::getline(said, line);) {
      std::fprintf(out_, "    | %s\n", line.c_str());
    }
    return false;
  }

  const std::string file_;
  const Written options_;
  const std::chrono::seconds limit_;
  std::FILE* const out_;
  const Scratch scratch_;
  std::size_t ok_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace

int plugin_test(const PluginTestArgs& args, std::FILE* out, std::FILE* err) {
  if (args.words.size() != 2 || args.words[0] != "test") {
    std::fputs("weir plugin: expected `test` and the file of a plugin\n", err);
    return kExitFailure;
  }
  Written options;
  if (const std::string fault = parse_options(args.options, options); !fault.empty()) {
    std::fprintf(err, "weir plugin test: %s\n", fault.c_str());
    return kExitFailure;
  }
  return Run(fs::absolute(args.words[1]).lexically_normal().string(), options, args.limit, out)
      .all(err);
}

}  // namespace weir::cli
