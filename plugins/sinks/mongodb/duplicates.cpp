// Of the sink mongodb: what becomes of documents that the server did not insert.
#include <algorithm>
#include <map>
#include <string_view>

#include "merge.hpp"
#include "mongodb.hpp"
#include "write_result.hpp"

namespace weir::mongodb_sink {

namespace {

constexpr std::size_t kIdsMax = 500;  // asked for at once
constexpr int kRoundsMax = 5;         // while others change the same documents
// In one command. FerretDB keeps one of its 100 connections to SQLite for each of them until the
// command ends, and waits for ever for the one that is too many.
constexpr std::size_t kUpdatesMax = 50;

std::string_view id_of(const bson_t& document) {
  bson_iter_t iter;
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  if (!bson_iter_init_find(&iter, &document, "_id") || !BSON_ITER_HOLDS_BINARY(&iter)) return "";
  bson_iter_binary(&iter, &subtype, &size, &data);
  return {reinterpret_cast<const char*>(data), size};
}

// The ids of all, in order; and between which they are, for a server that would compare every
// document that it has with each of them.
template <class Wanted>
void append_query(bson_t& query, const Wanted& wanted) {
  bson_t condition, ids;
  const auto append = [](bson_t& out, const char* key, std::string_view id) {
    bson_append_binary(&out, key, -1, BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(id.data()),
                       static_cast<std::uint32_t>(id.size()));
  };
  bson_append_document_begin(&query, "_id", 3, &condition);
  append(condition, "$gte", wanted.begin()->first);
  append(condition, "$lte", wanted.rbegin()->first);
  bson_append_array_begin(&condition, "$in", 3, &ids);
  std::size_t number = 0;
  for (const auto& [id, duplicate] : wanted) append(ids, std::to_string(number++).c_str(), id);
  bson_append_array_end(&condition, &ids);
  bson_append_document_end(&query, &condition);
}

bson_error_t error_of(const WriteError& error, std::uint32_t domain) {
  bson_error_t result{};
  bson_set_error(&result, domain, error.code, "%s", error.text.c_str());
  return result;
}

}  // namespace

Problem Mongodb::sort_errors(const bson_t& reply, std::span<const Chunk::Item> items,
                             std::vector<Duplicate>& duplicates) {
  WriteResult result = read_result(reply);
  std::vector<bool> is_inserted(items.size(), true);
  Problem worst;
  for (WriteError& error : result.errors) {
    if (error.index >= items.size()) {
      return {Kind::transient, error.code, "the server tells of a document that it was not sent"};
    }
    const Chunk::Item& item = items[error.index];
    is_inserted[error.index] = false;
    Problem problem = connection_.problem(error_of(error, MONGOC_ERROR_SERVER));
    if (problem.kind == Kind::duplicate) {
      const bool by_id = is_by_id(error.text);
      duplicates.push_back({&item, std::move(problem.text), by_id});
    } else if (problem.kind == Kind::data) {
      reject(item, problem.text);
    } else {
      worst = std::move(problem);
    }
  }
  if (worst) return worst;
  if (result.concern.code != 0) {
    return connection_.problem(error_of(result.concern, MONGOC_ERROR_WRITE_CONCERN));
  }
  const std::size_t told = static_cast<std::size_t>(result.inserted) + result.errors.size();
  if (told != items.size()) {
    return {Kind::transient, 0,
            "the server tells about " + std::to_string(told) + " documents of " +
                std::to_string(items.size())};
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_inserted[i]) settle(items[i]);
  }
  return {};
}

Problem Mongodb::merge(const Collection& collection, std::vector<Duplicate>& duplicates) {
  std::erase_if(duplicates, [&](const Duplicate& d) {
    if (!d.is_by_id) reject(*d.item, d.reason);
    return !d.is_by_id;
  });
  const std::span<const Duplicate> all = duplicates;
  for (std::size_t first = 0; first < all.size(); first += kIdsMax) {
    const auto some = all.subspan(first, std::min(kIdsMax, all.size() - first));
    bool is_done = false;
    for (int round = 0; round < kRoundsMax && !is_done; ++round) {
      if (Problem p = merge_once(collection, some, is_done)) return p;
    }
    if (!is_done) {
      return {Kind::transient, 0,
              "collection " + collection.name + ": others keep changing the same documents"};
    }
    for (const Duplicate& duplicate : some) settle(*duplicate.item);
  }
  return {};
}

