#include "model/lpar.hpp"

#include <algorithm>

namespace rmf {

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

namespace {

// The documents have LPARs of 12 and of 16 CPs at the same levels: about those of 15 here.
constexpr double kDocumentedCps = 15, kDocumentedMostCps = 16;

// In the hours of the peak on average work is less than at its height, by which rates are scaled.
constexpr double kRateToPeak = 1.15;

// Hours of the day in which an LPAR has its peak, and by what the documents multiply then.
struct DocumentedPeak {
  std::array<double, 8> hours;
  std::size_t count;
  double factor;
};
const DocumentedPeak& documented_peak(Workload workload) {
  static constexpr DocumentedPeak kPeaks[3] = {{{8, 9, 10, 14, 15, 16}, 6, 1.4},
                                               {{22, 23, 0, 1, 2, 3, 4}, 7, 1.8},
                                               {{9, 10, 11, 15, 16, 17}, 6, 1.8}};
  return kPeaks[static_cast<int>(workload)];
}

// Usual work of a class at a time of the day, of its peak. As demand.cpp has it, of a weekday.
double usual_work(Workload workload, Curve curve, double second) {
  const double work = shape(curve, second);
  if (curve != Curve::kBatch || workload != Workload::kMixed) return work;
  return 0.35 * work + 0.65 * shape(Curve::kOffice, second);
}

}  // namespace

Lpar::Lpar(const Config& config, int index)
    : config_(&config.lpars[static_cast<std::size_t>(index)]),
      key_(hash_of(config_->sysplex + '\n' + config_->name)),
      profile_(config.profile) {
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
  const bool documented = profile_ == Profile::kDocumented;
  size_ = config_->cps / 16.0;
  if (documented) {
    set_documented_references();
  } else {
    set_references();
  }
  for (int k = 0; k < kServices; ++k) {
    const ServiceSpec& spec = kServiceSpecs[static_cast<std::size_t>(k)];
    cf_reference_ +=
        peak_share(config_->workload, static_cast<Service>(k)) * config_->cps * spec.cf_requests;
    // The documents' transaction rates, of which there are 1.4 times as many at the peak, are those
    // of production: elsewhere a transaction costs as much, and so there are fewer of them.
    const double rate = k == kCics    ? 5000
                        : k == kIms   ? 3000
                        : k == kMq    ? 2000
                        : k == kBatch ? 500
                                      : 0;
    const double production =
        peak_share(Workload::kOnline, static_cast<Service>(k)) * kDocumentedCps / spec.cpu_s;
    rate_scale_[static_cast<std::size_t>(k)] =
        documented && rate > 0 ? kRateToPeak * 1.4 * rate / production : 1.0;
  }
  for (const ScenarioConfig& s : config.scenarios) {
    if (std::ranges::find(s.lpars, index) != s.lpars.end()) scenarios_.push_back(&s);
  }
}

// What the usual peaks ask of each type of volume: by day at 10, by night at half past 23.
void Lpar::set_references() {
  for (std::size_t v = 0; v < io_reference_.size(); ++v) {
    for (const double second : {10 * 3600.0, 23.5 * 3600.0}) {
      double sum = 0;
      for (std::size_t k = 0; k < kServices; ++k) {
        const ServiceSpec& spec = kServiceSpecs[k];
        sum += peak_share(config_->workload, static_cast<Service>(k)) * config_->cps *
               shape(spec.curve, second) * spec.io[v];
      }
      io_reference_[v] = std::max(io_reference_[v], sum);
    }
  }
}

// Of the documents, what is asked in the hours of the peak on average: then levels are theirs.
void Lpar::set_documented_references() {
  const DocumentedPeak& peak = documented_peak(config_->workload);
  for (std::size_t h = 0; h < peak.count; ++h) {
    const double second = (peak.hours[h] + 0.5) * 3600;
    for (std::size_t k = 0; k < kServices; ++k) {
      const double work = peak_share(config_->workload, static_cast<Service>(k)) * config_->cps *
                          usual_work(config_->workload, kServiceSpecs[k].curve, second) /
                          static_cast<double>(peak.count);
      work_reference_ += work;
      for (std::size_t v = 0; v < io_reference_.size(); ++v) {
        io_reference_[v] += work * io_asked(profile_, k, v);
      }
    }
  }
  documented_factor_ =
      peak.factor * std::min<double>(config_->cps, kDocumentedMostCps) / kDocumentedCps;
  size_ = documented_factor_ / kPeakLevel;
}

double queue_wait(double utilisation, double servers) {
  const double rho = std::clamp(utilisation, 0.0, 0.985);
  const std::int64_t exponent = weir::sim::floor_int(std::sqrt(2 * (servers + 1)) + 0.5);
  double power = 1;
  for (std::int64_t i = 0; i < exponent; ++i) power *= rho;
  return power / (servers * (1 - rho));
}

}  // namespace rmf
