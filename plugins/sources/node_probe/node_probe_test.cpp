// The source as a whole: on a fixture against a golden file, on this host, with devices that come
// and go, and its options.
#include "node_probe.hpp"

#include <gmock/gmock.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "probed_host_test.hpp"

namespace node_probe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::Agent;

constexpr int kSkip = 77;
constexpr const char* kGolden = WEIR_TESTDATA "/host.prom";

// Without the lines that depend on when and where.
std::string comparable(const std::string& text) {
  std::string result;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n') + 1;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    bool varies = false;
    for (const char* name : {"node_time_seconds ", "node_time_zone_offset_seconds{",
                             "node_uname_info{", "node_scrape_collector_duration_seconds{"}) {
      varies = varies || line.starts_with(name);
    }
    if (!varies) result += line;
  }
  return result;
}

TEST(NodeProbe, FixtureGivesTheGoldenFile) {
  const Fixture host(Fixture::kTestdata);
  const Options options = options_for(host.root());
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  probe.context().statfs = fixture_statfs;
  const std::string first = comparable(collected(agent, probe));
  const std::string text = comparable(collected(agent, probe));
  EXPECT_EQ(first, text);
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kGolden, std::ios::binary) << text;
    GTEST_SKIP() << "written: " << kGolden;
  }
  std::ifstream golden(kGolden, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(golden), {}};
  EXPECT_EQ(text, expected) << "if this is meant to be so: WEIR_UPDATE_GOLDEN=1";
}

TEST(NodeProbe, EveryRowHasTheTimeItStandsFor) {
  const Fixture host(Fixture::kTestdata);
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options_for(host.root()));
  probe.context().statfs = fixture_statfs;
  probe.collect(1234567890);
  for (const weir_batch* batch : agent.emitted()) {
    for (std::uint32_t row = 0; row < batch->rows; ++row) {
      EXPECT_EQ(batch->times[row], 1234567890) << batch->measurement->name;
    }
  }
}

TEST(NodeProbe, MeasuresThisHostWithoutFailure) {
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), default_options());
  const std::string text = collected(agent, probe);
  for (const auto& line : agent.log()) EXPECT_LT(line.level, WEIR_LOG_WARN) << line.text;
  for (const char* collector :
       {"cpu", "loadavg", "meminfo", "netclass", "netdev", "stat", "time"}) {
    EXPECT_EQ(success_of(text, collector), "1") << collector;
  }
  EXPECT_THAT(text, HasSubstr("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}"));
  EXPECT_THAT(text, Not(HasSubstr("twice: ")));
}

// Counters of busy devices move between two readings, and netlink alone has nohandler.
std::string without_traffic(const std::string& text) {
  std::string result;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n') + 1;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    const bool traffic = line.starts_with("node_network_receive_") ||
                         line.starts_with("node_network_transmit_bytes_") ||
                         line.starts_with("node_network_transmit_packets_");
    const bool nohandler = line.find("node_network_receive_nohandler_total ") != line.npos;
    if (!traffic && !nohandler) result += line;
  }
  return result;
}

TEST(NodeProbe, NetlinkAndFilesTellTheSame) {
  Options options = default_options();
  options.collectors.include = {"netclass", "netdev"};
  options.netdev.device_exclude = "";
  std::string texts[2];
  for (const bool netlink : {false, true}) {
    options.netlink = netlink;
    Agent agent;
    NodeProbe probe(weir::Source(agent.host()), options);
    texts[netlink] = without_traffic(comparable(collected(agent, probe)));
    for (const auto& line : agent.log()) {
      if (line.text.find("netlink") != std::string::npos) GTEST_SKIP() << line.text;
    }
  }
  EXPECT_EQ(texts[true], texts[false]);
}

// In a network namespace of its own, where a device can be changed.
int change_a_device_and_look() {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return kSkip;
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Options options = default_options();
  options.collectors.include = {"netclass"};
  options.rescan_interval = std::chrono::hours(1);
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  const auto is = [&](const char* metric, const char* value) {
    return value_of(collected(agent, probe), std::string(metric) + "{device=\"lo\"}") == value;
  };
  if (!is("node_network_mtu_bytes", "65536") || !is("node_network_flags", "8")) return 1;
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_mtu = 1234;
  if (ioctl(control, SIOCSIFMTU, &request) != 0) return kSkip;
  if (!is("node_network_mtu_bytes", "1234")) return 2;
  request.ifr_flags = IFF_UP | IFF_PROMISC;
  if (ioctl(control, SIOCSIFFLAGS, &request) != 0) return kSkip;
  if (!is("node_network_flags", "265")) return 3;  // up, loopback, promiscuous
  return is("node_network_carrier", "1") ? 0 : 4;
}

TEST(NodeProbe, AChangeOfADeviceIsSeenAtOnce) {
  const pid_t child = fork();
  if (child == 0) _exit(change_a_device_and_look());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kSkip) GTEST_SKIP() << "may not make a network namespace";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the number of the step that failed";
}

