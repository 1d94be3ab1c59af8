#include "connection.hpp"

#include <mariadb/errmsg.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace weir::mysql_sink {

namespace {

// Between two looks at what is left of a write.
constexpr Duration kLookPeriod = std::chrono::milliseconds(100);

unsigned seconds(Duration d) {
  return static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(d).count());
}

}  // namespace

// What LOAD DATA LOCAL reads instead of a file. A server may ask for any file at any time: it gets
// this, or nothing. The library sends all of it within one call, which knows only its own timeouts:
// the waiting is done here, before it would.
struct Connection::Infile {
  Connection& connection;
  std::string_view rest;

  static int begin(void** context, const char*, void* self) {
    *context = self;
    return self == nullptr ? 1 : 0;
  }
  static int read(void* context, char* out, unsigned size) {
    auto& self = *static_cast<Infile*>(context);
    if (!self.connection.wait_for(POLLOUT)) return -1;
    const std::size_t n = std::min<std::size_t>(size, self.rest.size());
    if (n > 0) std::memcpy(out, self.rest.data(), n);
    self.rest.remove_prefix(n);
    return static_cast<int>(n);
  }
  // All of it is sent, and the library is about to wait for what the server says of it.
  static void end(void* context) {
    if (context != nullptr) static_cast<Infile*>(context)->connection.wait_for(POLLIN);
  }
  static int error(void*, char* text, unsigned size) {
    std::strncpy(text, "the server asked for a file that it was not offered", size - 1);
    text[size - 1] = '\0';
    return CR_MIN_ERROR;
  }
};

