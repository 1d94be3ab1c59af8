#include "sqlite.hpp"

#include <chrono>
#include <stdexcept>

#include "weir/table_series.hpp"

namespace weir::sqlite_sink {

namespace {

constexpr std::size_t kSeriesBytesMax = 64 << 20;  // of the cache
constexpr std::uint64_t kSizeMin = 1 << 20;
constexpr std::uint64_t kLogBytesUsual = 16 << 20;  // of the write-ahead log, between checkpoints
constexpr int kAttemptsMax = 8;                     // to make room for one delivery

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Sqlite::Sqlite(Sink sink, const Options& options)
    : sink_(sink),
      options_(options),
      database_(sink, options_),
      tables_(database_, options_.tables),
      keeper_(sink, options_, database_, tables_),
      series_(kSeriesBytesMax) {}

void Sqlite::check(const Options& options, Problems& problems) {
  if (options.path.empty() || options.path.ends_with('/')) {
    problems.add("path", "names no file; expected such as /var/lib/weir/weir.db");
  }
  if (options.path.starts_with(":") || options.path.starts_with("file:")) {
    problems.add("path", "is a name that only SQLite knows; expected the path of a file");
  }
  if (options.max_size.count > 0 && options.max_size.count < kSizeMin) {
    problems.add("max_size", "is too small; expected 0 (no limit) or at least 1MiB");
  }
  if (options.retention.count() > 0 && options.retention < std::chrono::minutes(1)) {
    problems.add("retention", "is too short; expected 0 (for ever) or at least 1m");
  }
  table::check(options.tables, problems);
}

// What passes by itself is no reason not to start; `write` opens again.
void Sqlite::start() {
  const Problem problem = open();
  if (problem.code == SQLITE_BUSY || problem.code == SQLITE_FULL) {
    sink_.warn(problem.text);
  } else if (problem) {
    throw std::runtime_error(problem.text);
  }
}

Finding Sqlite::probe(Duration /*limit*/) {
  bool is_there = false;
  const Problem problem = database_.look(is_there);
  if (problem) return Finding::failed(problem.text);
  return Finding::ok(options_.path + (is_there ? ", with SQLite " : " is not there yet; SQLite ") +
                     sqlite3_libversion() + (is_there ? "" : " can make it"));
}

void Sqlite::stop() {
  tables_.forget();
  database_.close();
}

Problem Sqlite::open() {
  if (Problem problem = database_.open()) {
    tables_.forget();
    return problem;
  }
  if (generation_ != database_.generation()) {
    generation_ = database_.generation();
    tables_.forget();
    sink_.info("opened " + options_.path + " with SQLite " + sqlite3_libversion());
  }
  return {};
}

Status Sqlite::write(std::span<const weir_batch* const> batches) {
  Problem problem;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    problem = deliver(batches);
    if (is_at_limit_ && problem) {
      bool any = false;
      if (Problem failed = keeper_.make_room(any)) return Status::retry(failed.text);
      if (any) continue;
      const std::int64_t left = database_.page_count() - database_.free_page_count();
      if (left < database_.page_count_max() / 2) return write_parts(batches);
      return Status::retry("without a row of ours, tables of others fill " + options_.path +
                           " up to max_size; raise that, or let the sink have a file of its own");
    } else if (problem.code == SQLITE_ERROR && attempt == 0) {
      continue;  // somebody changed a table: it is looked at again
    }
    break;
  }
  if (problem) {
    // The file may be replaced by a sound one meanwhile.
    const int code = problem.code;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_IOERR) stop();
    return Status::retry(problem.text);
  }
  for (const Rejected& r : rejected_) {
    sink_.abi()->reject(sink_.abi(), r.batch, r.row, r.rows, r.reason.c_str());
  }
  return Status::ok();
}

// What does not fit into max_size at once, though next to nothing is left in the file: by batches,
// and those that do not fit alone never will.
Status Sqlite::write_parts(std::span<const weir_batch* const> batches) {
  if (batches.size() == 1) {
    sink_.reject_all(*batches[0],
                     "the batch does not fit into max_size; raise that, or lower batch.max_bytes");
    return Status::ok();
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (Status status = write(batches.subspan(i, 1)); status.code() != WEIR_OK) return status;
  }
  return Status::ok();
}

Problem Sqlite::deliver(std::span<const weir_batch* const> batches) {
  is_at_limit_ = false;
  if (Problem problem = open()) return problem;
  if (Problem problem = keeper_.keep(wall_clock_ns())) return problem;
  if (Problem problem = bound_log()) return problem;
  if (Problem problem = database_.execute("BEGIN IMMEDIATE")) return problem;
  Problem problem = transaction(batches);
  if (!problem) problem = database_.execute("COMMIT");
  // A full disk fails with the same code, but is no reason to remove rows.
  is_at_limit_ =
      problem.code == SQLITE_FULL && database_.page_count_max() > 0 && !database_.is_disk_full();
  if (problem) {
    tables_.forget();
    if (sqlite3_get_autocommit(database_.handle()) == 0) database_.execute("ROLLBACK");
  }
  return problem;
}

// The log cannot be emptied while somebody reads in one long transaction.
Problem Sqlite::bound_log() {
  const std::uint64_t max = options_.max_size.count;
  if (max == 0 || database_.wal_bytes() <= max + kLogBytesUsual) return {};
  database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  if (database_.wal_bytes() <= max + kLogBytesUsual) return {};
  return {SQLITE_BUSY, options_.path +
                           "-wal has outgrown max_size; end the process that has been reading from "
                           "the database since it began to grow"};
}

