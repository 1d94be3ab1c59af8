// Templates, and keys made by them of hostile labels: whatever the template, where it is accepted
// as that of one series only, two series have two keys.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "keys.hpp"
#include "weir/options.hpp"

namespace {

struct Series {
  std::string measurement;
  std::array<std::string, 2> values;
  friend bool operator==(const Series&, const Series&) = default;
};

std::string key_of(const weir::redis_sink::Template& of, const Series& series) {
  const std::array<const char*, 2> labels{"a", "b"};
  weir_measurement measurement{};
  measurement.name = series.measurement.c_str();
  measurement.labels = labels.data();
  measurement.label_count = 2;
  std::array<weir_string, 2> values{weir::abi_string(series.values[0]),
                                    weir::abi_string(series.values[1])};
  weir_series abi{};
  abi.measurement = &measurement;
  abi.label_values = values.data();
  weir::format::Buffer out;
  of.append(abi, out);
  return std::string(out.view());
}

}  // namespace

// template \n value \n value \n value \n value
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n' && parts.size() < 5) {
      parts.emplace_back();
    } else {
      parts.back() += static_cast<char>(data[i]);
    }
  }
  parts.resize(5);
  weir::redis_sink::Template of;
  if (!of.parse(parts[0], true).empty()) return 0;
  // Every pair of: names that begin alike, and labels that are there or not.
  std::vector<Series> all;
  for (const char* name : {"m", "ma", "m_a"}) {
    for (const std::string& a : {parts[1], parts[2], std::string()}) {
      for (const std::string& b : {parts[3], parts[4], std::string()}) {
        all.push_back({name, {a, b}});
      }
    }
  }
  for (const Series& one : all) {
    for (const Series& other : all) {
      if ((key_of(of, one) == key_of(of, other)) != (one == other)) std::abort();
    }
  }
  return 0;
}
