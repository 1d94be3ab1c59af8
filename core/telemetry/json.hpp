// core/telemetry/json.hpp - writes JSON, indented, in the order in which it is told.
#pragma once

#include <string>
#include <string_view>

namespace weir::core {

// Calls nest as the document does: `open('{')`, then `key` before each value, `close('}')`.
class JsonWriter {
 public:
  JsonWriter& open(char bracket);  // '{' or '['
  JsonWriter& close(char bracket);
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);  // malformed UTF-8 becomes U+FFFD
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  // A number, or anything that is JSON already.
  JsonWriter& raw(std::string_view value);

  // With a line end, once all brackets are closed.
  std::string finish() { return out_ + '\n'; }

 private:
  void separate();

  std::string out_;
  int depth_ = 0;
  bool first_ = true;  // nothing was written since the last bracket was opened
  bool after_key_ = false;
};

}  // namespace weir::core
