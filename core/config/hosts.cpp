// See hosts.hpp.
#include "core/config/hosts.hpp"

#include <fnmatch.h>
#include <netdb.h>

#include <algorithm>
#include <memory>

namespace weir::config {

std::vector<std::string> host_stems(const std::vector<std::string>& stems, const std::string& name,
                                    const std::string& full) {
  const std::string brief = name.substr(0, name.find('.'));
  const std::vector<std::string> names{brief, name, full};  // from the least to the most exact
  std::vector<std::string> found;
  for (const std::string& stem : stems) {
    const bool is_pattern = stem.find_first_of("*?[") != std::string::npos;
    const bool fits = std::any_of(names.begin(), names.end(), [&](const std::string& n) {
      return !n.empty() && fnmatch(stem.c_str(), n.c_str(), FNM_NOESCAPE) == 0;
    });
    if (is_pattern && fits) found.push_back(stem);
  }
  std::sort(found.begin(), found.end());
  for (const std::string& exact : names) {
    const bool is_there = std::find(stems.begin(), stems.end(), exact) != stems.end();
    const bool is_new = std::find(found.begin(), found.end(), exact) == found.end();
    if (is_there && is_new) found.push_back(exact);
  }
  return found;
}

std::string full_hostname(const std::string& name) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  return found->ai_canonname == nullptr ? "" : found->ai_canonname;
}

}  // namespace weir::config
