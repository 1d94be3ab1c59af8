#include "mongodb.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <chrono>

#include "merge.hpp"

namespace weir::mongodb_sink {

namespace {

constexpr std::size_t kChunkBytes = 4 << 20;  // of a bulk, where documents are not larger
constexpr std::size_t kChunkItems = 10'000;

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Mongodb::Mongodb(Sink sink, const Options& options)
    : sink_(sink),
      options_(options),
      connection_(sink, options_),
      collections_(sink, options_, connection_),
      done_(sink) {}

// A server that does not answer now may do so later: `write` says what is wrong.
void Mongodb::start() {
  if (options_.tls) options_.tls->require_files();
  mongoc_init();
  mongoc_log_set_handler(nullptr, nullptr);  // it would write to the standard streams
}

// A server lets everybody in and ask what it is; its collections it tells to users only.
Finding Mongodb::probe(Duration limit) {
  start();
  Options options = options_;
  options.connect_timeout = std::min(options.connect_timeout, limit);
  options.timeout = std::min(options.timeout, limit);
  Connection connection(sink_, options);
  Bson found;
  Problem problem = connection.open();
  if (!problem) problem = connection.describe("weir_probe", found);
  return problem ? Finding::failed(problem.text) : Finding::ok();
}

void Mongodb::stop() {
  done_.forget();
  collections_.forget();
  connection_.close();
}

Status Mongodb::write(std::span<const weir_batch* const> batches) {
  Problem problem;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool was_open = connection_.is_open();
    problem = deliver(batches);
    // A server closes connections that were idle for long.
    if (problem.kind != Kind::connection || !was_open) break;
    connection_.close(problem.text);
  }
  chunk_.clear();
  groups_.clear();
  if (problem) {
    // The next try is a new connection: rights are looked up when one is made, and another member
    // may take writes by then.
    if (problem.kind == Kind::connection) connection_.close(problem.text);
    if (problem.kind != Kind::over) connection_.start_anew();
    return Status::retry(problem.text);
  }
  done_.forget();
  for (const Rejected& r : rejected_) {
    sink_.abi()->reject(sink_.abi(), r.origin.batch, r.origin.row, r.rows, r.reason.c_str());
  }
  return Status::ok();
}

Problem Mongodb::deliver(std::span<const weir_batch* const> batches) {
  targets_.clear();
  rejected_.clear();
  rejected_rows_.clear();
  chunk_.clear();
  groups_.clear();
  if (Problem p = connection_.over()) return p;
  if (!connection_.is_open()) collections_.forget();
  if (Problem p = connection_.open()) return p;
  for (const weir_batch* batch : batches) {
    Collections::Target target{};
    if (Problem p = collections_.prepare(*batch->measurement, target)) return p;
    targets_.push_back(target);
  }
  if (Problem p = collections_.sweep(wall_clock_ns())) return p;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const Collections::Target& target = targets_[i];
    if (!target.problem().empty()) {
      rejected_.push_back({{batches[i], 0}, batches[i]->rows, target.problem()});
    } else if (options_.layout == Layout::nested) {
      groups_.add(*target.plan, *batches[i], done_, heads_);
    } else {
      if (Problem p = write_flat(target, *batches[i])) return p;
      const bool is_last = i + 1 == batches.size();
      if (is_last || targets_[i + 1].collection != target.collection) {
        if (Problem p = flush(*target.collection)) return p;
      }
    }
  }
  return options_.layout == Layout::nested ? write_nested() : Problem{};
}

Problem Mongodb::write_flat(const Collections::Target& target, const weir_batch& batch) {
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    const Origin origin{&batch, row};
    if (done_.has(origin)) continue;
    const Heads::Head head = heads_.find(*target.plan, *batch.series[row]);
    chunk_.add(origin, nullptr, [&](bson_t& document) {
      const Refusal refusal =
          append_flat(document, *target.plan, head, options_.time,
                      target.collection->is_time_series, batch, row, connection_.limits());
      if (refusal) reject(origin, text_of(refusal, *batch.measurement));
      return !refusal;
    });
    if (!is_full()) continue;
    if (Problem p = flush(*target.collection)) return p;
  }
  return {};
}

