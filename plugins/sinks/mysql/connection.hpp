// A connection to the server: made when it is needed, prepared so that statements mean the same on
// every server, and made again after it was lost.
#pragma once

#include <mariadb/mysql.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "place.hpp"
#include "problem.hpp"
#include "weir/host.hpp"

namespace weir::mysql_sink {

// One thread.
class Connection {
 public:
  Connection(Sink sink, const Options& options)
      : sink_(sink), options_(options), place_(parse_place(options.url)) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Problem open();                           // where it is not open
  void close(const std::string& why = "");  // empty: on purpose
  bool is_open() const { return handle_ != nullptr; }
  // Closes a connection that is not broken; that the next one is made is not told to people.
  void start_anew();

  // A statement without a result.
  Problem execute(std::string_view sql);
  std::uint64_t changed_rows() const { return mysql_affected_rows(handle_); }  // by the last one
  Problem define(std::string_view sql);  // one that makes or changes tables
  // Calls row(cells) for each row; a NULL cell is empty.
  using Row = std::function<void(const std::vector<std::string>&)>;
  Problem query(std::string_view sql, const Row& row);
  // LOAD DATA LOCAL whose "file" is `data`. `doubtful`: rows that were skipped or changed.
  Problem load(std::string_view sql, std::string_view data, std::uint64_t& doubtful);

  bool may_load() const { return may_load_; }
  void forbid_load() { may_load_ = false; }
  std::size_t statement_bytes_max() const { return statement_bytes_max_; }

 private:
  Problem configure();
  using Judge = Kind (*)(unsigned, std::string_view);
  Problem run(std::string_view sql, Judge judge);
  struct Infile;
  bool wait_for(short events);
  void set_tls();
  std::string place() const;
  Problem problem(Judge judge);
  Problem lost(Problem problem);

  Sink sink_;
  const Options& options_;
  const Place place_;
  MYSQL* handle_ = nullptr;
  std::size_t statement_bytes_max_ = 0;
  bool may_load_ = false;
  std::uint64_t connects_ = 0;
  bool is_late_ = false;  // the statement's time was over, and the socket is shut down
  bool is_told_ = false;  // the agent knows that it is connected
};

}  // namespace weir::mysql_sink
