// See json.hpp.
#include "core/telemetry/json.hpp"

#include "weir/format_text.hpp"

namespace weir::core {

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_ += ',';
  if (depth_ > 0) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
  }
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  --depth_;
  if (!first_) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
  }
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  text(name);
  out_ += ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  format::Buffer escaped;
  escaped.set_end(format::put_text<'"', '\\'>(
      escaped.reserve(value.size() * format::kEscapeRatioMax), value, [](char* p, char c) {
        static constexpr char kHex[] = "0123456789abcdef";
        if (c == '"' || c == '\\') {
          *p++ = '\\';
          *p++ = c;
          return p;
        }
        p = format::put(p, "\\u00");
        *p++ = kHex[c >> 4];
        *p++ = kHex[c & 15];
        return p;
      }));
  out_ += '"';
  out_ += escaped.view();
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view value) {
  separate();
  out_ += value;
  return *this;
}

}  // namespace weir::core
