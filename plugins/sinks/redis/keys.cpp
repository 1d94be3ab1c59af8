#include "keys.hpp"

#include <algorithm>
#include <array>

#include "weir/format_plan.hpp"

namespace weir::redis_sink {

namespace {

constexpr std::size_t kTemplateBytesMax = 1024;

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (int c = 'a'; c <= 'z'; ++c) plain[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) plain[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) plain[static_cast<std::size_t>(c)] = true;
  for (const unsigned char c : {'_', '.', '-', '~', '/'}) plain[c] = true;
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }
bool may_be_in_a_value(char c) { return is_plain(c) || c == '%'; }

bool is_label_name(std::string_view name) {
  return !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_plain(c) && std::string_view(".-~/").find(c) == std::string_view::npos;
         });
}

// CRC-16/XMODEM: polynomial 0x1021, from 0, not reflected.
struct Crc16 {
  std::array<std::uint16_t, 256> of_byte{};
  constexpr Crc16() {
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i << 8;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021u : crc << 1;
      of_byte[i] = static_cast<std::uint16_t>(crc);
    }
  }
};
constexpr Crc16 kCrc16;

constexpr std::uint16_t kSlots = 16384;

}  // namespace

std::string Template::parse(std::string_view text, bool is_unique) {
  parts_.clear();
  if (text.empty()) return "is empty";
  if (text.size() > kTemplateBytesMax) return "is longer than 1024 bytes";
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parts_.push_back({Kind::literal, std::move(literal)});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      ++i;
      continue;
    }
    if (c == '}') return "has a } without {; write }} for a brace";
    if (c != '{') {
      literal += c;
      continue;
    }
    const std::size_t close = text.find('}', i);
    if (close == std::string_view::npos) return "has a { without }; write {{ for a brace";
    const std::string_view name = text.substr(i + 1, close - i - 1);
    end_literal();
    if (name == "measurement") {
      parts_.push_back({Kind::measurement, ""});
    } else if (name == "labels") {
      parts_.push_back({Kind::labels, ""});
    } else if (name.starts_with("label.") && is_label_name(name.substr(6))) {
      parts_.push_back({Kind::label, std::string(name.substr(6))});
    } else {
      return "has {" + std::string(name) +
             "}; expected {measurement}, {labels} or {label.NAME}, and {{ for a brace";
    }
    i = close;
  }
  end_literal();
  return is_unique ? uniqueness_problem() : "";
}

std::string Template::uniqueness_problem() const {
  const auto count = [this](Kind kind) {
    return std::count_if(parts_.begin(), parts_.end(),
                         [kind](const Part& p) { return p.kind == kind; });
  };
  if (count(Kind::measurement) == 0 || count(Kind::labels) != 1) {
    return "would be the same for several series; expected {measurement}, and {labels} once";
  }
  bool is_separated = true;
  for (const Part& part : parts_) {
    if (part.kind == Kind::literal) {
      is_separated |= !std::all_of(part.text.begin(), part.text.end(), may_be_in_a_value);
      continue;
    }
    if (!is_separated) {
      return "would be the same for several series; expected a separator such as : between "
             "two {...}";
    }
    is_separated = false;
  }
  return "";
}

bool Template::names(std::string_view label) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [label](const Part& p) { return p.kind == Kind::label && p.text == label; });
}

void Template::append(const weir_series& series, format::Buffer& out) const {
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::literal: out.append(part.text); break;
      case Kind::measurement: out.append(series.measurement->name); break;
      case Kind::labels: append_labels(series, out); break;
      case Kind::label:
        format::each_label(series, [&](std::string_view name, std::string_view value) {
          if (name == part.text) append_escaped(value, out);
        });
        break;
    }
  }
}

void Template::append_labels(const weir_series& series, format::Buffer& out) const {
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  format::each_label(series, [&](std::string_view name, std::string_view value) {
    if (!value.empty() && !names(name)) labels.emplace_back(name, value);
  });
  std::sort(labels.begin(), labels.end());
  const char* separator = "";
  for (const auto& [name, value] : labels) {
    out.append(separator);
    out.append(name);
    out.append(":");
    append_escaped(value, out);
    separator = ":";
  }
}

void append_escaped(std::string_view value, format::Buffer& out) {
  constexpr const char* kHex = "0123456789ABCDEF";
  char* p = out.reserve(value.size() * 3);
  for (const char c : value) {
    if (is_plain(c)) {
      *p++ = c;
      continue;
    }
    *p++ = '%';
    *p++ = kHex[static_cast<unsigned char>(c) >> 4];
    *p++ = kHex[static_cast<unsigned char>(c) & 15];
  }
  out.set_end(p);
}

std::uint16_t slot_of(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open);
    if (close != std::string_view::npos && close != open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  std::uint32_t crc = 0;
  for (const char c : key) {
    crc = crc << 8 ^ kCrc16.of_byte[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return static_cast<std::uint16_t>(crc % kSlots);
}

}  // namespace weir::redis_sink
