#include "file_open.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace weir::file_sink {

namespace {

constexpr int kAttemptsMax = 10;  // at a file that others keep renaming

Opened refused(int error, std::string text) { return {{error, std::move(text)}, Fd(), 0, 0}; }

std::int64_t born_at(int fd, const struct stat& status) {
  struct statx more {};
  timespec at = status.st_mtim;  // the best there is where file systems keep no time of birth
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0 && (more.stx_mask & STATX_BTIME)) {
    at = {more.stx_btime.tv_sec, more.stx_btime.tv_nsec};
  }
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

// Opens a file that is one. Without O_NONBLOCK a pipe would wait here for its reader.
Opened open_regular(const std::string& path, int flags, struct stat& status) {
  Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, 0644));
  if (!fd || fstat(fd.get(), &status) != 0) {
    const int error = errno;
    return refused(error, "cannot open " + path + ": " + errno_text(error) + remedy_for(error));
  }
  if (!S_ISREG(status.st_mode)) {
    return refused(EINVAL, path +
                               ": is not a regular file; for a pipe or a terminal there is "
                               "the sink stdout");
  }
  return {{}, std::move(fd), status.st_size, 0};
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

std::string remedy_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM: return "; let the agent's user write there, or choose another path";
    case ENOSPC:
    case EDQUOT: return "; free some space: it goes on by itself";
    case EROFS: return "; choose a path on a file system that can be written";
    case EFBIG: return "; raise the limit of file sizes (ulimit -f), or set rotate.size below it";
    case EISDIR: return "; the path has to name the file itself";
    case EMFILE: return "; raise the limit of open files (ulimit -n)";
    case ENAMETOOLONG: return "; choose a shorter path";
    default: return "";
  }
}

Problem make_directories(const std::string& directory) {
  for (std::size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      const int error = errno;
      struct stat status {};
      if (stat(part.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return {error,
                "cannot make the directory " + part + ": " + errno_text(error) + remedy_for(error)};
      }
    }
    if (end == std::string::npos) return {};
  }
}

Opened open_locked(const std::string& path) {
  bool made_directories = false;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    struct stat ours {
    }, at_path{};
    Opened opened = open_regular(path, O_CREAT, ours);
    if (opened.problem.error == ENOENT && !made_directories) {
      if (Problem problem = make_directories(FileNames(path).directory)) {
        return {std::move(problem), Fd(), 0, 0};
      }
      made_directories = true;
      continue;
    }
    if (opened.problem) return opened;
    const Fd& fd = opened.fd;
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      return refused(error, error == EWOULDBLOCK
                                ? path +
                                      ": another agent or another sink writes this file; give "
                                      "each a path of its own"
                                : "cannot lock " + path + ": " + errno_text(error));
    }
    // Renamed between open and flock: what is locked is not what has the name.
    if (stat(path.c_str(), &at_path) != 0 || !same_file(ours, at_path)) continue;
    if (fstat(fd.get(), &ours) != 0) return refused(errno, path + ": " + errno_text(errno));
    const std::int64_t born = born_at(fd.get(), ours);
    return {{}, std::move(opened.fd), ours.st_size, born};
  }
  return refused(EAGAIN, path + ": is renamed again and again by somebody else");
}

Problem try_file(const std::string& path, format::Format format, bool& is_there) {
  struct stat status {};
  const Opened opened = open_regular(path, 0, status);
  is_there = opened.problem.error != ENOENT;
  if (!is_there) return try_directory(FileNames(path).directory);
  if (opened.problem) return opened.problem;
  const bool is_ours = status.st_size == 0 || begins_as(opened.fd.get(), format, "");
  return is_ours ? Problem{} : foreign(path);
}

// The one above, where it is not there.
Problem try_directory(const std::string& directory) {
  std::string at = directory;
  while (access(at.c_str(), F_OK) != 0 && errno == ENOENT) at = FileNames(at).directory;
  struct stat status {};
  int error = stat(at.c_str(), &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
  if (error == 0 && access(at.c_str(), W_OK | X_OK) != 0) error = errno;
  if (error == 0) return {};
  return {error, "cannot make files in " + at + ": " + errno_text(error) + remedy_for(error)};
}

Problem foreign(const std::string& path) {
  return {EEXIST, path +
                      ": holds something else than lines of this format; "
                      "move it away, or choose another path"};
}

bool begins_as(int fd, format::Format format, std::string_view header) {
  std::string begin(std::max<std::size_t>(header.size(), 16), '\0');
  const ssize_t n = pread(fd, begin.data(), begin.size(), 0);
  begin.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  switch (format) {
    case format::Format::jsonl: return begin.starts_with('{');
    case format::Format::csv:
      // A header that a crash has torn is one too: the torn line is removed.
      return begin.starts_with(header) ||
             (begin.size() < header.size() && header.starts_with(begin));
    case format::Format::influx: {
      const char c = begin.empty() ? '\0' : begin.front();
      const bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      return name && !begin.starts_with("time,");
    }
  }
  return false;
}

std::string with_header_hash(const std::string& path, std::string_view header) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : header) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  char text[10];
  std::snprintf(text, sizeof text, "-%08x", hash);
  std::string result = path;
  result.insert(path.size() - FileNames(path).extension.size(), text);
  return result;
}

}  // namespace weir::file_sink
