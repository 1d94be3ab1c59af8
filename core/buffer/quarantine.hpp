// Keeps what cannot be read for people to look at, in files beside the segments, up to a limit.
#pragma once

#include <cstdint>
#include <string>

#include "core/buffer/directory.hpp"

namespace weir::buffer {

class Quarantine {
 public:
  static constexpr const char* kSuffix = ".damaged";
  static constexpr std::uint32_t kFilesMax = 1000;

  // Nothing is kept that would make it more than `bytes_max`, all files together.
  Quarantine(Directory& directory, std::uint64_t bytes_max);

  // Copies [begin, end) of a segment. True when a copy exists, perhaps from an earlier time.
  bool copy(File& segment, std::uint64_t base, std::uint64_t begin, std::uint64_t end);
  // Moves a whole segment here.
  bool take(std::uint64_t base);

  std::uint64_t bytes() const { return bytes_; }

 private:
  bool write(File& segment, const std::string& name, std::uint64_t begin, std::uint64_t end);

  Directory& directory_;
  const std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::uint32_t files_ = 0;
};

}  // namespace weir::buffer
