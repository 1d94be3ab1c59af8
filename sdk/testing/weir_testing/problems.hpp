// weir_testing/problems.hpp - what a `check` of options finds, for tests.
#pragma once

#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir::testing {

// `check(problems)` tells; "path message" each, in order.
template <class Check>
std::vector<std::string> problems_of(const Check& check) {
  std::vector<std::string> found;
  Problems problems(
      [](void* context, const char* path, const char* message) {
        static_cast<std::vector<std::string>*>(context)->push_back(std::string(path) + " " +
                                                                   message);
      },
      &found);
  check(problems);
  return found;
}

}  // namespace weir::testing
