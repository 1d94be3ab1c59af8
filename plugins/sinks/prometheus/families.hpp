// Metric families: one per exposed name, whatever number of measurements feed it. A name has one
// type; who comes second with another is refused. Families are never removed, so that pointers to
// them stay valid; their number is bounded by the measurements of the agent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::prometheus_sink {

class Table;

enum class Type : std::uint8_t { gauge, counter, histogram, info, untyped };

// Everything but `short_name_taken` and `members` stays as it was made: scrapes read it unlocked.
struct Family {
  struct Member {
    Table* table;
    std::uint32_t column;
  };

  std::string name;  // as in the text format: with _total, _info
  std::string help;
  std::string unit;
  Type type;
  // OpenMetrics drops _total of a counter and _info of an info from the family's name. True when
  // another family has that shorter name, so that this one must keep its own.
  bool short_name_taken = false;
  std::vector<Member> members;
};

// The family's name in OpenMetrics: without the suffix that its type implies.
std::string_view short_name(std::string_view name, Type type);

// Our own counters are appended to the exposition: nobody else may use these names.
inline constexpr std::string_view kOwnPrefix = "weir_prometheus_sink_";

class Families {
 public:
  // The family of that name, made if there is none. nullptr, with the reason in `why`, when the
  // name is not possible or belongs to another type. Pointers stay valid.
  Family* claim(std::string_view name, Type type, std::string_view help, std::string_view unit,
                std::string& why);

  // In the order of names.
  const std::map<std::string, Family, std::less<>>& all() const { return all_; }

 private:
  Family* find(std::string_view name);
  void mark_short_names(Family& added);

  std::map<std::string, Family, std::less<>> all_;
  // name_bucket, name_sum, name_count of histograms: those names are taken too.
  std::map<std::string, const Family*, std::less<>> parts_;
};

}  // namespace weir::prometheus_sink
