// Any bytes as a dead-letter file: a schema and rows before it, then whatever comes.
#include <cstdint>
#include <string_view>

#include "core/deadletter/letter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  weir::deadletter::LineReader reader;
  weir::deadletter::Letter letter;
  std::string error;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reader.read(text.substr(0, end), letter, error);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return 0;
}
