// weir/addresses.hpp - time for each of the addresses that a host's name has.
#pragma once

#include <netdb.h>

#include <algorithm>
#include <chrono>

namespace weir {

// Calls `attempt(const addrinfo&, deadline)` for one address after the other until it is true. Each
// has an equal share of the time that is left: one that does not answer leaves some for the others.
template <class Attempt>
void try_addresses(const addrinfo* addresses, std::chrono::steady_clock::time_point deadline,
                   Attempt attempt) {
  int left = 0;
  for (const addrinfo* a = addresses; a != nullptr; a = a->ai_next) ++left;
  for (const addrinfo* a = addresses; a != nullptr; a = a->ai_next, --left) {
    const auto now = std::chrono::steady_clock::now();
    if (attempt(*a, now + (std::max(deadline, now) - now) / left)) return;
  }
}

}  // namespace weir
