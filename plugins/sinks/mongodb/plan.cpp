#include "plan.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

namespace weir::mongodb_sink {

namespace {

class Planner {
 public:
  Planner(const weir_measurement& m, const Options& options, const CollectionOptions& own)
      : m_(m), options_(options), own_(own), is_nested_(options.layout == Layout::nested) {
    plan_.measurement = &m;
    if (is_nested_) {
      plan_.collection = own.collection.empty() ? options.collection : own.collection;
      plan_.id_name = plan_.collection;
      plan_.path = own.path.empty() ? m.name : own.path;
    } else {
      plan_.collection = own.collection.empty() ? m.name : own.collection;
      plan_.id_name = m.name;
    }
    for (std::uint32_t i = 0; i < m.label_count; ++i) add_label(i);
    for (std::uint32_t i = 0; i < m.field_count; ++i) add_field(i);
    if (is_nested_) check_nested();
    find_clashes();
  }
  Plan take() { return std::move(plan_); }

 private:
  bool is_group(std::string_view label) const {
    return std::find(options_.group_by.begin(), options_.group_by.end(), label) !=
           options_.group_by.end();
  }
  bool is_field(std::string_view name) const {
    for (std::uint32_t i = 0; i < m_.field_count; ++i) {
      if (name == m_.fields[i]->name) return true;
    }
    return false;
  }
  bool is_reserved(std::string_view name) const {
    return name == "_id" || name == options_.time || name.starts_with("weir_");
  }
  bool is_renamed(const std::string& name) const { return own_.fields.contains(name); }
  std::string named(const std::string& key, const std::string& otherwise) const {
    const auto found = own_.fields.find(key);
    return found == own_.fields.end() ? otherwise : found->second;
  }

  void add_label(std::uint32_t i) {
    const std::string name = m_.labels[i];
    if (is_nested_ && is_group(name)) {
      const bool is_taken = is_reserved(name) || name == kMetrics;
      plan_.head.push_back({is_taken ? "label_" + name : name, i});
      return;
    }
    if (is_nested_ && name == own_.key) {
      plan_.key = i;
      return;
    }
    const bool is_taken = is_field(name) || (!is_nested_ && is_reserved(name));
    Label label{named(name, is_taken ? "label_" + name : name), i};
    (is_nested_ ? plan_.inner : plan_.head).push_back(std::move(label));
  }

  void add_field(std::uint32_t i) {
    const std::string name = m_.fields[i]->name;
    constexpr std::pair<const char*, Part> kParts[] = {
        {".mean", Part::mean}, {".sum", Part::sum}, {".count", Part::count}};
    bool is_split = false;  // a histogram of which the options name parts
    if (m_.fields[i]->type == WEIR_HISTOGRAM) {
      for (const auto& [suffix, part] : kParts) {
        const std::string key = name + suffix;
        if (!is_renamed(key) && own_.value != key) continue;
        is_split = true;
        add(key, name + "_" + (suffix + 1), part, i);
      }
    }
    if (is_split) return;
    const bool is_taken = !is_nested_ && is_reserved(name);
    add(name, is_taken ? "field_" + name : name, Part::value, i);
  }
  void add(const std::string& key, const std::string& name, Part part, std::uint32_t i) {
    if (is_nested_ && !own_.value.empty() && own_.value != key) return;
    plan_.fields.push_back({named(key, name), part, i});
  }

  void check_nested() {
    const std::string where = "collections." + std::string(m_.name);
    if (!own_.key.empty() && !plan_.key) {
      plan_.problem = where + ".key: " + m_.name + " has no label " + own_.key;
      return;
    }
    if (own_.value.empty()) return;
    plan_.is_value = true;
    if (plan_.fields.empty()) {
      plan_.problem = where + ".value: " + m_.name + " has no field " + own_.value;
    } else if (!plan_.inner.empty()) {
      plan_.problem = where + ".value: the label " + m_.labels[plan_.inner[0].index] +
                      " has no place beside a single value; name it in group_by or key";
    }
  }

  void find_clashes() {
    std::set<std::string> names;
    const auto add_name = [&](const std::string& name) {
      if (names.insert(name).second) return;
      plan_.problem = std::string(m_.name) + ": '" + name +
                      "' names two fields of one document; rename one in collections." + m_.name +
                      ".fields";
    };
    if (!is_nested_) {
      for (const char* own : {"_id", kRest}) add_name(own);
      add_name(options_.time);
      for (const Label& l : plan_.head) add_name(l.name);
    }
    for (const Label& l : plan_.inner) add_name(l.name);
    for (const Field& f : plan_.fields) add_name(f.name);
  }

  const weir_measurement& m_;
  const Options& options_;
  const CollectionOptions& own_;
  const bool is_nested_;
  Plan plan_;
};

}  // namespace

Plan make_plan(const weir_measurement& m, const Options& options) {
  static const CollectionOptions kNone{};
  const auto found = options.collections.find(m.name);
  return Planner(m, options, found == options.collections.end() ? kNone : found->second).take();
}

std::string problem_of_name(const std::string& name) {
  if (name.empty()) return "is empty";
  if (name.starts_with('$')) return "begins with $";
  if (name.find('.') != std::string::npos) return "holds a dot";
  if (name.find('\0') != std::string::npos) return "holds a NUL";
  return name == "_id" ? "is the name of the document's own id" : "";
}

}  // namespace weir::mongodb_sink
