// The same seed, configuration and time give the same bytes, wherever one begins and in whatever
// order one asks; and they are those that they were when this file was written (testdata).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "random_world.hpp"

namespace rmf::testing {
namespace {

TEST(Determinism, OrderAndBeginningDoNotMatter) {
  for (const std::uint64_t seed : seeds(8)) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Time about = random_time(random);
    const Options o = random_options(random, about);
    std::vector<Time> times;
    for (int i = 0; i < 12; ++i) {
      times.push_back(about + static_cast<Time>(random() % (30 * 3600)) * kSecond);
    }
    std::map<Time, std::string> texts;
    for (const Time t : times) texts[t] = Machine(o).text(t);  // each from a cold start
    Machine forward(o), backward(o), shuffled(o);
    for (const auto& [t, text] : texts) EXPECT_EQ(forward.text(t), text);
    for (auto at = texts.rbegin(); at != texts.rend(); ++at) {
      EXPECT_EQ(backward.text(at->first), at->second);
    }
    std::shuffle(times.begin(), times.end(), random);
    for (const Time t : times) EXPECT_EQ(shuffled.text(t), texts[t]);
  }
}

TEST(Determinism, AnotherSeedIsAnotherWorld) {
  EXPECT_NE(Machine(options(1)).text(kWednesday), Machine(options(2)).text(kWednesday));
}

// What an LPAR does is its own, save that it competes with others for engines.
TEST(Determinism, OtherLparsDoNotChangeAnLparsDevices) {
  Options o = options();
  o.lpars = {lpar_options("A"), lpar_options("B")};
  Options more = o;
  more.lpars->insert(more.lpars->begin(), lpar_options("NEW"));
  const Rows few = Machine(o).at(kWednesday), many = Machine(more).at(kWednesday);
  EXPECT_NEAR(sum(few, "rmf_volumes", "iops", {{"lpar", "A"}}),
              sum(many, "rmf_volumes", "iops", {{"lpar", "A"}}), 60);
  EXPECT_EQ(sum(few, "rmf_common_storage", "used_bytes", {{"lpar", "A"}}),
            sum(many, "rmf_common_storage", "used_bytes", {{"lpar", "A"}}));
}

TEST(Determinism, ADrawnSeedIsKeptAndLogged) {
  char folder[] = "/tmp/weir-rmf-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  Options o = options();
  o.seed.reset();
  Machine first(o, 15 * kSecond, folder), second(o, 15 * kSecond, folder);
  EXPECT_EQ(first.text(kWednesday), second.text(kWednesday));
  ASSERT_FALSE(first.agent().log().empty());
  const std::string& text = first.agent().log()[0].text;
  const std::size_t at = text.find("drew ");
  ASSERT_NE(at, std::string::npos) << text;
  const std::uint64_t seed = std::strtoull(text.c_str() + at + 5, nullptr, 10);
  EXPECT_EQ(first.text(kWednesday), Machine(options(seed)).text(kWednesday));
  std::filesystem::remove_all(folder);
}

TEST(Determinism, RememberedNoiseIsTheSdks) {
  std::mt19937_64 random(3);
  Noise noise(99, 7 * kMinute);
  for (int i = 0; i < 1000; ++i) {
    const Time t = static_cast<Time>(random() % (400 * kDay)) - 100 * kDay;
    EXPECT_EQ(noise.at(t), weir::sim::noise(99, t, 7 * kMinute));
  }
}

std::uint64_t fnv(const std::string& text) { return hash_of(text); }

// Golden: a few rows to read in a diff, and a hash of everything else. `make golden` rewrites it.
TEST(Determinism, RowsAreThoseOfTheGoldenFile) {
  std::string now;
  Options plain = options(42);
  Options scenarios = options(42);
  scenarios.profile = Profile::kDocumented;
  scenarios.time_zone = "Europe/Berlin";
  scenarios.growth = 5;
  for (int kind = 0; kind < kScenarioKinds; ++kind) {
    scenarios.scenarios.push_back(scenario_options(
        static_cast<ScenarioKind>(kind), "2025-03-12T0" + std::to_string(kind) + ":00:00Z",
        "2025-03-12T0" + std::to_string(kind + 1) + ":30:00Z"));
  }
  for (const auto& [name, o] : {std::pair{"plain", plain}, std::pair{"scenarios", scenarios}}) {
    Machine machine(o);
    for (int hour = 0; hour < 24; hour += 3) {
      const Time time = kWednesday + hour * kHour + 7 * kMinute;
      const std::string text = machine.text(time);
      now += std::string(name) + " " + stamp(time) + " " + std::to_string(fnv(text)) + "\n";
      if (hour != 9) continue;
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        const bool shown = line.find("lpar=PROD01") != std::string::npos &&
                           (line.rfind("rmf_cpu", 0) == 0 || line.rfind("rmf_memory", 0) == 0 ||
                            line.rfind("rmf_mpb", 0) == 0 || line.rfind("rmf_clpr", 0) == 0 ||
                            line.rfind("rmf_ldev_response", 0) == 0 ||
                            line.rfind("rmf_lpar", 0) == 0 || line.rfind("rmf_workload", 0) == 0);
        if (shown) now += "  " + line + "\n";
      }
    }
  }
  const std::string path = std::string(WEIR_TESTDATA) + "/golden.txt";
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << now;
    return;
  }
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(now, golden) << "if this change of every world is meant: make golden, read the diff";
}

}  // namespace
}  // namespace rmf::testing
