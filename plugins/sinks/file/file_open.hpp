// Opens the file of a sink: directories made, locked, checked to be what it should be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "output_file.hpp"
#include "weir/format.hpp"
#include "weir/posix.hpp"

namespace weir::file_sink {

struct Opened {
  Problem problem;
  Fd fd;                  // O_RDWR | O_APPEND, with an exclusive flock
  std::int64_t size = 0;  // bytes
  std::int64_t born = 0;  // ns since the epoch
};

// Opens or creates. EWOULDBLOCK: somebody else has locked it.
Opened open_locked(const std::string& path);

// mkdir -p.
Problem make_directories(const std::string& directory);

// Whether these would do, as far as can be told without making, changing or locking anything.
Problem try_file(const std::string& path, format::Format format, bool& is_there);
Problem try_directory(const std::string& directory);

// Of a file that holds something else.
Problem foreign(const std::string& path);

// Whether a file that is not empty begins as this format does; `header` is that of CSV.
bool begins_as(int fd, format::Format format, std::string_view header);

// "metrics.disk.csv" with "-<eight hex digits of the header>" before the extension.
std::string with_header_hash(const std::string& path, std::string_view header);

// "; what to do about it", or nothing.
std::string remedy_for(int error);

}  // namespace weir::file_sink
