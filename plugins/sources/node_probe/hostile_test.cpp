// Hosts that lie: files that are missing, empty, cut short, garbage, huge or not UTF-8, and a file
// server that does not answer. What is right is emitted, what is wrong is named, nothing crashes.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "devices.hpp"
#include "probed_host_test.hpp"
#include "utf8.hpp"

namespace node_probe {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::Agent;

// The first line of a series that has two rows, or nothing.
std::string doubled(const std::string& text) {
  const std::size_t at = text.find("twice: ");
  if (at == std::string::npos) return "";
  const std::size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

TEST(Hostile, AnEmptyHostHasNothingAndSaysSo) {
  const Fixture host;
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options_for(host.root()));
  const std::string text = collected(agent, probe);
  for (const char* collector : {"cpu", "meminfo", "hwmon", "conntrack", "cgroup", "pressure"}) {
    EXPECT_EQ(success_of(text, collector), "0") << collector;
  }
  for (const char* collector : {"cpufreq", "thermal_zone", "time", "uname"}) {
    EXPECT_EQ(success_of(text, collector), "1") << collector;
  }
  // What a kernel may lack is not worth a warning, what it must have is: once.
  std::vector<std::string> warnings;
  collected(agent, probe);
  for (const auto& line : agent.log()) {
    if (line.level >= WEIR_LOG_WARN) warnings.push_back(line.text);
  }
  EXPECT_THAT(warnings, Contains("collector loadavg: cannot read " + host.root() +
                                 "/proc/loadavg: No such file or directory"));
  EXPECT_THAT(warnings, Not(Contains(HasSubstr("hwmon"))));
  const std::set<std::string> once(warnings.begin(), warnings.end());
  EXPECT_EQ(once.size(), warnings.size());
}

TEST(Hostile, AFailureIsLoggedWhenItBeginsAndWhenItEnds) {
  const Fixture host;
  Options options = options_for(host.root());
  options.collectors.include = {"loadavg"};
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  host.write("/proc/loadavg", "0.5 0.5 0.5 1/1 1\n");
  probe.collect(1);
  EXPECT_TRUE(agent.log().empty());
  host.write("/proc/loadavg", "0.5 what\n");
  probe.collect(2);
  probe.collect(3);
  host.write("/proc/loadavg", "0.5 0.5 0.5 1/1 1\n");
  probe.collect(4);
  ASSERT_EQ(agent.log().size(), 2u);
  EXPECT_EQ(agent.log()[0].text,
            "collector loadavg: " + host.root() + "/proc/loadavg: line 1 is not understood");
  EXPECT_EQ(agent.log()[1].text, "collector loadavg works again");
}

TEST(Hostile, NamesThatAreNotUtf8BecomeSo) {
  const Fixture host(Fixture::kTestdata);
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options_for(host.root()));
  probe.context().statfs = fixture_statfs;
  host.write("/proc/diskstats",
             "8 0 d\xff 1 2 3 4 5 6 7 8 9 10 11\n8 1 d\xfe 9 2 3 4 5 6 7 8 9 10 11\n");
  host.write("/proc/1/mountinfo", "1 2 3:4 / /m\\377\xc3\xbc rw - ext4 /dev/\xf0 rw\n");
  host.write("/sys/class/net/w\xfflan/ifindex", "7\n");
  const std::string text = collected(agent, probe);
  EXPECT_EQ(text, valid_utf8(text));
  // The second becomes equal to the first: a series has one row at a time.
  EXPECT_EQ(value_of(text, "node_disk_reads_completed_total{device=\"d\xef\xbf\xbd\"}"), "1");
  EXPECT_EQ(doubled(text), "");
  EXPECT_EQ(value_of(text,
                     "node_filesystem_size_bytes{device=\"/dev/\xef\xbf\xbd\",fstype="
                     "\"ext4\",mountpoint=\"/m\xef\xbf\xbd\xc3\xbc\"}"),
            std::to_string(4096 * 1005));
  EXPECT_EQ(value_of(text, "node_network_iface_id{device=\"w\xef\xbf\xbdlan\"}"), "7");
}

