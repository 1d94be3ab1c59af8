#include "journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "weir/payload/protobuf.hpp"
#include "weir/posix.hpp"

namespace weir::mqtt_source {

namespace {

constexpr std::size_t kHeaderBytes = 8;

// FNV-1a of 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint32_t checksum(std::string_view bytes) {
  std::uint32_t hash = 2166136261u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

void put_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

std::string Journal::load(const std::function<void(std::string_view)>& use) {
  if (!is_kept() || ::access(path_.c_str(), F_OK) != 0) {
    is_torn_ = true;  // the first save makes it
    return "";
  }
  std::ifstream in(path_, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) {
    is_torn_ = true;
    return path_ + " cannot be read";
  }
  std::string_view rest = all;
  while (rest.size() >= kHeaderBytes) {
    const std::size_t size = u32_at(rest, 0);
    if (size > rest.size() - kHeaderBytes) break;
    const std::string_view content = rest.substr(kHeaderBytes, size);
    if (checksum(content) != u32_at(rest, 4)) break;
    payload::ProtoReader records(content);
    for (payload::ProtoField f; records.next(f);) {
      if (f.number == 1 && f.wire == 2) use(f.bytes);
    }
    rest.remove_prefix(kHeaderBytes + size);
  }
  size_ = whole_ = all.size();
  is_torn_ = !rest.empty();
  return rest.empty() ? ""
                      : path_ + " ends in " + std::to_string(rest.size()) +
                            " bytes that are not whole, which are passed over";
}

void Journal::add(std::string_view record) { payload::ProtoWriter(pending_).bytes(1, record); }

std::string Journal::append() { return write(path_, O_APPEND); }

std::string Journal::rewrite() {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  const std::string aside = path_ + ".new";
  size_ = 0;
  if (std::string why = write(aside, O_CREAT | O_TRUNC); !why.empty()) return why;
  is_torn_ = true;
  if (::rename(aside.c_str(), path_.c_str()) != 0 || !sync_folder(path_)) {
    return "cannot write " + path_ + ": " + errno_text(errno);
  }
  is_torn_ = false;
  whole_ = size_;
  return "";
}

std::string Journal::write(const std::string& path, int flags) {
  std::string header;
  put_u32(header, static_cast<std::uint32_t>(pending_.size()));
  put_u32(header, checksum(pending_.view()));
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0640));
  SignalHeldBack no_sigxfsz(SIGXFSZ);
  const bool good = fd && write_all(fd.get(), header) && write_all(fd.get(), pending_.view()) &&
                    ::fdatasync(fd.get()) == 0;
  if (!good) {
    const int error = errno;
    if (error == EFBIG) no_sigxfsz.raised();
    is_torn_ = true;
    return "cannot write " + path + ": " + errno_text(error);
  }
  size_ += header.size() + pending_.size();
  pending_.clear();
  return "";
}

}  // namespace weir::mqtt_source
