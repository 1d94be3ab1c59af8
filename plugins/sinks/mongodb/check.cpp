// Of the sink mongodb: what no single option shows.
#include <charconv>

#include "mongodb.hpp"
#include "place.hpp"
#include "schema.hpp"

namespace weir::mongodb_sink {

namespace {

constexpr const char* kKeyExpected = "; expected fields such as: lpar, time desc, host hashed";

void check_name(const std::string& path, const std::string& name, Problems& problems) {
  const std::string problem = problem_of_name(name);
  if (!problem.empty()) problems.add(path.c_str(), problem + "; expected the name of a field");
}

void check_collection_name(const std::string& path, const std::string& name, Problems& problems) {
  if (name.find('$') != std::string::npos || name.find('\0') != std::string::npos ||
      name.starts_with("system.") || name.starts_with('.') || name.size() > 255) {
    problems.add(path.c_str(), "is no name that MongoDB takes; expected such as cpu_metrics");
  }
}

void check_indexes(const std::string& path, const std::map<std::string, std::string>& indexes,
                   Problems& problems) {
  for (const auto& [name, fields] : indexes) {
    if (parse_key(fields).empty()) {
      problems.add((path + "." + name).c_str(),
                   std::string("does not say which fields") + kKeyExpected);
    }
  }
}

void check_measurement(const std::string& path, const CollectionOptions& own, bool is_nested,
                       Problems& problems) {
  check_collection_name(path + ".collection", own.collection, problems);
  check_indexes(path + ".indexes", own.indexes, problems);
  for (const auto& [key, name] : own.fields) check_name(path + ".fields." + key, name, problems);
  if (is_nested) {
    if (!own.path.empty()) check_name(path + ".path", own.path, problems);
    return;
  }
  for (const auto& [name, value] : {std::pair{".path", &own.path}, std::pair{".key", &own.key},
                                    std::pair{".value", &own.value}}) {
    if (!value->empty()) problems.add((path + name).c_str(), "is only for layout: nested");
  }
}

}  // namespace

void Mongodb::check(const Options& options, Problems& problems) {
  const bool is_nested = options.layout == Layout::nested;
  const Place place = parse_place(options.url);
  if (!place.problem.empty()) problems.add("url", place.problem);
  if (!options.password.empty() && place.problem.empty() && place.needs_user) {
    problems.add("password",
                 "is written, but url names no user; expected mongodb://user@host/database");
  }
  if (options.tls) options.tls->check(problems);
  const std::string& w = options.write_concern;
  int members = -1;
  std::from_chars(w.data(), w.data() + w.size(), members);
  if (w.empty() || members == 0 || w.starts_with('-')) {
    problems.add("write_concern", "confirms nothing; expected majority, a number from 1 or a tag");
  }
  check_name("time", options.time, problems);
  check_collection_name("collection", options.collection, problems);
  check_indexes("indexes", options.indexes, problems);
  if (!options.shard_key.empty() && parse_key(options.shard_key).empty()) {
    problems.add("shard_key", std::string("does not say which fields") + kKeyExpected);
  }
  if (is_nested && options.group_by.empty()) {
    problems.add("group_by", "is missing; layout: nested needs the labels of a document");
  }
  if (!is_nested && !options.group_by.empty()) {
    problems.add("group_by", "is only for layout: nested");
  }
  if (is_nested && options.time_series != TimeSeries::never) {
    problems.add("time_series", "keeps a document a row; it does not go with layout: nested");
  }
  if (options.retention.count() > 0 && options.retention < std::chrono::seconds(1)) {
    problems.add("retention", "is too short; expected 0 (for ever) or at least 1s");
  }
  for (const auto& [measurement, own] : options.collections) {
    check_measurement("collections." + measurement, own, is_nested, problems);
  }
}

}  // namespace weir::mongodb_sink
