// A connection to an SQLite file, whose failures name the file and what to do about them.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "options.hpp"
#include "weir/host.hpp"

namespace weir::sqlite_sink {

// Why something did not work; `code` is a primary result code of SQLite, 0 when all is well.
struct Problem {
  int code = SQLITE_OK;
  std::string text;
  explicit operator bool() const { return code != SQLITE_OK; }
};

struct Finalize {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

// One thread.
class Database {
 public:
  Database(Host host, const Options& options) : host_(host), options_(options) {}
  ~Database() { close(); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Opens the file, makes it and its directory where there is none, and chooses WAL. A file that
  // was moved away or removed meanwhile is left alone and a new one begun.
  Problem open();
  // Instead of `open`: whether that would do, as far as can be told without making or changing
  // anything.
  Problem look(bool& is_there);
  void close();
  bool is_open() const { return handle_ != nullptr; }
  sqlite3* handle() const { return handle_; }

  Problem execute(const std::string& sql);
  Problem prepare(const std::string& sql, Statement& out);
  // The first column of the first row as an integer; nothing where there is no row or it is NULL.
  Problem query(const std::string& sql, std::optional<std::int64_t>& out);
  Problem query_text(const std::string& sql, std::optional<std::string>& out);
  // The last failure, in words.
  Problem failure(int code) const;

  std::int64_t page_count();
  std::int64_t free_page_count();
  std::int64_t page_bytes() const { return page_bytes_; }
  std::int64_t page_count_max() const { return page_count_max_; }  // 0: no limit
  // To remove rows from a full file takes pages too; some are kept back for that.
  Problem lend_spare_pages(bool lend);
  std::uint64_t wal_bytes() const;
  bool is_disk_full() const;
  // How often a file was opened: what was prepared before belongs to another one.
  std::uint64_t generation() const { return generation_; }

 private:
  Problem configure();
  Problem look_at_file();
  bool has_moved() const;

  Host host_;
  const Options& options_;
  sqlite3* handle_ = nullptr;
  std::int64_t page_bytes_ = 0;
  std::int64_t page_count_max_ = 0;
  std::uint64_t generation_ = 0;
  std::int64_t waited_ms_ = 0;  // for a lock, by the call under way
};

}  // namespace weir::sqlite_sink
