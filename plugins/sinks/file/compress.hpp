// Compresses a file that will not change any more, in small pieces.
#pragma once

#include <atomic>
#include <string>

namespace weir::file_sink {

// Makes `path`.gz of `path` and removes `path`: through `path`.gz.tmp, synced and then renamed, so
// that at every instant one of the two is there and whole. Returns why it did not work, or "".
// Gives up quickly, and leaves `path` as it is, once `stop` is true ("" then too).
std::string compress_file(const std::string& path, const std::atomic<bool>& stop);

}  // namespace weir::file_sink
