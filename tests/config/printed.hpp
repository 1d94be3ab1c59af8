// tests/config/printed.hpp - what a command prints to its two streams.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

namespace weir::cli {

struct Printed {
  int code;
  std::string out, err;
};

inline Printed printed(const std::function<int(std::FILE*, std::FILE*)>& command) {
  char* texts[2] = {};
  std::size_t sizes[2] = {};
  std::FILE* out = ::open_memstream(&texts[0], &sizes[0]);
  std::FILE* err = ::open_memstream(&texts[1], &sizes[1]);
  const int code = command(out, err);
  std::fclose(out);
  std::fclose(err);
  Printed result{code, {texts[0], sizes[0]}, {texts[1], sizes[1]}};
  std::free(texts[0]);
  std::free(texts[1]);
  return result;
}

}  // namespace weir::cli