TEST(NodeProbe, DevicesComeAndGoWithoutTrace) {
  const Fixture host(Fixture::kTestdata);
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options_for(host.root()));
  probe.context().statfs = fixture_statfs;
  const std::string before = comparable(collected(agent, probe));
  const std::size_t live_before = agent.live_series();
  const std::string disks = host.read("/proc/diskstats"), netdevs = host.read("/proc/net/dev"),
                    mounts = host.read("/proc/1/mountinfo"), stat = host.read("/proc/stat"),
                    softnet = host.read("/proc/net/softnet_stat"),
                    io = host.read("/sys/fs/cgroup/system.slice/weir.service/io.stat");
  std::size_t live_max = 0;
  for (int round = 0; round < 200; ++round) {
    const std::string n = std::to_string(round);
    host.write("/proc/diskstats", disks + "8 1" + n + " new" + n + "x 1 2 3 4 5 6 7 8 9 10 11\n");
    host.write("/proc/net/dev", netdevs + " new" + n + ": 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7\n");
    host.write("/proc/1/mountinfo", mounts + "1 2 3:4 / /new" + n + " rw - ext4 /dev/x rw\n" +
                                        "1 2 3:4 / /nfs" + n + " rw - nfs4 server:/x rw\n");
    host.write("/proc/stat", stat + "cpu1" + n + " 1 2 3 4 5 6 7 8 9 10\n");
    host.write("/proc/net/softnet_stat", softnet + "1 2 3 0 0 0 0 0 0 0 0 0 1" + n + "\n");
    host.write("/sys/fs/cgroup/system.slice/weir.service/io.stat", io + "9:" + n + " rios=1\n");
    for (const char* file : {"/ifindex", "/operstate"}) {
      host.write("/sys/class/net/new" + n + file, n + "\n");
    }
    for (const char* file : {"/temp", "/type"}) {
      host.write("/sys/class/thermal/thermal_zone1" + n + file, n + "\n");
    }
    host.write("/sys/class/hwmon/hwmon1" + n + "/temp1_input", "1000\n");
    const std::string text = collected(agent, probe);
    EXPECT_EQ(value_of(text, "node_disk_reads_completed_total{device=\"new" + n + "x\"}"), "1");
    EXPECT_EQ(value_of(text, "node_network_iface_id{device=\"new" + n + "\"}"), n);
    live_max = std::max(live_max, agent.live_series());
    host.remove("/sys/class/net/new" + n);
    host.remove("/sys/class/thermal/thermal_zone1" + n);
    host.remove("/sys/class/hwmon/hwmon1" + n);
  }
  EXPECT_LT(live_max, live_before + 100);
  host.write("/proc/diskstats", disks);
  host.write("/proc/net/dev", netdevs);
  host.write("/proc/1/mountinfo", mounts);
  host.write("/proc/stat", stat);
  host.write("/proc/net/softnet_stat", softnet);
  host.write("/sys/fs/cgroup/system.slice/weir.service/io.stat", io);
  EXPECT_EQ(comparable(collected(agent, probe)), before);
  EXPECT_EQ(agent.live_series(), live_before);
}

TEST(NodeProbe, CountersOfACpuDoNotStepBackUnlessItWasOff) {
  const Fixture host;
  Options options = options_for(host.root());
  options.collectors.include = {"cpu"};
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  const auto idle = [&](const char* line) {
    host.write("/proc/stat", line);
    return value_of(collected(agent, probe), "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}");
  };
  EXPECT_EQ(idle("cpu0 100 0 0 5000 0 0 0 0 0 0\n"), "50");
  EXPECT_EQ(idle("cpu0 100 0 0 4990 0 0 0 0 0 0\n"), "50");
  EXPECT_EQ(idle("cpu0 100 0 0 5100 0 0 0 0 0 0\n"), "51");
  EXPECT_EQ(idle("cpu0 1 0 0 10 0 0 0 0 0 0\n"), "0.1");
}

// The dearest file of all is left alone where sockstat counts no socket, whoever reads sockstat.
TEST(NodeProbe, UdpQueuesAreReadOnlyWhereThereAreSockets) {
  for (const bool sockstat_runs : {true, false}) {
    const Fixture host;
    Options options = options_for(host.root());
    options.collectors.include = {"udp_queues"};
    if (sockstat_runs) options.collectors.include.emplace_back("sockstat");
    host.write("/proc/net/udp", "header\n0: 1:2 3:4 07 00000010:00000020 x\n");
    host.write("/proc/net/udp6", "header\n0: 1:2 3:4 07 00000003:00000004 x\n");
    Agent agent;
    NodeProbe probe(weir::Source(agent.host()), options);
    const auto sent = [&](int v4, int v6) {
      host.write("/proc/net/sockstat", "TCP: inuse 0\nUDP: inuse " + std::to_string(v4) + "\n");
      host.write("/proc/net/sockstat6", "UDP6: inuse " + std::to_string(v6) + "\n");
      const std::string text = collected(agent, probe);
      EXPECT_EQ(success_of(text, "udp_queues"), "1");
      return value_of(text, "node_udp_queues{ip=\"v4\",queue=\"tx\"}") + " " +
             value_of(text, "node_udp_queues{ip=\"v6\",queue=\"tx\"}");
    };
    EXPECT_EQ(sent(0, 0), "0 0") << sockstat_runs;
    EXPECT_EQ(sent(1, 0), "16 0") << sockstat_runs;
    EXPECT_EQ(sent(0, 1), "0 3") << sockstat_runs;
    host.write("/proc/net/sockstat", "");
    EXPECT_EQ(value_of(collected(agent, probe), "node_udp_queues{ip=\"v4\",queue=\"tx\"}"), "16")
        << "who knows";
  }
}

