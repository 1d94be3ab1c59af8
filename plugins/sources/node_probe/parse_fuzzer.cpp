// Fuzzes every parser with the same bytes: as a whole file, and line by line. What a parser says of
// anything must be in bounds; the address sanitizer watches the views.
#include <cstdint>
#include <cstdlib>

#include "hwmon_fields.hpp"
#include "parse.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace {

using namespace node_probe;

void parse_file(std::string_view text) {
  StatTable table;
  parse_stat(text, table);
  if (table.found >= 1u << 6) std::abort();
  std::array<double, 3> load{};
  parse_loadavg(text, load);
  Pressure pressure;
  if (parse_pressure(text, pressure) && !pressure.some_us && !pressure.full_us) std::abort();
  UdpQueues queues;
  parse_udp(text, queues);
  ConntrackStats stats;
  parse_conntrack(text, stats);
  os_release_value(text, "NAME");
  udev_property(text, "ID_MODEL");
  cgroup_path(text);
  const std::string valid = valid_utf8(text);
  if (valid_utf8(valid) != valid) std::abort();
}

void parse_line(std::string_view line) {
  std::string_view key;
  std::int64_t value = 0;
  bool in_bytes = false;
  if (parse_meminfo_line(line, key, value, in_bytes) && (key.empty() || value < 0)) std::abort();
  DiskLine disk;
  if (parse_disk_line(line, disk) && disk.value_count > disk.values.size()) std::abort();
  MountLine mount;
  if (parse_mount_line(line, mount)) {
    if (unescape_mount(mount.mount_point).size() > mount.mount_point.size()) std::abort();
  }
  NetdevLine netdev;
  if (parse_netdev_line(line, netdev) && netdev.device.empty()) std::abort();
  SoftnetLine softnet;
  parse_softnet_line(line, softnet);
  SchedstatLine schedstat;
  if (parse_schedstat_line(line, schedstat) && schedstat.cpu.empty()) std::abort();
  CgroupIoLine io;
  parse_cgroup_io_line(line, io);
  if (os_version(line) < 0) std::abort();
  SensorFile sensor;
  if (parse_sensor_file(line, sensor)) {
    const HwmonField field =
        hwmon_field(sensor_type(sensor.type), sensor.property, line.size() % 2 == 0);
    if (field.name.empty() || !field.flat.starts_with("node_hwmon_")) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse_file(text);
  std::string_view rest = text, line;
  while (next_line(rest, line)) parse_line(line);
  return 0;
}
