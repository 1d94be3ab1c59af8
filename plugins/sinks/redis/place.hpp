// Where the servers are: redis://user@host:port/db, and how a server is named.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace weir::redis_sink {

struct Address {
  std::string host;
  std::uint16_t port = 0;
  std::string socket;  // not empty: a Unix socket, and nothing else counts

  std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// "host:port" as servers write it: an IPv6 address without brackets, and no host at all for "the
// one that you ask". False: that is not an address.
bool parse_address(std::string_view text, const std::string& asked_host, Address& out);

struct Place {
  std::string user;
  std::vector<Address> addresses;
  std::uint32_t database = 0;
  bool is_tls = false;
  std::string problem;  // not empty: what is wrong with it, and what is expected
};

Place parse_place(const Options& options);

}  // namespace weir::redis_sink
