#include "model/storage.hpp"

#include <algorithm>

#include "model/demand.hpp"

namespace rmf {

namespace {

constexpr double kMiB = 1024.0 * 1024.0;

constexpr double kEcsa = 600 * kMiB;  // defined, for an LPAR with areas of the usual size
// What a leak can take at most: then the area is full.
double leaked(const Lpar& lpar, const Effects& effects) {
  return std::min(effects.leak_bytes, 0.45 * kEcsa * lpar.common_size);
}

void set_common(Lpar& lpar, Time time, LparState& state) {
  StorageState& s = state.storage;
  const double size = lpar.common_size;
  const double load = std::min(1.0, state.calm_level / 0.6);
  const double drift = 0.008 * lpar.common_hours.at(time) + 0.035 * lpar.common_days.at(time);
  const double used = std::clamp(0.60 + 0.03 * load + drift, 0.2, 0.95);
  s.csa_defined = 3.5 * kMiB;
  s.csa_used = s.csa_defined * (0.70 + 0.5 * (used - 0.6));
  s.ecsa_defined = kEcsa * size;
  s.ecsa_used = s.ecsa_defined *
                (0.995 * saturate((used + state.effects.leak_bytes / s.ecsa_defined) / 0.995));
  s.sqa_defined = 2.5 * kMiB;
  s.sqa_used = s.sqa_defined * (0.38 + 0.3 * (used - 0.6));
  s.esqa_defined = 120 * kMiB * size;
  s.esqa_used = s.esqa_defined * (0.52 + 0.4 * (used - 0.6));
}

}  // namespace

// Slow: of the load's own movement, of hours and of days.
double wanted_share(Lpar& lpar, Time time, double calm_level, const Effects& effects) {
  const double load = std::min(1.0, calm_level / 0.6);
  const double warm = warm_up(effects.up_since, time);
  const double more =
      effects.paging > 0
          ? effects.paging * (1 + 0.03 * lpar.slow.at(time) + 0.02 * lpar.fast.at(time))
          : 0;
  return (0.655 + 0.105 * load + 0.008 * lpar.storage_hours.at(time) +
          0.012 * lpar.storage_day.at(time)) *
             (0.7 + 0.3 * warm) +
         more + leaked(lpar, effects) / static_cast<double>(lpar.config().memory_bytes);
}

double used_share(double wanted) { return 0.985 * saturate(std::max(0.0, wanted) / 0.985); }

void set_storage(Lpar& lpar, Time time, const Paging& paging, LparState& state) {
  set_common(lpar, time, state);
  StorageState& s = state.storage;
  const double total = static_cast<double>(
      weir::sim::floor_int(static_cast<double>(lpar.config().memory_bytes) / kFrameBytes));
  const double wanted = wanted_share(lpar, time, state.calm_level, state.effects);
  double used = used_share(wanted - paging.out_share);
  // Frames are taken away in bursts, and asked for again at once.
  const double pressure = std::clamp((kLowShare - (1 - used)) / kLowShare, 0.0, 1.0);
  if (pressure > 0) {
    used -= 0.004 * pressure * (1 + 0.8 * std::clamp(lpar.fast.at(time), -1.2, 1.2));
  }
  const auto frames = [](double n) { return static_cast<double>(weir::sim::floor_int(n)); };
  s.available = frames(total * (1 - used));
  s.nucleus = frames(std::min(0.01 * total, 3'400.0));
  s.sqa = frames((s.sqa_used + s.esqa_used) * 0.97 / kFrameBytes);
  s.lpa = frames(std::min(0.02 * total, 21'000.0));
  s.csa = frames((s.csa_used + s.ecsa_used) * 0.80 / kFrameBytes);
  const double shared = s.nucleus + s.sqa + s.lpa + s.csa;
  const double shrink = std::min(1.0, 0.5 * (total - s.available) / shared);
  for (double* part : {&s.nucleus, &s.sqa, &s.lpa, &s.csa}) *part = frames(*part * shrink);
  s.lsqa = frames(0.045 * (total - s.available));
  s.pages = total - s.available - s.nucleus - s.sqa - s.lpa - s.csa - s.lsqa;

  s.uic = static_cast<double>(weir::sim::floor_int(paging.uic));
  s.page_in_rate = paging.in_share * total;
  s.page_out_rate = pressure > 0 ? paging.paging_out_share * total : 0;
  s.stall = paging.stall();

  const double multiple = lpar.config().workload == Workload::kOnline ? 4.0 : 6.0;
  s.virtual_bytes =
      static_cast<double>(lpar.config().memory_bytes) * multiple *
      (0.86 + 0.10 * std::min(1.0, state.calm_level / 0.6) + 0.01 * lpar.storage_day.at(time));
}

}  // namespace rmf
