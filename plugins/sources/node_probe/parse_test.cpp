// The parsers, each on a line or two of what a kernel writes, and on what it would never write.
#include "parse.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "hwmon_fields.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace node_probe {
namespace {

using ::testing::ElementsAre;

TEST(Text, LinesAndWordsOfAnything) {
  std::string_view rest = "a  b\n\n\tc";
  std::string_view line;
  ASSERT_TRUE(next_line(rest, line));
  EXPECT_EQ(next_word(line), "a");
  EXPECT_EQ(next_word(line), "b");
  EXPECT_EQ(next_word(line), "");
  ASSERT_TRUE(next_line(rest, line));
  EXPECT_EQ(next_word(line), "");
  ASSERT_TRUE(next_line(rest, line));
  EXPECT_EQ(next_word(line), "c");
  EXPECT_FALSE(next_line(rest, line));
}

TEST(Text, NumbersAreWholeWords) {
  std::uint64_t value = 0;
  EXPECT_TRUE(parse_number("18446744073709551615", value));
  EXPECT_EQ(value, UINT64_MAX);
  for (const char* bad : {"", "-1", "1x", "0x1", "18446744073709551616", " 1"}) {
    EXPECT_FALSE(parse_number(std::string_view(bad), value)) << bad;
  }
}

TEST(Utf8, ReplacesOnlyWhatIsNotValid) {
  EXPECT_EQ(valid_utf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8a"),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8a");
  EXPECT_EQ(valid_utf8("a\xff"
                       "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(valid_utf8("\xc3"), "\xef\xbf\xbd");                                  // cut short
  EXPECT_EQ(valid_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                  // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // above U+10FFFF
}

TEST(Stat, CpusAndCounters) {
  StatTable table;
  parse_stat(
      "cpu  9 9 9 9\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu7 1 2 3 4\nintr 55 1 2 3\nctxt 66\nbtime 77\n"
      "processes 88\nprocs_running 2\nprocs_blocked 1\nsoftirq 1 2\n",
      table);
  ASSERT_EQ(table.cpus.size(), 2u);
  EXPECT_EQ(table.cpus[0].ticks[kGuestNice], 10u);
  EXPECT_EQ(table.cpus[1].number, 7u);
  EXPECT_EQ(table.cpus[1].ticks[kIowait], 0u);
  EXPECT_EQ(table.interrupts, 55u);
  EXPECT_EQ(table.forks, 88u);
  EXPECT_EQ(table.found, 63u);
  EXPECT_EQ(table.malformed_line, 0u);
}

TEST(Stat, NamesTheFirstLineItDoesNotUnderstandAndKeepsTheOthers) {
  StatTable table;
  parse_stat("cpu0 1 2 3\ncpu1 1 2 3 x\nctxt 5\nprocesses\n", table);
  EXPECT_TRUE(table.cpus.empty());
  EXPECT_EQ(table.malformed_line, 1u);
  EXPECT_EQ(table.found, 2u);
  parse_stat("", table);
  EXPECT_EQ(table.found, 0u);
  EXPECT_EQ(table.malformed_line, 0u);
}

TEST(Loadavg, ThreeNumbers) {
  std::array<double, 3> load{};
  ASSERT_TRUE(parse_loadavg("0.21 1.50 12.00 1/412 5\n", load));
  EXPECT_THAT(load, ElementsAre(0.21, 1.5, 12));
  EXPECT_FALSE(parse_loadavg("0.21 1.50\n", load));
  EXPECT_FALSE(parse_loadavg("", load));
}

TEST(Meminfo, LinesWithAndWithoutUnit) {
  std::string_view key;
  std::int64_t value = 0;
  bool in_bytes = false;
  ASSERT_TRUE(parse_meminfo_line("Active(anon):       4 kB", key, value, in_bytes));
  EXPECT_EQ(key, "Active(anon)");
  EXPECT_EQ(value, 4096);
  EXPECT_TRUE(in_bytes);
  ASSERT_TRUE(parse_meminfo_line("HugePages_Total:   3", key, value, in_bytes));
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(in_bytes);
  for (const char* bad : {"", ":", "MemTotal 1 kB", "MemTotal: kB", "MemTotal: -1 kB",
                          "MemTotal: 1 MB", "MemTotal: 9223372036854775807 kB"}) {
    EXPECT_FALSE(parse_meminfo_line(bad, key, value, in_bytes)) << bad;
  }
}

TEST(Diskstats, ElevenToSeventeenColumns) {
  DiskLine disk;
  ASSERT_TRUE(parse_disk_line(" 8 16 sdb 1 2 3 4 5 6 7 8 9 10 11", disk));
  EXPECT_EQ(disk.device, "sdb");
  EXPECT_EQ(disk.minor, 16u);
  EXPECT_EQ(disk.value_count, 11u);
  EXPECT_EQ(disk.values[10], 11u);
  ASSERT_TRUE(parse_disk_line("8 16 sdb 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", disk));
  EXPECT_EQ(disk.value_count, 17u);
  EXPECT_FALSE(parse_disk_line("8 16 sdb 1 2 3 4 5 6 7 8 9 10", disk));
  EXPECT_FALSE(parse_disk_line("8 16 sdb 1 2 3 4 5 6 7 8 9 10 x", disk));
  EXPECT_FALSE(parse_disk_line("8", disk));
}

TEST(Mounts, FieldsOptionsAndEscapes) {
  MountLine mount;
  ASSERT_TRUE(parse_mount_line(
      "36 35 98:0 / /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=remount-ro",
      mount));
  EXPECT_EQ(unescape_mount(mount.mount_point), "/mnt 2");
  EXPECT_EQ(mount.fs_type, "ext3");
  EXPECT_EQ(mount.device, "/dev/root");
  EXPECT_FALSE(mount.read_only);
  ASSERT_TRUE(parse_mount_line("36 35 98:0 / / ro - ext3 d rw", mount));
  EXPECT_TRUE(mount.read_only);
  ASSERT_TRUE(parse_mount_line("36 35 98:0 / / rw - ext3 d rw,ro", mount));
  EXPECT_TRUE(mount.read_only);
  EXPECT_FALSE(parse_mount_line("36 35 98:0 / / rw ext3 d rw", mount));
  EXPECT_FALSE(parse_mount_line("36 35 98:0 / / rw - ext3", mount));
  EXPECT_EQ(unescape_mount("\\011\\134\\4"), "\t\\\\4");
  EXPECT_EQ(unescape_mount("\\777\\0"), "\\777\\0");
}

TEST(Netdev, NameMayTouchItsFirstNumber) {
  NetdevLine netdev;
  ASSERT_TRUE(parse_netdev_line("  eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", netdev));
  EXPECT_EQ(netdev.device, "eth0");
  EXPECT_EQ(netdev.values[15], 16u);
  ASSERT_TRUE(parse_netdev_line("eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", netdev));
  EXPECT_EQ(netdev.device, "eth0:1");
  EXPECT_FALSE(parse_netdev_line("eth0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", netdev));
  EXPECT_FALSE(parse_netdev_line("eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", netdev));
  EXPECT_FALSE(parse_netdev_line(": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", netdev));
}

TEST(Pressure, OneOrTwoLines) {
  Pressure pressure;
  ASSERT_TRUE(parse_pressure("some avg10=0.00 total=12\nfull avg10=0.00 total=3\n", pressure));
  EXPECT_EQ(pressure.some_us, 12u);
  EXPECT_EQ(pressure.full_us, 3u);
  ASSERT_TRUE(parse_pressure("full avg10=0.00 total=3\n", pressure));
  EXPECT_FALSE(pressure.some_us);
  EXPECT_FALSE(parse_pressure("some avg10=0.00 total=x\n", pressure));
  EXPECT_FALSE(parse_pressure("", pressure));
}

TEST(Softnet, CpuColumnWhereThereIsOne) {
  SoftnetLine softnet;
  ASSERT_TRUE(parse_softnet_line("0000000a 0000000b 0000000c", softnet));
  EXPECT_EQ(softnet.squeezed, 12u);
  EXPECT_FALSE(softnet.cpu);
  ASSERT_TRUE(parse_softnet_line("1 2 3 0 0 0 0 0 0 0 0 0 1f 0 0", softnet));
  EXPECT_EQ(softnet.cpu, 31u);
  EXPECT_FALSE(parse_softnet_line("1 2", softnet));
  EXPECT_FALSE(parse_softnet_line("1 2 zz", softnet));
}

TEST(Schedstat, LastThreeOfNineCount) {
  SchedstatLine schedstat;
  ASSERT_TRUE(parse_schedstat_line("cpu12 1 2 3 4 5 6 7 8 9", schedstat));
  EXPECT_EQ(schedstat.cpu, "12");
  EXPECT_EQ(schedstat.running_ns, 7u);
  EXPECT_EQ(schedstat.timeslices, 9u);
  EXPECT_FALSE(parse_schedstat_line("cpu12 1 2 3 4 5 6 7 8", schedstat));
  EXPECT_FALSE(parse_schedstat_line("domain0 1 2 3 4 5 6 7 8 9", schedstat));
}

TEST(Udp, SumsQueues) {
  UdpQueues queues;
  parse_udp("  sl  header\n 1: A:1 B:2 07 00000001:0000000A 00:0\n 2: A:1 B:2 07 2:20 00:0\n",
            queues);
  EXPECT_EQ(queues.transmit, 3u);
  EXPECT_EQ(queues.receive, 42u);
  EXPECT_EQ(queues.malformed_line, 0u);
  parse_udp("header\n 1: A:1 B:2 07 1 00:0\n", queues);
  EXPECT_EQ(queues.malformed_line, 2u);
  parse_udp("", queues);
  EXPECT_EQ(queues.malformed_line, 0u);
}

TEST(Conntrack, ColumnsByName) {
  ConntrackStats stats;
  parse_conntrack("entries  drop found\n00000010  00000001 0000000a\n00000010  2 b\n", stats);
  EXPECT_EQ(stats.sums[kDrop], 3u);
  EXPECT_EQ(stats.sums[kFound], 21u);
  EXPECT_EQ(stats.malformed_line, 0u);
  parse_conntrack("entries drop\n1 x\n", stats);
  EXPECT_EQ(stats.malformed_line, 2u);
  parse_conntrack("what is this\n", stats);
  EXPECT_EQ(stats.malformed_line, 1u);
  parse_conntrack("", stats);
  EXPECT_EQ(stats.malformed_line, 1u);
}

TEST(OsRelease, QuotesEscapesAndComments) {
  const char* text = "# ID=no\nID=debian\nNAME=\"A \\\"B\\\"\"\nV='it''s'\nX=a\\ b\nID_LIKE=\n";
  EXPECT_EQ(os_release_value(text, "ID"), "debian");
  EXPECT_EQ(os_release_value(text, "NAME"), "A \"B\"");
  EXPECT_EQ(os_release_value(text, "X"), "a b");
  EXPECT_EQ(os_release_value(text, "ID_LIKE"), "");
  EXPECT_EQ(os_release_value(text, "MISSING"), "");
  EXPECT_EQ(os_release_value("ID=\"cut", "ID"), "cut");
}

TEST(OsRelease, VersionIsMajorAndMinor) {
  EXPECT_EQ(os_version("12"), 12);
  EXPECT_EQ(os_version("12.4.1"), 12.4);
  EXPECT_EQ(os_version("20.04 LTS"), 20.04);
  for (const char* none : {"", "sid", ".5", "v3"}) EXPECT_EQ(os_version(none), 0) << none;
}

TEST(Udev, PropertiesOnly) {
  const char* text = "S:ID_MODEL=no\nE:ID_MODEL=Disk = 1\nE:ID_MODEL_ENC=x\n";
  EXPECT_EQ(udev_property(text, "ID_MODEL"), "Disk = 1");
  EXPECT_EQ(udev_property(text, "ID_MOD"), "");
}

TEST(Hwmon, FileNames) {
  SensorFile sensor;
  ASSERT_TRUE(parse_sensor_file("temp12_crit_alarm", sensor));
  EXPECT_EQ(sensor.type, "temp");
  EXPECT_EQ(sensor.number, "12");
  EXPECT_EQ(sensor.property, "crit_alarm");
  ASSERT_TRUE(parse_sensor_file("pwm1", sensor));
  EXPECT_EQ(sensor.property, "");
  ASSERT_TRUE(parse_sensor_file("beep_enable", sensor));
  EXPECT_EQ(sensor.type, "beep_enable");
  for (const char* bad : {"", "1temp", "temp1x", "temp1_"}) {
    EXPECT_FALSE(parse_sensor_file(bad, sensor)) << bad;
  }
  EXPECT_EQ(sensor_name("_Core-0 (x)"), "core_0__x");
  EXPECT_EQ(sensor_name("___"), "");
}

TEST(Hwmon, NamesAndScales) {
  const auto name = [](SensorType type, std::string_view property, bool bare = false) {
    const HwmonField f = hwmon_field(type, property, bare);
    return f.flat + " " + f.name + " /" + std::to_string(std::lround(f.scale));
  };
  EXPECT_EQ(name(SensorType::kTemp, "input"), "node_hwmon_temp_celsius celsius /1000");
  EXPECT_EQ(name(SensorType::kTemp, "max"), "node_hwmon_temp_max_celsius max_celsius /1000");
  EXPECT_EQ(name(SensorType::kTemp, "type"), "node_hwmon_temp_type type /1");
  EXPECT_EQ(name(SensorType::kTemp, "alarm"), "node_hwmon_temp_alarm alarm /1");
  EXPECT_EQ(name(SensorType::kFan, "input"), "node_hwmon_fan_rpm rpm /1");
  EXPECT_EQ(name(SensorType::kPwm, ""), "node_hwmon_pwm value /1");
  EXPECT_EQ(name(SensorType::kPwm, "input", true), "node_hwmon_pwm_input input /1");
  EXPECT_EQ(name(SensorType::kEnergy, "input"),
            "node_hwmon_energy_joule_total joule_total /1000000");
  EXPECT_EQ(name(SensorType::kHumidity, "input"), "node_hwmon_humidity value /1000000");
  EXPECT_EQ(sensor_type("temp"), SensorType::kTemp);
  EXPECT_EQ(sensor_type("name"), SensorType::kNone);
}

TEST(Cgroup, PathAndIo) {
  EXPECT_EQ(cgroup_path("12:cpu:/x\n0::/a/b\n"), "/a/b");
  EXPECT_FALSE(cgroup_path("12:cpu:/x\n"));
  CgroupIoLine io;
  ASSERT_TRUE(parse_cgroup_io_line("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6", io));
  EXPECT_THAT(io.values, ElementsAre(1, 2, 3, 4, 5, 6));
  ASSERT_TRUE(parse_cgroup_io_line("8:0", io));
  EXPECT_FALSE(parse_cgroup_io_line("rbytes=1", io));
  EXPECT_FALSE(parse_cgroup_io_line("8:0 rbytes=x", io));
}

}  // namespace
}  // namespace node_probe
