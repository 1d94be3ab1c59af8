#include "model/coupling.hpp"

#include <algorithm>

namespace rmf {

double conversion_threshold_s(Profile profile) {
  return profile == Profile::kDocumented ? 32e-6 : 7.5e-6;
}

void set_coupling(std::span<Lpar> lpars, Profile profile, Time time, std::span<LparState> states) {
  // Documents: 25 us over all requests. Today: short-distance synchronous requests take 3 to 10.
  const bool documented = profile == Profile::kDocumented;
  const double sync_idle = documented ? 12.5e-6 : 2.8e-6;
  const double async_idle = documented ? 34e-6 : 40e-6;
  const double threshold = conversion_threshold_s(profile);

  double demand = 0, capacity = 0;
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    LparState& state = states[i];
    if (!state.up) continue;
    state.cf_demand = 0;
    for (std::size_t k = 0; k < state.services.size(); ++k) {
      const ServiceState& s = state.services[k];
      state.cf_demand += (s.served - s.loop - s.on_cp) * kServiceSpecs[k].cf_requests;
    }
    demand += state.cf_demand;
    capacity += 3.6 * lpars[i].cf_reference();
  }
  const double busy = capacity > 0 ? std::min(0.93, demand / capacity) : 0;

  for (std::size_t i = 0; i < lpars.size(); ++i) {
    LparState& state = states[i];
    if (!state.up) continue;
    state.cf_busy = busy;
    std::array<double, kLinks> part{}, before{};
    double sum = 0, sum_before = 0;
    const double batch = std::min(1.0, state.batch_level);
    for (std::size_t l = 0; l < part.size(); ++l) {
      const double usual = lpars[i].link_skew[l] * (1 + 0.04 * lpars[i].link[l].at(time));
      part[l] = usual * (1 - state.effects.link_lost[l]);
      before[l] = usual * (1 - state.effects.link_was_lost[l]);
      sum += part[l];
      sum_before += before[l];
    }
    for (std::size_t l = 0; l < part.size(); ++l) {
      LinkState& link = state.links[l];
      const double share = sum > 0 ? part[l] / sum : 0;
      const double requests = state.cf_demand * share;
      // A link's own use: a quarter of all peaks together fills half of it. Where another is lost
      // requests come at once, their queues only build up.
      const double queueing = sum_before > 0 ? state.cf_demand * before[l] / sum_before : requests;
      const double used = std::min(0.9, 0.50 * queueing * kLinks / lpars[i].cf_reference());
      link.sync_s = sync_idle / ((1 - busy) * (1 - used));
      const double over = std::clamp((link.sync_s - threshold) / threshold, 0.0, 0.9);
      const double sync = requests * kSynchronousShare *
                          (1.04 - 0.10 * batch + 0.02 * lpars[i].link[l].at(time)) *
                          (0.5 + 0.5 * lpars[i].link_skew[l]);
      link.converted_rate = sync * over;
      link.sync_rate = sync - link.converted_rate;
      link.async_rate = requests - sync + link.converted_rate;
      // Most of it is z/OS noticing the end, which does not depend on the link.
      link.async_s = async_idle * (0.6 + 0.4 / (1 - used)) / (1 - busy);
    }
  }
}

}  // namespace rmf
