// weir/http.hpp - the little of HTTP that everybody needs who answers requests.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::http {

// "/metrics" of "/metrics?x=y" and of "http://host/metrics".
inline std::string_view path_of(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find('?'));
}

// Takes as long for a wrong guess that is nearly right as for any other of its length. `secret` is
// not empty.
inline bool equal_in_constant_time(std::string_view secret, std::string_view guess) {
  unsigned difference = secret.size() == guess.size() ? 0 : 1;
  for (std::size_t i = 0; i < guess.size(); ++i) {
    const auto a = static_cast<unsigned char>(secret[i % secret.size()]);
    difference |= static_cast<unsigned>(a ^ static_cast<unsigned char>(guess[i]));
  }
  return difference == 0;
}

}  // namespace weir::http