void Connection::set_tls() {
  if (!options_.tls || !options_.tls->enabled) return;
  const ClientTls& tls = *options_.tls;
  const my_bool yes = 1, verify = tls.verify ? 1 : 0;
  const auto set = [&](mysql_option option, const std::string& value) {
    if (!value.empty()) mysql_optionsv(handle_, option, value.c_str());
  };
  mysql_optionsv(handle_, MYSQL_OPT_SSL_ENFORCE, &yes);
  mysql_optionsv(handle_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  set(MYSQL_OPT_SSL_CA, tls.ca);
  set(MYSQL_OPT_SSL_CERT, tls.cert);
  set(MYSQL_OPT_SSL_KEY, tls.key);
  if (tls.ca.empty() && tls.verify) {
    set(MYSQL_OPT_SSL_CAPATH, "/etc/ssl/certs");
  }
}

Problem Connection::open() {
  if (is_open()) return {};
  // The library's shortest wait is a second, which the end of the agent does not have.
  const Duration left = sink_.time_left(options_.connect_timeout);
  if (left.count() <= 0) {
    return {Kind::connection, CR_SERVER_LOST, place() + ": no time is left to connect"};
  }
  handle_ = mysql_init(nullptr);
  if (handle_ == nullptr) throw std::bad_alloc();
  const unsigned connect_s = std::max(1u, seconds(left));
  const unsigned read_s = seconds(options_.read_timeout);
  const unsigned write_s = seconds(options_.write_timeout);
  const unsigned local = options_.local_infile ? 1 : 0;
  mysql_optionsv(handle_, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
  mysql_optionsv(handle_, MYSQL_OPT_READ_TIMEOUT, &read_s);
  mysql_optionsv(handle_, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
  mysql_optionsv(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(handle_, MYSQL_OPT_LOCAL_INFILE, &local);
  const unsigned protocol = options_.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_optionsv(handle_, MYSQL_OPT_PROTOCOL, &protocol);
  set_tls();
  mysql_set_local_infile_handler(handle_, Infile::begin, Infile::read, Infile::end, Infile::error,
                                 nullptr);
  Problem failed;
  if (mysql_real_connect(handle_, place_.host.c_str(), place_.user.c_str(),
                         options_.password.c_str(), place_.database.c_str(), place_.port,
                         options_.socket.empty() ? nullptr : options_.socket.c_str(),
                         0) == nullptr) {
    failed = problem(kind_of);
    if (failed.code == CR_SERVER_LOST) {
      failed.text += "; check that MySQL or MariaDB runs there, and does not hang";
    }
  } else if (options_.tls && options_.tls->enabled && mysql_get_ssl_cipher(handle_) == nullptr) {
    // The library asks for TLS, and goes on without where the server has none.
    failed = {Kind::connection, CR_SSL_CONNECTION_ERROR,
              place() + ": the server does not speak TLS" + remedy_for(CR_SSL_CONNECTION_ERROR)};
  } else {
    failed = configure();
  }
  if (failed) {
    failed.kind = Kind::connection;
    close(failed.text);
  }
  return failed;
}

// The session of whoever writes: strict, so that no value is changed in silence; UTC; and no wait
// that would outlast the read timeout.
Problem Connection::configure() {
  const std::string lock_s = std::to_string(std::max(1u, seconds(options_.read_timeout) / 2));
  if (Problem p = execute(
          "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,"
          "NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00', SESSION sql_notes = 0, SESSION "
          "innodb_lock_wait_timeout "
          "= " +
          lock_s + ", SESSION lock_wait_timeout = " + lock_s)) {
    return p;
  }
  std::size_t packet = 0;
  const auto row = [&](const std::vector<std::string>& cells) {
    packet = std::stoull(cells[0]);
    may_load_ = options_.local_infile && cells[1] == "1";
  };
  if (Problem p = query("SELECT @@max_allowed_packet, @@local_infile", row)) return p;
  statement_bytes_max_ = std::max<std::size_t>(packet, 4096) - 1024;

  const char* cipher = mysql_get_ssl_cipher(handle_);
  const char* version = mysql_get_server_info(handle_);
  ++connects_;
  if (!std::exchange(is_told_, true)) {
    sink_.connected(std::string(version == nullptr ? "?" : version) + " at " +
                    mysql_get_host_info(handle_) + ", database " + place_.database +
                    (cipher == nullptr ? "" : ", TLS"));
  }
  return {};
}

void Connection::close(const std::string& why) {
  sink_.disconnected(why);
  is_told_ = false;
  start_anew();
}

void Connection::start_anew() {
  if (handle_ != nullptr) mysql_close(handle_);
  handle_ = nullptr;
}

std::string Connection::place() const {
  return options_.socket.empty() ? place_.host + ":" + std::to_string(place_.port)
                                 : options_.socket;
}

Problem Connection::problem(Judge judge) {
  const unsigned code = mysql_errno(handle_);
  return lost({judge(code, mysql_sqlstate(handle_)), code,
               place() + ": " + mysql_error(handle_) + remedy_for(code)});
}

// Closes the connection where the problem is that it is gone.
Problem Connection::lost(Problem problem) {
  if (problem.kind == Kind::connection && connects_ > 0) close(problem.text);
  return problem;
}

// Whether the server answers (POLLIN) or takes data (POLLOUT) before the write must end. The
// library waits without looking at that, and not only the write's own deadline may come: the
// agent's stop brings it forward. When it is over, the socket is shut down, so that the library
// does not wait either. An answer that is there counts even then; more data do not help.
bool Connection::wait_for(short events) {
  pollfd socket{static_cast<int>(mysql_get_socket(handle_)), events, 0};
  const Duration limit = events == POLLIN ? options_.read_timeout : options_.write_timeout;
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const Duration waited = std::chrono::steady_clock::now() - begin;
    const Duration left = std::min<Duration>(limit - waited, sink_.time_left(kLookPeriod));
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const bool is_ready = ::poll(&socket, 1, static_cast<int>(std::max<std::int64_t>(ms, 0))) > 0;
    if (is_ready && (events == POLLIN || left.count() > 0)) return true;
    if (left.count() > 0) continue;
    is_late_ = true;
    ::shutdown(socket.fd, SHUT_RDWR);
    return false;
  }
}

Problem Connection::run(std::string_view sql, Judge judge) {
  is_late_ = false;
  if (mysql_send_query(handle_, sql.data(), sql.size()) != 0) return problem(judge);
  const bool is_done = wait_for(POLLIN) && mysql_read_query_result(handle_) == 0;
  if (is_late_) {
    return lost({Kind::connection, CR_SERVER_LOST,
                 place() + ": no answer in time; see whether the server hangs, or raise "
                           "read_timeout, write_timeout and write_deadline"});
  }
  return is_done ? Problem{} : problem(judge);
}

Problem Connection::execute(std::string_view sql) { return run(sql, kind_of); }

Problem Connection::define(std::string_view sql) { return run(sql, kind_of_definition); }

Problem Connection::query(std::string_view sql, const Row& row) {
  if (Problem p = execute(sql)) return p;
  MYSQL_RES* result = mysql_store_result(handle_);
  if (result == nullptr) return problem(kind_of);
  std::vector<std::string> cells(mysql_num_fields(result));
  while (MYSQL_ROW found = mysql_fetch_row(result)) {
    const unsigned long* sizes = mysql_fetch_lengths(result);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = found[i] == nullptr ? std::string() : std::string(found[i], sizes[i]);
    }
    row(cells);
  }
  mysql_free_result(result);
  return {};
}

Problem Connection::load(std::string_view sql, std::string_view data, std::uint64_t& doubtful) {
  Infile file{*this, data};
  mysql_set_local_infile_handler(handle_, Infile::begin, Infile::read, Infile::end, Infile::error,
                                 &file);
  Problem result = execute(sql);
  if (!is_open()) return result;
  mysql_set_local_infile_handler(handle_, Infile::begin, Infile::read, Infile::end, Infile::error,
                                 nullptr);
  doubtful = mysql_warning_count(handle_);
  return result;
}

}  // namespace weir::mysql_sink
