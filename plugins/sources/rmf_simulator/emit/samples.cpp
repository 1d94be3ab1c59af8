#include "emit/samples.hpp"

#include <algorithm>

namespace rmf {

Use use_of(const LparState& state, std::size_t k) {
  const ServiceState& s = state.services[k];
  Use use;
  use.cp = s.served;
  use.ziip = s.on_ziip;
  use.zaap = s.on_zaap;
  use.device = s.io_using;
  use.cpu_delay = s.served * s.wait;
  use.device_delay = s.io_delay;
  use.page_delay = state.storage.stall * (use.cpu() + 0.5 * use.device);
  return use;
}

Samples& Samples::operator+=(const Samples& more) {
  all += more.all;
  cpu += more.cpu;
  device += more.device;
  cpu_delay += more.cpu_delay;
  device_delay += more.device_delay;
  page_delay += more.page_delay;
  unknown += more.unknown;
  return *this;
}

AddressSpaces::AddressSpaces(const ReportContext& c) : seed_(c.seed) {
  each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
    for (std::size_t j = 0; j < kJobs; ++j) {
      share_.emplace_back(stream(c.seed, Stream::kJob, lpar.key(), j), 7 * kMinute);
    }
  });
}

// What address spaces of a service class do sums to what the service class does.
void AddressSpaces::divide_work(const LparView& v) {
  std::array<double, kServices> sum{};
  std::array<double, kJobs> share{};
  for (std::size_t j = 0; j < kJobs; ++j) {
    const double moves = std::max(0.3, 1 + 0.1 * share_[v.number * kJobs + j].at(v.time));
    share[j] = kJobSpecs[j].share * moves;
    sum[kJobSpecs[j].service] += share[j];
  }
  for (std::size_t j = 0; j < kJobs; ++j) {
    const Service k = kJobSpecs[j].service;
    const ServiceState& s = v.state.services[k];
    const Use all = use_of(v.state, k);
    const double part = share[j] / sum[k];
    const bool loops =
        v.state.effects.loop_cps > 0 && v.state.effects.loop_job == static_cast<int>(j);
    Use& use = uses_[j];
    use.cp = (s.served - s.loop) * part + (loops ? s.loop : 0);
    use.ziip = all.ziip * part;
    use.zaap = all.zaap * part;
    use.device = all.device * part;
    use.cpu_delay = use.cp * s.wait;
    use.device_delay = all.device_delay * part;
    use.page_delay = v.state.storage.stall * (use.cpu() + 0.5 * use.device);
  }
}

void AddressSpaces::look_at(const LparView& v) {
  divide_work(v);
  std::array<double, kServices> most{};  // of one address space
  std::array<int, kServices> count{};
  for (std::size_t j = 0; j < kJobs; ++j) {
    double& m = most[kJobSpecs[j].service];
    m = std::max(m, uses_[j].known());
    ++count[kJobSpecs[j].service];
  }
  for (std::size_t j = 0; j < kJobs; ++j) {
    const Service k = kJobSpecs[j].service;
    const Use& use = uses_[j];
    const double usual = kServiceSpecs[k].tasks * v.lpar.config().cps / 16.0 / count[k];
    const std::int64_t units = 1 + weir::sim::floor_int(std::max({1.0, usual, 1.25 * most[k]}));
    Samples& s = samples_[j] = Samples{};
    s.all = std::max<std::int64_t>(1, v.interval / kSecond) * units;
    std::int64_t left = s.all;
    std::uint64_t what = 0;
    const auto sampled = [&](double part) {
      const std::uint64_t hash = stream(seed_, Stream::kSample, v.lpar.key(),
                                        static_cast<std::uint64_t>(v.time), j, what++);
      const double expected = part / static_cast<double>(units) * static_cast<double>(s.all);
      const std::int64_t n =
          std::min(left, weir::sim::floor_int(expected + weir::sim::uniform(hash)));
      left -= n;
      return n;
    };
    s.cpu = sampled(use.cpu());
    s.device = sampled(use.device);
    s.cpu_delay = sampled(use.cpu_delay);
    s.device_delay = sampled(use.device_delay);
    s.page_delay = sampled(use.page_delay);
    s.unknown = sampled(0.2 * (static_cast<double>(units) - use.known()));
  }
}

}  // namespace rmf
