#include "database.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "weir/posix.hpp"

namespace weir::sqlite_sink {

namespace {

constexpr std::int64_t kSparePages = 64;

const char* remedy_for(int code) {
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process holds its lock: end that transaction, or raise busy_timeout";
    case SQLITE_READONLY: return "; let the agent's user write to the file and its directory";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return "; let the agent's user read and write the file and its directory";
    case SQLITE_NOTADB: return "; move that file away, or choose another path";
    case SQLITE_CORRUPT:
      return "; save what can be read with `sqlite3 FILE .recover`, then move the file away: a new "
             "one is begun";
    case SQLITE_FULL: return "; free space on its disk, or raise max_size";
    case SQLITE_IOERR: return "; look at its disk and at the kernel's log";
    default: return "";
  }
}

std::optional<std::string> make_directory(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (directory.empty() || std::filesystem::exists(directory, error)) return {};
  std::filesystem::create_directories(directory, error);
  if (!error) return {};
  return "cannot make the directory " + directory.string() + ": " + errno_text(error.value()) +
         "; make it, or choose another path";
}

// Of the directory, or of that in which it would be made: whether files can be made there.
std::optional<std::string> unwritable(const std::string& path) {
  std::error_code error;
  auto directory = std::filesystem::absolute(path, error).parent_path();
  while (!std::filesystem::exists(directory, error) && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  const bool is_directory = std::filesystem::is_directory(directory, error);
  if (is_directory && ::access(directory.c_str(), W_OK | X_OK) == 0) return {};
  return "cannot make files in " + directory.string() + ": " +
         errno_text(is_directory ? errno : ENOTDIR) + remedy_for(SQLITE_CANTOPEN);
}

}  // namespace

Problem Database::failure(int code) const {
  int primary = code & 0xff;
  std::string text = "cannot write to " + options_.path + ": ";
  text += handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  const int error = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  if (error != 0 && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR)) {
    text += " (" + errno_text(error) + ")";
    // SQLite says so only of the database itself, not of the files beside it.
    if (error == ENOSPC || error == EDQUOT) primary = SQLITE_FULL;
  }
  return {primary, text + remedy_for(primary)};
}

