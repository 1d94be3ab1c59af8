// core/config/witness.hpp - whether files still say what they said when the configuration was read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::config {

struct Witness {
  std::string path;
  std::uint64_t print = 0;  // of what it said; means nothing outside of this process
  bool secret = false;      // it was put in by ${file:...} or ${credential:...}

  bool operator==(const Witness&) const = default;
};
using Witnesses = std::vector<Witness>;

std::uint64_t print_of(const std::string& text);

// Whether any secret says something else now. One that cannot be read, such as while it is
// replaced, has not changed.
bool has_changed_secret(const Witnesses& witnesses);

// Whether the configuration files of both are the same and say the same.
bool same_files(const Witnesses& a, const Witnesses& b);

}  // namespace weir::config
