// weir/options.hpp - options declared once, next to the struct that holds them.
//
//   struct Options {
//     std::string listen;
//     weir::Duration timeout{};
//     static const weir::OptionTable<Options>& table() {
//       static const weir::OptionTable<Options> t{
//           weir::option("listen", &Options::listen, "Address and port to bind.")
//               .def("127.0.0.1:9464"),
//           weir::option("timeout", &Options::timeout, "Gives a client up after this long.")
//               .def("10s").min("100ms").max("1h"),
//       };
//       return t;
//     }
//   };
//
// A member's type gives the option's: bool; integers; double; std::string; weir::Duration;
// weir::Bytes; an enum (with .choices in the order of its values from 0); std::vector or std::map
// of strings; a struct with a `table()` (a group), std::vector or std::map<std::string, ...> of
// those; std::optional of any of these (empty when not configured and without default).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/abi.h"

namespace weir {

using Duration = std::chrono::nanoseconds;

struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

inline std::string_view view(const weir_string& s) {
  return s.size == 0 ? std::string_view{} : std::string_view{s.data, s.size};
}
inline weir_string abi_string(std::string_view s) { return {s.data(), s.size()}; }

// Thrown from a constructor when an option's value cannot work: reported at its line.
// `path`: "listen", "tls.key", "devices[3].name".
class OptionError : public std::runtime_error {
 public:
  OptionError(std::string path, const std::string& what)
      : std::runtime_error(what), path_(std::move(path)) {}
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Where a `check` reports what is wrong with options that each by itself are right.
class Problems {
 public:
  Problems(weir_report report, void* context) : report_(report), context_(context) {}
  void add(const char* path, const std::string& message) {
    report_(context_, path, message.c_str());
  }

 private:
  weir_report report_;
  void* context_;
};

template <class T>
class OptionTable;

namespace detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class>
inline constexpr bool always_false = false;

template <class T>
concept Described = requires {
  T::table();
};

template <class T>
constexpr weir_option_type option_type() {
  if constexpr (is_optional<T>::value) {
    return option_type<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return WEIR_OPTION_BOOL;
  } else if constexpr (std::is_enum_v<T>) {
    return WEIR_OPTION_ENUM;
  } else if constexpr (std::is_integral_v<T>) {
    return WEIR_OPTION_INT;
  } else if constexpr (std::is_same_v<T, double>) {
    return WEIR_OPTION_FLOAT;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return WEIR_OPTION_STRING;
  } else if constexpr (std::is_same_v<T, Duration>) {
    return WEIR_OPTION_DURATION;
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return WEIR_OPTION_SIZE;
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return WEIR_OPTION_LIST;
  } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    return WEIR_OPTION_MAP;
  } else if constexpr (Described<T>) {
    return WEIR_OPTION_GROUP;
  } else if constexpr (is_vector<T>::value) {
    static_assert(Described<typename T::value_type>,
                  "weir: a list option holds std::string or a struct with a static table()");
    return WEIR_OPTION_GROUP_LIST;
  } else if constexpr (is_map<T>::value) {
    static_assert(Described<typename T::mapped_type>,
                  "weir: a map option holds std::string or a struct with a static table()");
    return WEIR_OPTION_GROUP_MAP;
  } else {
    static_assert(always_false<T>, "weir: this type cannot hold an option; see weir/options.hpp");
  }
}

// The table whose children a group's declaration points to, or nullptr.
template <class T>
const auto* group_table() {
  if constexpr (is_optional<T>::value) {
    return group_table<typename T::value_type>();
  } else if constexpr (Described<T>) {
    return &T::table();
  } else if constexpr (is_vector<T>::value) {
    return group_table<typename T::value_type>();
  } else if constexpr (is_map<T>::value) {
    return group_table<typename T::mapped_type>();
  } else {
    return static_cast<const OptionTable<int>*>(nullptr);
  }
}

template <class T>
void read(T& out, const weir_value& value) {
  if constexpr (is_optional<T>::value) {
    if (!value.has_value) return;
    read(out.emplace(), value);
  } else if constexpr (Described<T>) {
    T::table().read(out, value);
  } else if (!value.has_value) {
    return;  // no default: the member keeps its initialiser
  } else if constexpr (std::is_same_v<T, bool>) {
    out = value.i64 != 0;
  } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    out = static_cast<T>(value.i64);
  } else if constexpr (std::is_same_v<T, double>) {
    out = value.f64;
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = std::string(view(value.string));
  } else if constexpr (std::is_same_v<T, Duration>) {
    out = Duration(value.i64);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    out = Bytes{static_cast<std::uint64_t>(value.i64)};
  } else if constexpr (is_vector<T>::value) {
    out.clear();
    for (std::uint32_t i = 0; i < value.item_count; ++i) read(out.emplace_back(), *value.items[i]);
  } else if constexpr (is_map<T>::value) {
    out.clear();
    for (std::uint32_t i = 0; i < value.item_count; ++i) {
      read(out[std::string(view(value.items[i]->key))], *value.items[i]);
    }
  }
}

}  // namespace detail