Problem Database::open() {
  if (is_open()) {
    if (!has_moved()) return {};
    host_.warn(options_.path + " was moved away or removed: a new one is begun");
    close();
  }
  if (const auto why = make_directory(options_.path)) return {SQLITE_CANTOPEN, *why};
  const int code =
      sqlite3_open_v2(options_.path.c_str(), &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  ++generation_;
  Problem problem = code == SQLITE_OK ? configure() : failure(code);
  if (problem) close();
  return problem;
}

Problem Database::look(bool& is_there) {
  if (const auto why = unwritable(options_.path)) return {SQLITE_CANTOPEN, *why};
  std::error_code error;
  is_there = std::filesystem::exists(options_.path, error);
  if (!is_there) return {};
  const int code = sqlite3_open_v2(options_.path.c_str(), &handle_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Problem problem = code == SQLITE_OK ? look_at_file() : failure(code);
  close();
  return problem;
}

// By SQLite's own hand, but without a statement: the first one would begin a log beside the file,
// or carry out one that a crash has left.
Problem Database::look_at_file() {
  const auto is = [&](int code) {
    return Problem{
        code, "cannot write to " + options_.path + ": " + sqlite3_errstr(code) + remedy_for(code)};
  };
  if (sqlite3_db_readonly(handle_, "main") != 0) return is(SQLITE_READONLY);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, kMagic.size()> head{};
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) return is(SQLITE_CANTOPEN);
  sqlite3_int64 bytes = 0;
  int code = file->pMethods->xFileSize(file, &bytes);
  if (code != SQLITE_OK || bytes == 0) return code == SQLITE_OK ? Problem{} : is(code & 0xff);
  code = file->pMethods->xRead(file, head.data(), static_cast<int>(head.size()), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return is(code & 0xff);
  return std::string_view(head.data(), head.size()) == kMagic ? Problem{} : is(SQLITE_NOTADB);
}

Problem Database::configure() {
  sqlite3_extended_result_codes(handle_, 1);
  // Waits in small steps, so that the agent can stop meanwhile.
  sqlite3_busy_handler(
      handle_,
      [](void* context, int count) {
        auto& self = *static_cast<Database*>(context);
        if (count == 0) self.waited_ms_ = 0;
        const auto max_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(self.options_.busy_timeout);
        if (self.waited_ms_ >= max_ms.count() || self.host_.stopping()) return 0;
        const std::int64_t step_ms = std::min(10, count + 1);
        const timespec pause{0, static_cast<long>(step_ms * 1'000'000)};
        nanosleep(&pause, nullptr);
        self.waited_ms_ += step_ms;
        return 1;
      },
      this);
  // The first statement that reads: whether it is a database at all shows here.
  std::optional<std::string> mode;
  if (Problem problem = query_text("PRAGMA journal_mode=WAL", mode)) return problem;
  if (mode != "wal") {
    host_.warn(options_.path + ": its file system has no write-ahead log (" + mode.value_or("?") +
               " is used): readers and the agent wait for each other");
  }
  constexpr const char* kSynchronous[] = {"OFF", "NORMAL", "FULL"};
  const auto level = static_cast<std::size_t>(options_.synchronous);
  if (Problem p = execute(std::string("PRAGMA synchronous=") + kSynchronous[level])) return p;
  // After a checkpoint the log is cut back to this, however long it has grown.
  if (Problem p = execute("PRAGMA journal_size_limit=4194304")) return p;
  std::optional<std::int64_t> bytes;
  if (Problem p = query("PRAGMA page_size", bytes)) return p;
  page_bytes_ = bytes.value_or(4096);
  if (options_.max_size.count == 0) return {};
  page_count_max_ = static_cast<std::int64_t>(options_.max_size.count) / page_bytes_ - kSparePages;
  return lend_spare_pages(false);
}

Problem Database::lend_spare_pages(bool lend) {
  if (page_count_max_ == 0) return {};
  return execute("PRAGMA max_page_count=" +
                 std::to_string(page_count_max_ + (lend ? kSparePages : 0)));
}

void Database::close() {
  if (handle_ != nullptr) sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

bool Database::has_moved() const {
  int moved = 0;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Problem Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Problem{} : failure(code);
}

Problem Database::prepare(const std::string& sql, Statement& out) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  out.reset(made);
  return code == SQLITE_OK ? Problem{} : failure(code);
}

Problem Database::query(const std::string& sql, std::optional<std::int64_t>& out) {
  Statement statement;
  if (Problem problem = prepare(sql, statement)) return problem;
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW && sqlite3_column_type(statement.get(), 0) != SQLITE_NULL) {
    out = sqlite3_column_int64(statement.get(), 0);
  }
  return code == SQLITE_ROW || code == SQLITE_DONE ? Problem{} : failure(code);
}

Problem Database::query_text(const std::string& sql, std::optional<std::string>& out) {
  Statement statement;
  if (Problem problem = prepare(sql, statement)) return problem;
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW && sqlite3_column_type(statement.get(), 0) != SQLITE_NULL) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    out.emplace(text, static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0)));
  }
  return code == SQLITE_ROW || code == SQLITE_DONE ? Problem{} : failure(code);
}

std::int64_t Database::page_count() {
  std::optional<std::int64_t> n;
  query("PRAGMA page_count", n);
  return n.value_or(0);
}
std::int64_t Database::free_page_count() {
  std::optional<std::int64_t> n;
  query("PRAGMA freelist_count", n);
  return n.value_or(0);
}

std::uint64_t Database::wal_bytes() const {
  struct stat about {};
  return stat((options_.path + "-wal").c_str(), &about) == 0
             ? static_cast<std::uint64_t>(about.st_size)
             : 0;
}

bool Database::is_disk_full() const {
  struct statvfs disk {};
  constexpr std::uint64_t kLeftBytes = 1 << 20;
  return statvfs(options_.path.c_str(), &disk) == 0 &&
         std::uint64_t{disk.f_bavail} * disk.f_frsize < kLeftBytes;
}

}  // namespace weir::sqlite_sink
