// Where the server is: mysql://user@host:port/database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::mysql_sink {

struct Place {
  std::string user, host, database;
  std::uint16_t port = 3306;
  std::string problem;  // not empty: what is wrong with it, and what is expected
};

// User and database may hold %XX for any byte; an IPv6 address stands in brackets.
Place parse_place(std::string_view url);

}  // namespace weir::mysql_sink
