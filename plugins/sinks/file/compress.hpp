// Compresses a file that will not change any more, in small pieces.
#pragma once

#include <functional>
#include <string>

namespace weir::file_sink {

// Makes `path`.gz.tmp of `path`, synced; `go_on` is asked every few milliseconds. Returns why it
// did not work, or "". Then, and when `go_on` says no ("" too), nothing is left behind.
std::string compress_file(const std::string& path, const std::function<bool()>& go_on);

// Puts what `compress_file` has made in the place of `path`, as `path`.gz: at every instant one of
// the two is there and whole. Returns why it did not work, or "".
std::string replace_by_compressed(const std::string& path);

}  // namespace weir::file_sink
