#include "model/paging.hpp"

#include <algorithm>

#include "model/storage.hpp"

namespace rmf {

namespace {

constexpr double kStep_s = static_cast<double>(kPagingStep) / kSecond;
constexpr double kFastest = 6000;         // pages a second, to and from the volumes of 16 CPs
constexpr double kFastestShare = 2.3e-4;  // of the frames a second, where there are few of them
constexpr double kTouched_s = 1800;       // within which work that is going on touches a page
constexpr double kTouchedLater_s = 2400;  // the same, of work that was put off

}  // namespace

Paging next_step(const Paging& before, const Lpar& lpar, double wanted, const Effects& then,
                 const Effects& now) {
  const double frames = static_cast<double>(lpar.config().memory_bytes) / kFrameBytes;
  const double fastest =
      std::min(kFastestShare, kFastest * std::max(0.1, lpar.config().cps / 16.0) / frames);
  Paging p;
  p.out_share = before.out_share + (before.paging_out_share - before.in_share) * kStep_s;
  // Who wanted so much ends, and most of its pages are given up, wherever they are.
  if (now.paging < then.paging) {
    const auto left = [&](double paging) { return 0.25 + 0.75 * paging / then.paging_most; };
    p.out_share *= left(now.paging) / left(then.paging);
  }
  p.out_share = std::max(0.0, p.out_share);
  if (p.out_share * frames < 20) p.out_share = 0;

  const double available = 1 - used_share(wanted - p.out_share);
  const double pressure = std::clamp((kLowShare - available) / kLowShare, 0.0, 1.0);
  p.paging_out_share = fastest * pressure * pressure;
  const double touched_s = now.paging > 0 ? kTouched_s : kTouchedLater_s;
  p.in_share = std::min({p.out_share / touched_s, fastest, p.out_share / kStep_s});
  const double left = 1 - pressure;
  p.oldest = kUicMax * left * left * left * left * left * left;
  p.uic = std::min(p.oldest, before.uic + kStep_s);
  if (p.uic >= kUicMax) p.out_share = p.in_share = 0;  // nobody is short of anything any more
  return p;
}

Paging between_steps(const Paging& a, const Paging& b, double fraction) {
  const auto mid = [&](double Paging::*value) {
    return a.*value + fraction * (b.*value - a.*value);
  };
  Paging p;
  p.oldest = mid(&Paging::oldest);
  p.uic = std::min(p.oldest, a.uic + fraction * kStep_s);
  p.out_share = mid(&Paging::out_share);
  p.in_share = mid(&Paging::in_share);
  p.paging_out_share = mid(&Paging::paging_out_share);
  return p;
}

bool can_page(const Lpar& lpar) {
  // A leak fills ECSA, which is nothing where there is much storage.
  const bool small = lpar.config().memory_bytes < (std::uint64_t{6} << 30);
  return std::ranges::any_of(lpar.scenarios(), [small](const ScenarioConfig* s) {
    return s->kind == ScenarioKind::kPagingStorm ||
           (small && s->kind == ScenarioKind::kStorageLeak);
  });
}

}  // namespace rmf
