// The sink sqlite: a table a measurement in one file, one transaction a delivery.
//
// A row is known by its time and its series, so that one that comes again changes nothing. What
// cannot be kept of a delivery (a row that a constraint of the operator's refuses, a measurement
// that is no table) is rejected alone; whatever else fails undoes the delivery, which comes again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "database.hpp"
#include "keeper.hpp"
#include "options.hpp"
#include "tables.hpp"
#include "weir/format_series.hpp"
#include "weir/table_value.hpp"
#include "weir/weir.hpp"

namespace weir::sqlite_sink {

class Sqlite {
 public:
  using Options = sqlite_sink::Options;

  Sqlite(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void start();
  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  struct Rejected {
    const weir_batch* batch;
    std::uint32_t row, rows;
    std::string reason;
  };

  Problem open();
  Status write_parts(std::span<const weir_batch* const> batches);
  Problem deliver(std::span<const weir_batch* const> batches);
  Problem bound_log();
  Problem transaction(std::span<const weir_batch* const> batches);
  Problem insert(const weir_batch& batch);
  void bind_row(sqlite3_stmt* statement, const table::Plan& plan, const weir_batch& batch,
                std::uint32_t row);
  void bind_field(sqlite3_stmt* statement, int at, const table::Column& c, const weir_batch& batch,
                  std::uint32_t row);
  void bind_text(sqlite3_stmt* statement, int at, std::string_view text);

  Sink sink_;
  const Options options_;
  Database database_;
  Tables tables_;
  Keeper keeper_;
  format::PrefixCache series_;  // its id, and whether its labels are well-formed
  table::SqlTime time_;
  format::Buffer text_;
  std::vector<Rejected> rejected_;  // by this delivery
  bool is_at_limit_ = false;        // the delivery did not fit into max_size
  std::uint64_t generation_ = 0;    // of the file that tables_ knows
};

}  // namespace weir::sqlite_sink
