// Lines as rows. They come from a file that people may have edited: nothing is taken on trust.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/deadletter/letter.hpp"
#include "weir/payload/json_reader.hpp"

namespace weir::deadletter {

namespace {

using payload::JsonReader;

constexpr std::size_t kTextBytesMax = 1u << 30;  // the line has a limit of its own
constexpr std::size_t kLabelsMax = 64, kFieldsMax = 1024, kBoundsMax = 4096;

bool read_bytes(JsonReader& in, std::string& out) {
  if (in.peek() != '{') return in.string(out, kTextBytesMax);
  std::string hex;
  in.enter_object();
  for (std::string key; in.next_key(key);) {
    if (key != "hex") return in.fail("expected \"hex\"");
    in.string(hex, kTextBytesMax);
  }
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  out.clear();
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (digit(hex[i]) < 0 || digit(hex[i + 1]) < 0) return in.fail("not hexadecimal");
    out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return hex.size() % 2 == 0 || in.fail("half a byte of hexadecimal");
}

bool read_number(JsonReader& in, double& out) {
  if (in.peek() != '"') return in.number(out);
  std::string word;
  if (!in.string(word, 16)) return false;
  if (word == "NaN") out = std::nan("");
  if (word == "Infinity") out = std::numeric_limits<double>::infinity();
  if (word == "-Infinity") out = -std::numeric_limits<double>::infinity();
  return word == "NaN" || word == "Infinity" || word == "-Infinity" ||
         in.fail("expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
}

bool read_histogram(JsonReader& in, const FieldSchema& field, Histogram& out) {
  if (!in.enter_object()) return false;
  for (std::string key; in.next_key(key);) {
    if (key == "counts") {
      in.enter_array();
      while (in.next_item() && out.counts.size() <= field.bounds.size()) {
        in.integer(out.counts.emplace_back());
      }
    } else if (key == "sum") {
      read_number(in, out.sum);
    } else if (key == "count") {
      in.integer(out.count);
    } else {
      return in.fail("a histogram has counts, sum and count");
    }
  }
  return out.counts.size() == field.bounds.size() + 1 ||
         in.fail("a histogram with another number of buckets than its schema");
}

bool read_value(JsonReader& in, const FieldSchema& field, Value& out) {
  switch (field.type) {
    case WEIR_F64: return read_number(in, out.emplace<double>());
    case WEIR_I64: return in.integer(out.emplace<std::int64_t>());
    case WEIR_U64: return in.integer(out.emplace<std::uint64_t>());
    case WEIR_BOOL:
      out = in.peek() == 't';
      return in.peek() == 't' || in.peek() == 'f' ? in.skip() : in.fail("expected true or false");
    case WEIR_STRING: return read_bytes(in, out.emplace<std::string>());
    default: return read_histogram(in, field, out.emplace<Histogram>());
  }
}

bool read_field(JsonReader& in, FieldSchema& f) {
  if (!in.enter_object()) return false;
  for (std::string key; in.next_key(key);) {
    if (key == "name") {
      in.string(f.name, 256);
    } else if (key == "unit") {
      in.string(f.unit, 256);
    } else if (key == "help") {
      in.string(f.help, 1 << 16);
    } else if (key == "flat_name") {
      in.string(f.flat_name, 512);
    } else if (key == "type") {
      in.integer(f.type);
    } else if (key == "metric") {
      in.integer(f.metric);
    } else if (key == "bounds") {
      in.enter_array();
      while (in.next_item() && f.bounds.size() < kBoundsMax)
        read_number(in, f.bounds.emplace_back());
    } else {
      in.skip();
    }
  }
  if (f.type < WEIR_F64 || f.type > WEIR_HISTOGRAM) return in.fail("a field of an unknown type");
  return !f.name.empty() || in.fail("a field without a name");
}

// The rest of a schema's line, behind its number.
void read_schema(JsonReader& in, RowSchema& schema) {
  for (std::string key; in.next_key(key);) {
    if (key == "measurement") {
      in.string(schema.measurement, 256);
    } else if (key == "help") {
      in.string(schema.help, 1 << 16);
    } else if (key == "labels") {
      in.enter_array();
      while (in.next_item() && schema.labels.size() < kLabelsMax) {
        in.string(schema.labels.emplace_back(), 256);
      }
    } else if (key == "fields") {
      in.enter_array();
      while (in.next_item() && schema.fields.size() < kFieldsMax) {
        read_field(in, schema.fields.emplace_back());
      }
    } else {
      in.skip();
    }
  }
  if (schema.measurement.empty() || schema.fields.empty()) in.fail("a schema without fields");
}

}  // namespace

LineReader::Kind LineReader::read(std::string_view line, Letter& letter, std::string& error) {
  JsonReader in(line);
  letter = {};
  const auto bad = [&](const std::string& why) {
    error = why;
    return Kind::kBad;
  };
  in.enter_object();
  std::string key, number;
  if (in.next_key(key) && key == "schema") {
    auto schema = std::make_unique<RowSchema>();
    in.string(number, 32);
    read_schema(in, *schema);
    in.end();
    if (!in.result()) return bad(in.result().text());
    const RowSchema*& last = schemas_[number];
    if (last == nullptr || *last != *schema) last = all_.emplace_back(std::move(schema)).get();
    return Kind::kSchema;
  }
  bool has_time = false;
  do {
    if (!in.result()) break;
    if (key == "at") {
      in.string(letter.at, 64);
    } else if (key == "from") {
      in.string(letter.from, 256);
    } else if (key == "reason") {
      in.string(letter.reason, kTextBytesMax);
    } else if (key == "schema") {
      in.string(number, 32);
      const auto found = schemas_.find(number);
      if (found == schemas_.end()) return bad("its schema '" + number + "' is not before it");
      letter.schema = found->second;
      letter.labels.resize(letter.schema->labels.size());
      letter.values.resize(letter.schema->fields.size());
    } else if (key == "time") {
      has_time = in.integer(letter.time);
    } else if (key == "labels" || key == "fields") {
      if (letter.schema == nullptr) return bad("its schema does not come first");
      if (!in.enter_object()) break;
      const bool labels = key == "labels";
      for (std::string name; in.next_key(name);) {
        std::size_t i = 0;
        if (labels) {
          const auto& names = letter.schema->labels;
          i = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
          if (i == names.size()) return bad("its schema has no label '" + name + "'");
          read_bytes(in, letter.labels[i]);
        } else {
          const auto& fields = letter.schema->fields;
          while (i < fields.size() && fields[i].name != name) ++i;
          if (i == fields.size()) return bad("its schema has no field '" + name + "'");
          if (!read_value(in, fields[i], letter.values[i])) break;
        }
      }
    } else {
      in.skip();
    }
  } while (in.next_key(key));
  in.end();
  if (!in.result()) return bad(in.result().text());
  if (letter.schema == nullptr || !has_time) return bad("a row without schema or time");
  return Kind::kRow;
}

}  // namespace weir::deadletter
