// Validation and interning of schemas and series.
#include "core/pipeline/registry.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/config/fnv.hpp"

namespace weir::core {

namespace {

constexpr std::uint32_t kFieldsMax = 1024;
constexpr std::uint32_t kLabelsMax = 64;
constexpr std::size_t kNameBytesMax = 200;
constexpr std::uint64_t kLabelBytesMax = 64u << 10;
constexpr std::uint32_t kBoundsMax = 4096;

bool is_name(const char* s, bool digit_first) {
  if (s == nullptr || *s == '\0' || std::strlen(s) > kNameBytesMax) return false;
  for (const char* c = s; *c != '\0'; ++c) {
    const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
    const bool digit = *c >= '0' && *c <= '9';
    if (!letter && !(digit && (digit_first || c != s))) return false;
  }
  return true;
}

const char* or_empty(const char* s) { return s == nullptr ? "" : s; }

// Empty, or what is wrong with a field.
std::string fault(const weir_field& f) {
  if (!is_name(f.name, true)) return "a field's name must be letters, digits and '_'";
  if (f.type < WEIR_F64 || f.type > WEIR_HISTOGRAM) {
    return "field '" + std::string(f.name) + "' has unknown type " + std::to_string(f.type);
  }
  if (f.metric < WEIR_GAUGE || f.metric > WEIR_UNTYPED) {
    return "field '" + std::string(f.name) + "' has unknown metric " + std::to_string(f.metric);
  }
  if (f.flat_name != nullptr && !is_name(f.flat_name, false)) {
    return "field '" + std::string(f.name) + "' has an unusable flat name";
  }
  if (f.type == WEIR_HISTOGRAM) {
    if (f.bound_count > kBoundsMax || (f.bound_count != 0 && f.bounds == nullptr)) {
      return "field '" + std::string(f.name) + "' has more than 4096 histogram bounds, or none";
    }
    for (std::uint32_t i = 0; i < f.bound_count; ++i) {
      if (!std::isfinite(f.bounds[i]) || (i != 0 && f.bounds[i] <= f.bounds[i - 1])) {
        return "field '" + std::string(f.name) + "' has bounds that do not ascend";
      }
    }
  }
  return {};
}

}  // namespace

struct Registry::Measurement {
  weir_measurement abi{};
  std::uint32_t own_labels = 0;
  std::deque<std::string> strings;
  std::deque<std::vector<double>> bounds;
  std::deque<weir_field> fields;
  std::vector<const weir_field*> field_pointers;
  std::vector<const char*> labels;

