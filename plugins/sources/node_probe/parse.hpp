// parse.hpp - the pure half of the collectors: text of the kernel in, numbers out, no files, no
// agent. What takes a line gets it without its newline. False: the text is not understood, and
// the result is not to be used. Each is implemented beside the collector that uses it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace node_probe {

// /proc/stat, https://docs.kernel.org/filesystems/proc.html. Times in ticks of 1/USER_HZ s.
enum CpuMode { kUser, kNice, kSystem, kIdle, kIowait, kIrq, kSoftirq, kSteal, kGuest, kGuestNice };
struct CpuTicks {
  std::uint32_t number = 0;
  std::array<std::uint64_t, 10> ticks{};  // by CpuMode; columns that an old kernel lacks are 0
};
struct StatTable {
  std::vector<CpuTicks> cpus;
  std::uint64_t interrupts = 0, context_switches = 0, boot_time_seconds = 0, forks = 0,
                procs_running = 0, procs_blocked = 0;
  unsigned found = 0;              // bits: which of the six above were there, in that order
  std::size_t malformed_line = 0;  // from 1; 0: none
};
void parse_stat(std::string_view text, StatTable& table);

// /proc/loadavg
bool parse_loadavg(std::string_view text, std::array<double, 3>& load);

// A line of /proc/meminfo. `key` "Active(anon)", `value` in bytes where there is a unit (kB).
bool parse_meminfo_line(std::string_view line, std::string_view& key, std::int64_t& value,
                        bool& in_bytes);

// A line of /proc/diskstats, https://docs.kernel.org/admin-guide/iostats.html
struct DiskLine {
  std::uint32_t major = 0, minor = 0;
  std::string_view device;
  std::array<std::uint64_t, 17> values{};
  std::size_t value_count = 0;  // 11, 15 (with discards, 4.18) or 17 (with flushes, 5.5)
};
bool parse_disk_line(std::string_view line, DiskLine& disk);

// A line of /proc/<pid>/mountinfo, proc(5). Octal escapes are still in it.
struct MountLine {
  std::string_view mount_point, fs_type, device;
  bool read_only = false;
};
bool parse_mount_line(std::string_view line, MountLine& mount);
// "\040" -> " " and so on.
std::string unescape_mount(std::string_view text);

// A line of /proc/net/dev after the two of its header. Values in the order of the file.
struct NetdevLine {
  std::string_view device;
  std::array<std::uint64_t, 16> values{};
};
bool parse_netdev_line(std::string_view line, NetdevLine& netdev);

// /proc/pressure/<resource>, https://docs.kernel.org/accounting/psi.html. Totals in microseconds.
struct Pressure {
  std::optional<std::uint64_t> some_us, full_us;
};
bool parse_pressure(std::string_view text, Pressure& pressure);

// A line of /proc/net/softnet_stat. `cpu` only where the kernel tells it (5.10).
struct SoftnetLine {
  std::uint64_t processed = 0, dropped = 0, squeezed = 0;
  std::optional<std::uint64_t> cpu;
};
bool parse_softnet_line(std::string_view line, SoftnetLine& softnet);

// A "cpu" line of /proc/schedstat, https://docs.kernel.org/scheduler/sched-stats.html
struct SchedstatLine {
  std::string_view cpu;  // "0"
  std::uint64_t running_ns = 0, waiting_ns = 0, timeslices = 0;
};
bool parse_schedstat_line(std::string_view line, SchedstatLine& schedstat);

// /proc/net/udp and udp6: sums over all sockets, bytes.
struct UdpQueues {
  std::uint64_t transmit = 0, receive = 0;
  std::size_t malformed_line = 0;
};
void parse_udp(std::string_view text, UdpQueues& queues);

// /proc/net/stat/nf_conntrack: sums over all CPUs.
enum ConntrackStat {
  kFound,
  kInvalid,
  kIgnore,
  kInsert,
  kInsertFailed,
  kDrop,
  kEarlyDrop,
  kSearchRestart,
  kConntrackStats
};
struct ConntrackStats {
  std::array<std::uint64_t, kConntrackStats> sums{};
  std::size_t malformed_line = 0;
};
void parse_conntrack(std::string_view text, ConntrackStats& stats);

// The value of KEY in the text of an os-release file, os-release(5): quotes and escapes resolved.
std::string os_release_value(std::string_view text, std::string_view key);
// "12.4.1" -> 12.4; 0 where there is no number.
double os_version(std::string_view version_id);

// The value of an E: property in the text of a udev database file, or empty.
std::string_view udev_property(std::string_view text, std::string_view name);

// "temp1_crit_alarm" -> temp, 1, crit_alarm.
struct SensorFile {
  std::string_view type, property;
  std::string_view number;  // empty where there is none
};
bool parse_sensor_file(std::string_view name, SensorFile& sensor);
// What node_exporter makes of a name: lower case, anything but [a-z0-9:_] becomes '_', trimmed.
std::string sensor_name(std::string_view text);

// A line of io.stat of a cgroup, https://docs.kernel.org/admin-guide/cgroup-v2.html
struct CgroupIoLine {
  std::string_view device;                // "254:0"
  std::array<std::uint64_t, 6> values{};  // rbytes wbytes rios wios dbytes dios
};
bool parse_cgroup_io_line(std::string_view line, CgroupIoLine& io);
// The path in the line of hierarchy 0 of /proc/<pid>/cgroup, or nothing.
std::optional<std::string_view> cgroup_path(std::string_view text);

}  // namespace node_probe
