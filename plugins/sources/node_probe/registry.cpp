// The list of collectors.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "collectors.hpp"

namespace node_probe {

std::span<const CollectorType> collector_types() {
  static constexpr std::array<CollectorType, 25> kTypes = {{
      {"cgroup", make_cgroup},
      {"conntrack", make_conntrack},
      {"cpu", make_cpu},
      {"cpufreq", make_cpufreq},
      {"diskstats", make_diskstats},
      {"entropy", make_entropy},
      {"filefd", make_filefd},
      {"filesystem", make_filesystem},
      {"hwmon", make_hwmon},
      {"loadavg", make_loadavg},
      {"meminfo", make_meminfo},
      {"netclass", make_netclass},
      {"netdev", make_netdev},
      {"netstat", make_netstat},
      {"os", make_os},
      {"pressure", make_pressure},
      {"schedstat", make_schedstat},
      {"sockstat", make_sockstat},
      {"softnet", make_softnet},
      {"stat", make_stat},
      {"thermal_zone", make_thermal_zone},
      {"time", make_time},
      {"udp_queues", make_udp_queues},
      {"uname", make_uname},
      {"vmstat", make_vmstat},
  }};
  return kTypes;
}

const std::string& collector_names() {
  static const std::string kNames = [] {
    std::string names;
    for (const CollectorType& type : collector_types()) {
      names.append(names.empty() ? "" : ", ").append(type.name);
    }
    return names;
  }();
  return kNames;
}

namespace {
// Insertions, deletions and replacements that lead from one to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}
}  // namespace

std::string_view nearest_collector(std::string_view wanted) {
  const auto types = collector_types();
  constexpr std::size_t kLengthMax = 64;  // nothing longer is near
  wanted = wanted.substr(0, kLengthMax);
  // Of names that are equally far, the one that begins alike.
  const auto badness = [&](std::string_view name) {
    const auto differs = std::mismatch(wanted.begin(), wanted.end(), name.begin(), name.end());
    return std::pair(edit_distance(wanted, name), wanted.end() - differs.first);
  };
  return std::min_element(types.begin(), types.end(),
                          [&](const CollectorType& a, const CollectorType& b) {
                            return badness(a.name) < badness(b.name);
                          })
      ->name;
}

}  // namespace node_probe
