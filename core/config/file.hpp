// core/config/file.hpp - reads a file that anybody may have put there: never waits, never reads
// more than asked for.
#pragma once

#include <cstddef>
#include <string>

#include "core/config/node.hpp"

namespace weir::config {

// "" and the bytes, or what is wrong: not there, not allowed, not a regular file, too large.
// `what` names the kind of file in messages: "configuration file".
std::string read_file(const std::string& path, std::size_t bytes_max, const char* what,
                      std::string& bytes);

// Removes a byte order mark, and ends the last line. "" when `text` is UTF-8 without control
// characters but tabs and line ends; otherwise what is wrong, and where.
std::string check_text(std::string& text, Position& at);

}  // namespace weir::config
