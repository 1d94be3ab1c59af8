// Who may use which metric name; see families.hpp.
#include "families.hpp"

#include <array>

#include "text.hpp"

namespace weir::prometheus_sink {

namespace {

constexpr std::array<const char*, 5> kTypeNames = {"gauge", "counter", "histogram", "info",
                                                   "untyped"};
constexpr std::array<const char*, 3> kHistogramParts = {"_bucket", "_sum", "_count"};

const char* type_name(Type type) { return kTypeNames[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view short_name(std::string_view name, Type type) {
  const std::string_view suffix = type == Type::counter ? "_total"
                                  : type == Type::info  ? "_info"
                                                        : "";
  if (name.size() > suffix.size() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
  return name;
}

Family* Families::find(std::string_view name) {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

Family* Families::claim(std::string_view name, Type type, std::string_view help,
                        std::string_view unit, std::string& why) {
  if (!valid_metric_name(name)) {
    why = "is not a valid metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)";
    return nullptr;
  }
  if (name.starts_with(kOwnPrefix)) {
    why = "begins with " + std::string(kOwnPrefix) + ", which this sink keeps for itself";
    return nullptr;
  }
  if (Family* family = find(name)) {
    if (family->type != type) {
      why = std::string("is a ") + type_name(family->type) + " already, so it cannot be a " +
            type_name(type) + " as well";
      return nullptr;
    }
    return family;
  }
  if (const auto part = parts_.find(name); part != parts_.end()) {
    why = "is a part of the histogram " + part->second->name + " already";
    return nullptr;
  }
  std::string key(name);
  if (type == Type::histogram) {
    for (const char* suffix : kHistogramParts) {
      if (find(key + suffix) != nullptr || parts_.contains(key + suffix)) {
        why = "cannot be a histogram: " + key + suffix + " is a metric already";
        return nullptr;
      }
    }
  }
  Family& added = all_[key];
  added.name = key;
  added.help = help;
  added.unit = unit;
  added.type = type;
  if (type == Type::histogram) {
    for (const char* suffix : kHistogramParts) parts_.emplace(key + suffix, &added);
  }
  mark_short_names(added);
  return &added;
}

void Families::mark_short_names(Family& added) {
  // The new family may want a short name that is taken...
  const std::string_view wanted = short_name(added.name, added.type);
  if (wanted.size() != added.name.size()) {
    const Family* rival = find(std::string(wanted) + "_total");
    added.short_name_taken =
        find(wanted) != nullptr ||
        (added.type == Type::info && rival != nullptr && rival->type == Type::counter);
  }
  // ...or take one that others use.
  for (const char* suffix : {"_total", "_info"}) {
    Family* other = find(added.name + suffix);
    if (other != nullptr && short_name(other->name, other->type) == added.name) {
      other->short_name_taken = true;
    }
  }
  if (added.type == Type::counter && wanted.size() != added.name.size()) {
    Family* info = find(std::string(wanted) + "_info");
    if (info != nullptr && info->type == Type::info) info->short_name_taken = true;
  }
}

}  // namespace weir::prometheus_sink
