// Copies and moves.
#include "core/buffer/quarantine.hpp"

#include <algorithm>
#include <vector>

#include "core/buffer/format.hpp"

namespace weir::buffer {

namespace {

// "<base>-<first byte>.damaged"; a whole segment: "<base>.damaged".
std::string name_of(std::uint64_t base, const std::string& part) {
  const std::string segment = segment_name(base);
  return segment.substr(0, segment.find('.')) + part + Quarantine::kSuffix;
}

std::uint64_t size_of(Directory& directory, const std::string& name) {
  int error = 0;
  const std::unique_ptr<File> file = directory.open(name, Directory::Mode::kRead, error);
  return file == nullptr ? 0 : static_cast<std::uint64_t>(std::max<std::int64_t>(file->size(), 0));
}

}  // namespace

Quarantine::Quarantine(Directory& directory, std::uint64_t bytes_max)
    : directory_(directory), bytes_max_(bytes_max) {
  std::vector<std::string> names;
  directory_.list(names);
  for (const std::string& name : names) {
    if (!name.ends_with(kSuffix)) continue;
    bytes_ += size_of(directory_, name);
    ++files_;
  }
}

bool Quarantine::copy(File& segment, std::uint64_t base, std::uint64_t begin, std::uint64_t end) {
  const std::string name = name_of(base, "-" + std::to_string(begin));
  const std::uint64_t size = end - begin;
  if (size_of(directory_, name) == size) return true;
  if (files_ >= kFilesMax || bytes_ + size > bytes_max_) return false;
  if (!write(segment, name, begin, end)) {
    directory_.unlink(name);
    return false;
  }
  bytes_ += size;
  ++files_;
  return true;
}

bool Quarantine::write(File& segment, const std::string& name, std::uint64_t begin,
                       std::uint64_t end) {
  int error = 0;
  const std::unique_ptr<File> to = directory_.open(name, Directory::Mode::kCreate, error);
  if (to == nullptr) return false;
  std::vector<char> chunk(std::min<std::uint64_t>(end - begin, 256u << 10));
  for (std::uint64_t at = begin; at < end;) {
    const ssize_t n = segment.read_at(at, chunk.data(), std::min(chunk.size(), end - at));
    if (n <= 0) return false;
    const iovec piece{chunk.data(), static_cast<std::size_t>(n)};
    const ssize_t written = to->write_at(at - begin, {&piece, 1});
    if (written <= 0) return false;
    at += static_cast<std::uint64_t>(written);
  }
  return to->sync() == 0;
}

bool Quarantine::take(std::uint64_t base) {
  const std::string segment = segment_name(base);
  const std::uint64_t size = size_of(directory_, segment);
  // Takes no room that was not taken before: no limit but the number.
  if (files_ >= kFilesMax || directory_.rename(segment, name_of(base, "")) < 0) return false;
  bytes_ += size;
  ++files_;
  return true;
}

}  // namespace weir::buffer