Problem Mongodb::write_nested() {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Collection& collection = *targets_[i].collection;
    const bool is_first = std::none_of(targets_.begin(), targets_.begin() + static_cast<long>(i),
                                       [&](const auto& t) { return t.collection == &collection; });
    if (!is_first) continue;
    for (const Group& group : groups_.all()) {
      if (*group.collection != collection.name) continue;
      add(group);
      if (!is_full()) continue;
      if (Problem p = flush(collection)) return p;
    }
    if (Problem p = flush(collection)) return p;
  }
  return {};
}

void Mongodb::add(const Group& group) {
  chunk_.add({}, &group, [&](bson_t& document) {
    std::size_t kept = group.rows.size();
    Node metrics(Node::Shape::document);
    append_head(document, group.id, options_.time, group.time);
    const BsonView labels(group.labels);
    bson_concat(&document, labels.get());
    const auto refuse = [&](const Origin& origin, const std::string& why) {
      reject(origin, why);
      --kept;
    };
    write_metrics(group, metrics, connection_.limits(), refuse, document);
    if (document.len <= connection_.limits().document_bytes) return kept > 0;
    for (const Group::Row& row : group.rows) {
      reject(row.origin, text_of({kTooLarge}, *row.plan->measurement));
    }
    return false;
  });
}

bool Mongodb::is_full() {
  return chunk_.bytes() >= kChunkBytes || chunk_.items().size() >= kChunkItems;
}

Problem Mongodb::flush(const Collection& collection) {
  Problem problem;
  if (!chunk_.items().empty()) problem = send(collection, chunk_.items());
  chunk_.clear();
  return problem;
}

Problem Mongodb::send(const Collection& collection, std::span<const Chunk::Item> items) {
  if (Problem p = connection_.over()) return p;
  views_.reset(items.size());
  for (const Chunk::Item& item : items) views_.add(chunk_.document(item));
  Bson options, reply;
  BSON_APPEND_BOOL(options.get(), "ordered", false);
  BSON_APPEND_BOOL(options.get(), "validate", false);  // it is this plugin that made them
  connection_.append_time(*options.get());
  connection_.append_write_concern(*options.get());
  const CollectionHandle handle = connection_.collection(collection.name);
  bson_error_t error{};
  const bool is_ok = mongoc_collection_insert_many(handle.get(), views_.data(), items.size(),
                                                   options.get(), reply.get(), &error);
  std::vector<Duplicate> duplicates;
  bson_iter_t iter;
  const bool has_errors = bson_iter_init_find(&iter, reply.get(), "writeErrors");
  if (!is_ok && !has_errors) {
    Problem problem = connection_.problem_of_whole(error);
    if (problem.kind != Kind::data) return problem;
    if (items.size() == 1 || problem.is_about_collection()) {
      for (const Chunk::Item& item : items) reject(item, problem.text);
      return {};
    }
    const std::size_t middle = items.size() / 2;
    if (Problem p = send(collection, items.first(middle))) return p;
    return send(collection, items.subspan(middle));
  }
  if (Problem p = sort_errors(*reply.get(), items, duplicates)) return p;
  return duplicates.empty() ? Problem{} : merge(collection, duplicates);
}

// The server has all of it.
void Mongodb::settle(const Chunk::Item& item) {
  bool is_whole = true;
  each_origin(item, [&](const Origin& row) {
    is_whole = is_whole && !rejected_rows_.contains({row.batch, row.row});
  });
  if (is_whole) each_origin(item, [&](const Origin& row) { done_.add(row); });
}

void Mongodb::reject(const Chunk::Item& item, const std::string& reason) {
  each_origin(item, [&](const Origin& origin) { reject(origin, reason); });
}

void Mongodb::reject(const Origin& origin, std::string reason) {
  if (!rejected_rows_.emplace(origin.batch, origin.row).second) return;
  rejected_.push_back({origin, 1, std::move(reason)});
}

}  // namespace weir::mongodb_sink
