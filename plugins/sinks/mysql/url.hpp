// mysql://user@host:port/database, taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::mysql_sink {

struct Url {
  std::string user, host, database;
  std::uint16_t port = 3306;
  std::string problem;  // not empty: what is wrong with it, and what is expected
};

// User and database may hold %XX for any byte; an IPv6 address stands in brackets.
Url parse_url(std::string_view text);

}  // namespace weir::mysql_sink
