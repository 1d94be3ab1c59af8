// weir/simulate_seed.hpp - which of all possible worlds a simulator shows.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <system_error>

#include "weir/host.hpp"

namespace weir::sim {

// The configured seed, or one that is drawn when the component runs for the first time, noted
// under the agent's data_dir and used from then on, so that a restart continues the same world.
// Where it cannot be noted the log says so. Control thread.
inline std::uint64_t world_seed(const Host& host, const std::optional<std::uint64_t>& configured) {
  if (configured) return *configured;
  const std::filesystem::path folder = std::filesystem::path(host.data_dir()) / "seeds";
  const std::filesystem::path file = folder / host.id();
  std::uint64_t seed = 0;
  if (std::ifstream in(file); in >> seed) {
    host.info("seed " + std::to_string(seed) + ", as drawn before; noted in " + file.string());
    return seed;
  }
  std::random_device random;
  seed = random() & 0x7fffffffu;  // short enough to be copied by hand
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream out(file);
  out << seed << "\n" << std::flush;
  const std::string drawn = "no seed is configured; drew " + std::to_string(seed);
  if (out) {
    host.info(drawn + ", noted in " + file.string());
  } else {
    host.warn(drawn + ", which cannot be noted in " + file.string() +
              ": write `seed: " + std::to_string(seed) + "` to see this world again");
  }
  return seed;
}

}  // namespace weir::sim
