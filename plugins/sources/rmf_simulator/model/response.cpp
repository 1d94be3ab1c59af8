#include "model/response.hpp"

#include <algorithm>

namespace rmf {

void set_responses(const Lpar& lpar, LparState& state) {
  double sync = 0, async = 0, requests = 0;
  for (const LinkState& link : state.links) {
    sync += link.sync_rate * link.sync_s;
    async += link.async_rate * link.async_s;
    requests += link.sync_rate + link.async_rate;
  }
  const double cf_s = requests > 0 ? (sync + async) / requests : 0;

  // Locks, latches and logs are held for longer the busier everything is.
  const double busy = std::min(0.985, state.cp_effective / state.cp_limit);
  const double contention = 0.7 + 0.5 / (1 - 0.9 * busy);

  for (std::size_t k = 0; k < state.services.size(); ++k) {
    const ServiceSpec& spec = kServiceSpecs[k];
    ServiceState& s = state.services[k];
    DeviceTimes mean;
    double asked = 0;
    for (std::size_t v = 0; v < state.volumes.size(); ++v) {
      const double weight = io_asked(lpar.profile(), k, v) * kVolumeSpecs[v].count;
      const double slow = state.slow_share;
      const auto blend = [&](double DeviceTimes::*time) {
        return (1 - slow) * (state.volumes[v].*time) + slow * (state.slow_volumes[v].*time);
      };
      mean.iosq += weight * blend(&DeviceTimes::iosq);
      mean.pend += weight * blend(&DeviceTimes::pend);
      mean.disc += weight * blend(&DeviceTimes::disc);
      mean.conn += weight * blend(&DeviceTimes::conn);
      asked += weight;
    }
    const double using_s = (mean.disc + mean.conn) / asked;
    const double delay_s = (mean.iosq + mean.pend) / asked;
    const double work = std::max(0.0, s.served - s.loop - s.on_cp);
    // Caches are colder the more work there is.
    s.cpu_s *= 1 + 0.05 * busy * busy;
    s.work = work / s.cpu_s;
    s.rate = s.work * lpar.rate_scale(static_cast<int>(k));
    const double cpu_s = s.cpu_s / (1 - s.ziip_part);
    const double cf_wait = s.cpu_s * spec.cf_requests * cf_s;
    s.response_s = (cpu_s * (1 + s.wait) + spec.ios * (using_s + delay_s) + cf_wait +
                    spec.other_s * contention * (1 + 0.5 * std::min(s.wait, 4.0))) *
                   (1 + state.storage.stall);
    const double at_work = s.work * spec.ios;
    s.io_using = at_work * using_s;
    s.io_delay = at_work * delay_s;
  }
}

std::optional<double> performance_index(const ServiceSpec& spec, double response_s,
                                        double velocity) {
  if (spec.goal == Goal::kResponse) return response_s / spec.goal_value;
  if (spec.goal == Goal::kVelocity && velocity > 0) return spec.goal_value / velocity;
  return std::nullopt;
}

double queue_depth(const Lpar& lpar, Profile profile, Service service, const ServiceState& s) {
  const ServiceSpec& spec = kServiceSpecs[service];
  const double usual_s = 1.7 * (spec.cpu_s + spec.ios * 0.0005 + spec.other_s);
  const double peak = peak_share(lpar.config().workload, service) * lpar.config().cps / spec.cpu_s *
                      lpar.rate_scale(service);
  const double servers = 1 + static_cast<double>(weir::sim::floor_int(peak * usual_s / 0.66));
  const double busy = std::min(0.985, s.rate * s.response_s / servers);
  if (profile == Profile::kDocumented) return std::max(1.0, s.rate / 1000 * (0.1 + 0.4 * busy));
  // Little's law, over the wait of M/M/c. Messages come by the batches that a channel commits, jobs
  // by those that a schedule releases: one of a batch waits for those before it too.
  const double batch = service == kMq ? 25 : service == kBatch ? 6 : 2;
  const double wait =
      queue_wait(busy, servers) * (batch + 1) / 2 + (batch - 1) / 2 / servers * busy;
  return std::max(1.0, s.rate * s.response_s * wait);
}

}  // namespace rmf
