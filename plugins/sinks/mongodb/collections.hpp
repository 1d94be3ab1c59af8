// The collections of the database: made, indexed and told how long to keep before rows come.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "plan.hpp"
#include "schema.hpp"

namespace weir::mongodb_sink {

struct Collection {
  std::string name;
  std::map<std::string, std::string> indexes;  // wanted: names and fields
  bool is_ready = false;
  bool is_time_series = false;
  bool is_swept = false;      // by this sink, where the server does not expire documents
  std::int64_t expire_s = 0;  // of a time-series collection, as it is
  std::string problem;        // not empty: why nothing can be written to it
};

// One thread.
class Collections {
 public:
  Collections(Host host, const Options& options, Connection& connection)
      : host_(host), options_(options), connection_(connection) {}

  struct Target {
    const Plan* plan;
    const Collection* collection;
    const std::string& problem() const {
      return plan->problem.empty() ? collection->problem : plan->problem;
    }
  };
  // Where the batch's rows belong. Pointers stay valid.
  Problem prepare(const weir_measurement& m, Target& out);
  // Nothing is known of the server any more.
  void forget();
  // Deletes what is too old from collections whose server does not. Sometimes.
  Problem sweep(std::int64_t now);

 private:
  Problem make_ready(Collection& collection);
  Problem find_or_make(Collection& collection);
  Problem make_time_series(Collection& collection);
  void understand(Collection& collection, const bson_t& description);
  Problem make_indexes(Collection& collection);
  Problem set_expiry(Collection& collection, const Index& index, const FoundIndex& found);
  Problem change_or_warn(const Collection& collection, const bson_t& command);
  Problem warn(const Collection& collection, const Problem& problem);
  std::int32_t expire_s() const;

  Host host_;
  const Options& options_;
  Connection& connection_;
  std::vector<std::unique_ptr<Plan>> plans_;  // by the measurement's id
  std::map<std::string, Collection> collections_;
  std::chrono::steady_clock::time_point next_sweep_{};
};

}  // namespace weir::mongodb_sink
