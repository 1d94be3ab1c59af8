// Instants as they are written on a command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

// 2026-01-31, 2026-01-31T08:30, 2026-01-31T08:30:15, each followed by nothing or Z (UTC), or by
// an offset such as +02:00; 1970 to 2199. "" and ns since the epoch, or what is wrong.
std::string parse_instant(std::string_view text, std::int64_t& ns);

// "2026-01-31T08:30:15Z", to the second.
std::string format_instant(std::int64_t ns);

}  // namespace weir::cli
