// The sink mongodb: rows as documents, flat or nested, inserted in unordered bulks.
//
// The id of a document is made of its series, or its group, and its time. One that is there already
// is read and compared: where it lacks something or says something else, that is changed, so that
// rows which come again change nothing, and parts of a document that come apart meet. Errors of the
// server belong to documents: one that cannot be kept is rejected alone. Whatever else fails makes
// the delivery come again.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chunk.hpp"
#include "collections.hpp"
#include "connection.hpp"
#include "document.hpp"
#include "done.hpp"
#include "groups.hpp"
#include "options.hpp"
#include "weir/weir.hpp"

namespace weir::mongodb_sink {

class Mongodb {
 public:
  using Options = mongodb_sink::Options;

  Mongodb(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void start();
  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  struct Rejected {
    Origin origin;
    std::uint32_t rows;
    std::string reason;
  };
  // A document that the server says it has.
  struct Duplicate {
    const Chunk::Item* item;
    std::string reason;
    bool is_by_id;  // and not, or perhaps not, by another unique index
  };

  struct Update {
    const Duplicate* of;
    Bson filter, change;
  };

  Problem deliver(std::span<const weir_batch* const> batches);
  Problem write_flat(const Collections::Target& target, const weir_batch& batch);
  Problem write_nested();
  void add(const Group& group);
  bool is_full();
  Problem flush(const Collection& collection);
  Problem send(const Collection& collection, std::span<const Chunk::Item> items);
  Problem sort_errors(const bson_t& reply, std::span<const Chunk::Item> items,
                      std::vector<Duplicate>& duplicates);
  Problem merge(const Collection& collection, std::vector<Duplicate>& duplicates);
  Problem merge_once(const Collection& collection, std::span<const Duplicate> duplicates,
                     bool& is_done);
  Problem update(const Collection& collection, std::deque<Update>& updates, bool& is_done);
  void settle(const Chunk::Item& item);
  void reject(const Chunk::Item& item, const std::string& reason);
  void reject(const Origin& origin, std::string reason);

  Sink sink_;
  const Options options_;
  Connection connection_;
  Collections collections_;
  Heads heads_;
  Groups groups_;
  Chunk chunk_;
  Done done_;
  std::vector<Collections::Target> targets_;  // by batch of this delivery
  std::vector<Rejected> rejected_;            // by this delivery
  std::set<std::pair<const weir_batch*, std::uint32_t>> rejected_rows_;  // each once
  BsonViews views_;
};

}  // namespace weir::mongodb_sink
