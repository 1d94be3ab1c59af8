#include "model/demand.hpp"

#include <algorithm>

namespace rmf {

namespace {

constexpr double kBacklogSeconds = 1800;  // within which put-off batch is to be done

// Work that waits for devices or pages does not come back to the engines as fast.
double held_back(const Effects& e, bool batch) {
  double slow = 0;
  for (const double s : e.slow) slow += s / kControlUnits;
  const double paging = std::max(0.0, e.paging - 0.12);
  const double io = batch ? 0.20 * slow : 0.05 * slow;
  return 1.0 / (1.0 + io + (batch ? 2.2 : 1.2) * paging);
}

// Those who waited for the end of an IPL come all at once: up to 15 % more work, from 8 minutes
// after it to 45.
double catch_up(Time up_since, Time time) {
  if (up_since == std::numeric_limits<Time>::min()) return 1.0;
  const double x =
      std::clamp(static_cast<double>(time - up_since - 8 * kMinute) / (37.0 * kMinute), 0.0, 1.0);
  return 1 + 0.15 * 16 * x * x * (1 - x) * (1 - x);
}

// The test system's batch runs whenever its people want it.
double work_of(const LparConfig& config, const ServiceSpec& spec, const Levels& level,
               const Effects& effects) {
  double work = level[static_cast<std::size_t>(spec.curve)];
  if (spec.curve != Curve::kBatch) return work;
  if (config.workload == Workload::kMixed) {
    work = 0.35 * work + 0.65 * level[static_cast<std::size_t>(Curve::kOffice)];
  }
  return std::max(work, effects.batch_floor);
}

// Transactions of a class are not all alike, and which of them come changes within the hour: so
// does what a unit of work costs, and what of it may run elsewhere.
void set_mix(Lpar& lpar, std::size_t k, double moves, Time time, ServiceState& s) {
  const ServiceSpec& spec = kServiceSpecs[k];
  const double mix = s.mix = lpar.mix[k].at(time);
  const double shift = std::clamp(1 + 0.06 * mix + 0.025 * moves, 0.6, 1.4) * lpar.offload[k];
  s.ziip_part = std::min(0.8, spec.ziip_fraction * shift);
  s.zaap_part = spec.zaap_fraction * shift;
  s.cpu_s = spec.cpu_s * lpar.cost[k] * std::clamp(1 - 0.035 * mix + 0.015 * moves, 0.7, 1.3);
}

}  // namespace

Levels levels_at(const Calendar& calendar, double local_s, double month_end) {
  Levels level{};
  for (std::size_t c = 0; c < level.size(); ++c) {
    level[c] = calendar.level(static_cast<Curve>(c), local_s, month_end);
  }
  return level;
}

double calm_level(const LparConfig& config, const Levels& level, const Effects& effects,
                  double warm) {
  double calm = 0;
  for (std::size_t k = 0; k < kServices; ++k) {
    calm += peak_share(config.workload, static_cast<Service>(k)) * warm *
            work_of(config, kServiceSpecs[k], level, effects);
  }
  return calm;
}

double warm_up(Time up_since, Time time) {
  if (up_since == std::numeric_limits<Time>::min()) return 1.0;
  const double x = std::clamp(static_cast<double>(time - up_since) / (15.0 * kMinute), 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

void set_demand(Lpar& lpar, const Calendar& calendar, const Moment& moment, double local_s,
                double backlog, LparState& state) {
  state.effects = effects_at(lpar.scenarios(), moment.time);
  const Effects& effects = state.effects;
  state.up = !effects.down;
  if (!state.up) return;
  const LparConfig& config = lpar.config();

  const Levels level = levels_at(calendar, local_s, effects.month_end);
  const double warm = warm_up(effects.up_since, moment.time);
  const double again = catch_up(effects.up_since, moment.time);
  double common = 1 + 0.03 * lpar.slow.at(moment.time);
  common += 0.018 * averaged(moment.interval, 75 * kSecond) * lpar.fast.at(moment.time);
  // Customers come to all LPARs of a sysplex.
  const double business =
      1 + 0.045 * lpar.business_slow.at(moment.time) + 0.02 * lpar.business.at(moment.time);
  state.calm_level = calm_level(config, level, effects, warm);
  const double scale = config.cps * config.load * lpar.busier * moment.growth * common;

  for (std::size_t k = 0; k < state.services.size(); ++k) {
    const ServiceSpec& spec = kServiceSpecs[k];
    const bool batch = spec.curve == Curve::kBatch;
    const bool flat = spec.curve == Curve::kFlat;
    double work = work_of(config, spec, level, effects);
    const double moves = lpar.service[k].at(moment.time);
    if (!flat) work *= (batch ? 1.0 : business) * warm * again;
    work *= std::max(0.3, 1 + (batch ? 0.09 : 0.03) * moves);
    work *= held_back(effects, batch);
    ServiceState& s = state.services[k];
    s.demand = peak_share(config.workload, static_cast<Service>(k)) * scale * work;
    set_mix(lpar, k, moves, moment.time, s);
  }
  state.services[kBatch].demand +=
      std::min(backlog / kBacklogSeconds, 0.5 * static_cast<double>(config.cps));
  // Moving pages costs engine time of the system.
  state.services[kSystem].demand += config.cps * 0.10 * std::max(0.0, effects.paging - 0.12);
  const auto loop =
      static_cast<std::size_t>(kJobSpecs[static_cast<std::size_t>(effects.loop_job)].service);
  state.services[loop].loop = std::min(effects.loop_cps, 0.9 * static_cast<double>(config.cps));
}

}  // namespace rmf
