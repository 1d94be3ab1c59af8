#include "topic.hpp"

#include "weir/format_number.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_sink {

namespace {

constexpr std::size_t kCacheBytesMax = 32 << 20;
constexpr std::string_view kNothing = "_";

std::uint32_t code_point(const unsigned char* s, int size) {
  if (size == 2) return (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
  if (size == 3) return (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
  return (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
}

// What MQTT says should not be in a text, and libmosquitto refuses: controls and non-characters.
bool is_forbidden(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0xFDD0 && c <= 0xFDEF) ||
         (c & 0xFFFE) == 0xFFFE;
}

bool is_reserved(char c) { return c == '/' || c == '+' || c == '#' || c == '%'; }

// Calls character(bytes, code point) for each; bytes are empty where the text is malformed.
template <class Use>
void each_character(std::string_view text, Use character) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = s + text.size();
  while (s != end) {
    const int step = *s < 0x80 ? 1 : format::utf8_step(s, end);
    const auto size = static_cast<std::size_t>(std::abs(step));
    if (step < 0) {
      character(std::string_view{}, 0xFFFDu);
    } else {
      character(std::string_view(reinterpret_cast<const char*>(s), size),
                step == 1 ? *s : code_point(s, step));
    }
    s += size;
  }
}

char* put_percent(char* p, char byte) {
  constexpr const char* kHex = "0123456789ABCDEF";
  *p++ = '%';
  *p++ = kHex[static_cast<unsigned char>(byte) >> 4];
  *p++ = kHex[static_cast<unsigned char>(byte) & 15];
  return p;
}

// Numbers as JSON has them, texts as they are; nothing for a histogram.
void append_field(const weir_batch& batch, std::uint32_t field, std::uint32_t row,
                  format::Buffer& out) {
  const weir_column& c = batch.columns[field];
  if (!has_value(c, row)) return append_level("", out);
  char text[format::kNumberBytesMax];
  const auto number = [&](const char* end) {
    append_level({text, static_cast<std::size_t>(end - text)}, out);
  };
  switch (batch.measurement->fields[field]->type) {
    case WEIR_F64: return number(format::put_f64(text, c.v.f64[row]));
    case WEIR_I64: return number(format::put_i64(text, c.v.i64[row]));
    case WEIR_U64: return number(format::put_u64(text, c.v.u64[row]));
    case WEIR_BOOL: return append_level(bit(c.v.bits, row) ? "true" : "false", out);
    case WEIR_STRING: return append_level(string_at(c, row), out);
    default: return append_level("", out);
  }
}

}  // namespace

void append_level(std::string_view value, format::Buffer& out) {
  if (value.empty()) return out.append(kNothing);
  if (value == kNothing) return out.append("%5F");
  char* p = out.reserve(value.size() * 3 + 3);
  const bool at_start = out.empty();
  if (at_start && value.starts_with('$')) {
    p = put_percent(p, '$');
    value.remove_prefix(1);
  }
  each_character(value, [&](std::string_view bytes, std::uint32_t c) {
    if (bytes.empty()) {
      p = format::put(p, "\xEF\xBF\xBD");
    } else if (is_forbidden(c) || is_reserved(bytes[0])) {
      for (const char byte : bytes) p = put_percent(p, byte);
    } else {
      p = format::put(p, bytes);
    }
  });
  out.set_end(p);
}

std::string topic_problem(std::string_view topic) {
  if (topic.empty()) return "is empty";
  if (topic.size() > kTopicBytesMax) return "is longer than 65535 bytes";
  std::string problem;
  each_character(topic, [&](std::string_view bytes, std::uint32_t c) {
    if (bytes.empty()) {
      problem = "is not UTF-8";
    } else if (bytes == "+" || bytes == "#") {
      problem = "has a wildcard, + or #, which nothing can be published to";
    } else if (is_forbidden(c)) {
      problem = "has a control or a non-character";
    }
  });
  return problem;
}

TopicTemplate parse_topic(std::string_view text) {
  TopicTemplate result;
  result.problem = topic_problem(text);
  using Kind = TopicTemplate::Kind;
  while (!text.empty() && result.problem.empty()) {
    const std::size_t brace = text.find_first_of("{}");
    if (brace != 0) {
      result.parts.push_back({Kind::text, std::string(text.substr(0, brace))});
      text.remove_prefix(std::min(brace, text.size()));
      continue;
    }
    const std::size_t end = text.find('}');
    std::string_view name = text.substr(0, end == std::string_view::npos ? end : end + 1);
    const auto inside = [&](std::size_t prefix) {
      return std::string(name.substr(prefix, name.size() - prefix - 1));
    };
    if (name == "{measurement}") {
      result.parts.push_back({Kind::measurement, ""});
    } else if (name.starts_with("{label:") && name.ends_with('}') && name.size() > 8) {
      result.parts.push_back({Kind::label, inside(7)});
    } else if (name.starts_with("{field:") && name.ends_with('}') && name.size() > 8) {
      result.parts.push_back({Kind::field, inside(7)});
      result.has_fields = true;
    } else {
      result.problem = "has " + std::string(name.substr(0, 80)) +
                       "; expected {measurement}, {label:NAME} or {field:NAME}";
    }
    text.remove_prefix(name.size());
  }
  return result;
}

Topics::Topics(TopicTemplate topic) : template_(std::move(topic)), cache_(kCacheBytesMax) {}

std::string_view Topics::of(const weir_batch& batch, std::uint32_t row) {
  std::string_view text;
  if (template_.has_fields) {
    text_.clear();
    append(batch, row, text_);
    text = text_.view();
  } else {
    // Appended to what others are in the cache's arena: made beside it, where it begins at 0.
    text = cache_.find(*batch.series[row], [&](format::Buffer& out) {
      text_.clear();
      append(batch, row, text_);
      out.append(text_.view());
    });
  }
  return text.substr(0, text.size() - 1);
}

void Topics::append(const weir_batch& batch, std::uint32_t row, format::Buffer& out) {
  using Kind = TopicTemplate::Kind;
  const weir_measurement& m = *batch.measurement;
  for (const TopicTemplate::Part& part : template_.parts) {
    switch (part.kind) {
      case Kind::text: out.append(part.text); break;
      case Kind::measurement: append_level(m.name, out); break;
      case Kind::label: append_level(payload::label_of(*batch.series[row], part.text), out); break;
      case Kind::field: {
        std::uint32_t i = 0;
        while (i < m.field_count && part.text != m.fields[i]->name) ++i;
        if (i == m.field_count) {
          append_level("", out);
        } else {
          append_field(batch, i, row, out);
        }
        break;
      }
    }
  }
  out.append(std::string_view("\0", 1));
}

}  // namespace weir::mqtt_sink
