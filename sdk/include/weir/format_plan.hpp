// weir/format_plan.hpp - what is rendered once per measurement: the text that stands before each
// field's value, and how many bytes a row needs at most, so that a row reserves once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_number.hpp"
#include "weir/format_text.hpp"
#include "weir/options.hpp"

namespace weir::format {

struct FieldPlan {
  weir_type type;
  std::uint32_t bound_count;
  std::uint32_t key_size;
  std::uint32_t index;             // the field's place in the measurement
  const char* key;                 // kSlack bytes behind it are readable
  std::vector<std::string> parts;  // WEIR_HISTOGRAM: as the format's style wants them
};

struct Plan {
  const weir_measurement* measurement = nullptr;
  std::vector<FieldPlan> fields;
  std::vector<std::uint32_t> strings;  // indexes of WEIR_STRING fields
  std::size_t row_bytes_max = 0;       // without the series' prefix and without strings
  std::string keys;                    // what FieldPlan::key points into
};

// "0.25": a histogram's bound as it stands in keys and objects.
inline std::string bound_text(double bound) {
  char text[kNumberBytesMax];
  return {text, put_f64(text, bound)};
}

// Calls use(key, value) for each of the series' labels, in order; an absent one has no value.
template <class Use>
void each_label(const weir_series& s, Use use) {
  for (std::uint32_t i = 0; i < s.measurement->label_count; ++i) {
    use(std::string_view(s.measurement->labels[i]), view(s.label_values[i]));
  }
}

// What CSV has for a value that is not finite.
inline const char* infinity_text(double v) { return v > 0 ? "+Inf" : v < 0 ? "-Inf" : "NaN"; }

// Style::key(name) gives the text before a value, Style::parts(field) a histogram's.
template <class Style>
std::unique_ptr<Plan> make_plan(const weir_measurement& m) {
  auto plan = std::make_unique<Plan>();
  plan->measurement = &m;
  plan->row_bytes_max = 128;  // braces, the time twice, the end of the line
  std::vector<std::size_t> offsets;
  for (std::uint32_t i = 0; i < m.field_count; ++i) {
    const weir_field& f = *m.fields[i];
    const std::string key = Style::key(f.name);
    offsets.push_back(plan->keys.size());
    plan->keys += key;
    FieldPlan field{f.type, f.bound_count, static_cast<std::uint32_t>(key.size()), i, nullptr, {}};
    if (f.type == WEIR_HISTOGRAM) field.parts = Style::parts(f);
    if (f.type == WEIR_STRING) plan->strings.push_back(i);
    plan->row_bytes_max += key.size() + kNumberBytesMax;
    for (const auto& part : field.parts) plan->row_bytes_max += part.size() + 2 * kNumberBytesMax;
    plan->row_bytes_max += (f.bound_count + 3) * kNumberBytesMax;
    plan->fields.push_back(std::move(field));
  }
  plan->keys.append(kSlack, '\0');
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    plan->fields[i].key = plan->keys.data() + offsets[i];
  }
  return plan;
}

// Plans of all measurements that were seen, by their dense id. Measurements live as long as the
// process, so this is bounded by their number.
class Plans {
 public:
  template <class Style>
  const Plan& find(const weir_measurement& m) {
    if (m.id >= plans_.size()) plans_.resize(m.id + 1);
    std::unique_ptr<Plan>& plan = plans_[m.id];
    if (plan == nullptr || plan->measurement != &m) plan = make_plan<Style>(m);
    return *plan;
  }

 private:
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace weir::format
