// core/config/hosts.hpp - which files of hosts/ are for a host.
#pragma once

#include <string>
#include <vector>

namespace weir::config {

// Of `stems`, names of files without .yaml, those for a host: patterns (with * ? or [...]) that its
// name fits, in lexical order; then its short name, up to the first dot; then its full one. `full`
// is "" where it is not known, or has no dot.
std::vector<std::string> host_stems(const std::vector<std::string>& stems, const std::string& name,
                                    const std::string& full);

// The full name of this host, as its resolver has it; "" without one. May ask a server of names.
std::string full_hostname(const std::string& name);

}  // namespace weir::config