  const char* keep(const char* s) { return strings.emplace_back(s).c_str(); }
  static const Measurement& of(const weir_measurement* m) {
    return *reinterpret_cast<const Measurement*>(m);
  }
};

// One block: this, the label values, their text.
struct Registry::Series {
  weir_series abi{};
  std::uint64_t uses = 0;
  std::uint64_t retired_in = 0;  // epoch
  User first_user = 0;
  std::uint32_t first_uses = 0;  // its share of `uses`
};

std::size_t Registry::SeriesHash::operator()(const Series* s) const { return s->abi.hash; }
bool Registry::SeriesEqual::operator()(const Series* a, const Series* b) const {
  if (a->abi.measurement != b->abi.measurement || a->abi.hash != b->abi.hash) return false;
  for (std::uint32_t i = 0; i < a->abi.measurement->label_count; ++i) {
    const weir_string& x = a->abi.label_values[i];
    const weir_string& y = b->abi.label_values[i];
    if (x.size != y.size || (x.size != 0 && std::memcmp(x.data, y.data, x.size) != 0)) {
      return false;
    }
  }
  return true;
}

Registry::Registry(Epochs& epochs, std::uint64_t series_max)
    : epochs_(epochs), series_max_(series_max) {}

Registry::~Registry() {
  for (Series* s : series_) std::free(s);
  for (Series* s : retired_) std::free(s);
}

const weir_measurement* Registry::measurement(const weir_measurement& wanted,
                                              const StaticLabels& labels, std::string& error,
                                              const Maker& maker) {
  return enter(wanted, labels, &maker, error);
}

const weir_measurement* Registry::measurement_as_seen(const weir_measurement& wanted,
                                                      std::string& error) {
  return enter(wanted, {}, nullptr, error);
}

// Under measurements_mutex_.
bool Registry::agree_on_kinds(const weir_measurement& wanted, const Maker& maker,
                              std::string& error) {
  const auto name = [&](const weir_field& f) { return std::string(wanted.name) + '.' + f.name; };
  const auto is_same = [](const FieldKind& kind, const weir_field& f) {
    return kind.type == f.type && kind.metric == f.metric;
  };
  for (std::uint32_t i = 0; i < wanted.field_count; ++i) {
    const weir_field& f = *wanted.fields[i];
    const auto found = field_kinds_.find(name(f));
    if (found == field_kinds_.end() || is_same(found->second, f)) continue;
    const Maker& other = found->second.maker;
    const bool succeeds = other.component == maker.component && other.instance != maker.instance;
    if (succeeds && !found->second.shared) continue;
    error = "measurement '" + std::string(wanted.name) + "': field '" + f.name +
            "' is already registered with another type" +
            (other.component.empty() ? "" : ", by '" + other.component + "'");
    return false;
  }
  for (std::uint32_t i = 0; i < wanted.field_count; ++i) {
    const weir_field& f = *wanted.fields[i];
    const auto [found, is_new] =
        field_kinds_.try_emplace(name(f), FieldKind{f.type, f.metric, maker});
    FieldKind& kind = found->second;
    if (is_new) continue;
    kind.shared = kind.shared || kind.maker.component != maker.component;
    // The one of before may still describe what it knows; it is the new one that others agree with.
    if (!is_same(kind, f) && maker.instance > kind.maker.instance) {
      kind = {f.type, f.metric, maker};
    }
  }
  return true;
}

// `maker`: nullptr for what an earlier process described.
const weir_measurement* Registry::enter(const weir_measurement& wanted, const StaticLabels& labels,
                                        const Maker* maker, std::string& error) {
  if (!is_name(wanted.name, false)) {
    error = "measurement '" + std::string(or_empty(wanted.name)) +
            "': a name must be letters, digits and '_', at most 200, no digit first";
    return nullptr;
  }
  const std::string prefix = "measurement '" + std::string(wanted.name) + "': ";
  if (wanted.field_count == 0 || wanted.field_count > kFieldsMax) {
    error = prefix + "has " + std::to_string(wanted.field_count) + " fields, expected 1 to 1024";
    return nullptr;
  }
  // Everything that makes two descriptions differ, in one string.
  std::string signature = wanted.name;
  for (std::uint32_t i = 0; i < wanted.field_count; ++i) {
    const weir_field& f = *wanted.fields[i];
    if (std::string why = fault(f); !why.empty()) {
      error = prefix + why;
      return nullptr;
    }
    for (std::uint32_t j = 0; j < i; ++j) {
      if (std::strcmp(wanted.fields[j]->name, f.name) == 0) {
        error = prefix + "field '" + f.name + "' is there twice";
        return nullptr;
      }
    }
    signature += '\n';
    signature += f.name;
    signature += static_cast<char>('0' + f.type);
    signature += static_cast<char>('0' + f.metric);
    signature += or_empty(f.unit);
    signature += '\t';
    signature += or_empty(f.flat_name);
    signature += '\t';
    if (f.type == WEIR_HISTOGRAM) {
      signature.append(reinterpret_cast<const char*>(f.bounds), f.bound_count * sizeof(double));
    }
  }
  std::vector<const char*> keys;
  for (std::uint32_t i = 0; i < wanted.label_count; ++i) {
    const char* key = wanted.labels[i];
    if (!is_name(key, false)) {
      error = prefix + "label '" + or_empty(key) + "' must be letters, digits and '_'";
      return nullptr;
    }
    for (const char* other : keys) {
      if (std::strcmp(other, key) == 0) {
        error = prefix + "label '" + key + "' is there twice";
        return nullptr;
      }
    }
    keys.push_back(key);
  }
  for (const auto& [key, value] : labels) {
    bool own = false;
    for (std::uint32_t i = 0; i < wanted.label_count; ++i) own |= key == wanted.labels[i];
    if (!own) keys.push_back(key.c_str());
  }
  if (keys.size() > kLabelsMax) {
    error = prefix + "has " + std::to_string(keys.size()) + " labels, expected at most 64";
    return nullptr;
  }
  for (const char* key : keys) (signature += '\n') += key;
  const std::string seen_signature = signature;
  signature += '\n' + std::to_string(wanted.label_count);

  const std::lock_guard lock(measurements_mutex_);
  if (maker != nullptr) {
    if (!agree_on_kinds(wanted, *maker, error)) return nullptr;
  } else {
    if (const auto found = seen_.find(seen_signature); found != seen_.end()) {
      return &found->second->abi;
    }
  }
  if (const auto found = measurements_.find(signature); found != measurements_.end()) {
    return &found->second->abi;
  }
  auto m = std::make_unique<Measurement>();
  for (std::uint32_t i = 0; i < wanted.field_count; ++i) {
    weir_field f = *wanted.fields[i];
    f.size = sizeof f;
    f.name = m->keep(f.name);
    f.unit = m->keep(or_empty(f.unit));
    f.help = m->keep(or_empty(f.help));
    if (f.flat_name != nullptr) f.flat_name = m->keep(f.flat_name);
    if (f.type == WEIR_HISTOGRAM) {
      f.bounds = m->bounds.emplace_back(f.bounds, f.bounds + f.bound_count).data();
    } else {
      f.bounds = nullptr;
      f.bound_count = 0;
    }
    m->field_pointers.push_back(&m->fields.emplace_back(f));
  }
  for (const char* key : keys) m->labels.push_back(m->keep(key));
  m->own_labels = wanted.label_count;
  m->abi = {sizeof(weir_measurement), static_cast<std::uint32_t>(measurements_.size()),
            wanted.field_count,       static_cast<std::uint32_t>(keys.size()),
            m->keep(wanted.name),     m->keep(or_empty(wanted.help)),
            m->field_pointers.data(), m->labels.data()};
  const weir_measurement* result = &m->abi;
  seen_.try_emplace(seen_signature, m.get());
  measurements_.emplace(std::move(signature), std::move(m));
  return result;
}

Registry::Series* Registry::make_series(const weir_measurement* m,
                                        const std::vector<weir_string>& values,
                                        std::uint64_t hash) {
  std::size_t bytes = sizeof(Series) + values.size() * sizeof(weir_string);
  for (const weir_string& v : values) bytes += v.size;
  void* block = std::malloc(bytes);
  if (block == nullptr) return nullptr;
  auto* s = new (block) Series;
  auto* strings = reinterpret_cast<weir_string*>(s + 1);
  char* text = reinterpret_cast<char*>(strings + values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    strings[i] = {text, values[i].size};
    if (values[i].size != 0) std::memcpy(text, values[i].data, values[i].size);
    text += values[i].size;
  }
  s->abi.size = sizeof(weir_series);
  s->abi.hash = hash;
  s->abi.measurement = m;
  s->abi.label_values = strings;
  return s;
}

const weir_series* Registry::series(const weir_measurement* m, const weir_string* values,
                                    const StaticLabels& labels, std::string& error, User user) {
  const Measurement& measurement = Measurement::of(m);
  const std::lock_guard lock(series_mutex_);
  scratch_.clear();
  for (std::uint32_t i = 0; i < m->label_count; ++i) {
    weir_string value{};
    if (i < measurement.own_labels) {
      value = values[i];
    } else if (const auto found = labels.find(m->labels[i]); found != labels.end()) {
      value = {found->second.data(), found->second.size()};
    }
    scratch_.push_back(value);
  }
  return intern(m, user, error);
}

const weir_series* Registry::series_as_seen(const weir_measurement* m, const weir_string* values,
                                            std::string& error) {
  const std::lock_guard lock(series_mutex_);
  scratch_.assign(values, values + m->label_count);
  return intern(m, 0, error);
}

// Under series_mutex_; the label values are in scratch_.
const weir_series* Registry::intern(const weir_measurement* m, User user, std::string& error) {
  Fnv hash;
  hash.text(m->name);
  for (std::uint32_t i = 0; i < m->label_count; ++i) {
    const weir_string& value = scratch_[i];
    if (value.size > kLabelBytesMax) {
      error = "measurement '" + std::string(m->name) + "': the value of label '" + m->labels[i] +
              "' has " + std::to_string(value.size) + " bytes, expected at most 65536";
      return nullptr;
    }
    // An absent label is not part of the identity, so adding one to the schema changes no hash.
    if (value.size != 0) {
      hash.text(m->labels[i]);
      hash.bytes(value.data, value.size);
      hash.byte(0);
    }
  }

  Series probe;
  probe.abi.hash = hash.value();
  probe.abi.measurement = m;
  probe.abi.label_values = scratch_.data();
  if (const auto found = series_.find(&probe); found != series_.end()) {
    use(**found, user);
    return &(*found)->abi;
  }
  reclaim();
  if (series_.size() + retired_.size() >= series_max_) {
    error = "the agent's limit of " + std::to_string(series_max_) + " series is reached (" +
            std::to_string(retired_.size()) +
            " of them unused, but in rows that a sink still holds); raise agent.max_series or use "
            "fewer label values";
    return nullptr;
  }
  Series* s = make_series(m, scratch_, hash.value());
  if (s == nullptr) {
    error = "out of memory for a series of '" + std::string(m->name) + "'";
    return nullptr;
  }
  if (free_indexes_.empty()) {
    s->abi.index = static_cast<std::uint32_t>(generations_.size());
    generations_.push_back(1);
  } else {
    s->abi.index = free_indexes_.back();
    free_indexes_.pop_back();
    ++generations_[s->abi.index];
  }
  s->abi.generation = generations_[s->abi.index];
  series_.insert(s);
  use(*s, user);
  return &s->abi;
}

// Both under series_mutex_. A series has one user, as a rule.
void Registry::use(Series& s, User user) {
  ++s.uses;
  if (user == 0) return;
  if (s.first_uses == 0) s.first_user = user;
  if (s.first_user == user && s.first_uses != UINT32_MAX) {
    ++s.first_uses;
  } else {
    ++further_uses_[{user, &s}];
  }
}

void Registry::unuse(Series& s, User user) {
  --s.uses;
  if (user == 0) return;
  if (s.first_user == user && s.first_uses != 0) {
    --s.first_uses;
  } else if (const auto found = further_uses_.find({user, &s}); found != further_uses_.end()) {
    if (--found->second == 0) further_uses_.erase(found);
  }
}

void Registry::release(const weir_series* series, User user) {
  auto* s = reinterpret_cast<Series*>(const_cast<weir_series*>(series));
  const std::lock_guard lock(series_mutex_);
  unuse(*s, user);
  if (s->uses == 0) retire(s);
}

void Registry::leave(User user) {
  {
    const std::lock_guard lock(measurements_mutex_);
    std::erase_if(field_kinds_, [&](const auto& named) {
      return !named.second.shared && named.second.maker.instance == user;
    });
  }
  const std::lock_guard lock(series_mutex_);
  std::vector<Series*> unused;
  const auto released = [&](Series* s, std::uint64_t uses) {
    s->uses -= uses;
    if (s->uses == 0) unused.push_back(s);
  };
  for (Series* s : series_) {
    if (s->first_user == user && s->first_uses != 0) released(s, std::exchange(s->first_uses, 0));
  }
  const auto begin = further_uses_.lower_bound({user, nullptr});
  auto end = begin;
  for (; end != further_uses_.end() && end->first.first == user; ++end) {
    released(end->first.second, end->second);
  }
  further_uses_.erase(begin, end);
  for (Series* s : unused) retire(s);
}

// Under series_mutex_.
void Registry::retire(Series* s) {
  series_.erase(s);
  s->retired_in = epochs_.current();
  retired_.push_back(s);
  reclaim();
}

// Frees what no batch can refer to. Under series_mutex_.
void Registry::reclaim() {
  if (retired_.empty()) return;
  std::uint64_t epoch = epochs_.current();
  if (retired_.front()->retired_in + 2 > epoch) epoch = epochs_.advance();
  while (!retired_.empty() && retired_.front()->retired_in + 2 <= epoch) {
    Series* s = retired_.front();
    retired_.pop_front();
    free_indexes_.push_back(s->abi.index);
    std::free(s);
  }
}

std::uint64_t Registry::series_count() const {
  const std::lock_guard lock(series_mutex_);
  return series_.size();
}
std::uint64_t Registry::retired_count() const {
  const std::lock_guard lock(series_mutex_);
  return retired_.size();
}
std::uint64_t Registry::measurement_count() const {
  const std::lock_guard lock(measurements_mutex_);
  return measurements_.size();
}

}  // namespace weir::core
