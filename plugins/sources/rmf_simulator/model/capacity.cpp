#include "model/capacity.hpp"

#include <algorithm>
#include <vector>

namespace rmf {

namespace {

constexpr double kLogicalLimit = 0.985;   // of logical engines, that work can get
constexpr double kPhysicalLimit = 0.975;  // of physical engines, the rest is for PR/SM
constexpr double kNode = 8;  // CPs of a HiperDispatch node: work waits in the queue of one
constexpr double kManagement = 0.003;          // of what an LPAR uses, PR/SM's part for it
constexpr double kLogicalManagement = 0.0006;  // of each logical processor, likewise
constexpr double kPhysicalIdle = 0.0026, kPhysicalBusy = 0.0006;  // of each physical engine
constexpr double kBursts = 9;  // how much more batch waits, whose jobs are released together

// Work that may run on a zIIP does so until zIIPs get busy; then CPs help.
double spilled(double wanted, double ziips) {
  if (ziips <= 0) return 1.0;
  const double pressure = std::clamp((wanted / ziips - 0.5) / 1.1, 0.0, 1.0);
  return 0.7 * pressure * pressure;
}

// A soft cap: PR/SM takes it off and puts it on again, so that on average `msu_limit` is used.
void cap_engines(const LparConfig& config, double msu_per_cp, double overhead, LparState& state) {
  if (state.msu_limit <= 0) return;
  const auto engines = [&](double msu) {
    const double own = (msu / msu_per_cp - overhead * config.cps) / (1 + kManagement);
    return std::clamp(own, 0.02, state.cp_limit);
  };
  state.cp_limit = engines(state.msu_limit);
  state.cp_wanted = std::min(state.cp_wanted, state.cp_limit);
  const double defined = engines(config.defined_msu);
  if (state.capped) {
    state.capping = 1;
  } else if (state.limited()) {
    state.capping = std::min(
        1.0, (state.cp_uncapped - state.cp_wanted) / std::max(1e-9, state.cp_uncapped - defined));
  }
}

void want_engines(const LparConfig& config, LparState& state) {
  double ziip = 0;
  for (std::size_t k = 0; k < state.services.size(); ++k) {
    const double z = state.services[k].ziip_part;
    ziip += state.services[k].demand * z / (1 - z);
  }
  const double spill = spilled(ziip, config.ziips);
  double total = 0;
  for (std::size_t k = 0; k < state.services.size(); ++k) {
    ServiceState& s = state.services[k];
    const double z = s.ziip_part;
    const double eligible = s.demand * z / (1 - z);
    s.on_ziip = eligible * (1 - spill);
    s.on_cp = eligible * spill;
    s.on_zaap = s.demand * s.zaap_part;
    s.demand += s.on_cp + s.loop;
    total += s.demand;
  }
  state.cp_limit = kLogicalLimit * config.cps;
  state.cp_uncapped = state.cp_wanted = state.cp_limit * saturate(total / state.cp_limit);
}

// Takes the engines that are missing from the least important work first.
void serve(double engines, LparState& state) {
  double shortage = -engines;
  for (const ServiceState& s : state.services) shortage += s.demand;
  double served = 0;
  for (std::size_t k = state.services.size(); k-- > 0;) {
    ServiceState& s = state.services[k];
    // The least important work is not stopped at once, nor ever altogether.
    const double most = 0.94 * s.demand;
    // What is left of the shortage may be a rounding error below nothing.
    const double left = std::max(0.0, shortage);
    const double taken = most > 0 ? std::min(left, most * saturate(left / most)) : 0;
    shortage -= taken;
    s.served = s.demand - taken;
    served += s.served;
  }
  // Where there is next to nothing, nobody is spared.
  const double rest = served > engines ? engines / served : 1.0;
  for (ServiceState& s : state.services) {
    s.served *= rest;
    const double part = s.demand > 0 ? s.served / s.demand : 0;
    s.loop *= part;
    s.on_cp *= part;
    s.on_ziip *= part;  // who gets no CP asks for no zIIP either
    s.on_zaap *= part;
  }
}

// Of specialty engines, what the work that was served can get on its logical ones.
void want_specialty_engines(const LparConfig& config, LparState& state) {
  double eligible = 0, ziip = 0, zaap = 0, freed = 0, missing = 0;
  for (const ServiceState& s : state.services) eligible += s.on_ziip + s.on_cp;
  const double spill = spilled(eligible, config.ziips);  // of what runs, less may be needed
  for (ServiceState& s : state.services) {
    const double on_cp = std::min(s.on_cp, (s.on_ziip + s.on_cp) * spill);
    freed += s.on_cp - on_cp;
    s.on_ziip += s.on_cp - on_cp;
    s.served -= s.on_cp - on_cp;
    missing += std::max(0.0, s.demand - s.served);
    s.on_cp = on_cp;
    ziip += s.on_ziip;
    zaap += s.on_zaap;
  }
  // CPs that need not help serve what waits for them.
  const double helped = missing > 0 ? std::min(1.0, freed / missing) : 0;
  for (ServiceState& s : state.services) s.served += helped * std::max(0.0, s.demand - s.served);
  state.batch_deferred = state.services[kBatch].demand - state.services[kBatch].served;
  const auto limited = [](double want, double engines) {
    return engines > 0 ? kLogicalLimit * engines * saturate(want / (kLogicalLimit * engines)) : 0.0;
  };
  state.ziip_wanted = limited(ziip, config.ziips);
  state.zaap_effective = limited(zaap, config.zaaps);
}

// `physical_busy`: of the CPC's CPs, 0 to 1.
void wait_for_engines(double logical, double physical_busy, LparState& state) {
  // Other LPARs' use shortens what this one can count on.
  const double at_hand =
      state.cp_wanted > 0 ? state.cp_limit * state.cp_effective / state.cp_wanted : logical;
  double ahead = 0;
  for (std::size_t k = 0; k < state.services.size(); ++k) {
    ServiceState& s = state.services[k];
    // More important work takes the engine away, discretionary work gives it back.
    const double preempted = at_hand > 0 ? std::min(0.95, ahead / at_hand) : 0;
    const double patience = kServiceSpecs[k].goal == Goal::kDiscretionary ? 4.0 : 1.0;
    ahead += s.served;
    // Jobs of a schedule begin together and wait for each other, the more there are of them.
    const bool batch = kServiceSpecs[k].curve == Curve::kBatch;
    const double bursts = batch && at_hand > 0 ? 1 + kBursts * s.served / at_hand : 1.0;
    s.wait = at_hand > 0
                 ? patience * bursts * queue_wait(ahead / at_hand, std::max(1.0, at_hand / kNode)) /
                       (1 - preempted)
                 : 0;
    // A logical processor that is wanted is not at once on a physical one.
    s.wait += (0.03 + 0.25 * physical_busy * physical_busy) * std::max(0.3, 1 + 0.35 * s.mix);
    if (s.served <= 0) continue;
    s.wait += (s.demand - s.served) / s.served;
    // No more can wait than there are units of work.
    const double units = kServiceSpecs[k].tasks * logical / 16.0;
    s.wait = std::min(s.wait, std::max(1.0, units / s.served - 1));
  }
}

}  // namespace

void divide(double total, std::span<const double> wanted, std::span<const double> weight,
            std::span<double> got) {
  double left = total, weights = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    got[i] = -1;
    weights += weight[i];
  }
  for (bool changed = true; changed;) {
    changed = false;
    const double level = weights > 0 ? left / weights : 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (got[i] < 0 && wanted[i] <= level * weight[i]) {
        got[i] = wanted[i];
        left -= wanted[i];
        weights -= weight[i];
        changed = true;
      }
    }
  }
  const double level = weights > 0 ? std::max(0.0, left) / weights : 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (got[i] < 0) got[i] = std::min(wanted[i], level * weight[i]);
  }
}

