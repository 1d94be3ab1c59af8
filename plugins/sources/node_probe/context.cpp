// Errors that name the file and say what is wrong with it.
#include "context.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "devices.hpp"
#include "utf8.hpp"

namespace node_probe {

Context::Context(weir::Source agent, const Options& configured)
    : source(agent), options(configured), root(configured.root) {
  while (root.ends_with('/')) root.pop_back();
}

const weir_series* Context::series(const weir_measurement* measurement,
                                   std::initializer_list<std::string_view> labels) const {
  std::array<std::string, 64> valid;
  std::array<weir_string, 64> values{};
  std::size_t n = 0;
  for (const std::string_view label : labels) {
    valid.at(n) = valid_utf8(label);
    values[n] = weir::abi_string(valid[n]);
    ++n;
  }
  return source.series(measurement, std::span<const weir_string>(values.data(), n));
}

bool Context::add_series(std::vector<const weir_series*>& list, const weir_measurement* measurement,
                         std::initializer_list<std::string_view> labels) const {
  const weir_series* const fresh = series(measurement, labels);
  if (std::find(list.begin(), list.end(), fresh) != list.end()) {
    source.release(fresh);
    return false;
  }
  list.push_back(fresh);
  return true;
}

Outcome Context::fail(std::string why) {
  failure = std::move(why);
  return Outcome::kFailed;
}

Outcome Context::cannot_read(const std::string& path, int error) {
  if (error == EFBIG) {
    return fail(path + " is larger than " + std::to_string(Reader::kBytesMax >> 20) + " MiB");
  }
  return fail("cannot read " + path + ": " + std::strerror(error));
}

Outcome Context::no_data_or_cannot_read(const File& file) {
  // EOPNOTSUPP: pressure files of a kernel that was started with psi=0.
  return file.missing() || file.error() == EOPNOTSUPP ? Outcome::kNoData : cannot_read(file);
}

Outcome Context::malformed(const std::string& path, std::size_t line) {
  return fail(path + ": line " + std::to_string(line) + " is not understood");
}

Outcome Context::too_many_devices(const std::string& path) {
  return fail(path + " has more than " + std::to_string(kDevicesMax) +
              " devices; leave some out with the collector's options");
}

}  // namespace node_probe
