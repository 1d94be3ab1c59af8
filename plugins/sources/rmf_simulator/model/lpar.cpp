#include "model/lpar.hpp"

#include <algorithm>

namespace rmf {

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

Lpar::Lpar(const Config& config, int index)
    : config_(&config.lpars[static_cast<std::size_t>(index)]),
      key_(hash_of(config_->sysplex + '\n' + config_->name)) {
  const std::uint64_t i = key_;
  const auto noise = [&](Stream what, Time period, std::uint64_t more = 0) {
    return Noise(stream(config.seed, what, i, more), period);
  };
  const std::uint64_t sysplex = hash_of(config_->sysplex);
  business_slow = Noise(stream(config.seed, Stream::kSysplex, sysplex, 0), 47 * kMinute);
  business = Noise(stream(config.seed, Stream::kSysplex, sysplex, 1), 11 * kMinute);
  slow = noise(Stream::kLparSlow, 17 * kMinute);
  fast = noise(Stream::kLparFast, 75 * kSecond);
  hits = noise(Stream::kHits, 2 * kHour);
  storage_hours = noise(Stream::kStorage, 50 * kMinute);
  storage_day = noise(Stream::kStorage, 9 * kHour, 1);
  common_hours = noise(Stream::kCommon, 5 * kHour);
  common_days = noise(Stream::kCommon, 3 * kDay, 1);
  for (std::size_t k = 0; k < service.size(); ++k) {
    service[k] = noise(Stream::kService, k >= kBatch ? 13 * kMinute : 4 * kMinute, k);
    mix[k] = noise(Stream::kMix, (35 + 5 * static_cast<Time>(k)) * kMinute, k);
    cost[k] = between(stream(config.seed, Stream::kMix, i, k, 2), 0.92, 1.08);
    offload[k] = between(stream(config.seed, Stream::kMix, i, k, 1), 0.85, 1.15);
  }
  for (std::size_t k = 0; k < link.size(); ++k) {
    link[k] = noise(Stream::kLink, 6 * kMinute, k);
    link_skew[k] = between(stream(config.seed, Stream::kLinkSkew, i, k), 0.9, 1.1);
  }
  busier = between(stream(config.seed, Stream::kLparSlow, i, 1), 0.93, 1.07);
  common_size = between(stream(config.seed, Stream::kCommonSize, i), 0.8, 1.25);
  size_ = config.profile == Profile::kDocumented ? 1.0 : config_->cps / 16.0;

  // What the usual peaks ask of each type of volume: by day at 10, by night at half past 23.
  for (std::size_t v = 0; v < io_reference_.size(); ++v) {
    for (const double second : {10 * 3600.0, 23.5 * 3600.0}) {
      double sum = 0;
      for (int k = 0; k < kServices; ++k) {
        const ServiceSpec& spec = kServiceSpecs[static_cast<std::size_t>(k)];
        sum += peak_share(config_->workload, static_cast<Service>(k)) * config_->cps *
               shape(spec.curve, second) * spec.io[v];
      }
      io_reference_[v] = std::max(io_reference_[v], sum);
    }
  }
  for (int k = 0; k < kServices; ++k) {
    const ServiceSpec& spec = kServiceSpecs[static_cast<std::size_t>(k)];
    const double peak = peak_share(config_->workload, static_cast<Service>(k)) * config_->cps;
    cf_reference_ += peak * spec.cf_requests;
    // The documents' transaction rates are the same for every LPAR, 1.4 times these at the peak.
    const double documented = k == kCics    ? 5000
                              : k == kIms   ? 3000
                              : k == kMq    ? 2000
                              : k == kBatch ? 500
                                            : 0;
    const bool scaled = config.profile == Profile::kDocumented && documented > 0;
    rate_scale_[static_cast<std::size_t>(k)] =
        scaled ? 1.4 * documented / (peak / spec.cpu_s) : 1.0;
  }
  for (const ScenarioConfig& s : config.scenarios) {
    if (std::ranges::find(s.lpars, index) != s.lpars.end()) scenarios_.push_back(&s);
  }
}

double queue_wait(double utilisation, double servers) {
  const double rho = std::clamp(utilisation, 0.0, 0.985);
  const std::int64_t exponent = weir::sim::floor_int(std::sqrt(2 * (servers + 1)) + 0.5);
  double power = 1;
  for (std::int64_t i = 0; i < exponent; ++i) power *= rho;
  return power / (servers * (1 - rho));
}

}  // namespace rmf