void share_engines(const CpcConfig& cpc, std::span<const Lpar> lpars, std::span<LparState> states,
                   CpcState& cpc_state) {
  auto& [physical_management, msu_per_cp, wanted, weight, got] = cpc_state;
  msu_per_cp = cpc.msu / cpc.cps;
  wanted.assign(lpars.size(), 0.0);
  weight.assign(lpars.size(), 0.0);
  got.assign(lpars.size(), 0.0);
  double sum = 0, logical = 0;
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    if (states[i].up) logical += lpars[i].config().cps;
  }
  const double overhead =
      kLogicalManagement * std::min(1.0, 5.0 * cpc.cps / std::max(1.0, logical));
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    if (!states[i].up) continue;
    const LparConfig& config = lpars[i].config();
    want_engines(config, states[i]);
    cap_engines(config, msu_per_cp, overhead, states[i]);
    wanted[i] = states[i].cp_wanted;
    weight[i] = config.weight;
    sum += wanted[i];
  }
  const double limit = kPhysicalLimit * cpc.cps;
  divide(limit * saturate(sum / limit), wanted, weight, got);

  double ziips = 0, zaaps = 0;
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    if (!states[i].up) continue;
    serve(got[i], states[i]);
    want_specialty_engines(lpars[i].config(), states[i]);
    ziips += states[i].ziip_wanted;
    zaaps += states[i].zaap_effective;
  }

  const auto pooled = [](double want, int engines) {
    const double most = kPhysicalLimit * engines;
    return want > 0 && engines > 0 ? most * saturate(want / most) / want : 0.0;
  };
  const double ziip_part = pooled(ziips, cpc.ziips);
  const double zaap_part = pooled(zaaps, cpc.zaaps);
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    LparState& state = states[i];
    if (!state.up) continue;
    const LparConfig& config = lpars[i].config();
    double eligible = 0, java = 0;
    for (const ServiceState& s : state.services) {
      eligible += s.on_ziip;
      java += s.on_zaap;
    }
    for (const ServiceState& s : state.services) state.cp_effective += s.served;
    state.cp_management = kManagement * state.cp_effective + overhead * config.cps;
    state.ziip_effective = state.ziip_wanted * ziip_part;
    state.ziip_management = 0.004 * state.ziip_effective + overhead * config.ziips;
    state.zaap_effective *= zaap_part;
    state.zaap_management = 0.004 * state.zaap_effective + overhead * config.zaaps;
    for (ServiceState& s : state.services) {
      s.on_ziip *= eligible > 0 ? state.ziip_effective / eligible : 0;
      s.on_zaap *= java > 0 ? state.zaap_effective / java : 0;
    }
  }
  double used = 0;
  for (const LparState& state : states) used += state.up ? state.cp_effective : 0;
  for (std::size_t i = 0; i < lpars.size(); ++i) {
    if (states[i].up) wait_for_engines(lpars[i].config().cps, used / cpc.cps, states[i]);
  }
  for (int p = 0; p < kPools; ++p) {
    const auto pool = static_cast<Pool>(p);
    double busy = 0;
    for (const LparState& state : states) busy += state.up ? effective(state, pool) : 0;
    physical_management[static_cast<std::size_t>(p)] =
        kPhysicalIdle * engines(cpc, pool) + kPhysicalBusy * busy;
  }
}

}  // namespace rmf
