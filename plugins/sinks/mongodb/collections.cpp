#include "collections.hpp"

#include <algorithm>
#include <string_view>

namespace weir::mongodb_sink {

namespace {

constexpr auto kSweepPause = std::chrono::minutes(1);
constexpr std::uint32_t kNamespaceExists = 48;

std::string_view text_at(const bson_t& document, const char* path) {
  bson_iter_t top, iter;
  if (!bson_iter_init(&top, &document) || !bson_iter_find_descendant(&top, path, &iter) ||
      !BSON_ITER_HOLDS_UTF8(&iter)) {
    return "";
  }
  return bson_iter_utf8(&iter, nullptr);
}

std::int64_t number_at(const bson_t& document, const char* path) {
  bson_iter_t top, iter;
  return bson_iter_init(&top, &document) && bson_iter_find_descendant(&top, path, &iter)
             ? bson_iter_as_int64(&iter)
             : 0;
}

}  // namespace

std::int32_t Collections::expire_s() const {
  return static_cast<std::int32_t>(
      std::chrono::ceil<std::chrono::seconds>(options_.retention).count());
}

void Collections::forget() {
  for (auto& [name, collection] : collections_) {
    collection.is_ready = collection.is_swept = false;
    collection.problem.clear();
  }
}

Problem Collections::prepare(const weir_measurement& m, Target& out) {
  if (m.id >= plans_.size()) plans_.resize(m.id + 1);
  std::unique_ptr<Plan>& plan = plans_[m.id];
  if (plan == nullptr) {
    plan = std::make_unique<Plan>(make_plan(m, options_));
    Collection& collection = collections_[plan->collection];
    collection.name = plan->collection;
    collection.indexes.insert(options_.indexes.begin(), options_.indexes.end());
    if (const auto own = options_.collections.find(m.name); own != options_.collections.end()) {
      collection.indexes.insert(own->second.indexes.begin(), own->second.indexes.end());
    }
    collection.is_ready = false;
  }
  Collection& collection = collections_[plan->collection];
  out = {plan.get(), &collection};
  return plan->problem.empty() && !collection.is_ready ? make_ready(collection) : Problem{};
}

Problem Collections::make_ready(Collection& collection) {
  if (Problem p = connection_.over()) return p;
  collection.problem.clear();
  Problem problem = find_or_make(collection);
  if (!problem && collection.problem.empty()) problem = make_indexes(collection);
  if (problem.is_about_collection()) {
    collection.problem = "collection " + collection.name + ": " + problem.text;
    problem = {};
  }
  collection.is_ready = !problem;
  return problem;
}

Problem Collections::find_or_make(Collection& collection) {
  Bson found, spread, shard, reply, ignored;
  collection.is_time_series = false;
  if (Problem p = connection_.describe(collection.name, found)) return p;
  if (!bson_empty(found.get())) {
    understand(collection, *found.get());
    return {};
  }
  if (options_.time_series == TimeSeries::where_possible) {
    if (Problem p = make_time_series(collection)) return p;
  }
  if (options_.shard_key.empty()) return {};  // it is made with its first index
  if (!connection_.is_cluster()) {
    host_.info("shard_key is not used: the server is no sharded cluster");
    return {};
  }
  // Before MongoDB 6 a database has to be told that it may spread; what else this says, is said by
  // what follows.
  BSON_APPEND_UTF8(spread.get(), "enableSharding", connection_.database().c_str());
  const Problem p = connection_.run(*spread.get(), *ignored.get(), "admin");
  if (p.kind == Kind::connection) return p;
  shard_collection(*shard.get(), connection_.database(), collection.name,
                   parse_key(options_.shard_key));
  return connection_.run(*shard.get(), *reply.get(), "admin");
}

Problem Collections::make_time_series(Collection& collection) {
  Bson command, reply;
  create_time_series(*command.get(), collection.name, options_.time, expire_s());
  Problem problem = connection_.run(*command.get(), *reply.get());
  if (problem.kind == Kind::unsupported) {
    host_.info("collection " + collection.name + " is a plain one: " + problem.text);
    return {};
  }
  if (problem && problem.code == kNamespaceExists) {  // another agent was quicker
    Bson found;
    if (Problem p = connection_.describe(collection.name, found)) return p;
    understand(collection, *found.get());
    return {};
  }
  collection.is_time_series = !problem;
  collection.expire_s = expire_s();
  return problem;
}

// Of a collection that is there already.
void Collections::understand(Collection& collection, const bson_t& description) {
  const std::string_view type = text_at(description, "type");
  const std::string place = "collection " + collection.name;
  if (type == "view") collection.problem = place + " is a view; name another one";
  if (type != "timeseries") return;
  if (options_.layout == Layout::nested) {
    collection.problem = place + " is a time-series collection, which keeps no nested documents";
  } else if (text_at(description, "options.timeseries.timeField") != options_.time ||
             text_at(description, "options.timeseries.metaField") != kLabels) {
    collection.problem = place + " is a time-series collection of other fields than " +
                         options_.time + " and " + kLabels + "; name another one";
  }
  collection.is_time_series = true;
  collection.expire_s = number_at(description, "options.expireAfterSeconds");
}

Problem Collections::make_indexes(Collection& collection) {
  if (collection.is_time_series && collection.expire_s != expire_s()) {
    Bson command;
    change_expiry(*command.get(), collection.name, "", expire_s());
    if (Problem p = change_or_warn(collection, *command.get())) return p;
  }
  std::vector<FoundIndex> there;
  const CollectionHandle handle = connection_.collection(collection.name);
  if (Problem p =
          connection_.each(mongoc_collection_find_indexes_with_opts(handle.get(), nullptr),
                           [&](const bson_t& found) { there.push_back(read_index(found)); })) {
    return p;
  }
  for (const Index& index :
       mongodb_sink::make_indexes(collection.indexes, options_.time, expire_s())) {
    const bool is_by_time = index.key == Key{{options_.time}};
    if (is_by_time && collection.is_time_series) continue;  // it finds them by time as it is
    const auto found = std::find_if(there.begin(), there.end(), [&](const FoundIndex& f) {
      return is_same_key(index.key, f.key);
    });
    if (found != there.end()) {
      if (!is_by_time) continue;
      if (Problem p = set_expiry(collection, index, *found)) return p;
      continue;
    }
    Bson command, reply;
    create_indexes(*command.get(), collection.name, {index});
    if (index.expire_s == 0) {
      if (Problem p = change_or_warn(collection, *command.get())) return p;
      continue;
    }
    Problem problem = connection_.run(*command.get(), *reply.get());
    collection.is_swept = bool(problem);
    if (problem.kind == Kind::unsupported) {
      Bson plain;
      create_indexes(*plain.get(), collection.name, {{index.name, index.key}});
      problem = change_or_warn(collection, *plain.get());
    } else if (problem) {
      problem = warn(collection, problem);
    }
    if (problem) return problem;
  }
  return {};
}

// An index by time that is there, with another retention than is wanted.
Problem Collections::set_expiry(Collection& collection, const Index& index,
                                const FoundIndex& found) {
  if (found.expire_s == index.expire_s) return {};
  Bson change, drop, anew, reply;
  if (index.expire_s != 0) {
    change_expiry(*change.get(), collection.name, found.name, index.expire_s);
    const Problem problem = connection_.run(*change.get(), *reply.get());
    collection.is_swept = bool(problem);
    // Servers before 5.1 cannot make an index expire that does not.
    if (!problem || problem.kind == Kind::unsupported) return {};
    return warn(collection, problem);
  }
  // None can take it back from an index.
  BSON_APPEND_UTF8(drop.get(), "dropIndexes", collection.name.c_str());
  BSON_APPEND_UTF8(drop.get(), "index", found.name.c_str());
  if (const Problem p = connection_.run(*drop.get(), *reply.get())) return warn(collection, p);
  create_indexes(*anew.get(), collection.name, {index});
  return change_or_warn(collection, *anew.get());
}

// What rows can do without.
Problem Collections::change_or_warn(const Collection& collection, const bson_t& command) {
  Bson reply;
  const Problem problem = connection_.run(command, *reply.get());
  return problem ? warn(collection, problem) : problem;
}

// Nothing, where rows can do without what failed.
Problem Collections::warn(const Collection& collection, const Problem& problem) {
  if (problem.kind == Kind::connection || problem.is_about_collection()) return problem;
  host_.warn("collection " + collection.name + ": " + problem.text);
  return {};
}

Problem Collections::sweep(std::int64_t now) {
  if (std::chrono::steady_clock::now() < next_sweep_) return {};
  next_sweep_ = std::chrono::steady_clock::now() + kSweepPause;
  const std::int64_t oldest_ms = (now - options_.retention.count()) / 1'000'000;
  for (const auto& [name, collection] : collections_) {
    if (!collection.is_swept) continue;
    if (Problem p = connection_.over()) return p;
    Bson selector, options;
    bson_t before;
    bson_append_document_begin(selector.get(), options_.time.c_str(), -1, &before);
    BSON_APPEND_DATE_TIME(&before, "$lt", oldest_ms);
    bson_append_document_end(selector.get(), &before);
    connection_.append_time(*options.get());
    connection_.append_write_concern(*options.get());
    const CollectionHandle handle = connection_.collection(name);
    bson_error_t error{};
    if (!mongoc_collection_delete_many(handle.get(), selector.get(), options.get(), nullptr,
                                       &error)) {
      if (Problem p = warn(collection, connection_.problem(error))) return p;
    }
  }
  return {};
}

}  // namespace weir::mongodb_sink