Problem Mongodb::merge_once(const Collection& collection, std::span<const Duplicate> duplicates,
                            bool& is_done) {
  if (Problem p = connection_.over()) return p;
  std::multimap<std::string_view, const Duplicate*> wanted;
  for (const Duplicate& duplicate : duplicates) {
    const BsonView document(chunk_.document(*duplicate.item));
    wanted.emplace(id_of(*document.get()), &duplicate);
  }
  Bson query, options;
  append_query(*query.get(), wanted);
  connection_.append_time(*options.get());

  const CollectionHandle handle = connection_.collection(collection.name);
  std::deque<Update> updates;
  std::set<const Duplicate*> found;
  const auto compare = [&](const bson_t& existing, const Duplicate& duplicate) {
    found.insert(&duplicate);
    Update& update = updates.emplace_back();
    update.of = &duplicate;
    const BsonView ours(chunk_.document(*duplicate.item));
    const Group* group = duplicate.item->group;
    const auto refuse = [&](const Origin& origin, std::string why) {
      reject(origin, std::move(why));
    };
    const bool is_different =
        group == nullptr
            ? make_update(existing, *ours.get(), *update.filter.get(), *update.change.get())
            : make_update(existing, *group, groups_.labels(), connection_.limits(), refuse,
                          *update.filter.get(), *update.change.get());
    if (!is_different) updates.pop_back();
  };
  if (Problem p = connection_.each(
          mongoc_collection_find_with_opts(handle.get(), query.get(), options.get(), nullptr),
          [&](const bson_t& existing) {
            const auto [begin, end] = wanted.equal_range(id_of(existing));
            for (auto d = begin; d != end; ++d) compare(existing, *d->second);
          })) {
    return p;
  }
  for (const Duplicate& duplicate : duplicates) {
    if (found.contains(&duplicate)) continue;
    if (!names_key(duplicate.reason)) {
      reject(*duplicate.item, duplicate.reason);
    } else {
      return {Kind::transient, 0,
              "collection " + collection.name +
                  ": a document was deleted in the same moment: " + duplicate.reason};
    }
  }
  is_done = true;
  return update(collection, updates, is_done);
}

// Not done: somebody has changed one of the documents since it was read.
Problem Mongodb::update(const Collection& collection, std::deque<Update>& updates, bool& is_done) {
  const CollectionHandle handle = connection_.collection(collection.name);
  Bson options;
  BSON_APPEND_BOOL(options.get(), "ordered", false);
  connection_.append_write_concern(*options.get());
  std::size_t most = kUpdatesMax;
  for (std::size_t first = 0, last = 0; first < updates.size(); first = last) {
    if (Problem p = connection_.over()) return p;
    const std::unique_ptr<mongoc_bulk_operation_t, decltype(&mongoc_bulk_operation_destroy)> bulk(
        mongoc_collection_create_bulk_operation_with_opts(handle.get(), options.get()),
        mongoc_bulk_operation_destroy);
    bson_error_t error{};
    for (last = first; last < updates.size() && last - first < most; ++last) {
      if (!mongoc_bulk_operation_update_one_with_opts(bulk.get(), updates[last].filter.get(),
                                                      updates[last].change.get(), nullptr,
                                                      &error)) {
        return connection_.problem(error);
      }
    }
    Bson reply;
    const bool is_ok = mongoc_bulk_operation_execute(bulk.get(), reply.get(), &error) != 0;
    const WriteResult result = read_result(*reply.get());
    if (!is_ok && result.errors.empty() && result.concern.code == 0) {
      Problem problem = connection_.problem_of_whole(error);
      if (problem.kind != Kind::data) return problem;
      if (last - first == 1) {
        reject(*updates[first].of->item, problem.text);
      } else {
        most = 1;  // one of them is meant
        last = first;
      }
      continue;
    }
    std::int64_t refused = 0;
    for (const WriteError& e : result.errors) {
      const Problem problem = connection_.problem(error_of(e, MONGOC_ERROR_SERVER));
      const bool is_rows_own = problem.kind == Kind::data || problem.kind == Kind::duplicate;
      if (!is_rows_own || e.index >= last - first) return problem;
      reject(*updates[first + e.index].of->item, problem.text);
      ++refused;
    }
    if (result.concern.code != 0) {
      return connection_.problem(error_of(result.concern, MONGOC_ERROR_WRITE_CONCERN));
    }
    is_done = is_done && result.matched + refused == static_cast<std::int64_t>(last - first);
  }
  return {};
}

}  // namespace weir::mongodb_sink
