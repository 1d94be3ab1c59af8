// Objects of JSON of any shape, one or an array of them, by a mapping or as they are.
//
// A member inside of objects is named by its path, a.b. Numbers are fields of type double, truths
// and texts are fields of theirs; null is no value, and arrays are passed over. Whether a number
// is written 20 or 20.5 depends on the value in many languages, so that both are doubles.
#include <optional>
#include <string>
#include <vector>

#include "decoder.hpp"
#include "weir/payload/json_reader.hpp"
#include "weir/payload/reading_json.hpp"

namespace weir::mqtt_source {

namespace {

constexpr std::size_t kMembersMax = 1024;
constexpr std::size_t kPathBytesMax = 512;
constexpr std::size_t kTextBytesMax = 64u << 10;

class JsonDecoder : public Decoder {
 public:
  explicit JsonDecoder(const Subscription& s)
      : options_(s), measurement_(s.measurement.empty() ? "mqtt" : s.measurement) {
    for (const auto& [field, path] : options_.fields) named_.push_back({field, path, {}});
  }

  std::string read(const Incoming& in, Rows& rows) override {
    payload::JsonReader reader(in.payload);
    if (reader.peek() == '[') return decode_array(in, rows);
    read_object(reader, in);
    reader.end();
    return reader.result() ? add(in, rows) : reader.result().text();
  }

 private:
  struct Member {
    std::string path, text;
    Point::Value value;  // of a text: empty, `text` has it
  };
  // All of them are in every row, absent ones without a value: one set of names, not one for each
  // choice of members.
  struct Named {
    std::string field, path;
    std::optional<Point::Value> empty;  // of its type; none: not seen yet
  };
  struct Object {
    std::vector<Member> members;
    Time time = 0;
  };

  // All or nothing: where JSON is malformed, what precedes it may be as well. It is read twice, so
  // that no more than one object is kept: its members can take much more than what is written.
  std::string decode_array(const Incoming& in, Rows& rows) {
    payload::JsonReader check(in.payload);
    for_each(check, in, [] {});
    check.end();
    if (!check.result()) return check.result().text();
    Trouble trouble;
    payload::JsonReader reader(in.payload);
    for_each(reader, in, [&] { trouble.add(add(in, rows)); });
    return trouble.text();
  }
  template <class Use>
  void for_each(payload::JsonReader& reader, const Incoming& in, Use use) {
    reader.enter_array();
    for (std::size_t count = 0; reader.next_item(); ++count) {
      if (count == kRowsMax) reader.fail("more than 100,000 objects in one message");
      if (!read_object(reader, in)) return;
      use();
    }
  }

  bool read_object(payload::JsonReader& reader, const Incoming& in) {
    object_.members.clear();
    object_.time = in.arrival;
    std::string path;
    has_time_ = options_.time.empty();
    if (!read_members(reader, path)) return false;
    return has_time_ || reader.fail("the member that 'time' names is missing");
  }

  // JsonReader bounds the depth.
  bool read_members(payload::JsonReader& reader, std::string& path) {
    if (!reader.enter_object()) return false;
    const std::size_t before = path.size();
    for (std::string key; reader.next_key(key); path.resize(before)) {
      if (before > 0) path += '.';
      path += key;
      if (path.size() > kPathBytesMax) {
        return reader.fail(
            "a member's path is longer than 512 bytes; nest less, or name it shorter");
      }
      if (!read_value(reader, path)) return false;
    }
    return static_cast<bool>(reader.result());
  }

  bool read_value(payload::JsonReader& reader, std::string& path) {
    if (!options_.time.empty() && path == options_.time) {
      has_time_ = true;
      return payload::detail::read_time(reader, object_.time);
    }
    if (object_.members.size() == kMembersMax) return reader.fail("more than 1024 members");
    switch (reader.peek()) {
      case '{': return read_members(reader, path);
      case '"': {
        Member& m = object_.members.emplace_back(Member{path, "", std::string_view{}});
        return reader.string(m.text, kTextBytesMax);
      }
      case 't':
      case 'f': object_.members.push_back({path, "", reader.peek() == 't'}); return reader.skip();
      case '[':
      case 'n': return reader.skip();
      default: {
        std::string_view digits;
        double number = 0;
        payload::JsonReader again = reader;
        if (!reader.number(number) || !again.number_text(digits)) return false;
        object_.members.push_back({path, std::string(digits), number});
        return true;
      }
    }
  }

  const Member* find(const std::string& path) const {
    for (const Member& m : object_.members) {
      if (m.path == path) return &m;
    }
    return nullptr;
  }
  static Point::Value value_of(const Member& m) {
    if (std::holds_alternative<std::string_view>(m.value)) return std::string_view(m.text);
    return m.value;
  }
  // As it is written, for a label.
  static std::string_view text_of(const Member& m) {
    if (const auto* truth = std::get_if<bool>(&m.value)) return *truth ? "true" : "false";
    return m.text;
  }

  std::string add(const Incoming& in, Rows& rows) {
    point_.measurement = measurement_;
    point_.labels.assign(in.labels.begin(), in.labels.end());
    point_.fields.clear();
    if (options_.time.empty()) {
      point_.arrived(in.arrival);
    } else {
      point_.at(object_.time);
    }
    for (const auto& [label, path] : options_.labels) {
      const Member* m = find(path);
      point_.label(label, m == nullptr ? std::string_view{} : text_of(*m));
    }
    for (Named& named : named_) {
      if (const Member* m = find(named.path)) {
        point_.fields.push_back({named.field, "", value_of(*m)});
      } else if (named.empty) {
        point_.fields.push_back({named.field, "", *named.empty, true});
      }
    }
    if (options_.fields.empty()) {
      for (const Member& m : object_.members) {
        if (!is_label(m.path)) point_.fields.push_back({m.path, "", value_of(m)});
      }
    }
    std::string why = rows.add(point_);
    if (why.empty()) learn();
    return why;
  }
  // The type of a field is not known before it was there once.
  void learn() {
    for (Named& named : named_) {
      const Member* m = named.empty ? nullptr : find(named.path);
      if (m == nullptr) continue;
      named.empty =
          std::visit([](auto value) { return Point::Value(decltype(value){}); }, m->value);
    }
  }
  bool is_label(const std::string& path) const {
    for (const auto& [label, at] : options_.labels) {
      if (at == path) return true;
    }
    return false;
  }

  const Subscription options_;
  const std::string measurement_;
  std::vector<Named> named_;
  Object object_;
  bool has_time_ = false;
  Point point_;
};

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(const Subscription& s) {
  return std::make_unique<JsonDecoder>(s);
}

}  // namespace weir::mqtt_source