// One option of the struct T; made by `option` and refined by its methods.
template <class T>
class Option {
 public:
  template <class Member>
  Option(const char* name, Member T::*member, const char* help)
      : read_([member](T& out, const weir_value& v) { detail::read(out.*member, v); }) {
    abi_.size = sizeof(weir_option);
    abi_.type = detail::option_type<Member>();
    abi_.name = name;
    abi_.help = help;
    if (const auto* table = detail::group_table<Member>()) {
      abi_.children = table->data();
      abi_.child_count = table->size();
    }
    if constexpr (std::is_integral_v<Member> && !std::is_same_v<Member, bool>) {
      if constexpr (sizeof(Member) < 8 || std::is_unsigned_v<Member>) {
        limit_to<Member>();  // what the member can hold, until .min and .max say otherwise
      }
    }
  }

  // The default, written as in YAML.
  Option def(const char* text) const { return with(&weir_option::default_text, text); }
  Option min(const char* text) const { return with(&weir_option::min_text, text); }
  Option max(const char* text) const { return with(&weir_option::max_text, text); }
  Option unit(const char* text) const { return with(&weir_option::unit, text); }
  Option required() const { return with(&weir_option::flags, abi_.flags | WEIR_OPTION_REQUIRED); }
  Option secret() const { return with(&weir_option::flags, abi_.flags | WEIR_OPTION_SECRET); }
  // Makes an enum of an enum member (texts in the order of its values) or of a string member.
  Option choices(std::initializer_list<const char*> texts) const {
    Option copy = *this;
    copy.abi_.type = WEIR_OPTION_ENUM;
    auto list = std::make_shared<std::vector<const char*>>(texts);
    list->push_back(nullptr);
    copy.abi_.choices = list->data();
    copy.choices_ = std::move(list);
    return copy;
  }

 private:
  friend class OptionTable<T>;

  template <class Field, class Value>
  Option with(Field weir_option::*field, Value value) const {
    Option copy = *this;
    copy.abi_.*field = value;
    return copy;
  }
  template <class Member>
  void limit_to() {
    static const std::string low = std::to_string(std::numeric_limits<Member>::min());
    static const std::string high =
        std::to_string(std::min<std::uint64_t>(std::numeric_limits<Member>::max(), INT64_MAX));
    abi_.min_text = low.c_str();
    abi_.max_text = high.c_str();
  }

  weir_option abi_{};
  std::function<void(T&, const weir_value&)> read_;
  std::shared_ptr<std::vector<const char*>> choices_;
};

template <class T, class Member>
Option<T> option(const char* name, Member T::*member, const char* help) {
  return Option<T>(name, member, help);
}

// All options of T. Make one, static, and return it from T::table(). Immutable: any thread.
template <class T>
class OptionTable {
 public:
  OptionTable(std::initializer_list<Option<T>> options)
      : OptionTable(std::vector<Option<T>>(options)) {}
  // For options that several components share.
  explicit OptionTable(const std::vector<Option<T>>& options)
      : options_(options.begin(), options.end()) {
    for (const auto& o : options_) pointers_.push_back(&o.abi_);
  }
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  const weir_option* const* data() const { return pointers_.data(); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(pointers_.size()); }

  // Fills `out` from a GROUP over this table.
  void read(T& out, const weir_value& group) const {
    for (std::uint32_t i = 0; i < group.item_count && i < options_.size(); ++i) {
      options_[i].read_(out, *group.items[i]);
    }
  }

 private:
  std::deque<Option<T>> options_;
  std::vector<const weir_option*> pointers_;
};

// The value at "a.b[2].c" below a group, or the nearest parent that exists.
inline const weir_value* find_value(const weir_value* group, std::string_view path) {
  const weir_value* at = group;
  while (!path.empty()) {
    const std::size_t end = path.find_first_of(".[");
    const std::string_view name = path.substr(0, end);
    const weir_value* next = nullptr;
    for (std::uint32_t i = 0; i < at->item_count && next == nullptr; ++i) {
      const weir_value* item = at->items[i];
      const bool keyed = at->type == WEIR_OPTION_MAP || at->type == WEIR_OPTION_GROUP_MAP;
      const std::string_view item_name = keyed          ? view(item->key)
                                         : item->option ? item->option->name
                                                        : std::string_view{};
      if (item_name == name) next = item;
    }
    if (next == nullptr) return at;
    at = next;
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
    while (path.starts_with('[')) {
      const std::size_t close = path.find(']');
      if (close == std::string_view::npos) return at;
      std::size_t index = 0;
      for (char c : path.substr(1, close - 1)) {
        index = index * 10 + static_cast<std::size_t>(c - '0');
      }
      if (index >= at->item_count) return at;
      at = at->items[index];
      path.remove_prefix(close + 1);
    }
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return at;
}

}  // namespace weir