TEST(Options, HelpNamesTheCollectors) {
  const auto& table = Options::table();
  const auto* const end = table.data() + table.size();
  const auto* const found = std::find_if(table.data(), end, [](const weir_option* option) {
    return std::string_view(option->name) == "collectors";
  });
  ASSERT_NE(found, end);
  EXPECT_THAT((*found)->help, testing::HasSubstr("by default: cgroup, conntrack, "));
  EXPECT_THAT((*found)->help, testing::EndsWith(", uname, vmstat."));
}

TEST(Options, NearestCollector) { EXPECT_EQ(nearest_collector("memory"), "meminfo"); }

TEST(Options, ProblemsNameTheOptionAndTheRemedy) {
  using Change = void (*)(Options&);
  const struct {
    Change change;
    const char* problem;
  } cases[] = {
      {[](Options& o) { o.root = "host"; }, "root: must be an absolute path, such as /host"},
      {[](Options& o) {
         o.collectors.exclude = {"cpu", "netdevs"};
       },
       "collectors.exclude[1]: there is no collector 'netdevs'; did you mean 'netdev'? "
       "Collectors: cgroup, conntrack, cpu, cpufreq, diskstats, entropy, filefd, filesystem, "
       "hwmon, loadavg, meminfo, netclass, netdev, netstat, os, pressure, schedstat, sockstat, "
       "softnet, stat, thermal_zone, time, udp_queues, uname, vmstat"},
      {[](Options& o) {
         o.collectors.include = {"cpu"};
         o.collectors.exclude = {"cpu"};
       },
       "collectors: no collector is left to run"},
      {[](Options& o) { o.filesystem.fs_types_exclude = "^(a"; },
       "filesystem.fs_types_exclude: '^(a' is not a POSIX extended regular expression: Unmatched "
       "( or \\("},
      {[](Options& o) { o.filesystem.mount_points_exclude = "[z"; },
       "filesystem.mount_points_exclude: '[z' is not a POSIX extended regular expression: "
       "Unmatched [, [^, [:, [., or [="},
      {[](Options& o) { o.diskstats.device_exclude = "sd\\d"; },
       "diskstats.device_exclude: 'sd\\d': \\d is not POSIX; write [0-9]"},
      {[](Options& o) { o.vmstat.fields = "(?:x)"; },
       "vmstat.fields: '(?:x)': (?...) is not POSIX; write a plain group (...)"},
      {[](Options& o) {
         o.netdev.device_include = "eth";
         o.netdev.device_exclude = "lo";
       },
       "netdev.device_include: use either device_include or device_exclude, not both"},
  };
  for (const auto& [change, problem] : cases) {
    Options options = default_options();
    change(options);
    std::string found;
    weir::Problems problems(
        [](void* context, const char* path, const char* message) {
          *static_cast<std::string*>(context) += std::string(path) + ": " + message;
        },
        &found);
    NodeProbe::check(options, problems);
    EXPECT_EQ(found, problem);
    Agent agent;
    EXPECT_THROW(NodeProbe(weir::Source(agent.host()), options), weir::OptionError) << problem;
  }
}

TEST(Options, DefaultsAreRight) {
  std::string found;
  weir::Problems problems(
      [](void* context, const char* path, const char* message) {
        *static_cast<std::string*>(context) += std::string(path) + ": " + message;
      },
      &found);
  NodeProbe::check(default_options(), problems);
  EXPECT_EQ(found, "");
}

TEST(Options, AnIncludedDeviceIsMeasuredWhateverIsExcludedByDefault) {
  const Fixture host(Fixture::kTestdata);
  Options options = options_for(host.root());
  options.collectors.include = {"diskstats", "netdev"};
  options.diskstats.device_include = "^(loop0|vda1)$";
  options.netdev.device_include = "^lo$";
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  const std::string text = collected(agent, probe);
  EXPECT_THAT(text, HasSubstr("node_disk_io_now{device=\"loop0\"}"));
  EXPECT_THAT(text, HasSubstr("node_disk_io_now{device=\"vda1\"}"));
  EXPECT_THAT(text, Not(HasSubstr("device=\"sda\"")));
  EXPECT_THAT(text, HasSubstr("node_network_receive_bytes_total{device=\"lo\"}"));
  EXPECT_THAT(text, Not(HasSubstr("device=\"eth0\"")));
}

}  // namespace
}  // namespace node_probe
