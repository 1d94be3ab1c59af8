// The tables of the database: made, widened and partitioned before rows come that need it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connection.hpp"
#include "dialect.hpp"
#include "partitions.hpp"
#include "weir/table.hpp"

namespace weir::mysql_sink {

// A measurement's part of a table.
struct Shape {
  table::Plan plan;
  Insert insert;
  std::string load;
  std::string problem;  // not empty: its rows cannot be written, and why
};

class Tables {
 public:
  Tables(Host host, const Options& options, Connection& connection)
      : host_(host), options_(options), connection_(connection) {}

  // The shape of the batch's measurement, its table and the partitions of its times ready; outside
  // of a transaction. Valid until `forget`. `now`: ns since the epoch.
  Problem prepare(const weir_batch& batch, std::int64_t now, Shape*& out);
  void forget();
  // Removes what is older than the retention from the tables that `prepare` has had ready in this
  // process, now and then; from one that is new to it at once.
  Problem expire(std::int64_t now);

 private:
  Problem define(Shape& shape, const weir_batch& batch, std::int64_t now);
  Problem widen(Shape& shape, bool& is_there);
  Problem read_partitions(const std::string& table);
  Problem make_partitions(const table::Plan& plan, const weir_batch& batch, std::int64_t now);
  struct Kept {
    std::string time;  // the time column
    bool is_new = true;
  };
  struct Removed {
    std::size_t days = 0;
    std::string last_day;  // its partition
    std::uint64_t rows = 0;
    std::string text() const;  // for people; empty: nothing
  };
  Problem expire(const std::string& table, const std::string& time, std::int64_t now,
                 Removed& removed);
  // Days within the retention that the batch has rows of.
  std::vector<Day> days_of(const weir_batch& batch, std::int64_t now) const;

  Host host_;
  const Options& options_;
  Connection& connection_;
  std::vector<std::unique_ptr<Shape>> shapes_;  // by measurement id
  // Days with partitions of their own, by table. Not there: the table is not partitioned by us.
  std::map<std::string, std::vector<Day>> partitions_;
  // Tables whose rows the retention is for, by name. Those of other sinks and agents in the
  // database are not among them, nor those of measurements that have not come since the start.
  std::map<std::string, Kept> kept_;
  std::chrono::steady_clock::time_point next_expiry_{};
};

}  // namespace weir::mysql_sink