Problem Sqlite::transaction(std::span<const weir_batch* const> batches) {
  rejected_.clear();
  for (const weir_batch* batch : batches) {
    if (Problem problem = insert(*batch)) return problem;
  }
  return {};
}

Problem Sqlite::insert(const weir_batch& batch) {
  Shape* shape = nullptr;
  if (Problem problem = tables_.find(*batch.measurement, shape)) return problem;
  if (!shape->problem.empty()) {
    rejected_.push_back({&batch, 0, batch.rows, shape->problem});
    return {};
  }
  sqlite3_stmt* statement = shape->insert.get();
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    bind_row(statement, shape->plan, batch, row);
    const int code = sqlite3_step(statement);
    Problem problem;
    if (code != SQLITE_DONE) problem = database_.failure(code);
    sqlite3_reset(statement);
    if (problem.code == SQLITE_CONSTRAINT || problem.code == SQLITE_TOOBIG ||
        problem.code == SQLITE_MISMATCH) {
      rejected_.push_back({&batch, row, 1, problem.text});
    } else if (problem) {
      return problem;
    }
  }
  return {};
}

void Sqlite::bind_row(sqlite3_stmt* statement, const table::Plan& plan, const weir_batch& batch,
                      std::uint32_t row) {
  const weir_series& series = *batch.series[row];
  // The id, then a byte: 1 when every label is well-formed.
  const std::string_view known = series_.find(series, [&](format::Buffer& out) {
    const table::SeriesId id = table::series_id(series);
    out.append({reinterpret_cast<const char*>(id.data()), id.size()});
    bool sound = true;
    format::each_label(series, [&](std::string_view, std::string_view value) {
      sound = sound && table::is_well_formed(value);
    });
    out.append(sound ? std::string_view("\1", 1) : std::string_view("\0", 1));
  });
  const bool sound = known[16] != 0;
  const std::int64_t at = batch.times[row];
  const std::string_view time =
      time_.at(at, table::beyond(at, plan.time_digits) == 0 ? plan.time_digits : 9);
  sqlite3_bind_text(statement, 1, time.data(), static_cast<int>(time.size()), SQLITE_STATIC);
  sqlite3_bind_blob(statement, 2, known.data(), 16, SQLITE_STATIC);
  int number = 3;
  for (const table::Column& c : plan.columns) {
    if (c.part != table::Part::label) {
      bind_field(statement, number++, c, batch, row);
      continue;
    }
    const std::string_view value = view(series.label_values[c.index]);
    if (value.empty()) {
      sqlite3_bind_null(statement, number++);
    } else if (sound) {
      sqlite3_bind_text64(statement, number++, value.data(), value.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
    } else {
      bind_text(statement, number++, value);
    }
  }
}

void Sqlite::bind_field(sqlite3_stmt* statement, int at, const table::Column& c,
                        const weir_batch& batch, std::uint32_t row) {
  const weir_column& column = batch.columns[c.index];
  if (!has_value(column, row)) {
    sqlite3_bind_null(statement, at);
    return;
  }
  const auto bind_u64 = [&](std::uint64_t value) {
    if (value <= INT64_MAX) {
      sqlite3_bind_int64(statement, at, static_cast<sqlite3_int64>(value));
      return;
    }
    char text[format::kNumberBytesMax];
    const auto size = static_cast<int>(format::put_u64(text, value) - text);
    sqlite3_bind_text(statement, at, text, size, SQLITE_TRANSIENT);  // NOLINT
  };
  const weir_field& field = *batch.measurement->fields[c.index];
  switch (c.part) {
    case table::Part::count: return bind_u64(column.counts[row]);
    case table::Part::sum: sqlite3_bind_double(statement, at, column.sums[row]); return;
    case table::Part::mean: sqlite3_bind_double(statement, at, table::mean(column, row)); return;
    case table::Part::buckets:
      text_.clear();
      table::append_buckets(field, column, row, text_);
      sqlite3_bind_text64(statement, at, text_.data(), text_.size(), SQLITE_TRANSIENT,  // NOLINT
                          SQLITE_UTF8);
      return;
    default: break;
  }
  switch (field.type) {
    case WEIR_F64:  // NaN becomes NULL
      sqlite3_bind_double(statement, at, column.v.f64[row]);
      return;
    case WEIR_I64: sqlite3_bind_int64(statement, at, column.v.i64[row]); return;
    case WEIR_U64: return bind_u64(column.v.u64[row]);
    case WEIR_BOOL: sqlite3_bind_int(statement, at, bit(column.v.bits, row) ? 1 : 0); return;
    default: {
      const std::string_view text = string_at(column, row);
      if (!table::is_well_formed(text)) return bind_text(statement, at, text);
      sqlite3_bind_text64(statement, at, text.empty() ? "" : text.data(), text.size(),
                          SQLITE_STATIC, SQLITE_UTF8);
    }
  }
}

// Malformed text: repaired, copied.
void Sqlite::bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  text_.clear();
  table::append_well_formed(text, text_);
  sqlite3_bind_text64(statement, at, text_.data(), text_.size(), SQLITE_TRANSIENT,  // NOLINT
                      SQLITE_UTF8);
}

}  // namespace weir::sqlite_sink