// Every file of the fixture, one after the other, becomes each of these. Nothing crashes, what is
// emitted is well-formed, and collectors that do not read the file do not notice.
TEST(Hostile, SurvivesFilesThatLie) {
  const Fixture host(Fixture::kTestdata);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(host.root())) {
    if (entry.is_regular_file() && !entry.is_symlink()) {
      files.push_back(entry.path().string().substr(host.root().size()));
    }
  }
  ASSERT_GT(files.size(), 200u);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto garbage = [&](std::size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  };
  for (const std::string& file : files) {
    const std::string good = host.read(file);
    std::string broken = good;
    for (int i = 0; i < 3 && !broken.empty(); ++i) {
      broken[random() % broken.size()] = static_cast<char>(random());
    }
    const std::string lies[] = {"",
                                "\n",
                                good.substr(0, random() % (good.size() + 1)),
                                broken,
                                garbage(random() % 5000),
                                good + good,
                                std::string(5000, '9'),
                                "-1\n"};
    SCOPED_TRACE(file);
    Agent agent;
    NodeProbe probe(weir::Source(agent.host()), options_for(host.root()));
    probe.context().statfs = fixture_statfs;
    for (const std::string& lie : lies) {
      host.write(file, lie);
      const std::string text = collected(agent, probe);
      host.write(file, good);
      collected(agent, probe);
      ASSERT_EQ(doubled(text), "");
      ASSERT_TRUE(text == valid_utf8(text)) << text;
      int failed = 0;
      for (const CollectorType& type : collector_types()) {
        failed += success_of(text, std::string(type.name)) == "1" ? 0 : 1;
      }
      // /proc/stat is read by two; sockstat serves udp_queues; mountinfo serves cgroup.
      ASSERT_LE(failed, 2) << text;
    }
  }
}

TEST(Hostile, RefusesWhatIsTooLarge) {
  const Fixture host(Fixture::kTestdata);
  Options options = options_for(host.root());
  options.collectors.include = {"meminfo", "netdev", "vmstat"};
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  host.write("/proc/vmstat", std::string(Reader::kBytesMax + 1, 'x'));
  std::string devices = "\n\n";
  for (std::size_t i = 0; i <= kDevicesMax; ++i) {
    devices += "d" + std::to_string(i) + ": 7 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
  }
  host.write("/proc/net/dev", devices);
  const std::string text = collected(agent, probe);
  EXPECT_EQ(success_of(text, "vmstat"), "0");
  EXPECT_EQ(success_of(text, "netdev"), "0");
  EXPECT_EQ(success_of(text, "meminfo"), "1");
  EXPECT_EQ(value_of(text, "node_network_receive_bytes_total{device=\"d9999\"}"), "7");
  std::vector<std::string> log;
  for (const auto& line : agent.log()) log.push_back(line.text);
  EXPECT_THAT(log,
              Contains("collector vmstat: " + host.root() + "/proc/vmstat is larger than 16 MiB"));
  EXPECT_THAT(log, Contains(HasSubstr("has more than 10000 devices; leave some out")));
}

// The server of /srv/export, an nfs4 mount of the fixture, answers when it is told to.
std::atomic<bool> server_answers{true};
int waiting_statfs(const char* path, struct statfs* result) {
  while (std::string_view(path).ends_with("/export") && !server_answers) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return fixture_statfs(path, result);
}

TEST(Hostile, AMountThatDoesNotAnswerIsAnErrorOfItsDevice) {
  const Fixture host(Fixture::kTestdata);
  Options options = options_for(host.root());
  options.collectors.include = {"filesystem"};
  options.filesystem.mount_timeout = std::chrono::milliseconds(20);
  Agent agent;
  NodeProbe probe(weir::Source(agent.host()), options);
  probe.context().statfs = waiting_statfs;
  const std::string labels =
      "{device=\"files.example.net:/export\",fstype=\"nfs4\",mountpoint=\"/srv/export\"}";
  server_answers = false;
  for (int i = 0; i < 3; ++i) {
    const std::string text = collected(agent, probe);
    EXPECT_EQ(success_of(text, "filesystem"), "1");
    EXPECT_EQ(value_of(text, "node_filesystem_device_error" + labels), "1");
    EXPECT_EQ(value_of(text, "node_filesystem_size_bytes" + labels), "");
    EXPECT_THAT(text, HasSubstr("node_filesystem_size_bytes{device=\"/dev/vda1\""));
  }
  server_answers = true;
  std::string error = "1";
  while (error == "1") {
    error = value_of(collected(agent, probe), "node_filesystem_device_error" + labels);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(error, "0");
}

}  // namespace
}  // namespace node_probe
