// core/config/text.hpp - text as it goes into messages: short, on one line, valid UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

// Bytes of the UTF-8 sequence that `s` begins with, 1 to 4; 0 where it is not UTF-8.
std::size_t utf8_length(std::string_view s);
bool is_utf8(std::string_view s);

// 'text', cut after 60 bytes.
std::string in_quotes(std::string_view s);

// "a, b, c", cut after 40 names.
std::string joined(const std::vector<std::string>& names);

// The candidate that `name` is most likely a misspelling of, or "": at most two edits
// (insertion, deletion, substitution, swap of neighbours; case does not count), fewer for short
// names.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

// "; did you mean 'x'?" or "; <what>: a, b, c" or "".
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates,
                       const char* what);

}  // namespace weir::config
