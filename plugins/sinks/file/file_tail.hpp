// Where the whole lines of a file end, so that a line that a crash has torn can be cut off.
#pragma once

#include <cstdint>

namespace weir::file_sink {

// Bytes of whole lines among the first `size` of `fd`, 0 when there is not one; -1 and errno when
// reading fails. `quoted`: line ends between double quotes belong to a value (CSV), for which the
// whole file has to be read; else only its end is.
std::int64_t whole_lines_bytes(int fd, std::int64_t size, bool quoted);

}  // namespace weir::file_sink
