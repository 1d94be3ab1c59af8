// Keeps a database file within its limits: rows older than `retention` go from the tables that this
// sink writes, and the oldest rows of all tables of Weir's go when the file comes near `max_size`.
// A little work at a time, before a delivery.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "database.hpp"
#include "tables.hpp"

namespace weir::sqlite_sink {

class Keeper {
 public:
  Keeper(Host host, const Options& options, Database& database, Tables& tables)
      : host_(host), options_(options), database_(database), tables_(tables) {}

  // Outside of a transaction. `now`: ns since the epoch.
  Problem keep(std::int64_t now);
  // A delivery did not fit into max_size: removes about an eighth of what is allowed. `any`: there
  // was something to remove.
  Problem make_room(bool& any);
  // Logs how many rows were removed since the last time.
  void report();

 private:
  using Clock = std::chrono::steady_clock;

  Problem expire(std::int64_t now);
  Problem shrink(std::int64_t pages_max);
  Problem remove(const std::vector<Tables::Kept>& tables, const std::string& last,
                 std::int64_t& removed);

  Host host_;
  const Options& options_;
  Database& database_;
  Tables& tables_;
  Clock::time_point next_expiry_{};
  Clock::time_point next_report_{};
  std::int64_t expired_ = 0, evicted_ = 0;  // rows, since the last report
  std::string evicted_to_;
};

}  // namespace weir::sqlite_sink
