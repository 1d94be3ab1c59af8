// Lines of text: "weir-backfill 1", "world HASH", "dropped ROWS", then "next ID NS" for each
// source.
#include "core/cli/places.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "core/config/fnv.hpp"

namespace weir::cli {

namespace {

constexpr std::string_view kHead = "weir-backfill 1";

std::string cannot(const std::string& path, int error) {
  return "cannot keep its place in " + path + ": " + std::strerror(error) +
         "; agent.data_dir must be a folder that can be written to";
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

PlacesFile::PlacesFile(std::string folder, std::uint64_t job, std::uint64_t world)
    : folder_(std::move(folder)), name_(folder_ + "/" + Fnv::hex(job)), world_(world) {}

PlacesFile::~PlacesFile() {
  if (lock_ >= 0) ::close(lock_);
}

std::string PlacesFile::open(bool restart) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return cannot(folder_, error.value());
  const std::string lock = name_ + ".lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return cannot(lock, errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot(lock, errno);
    return "another weir backfill of this range is under way; it holds " + lock;
  }
  if (!restart) return read(name_);
  if (::unlink(name_.c_str()) != 0 && errno != ENOENT) return cannot(name_, errno);
  return "";
}

std::string PlacesFile::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return "";
  std::string line;
  if (!std::getline(file, line) || line != kHead) {
    return path + ": is no file of this version of weir backfill; --restart begins anew";
  }
  std::string word;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    words >> word;
    std::string id;
    std::int64_t next = 0;
    if (word == "world") {
      words >> id;
      if (id == Fnv::hex(world_)) continue;
      return "the configuration of what takes part is not what it was when this backfill began; "
             "put it back, or begin anew with --restart";
    }
    if (word == "dropped" && words >> dropped_) continue;
    if (word != "next" || !(words >> id >> next)) {
      return path + ": cannot be read at '" + line + "'; --restart begins anew";
    }
    places_[id] = next;
  }
  return "";
}

std::string PlacesFile::save(const core::Places& places, std::uint64_t dropped) {
  std::string text = std::string(kHead) + "\nworld " + Fnv::hex(world_) + "\ndropped " +
                     std::to_string(dropped) + "\n";
  for (const auto& [id, next] : places) text += "next " + id + " " + std::to_string(next) + "\n";
  const std::string fresh = name_ + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return cannot(fresh, errno);
  const bool written = write_all(fd, text) && ::fdatasync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return cannot(fresh, error);
  if (::rename(fresh.c_str(), name_.c_str()) != 0) return cannot(name_, errno);
  places_ = places;
  dropped_ = dropped;
  return "";
}

}  // namespace weir::cli
