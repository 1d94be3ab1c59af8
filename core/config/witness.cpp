#include "core/config/witness.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "core/config/expand.hpp"

namespace weir::config {

std::uint64_t print_of(const std::string& text) { return std::hash<std::string>()(text); }

bool has_changed_secret(const Witnesses& witnesses) {
  return std::any_of(witnesses.begin(), witnesses.end(), [](const Witness& w) {
    std::string text;
    return w.secret && read_secret(w.path, text).empty() && print_of(text) != w.print;
  });
}

bool same_files(const Witnesses& a, const Witnesses& b) {
  const auto files = [](const Witnesses& all) {
    Witnesses of;
    std::copy_if(all.begin(), all.end(), std::back_inserter(of),
                 [](const Witness& w) { return !w.secret; });
    return of;
  };
  return files(a) == files(b);
}

}  // namespace weir::config
