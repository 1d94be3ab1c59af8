// paging.hpp - what a shortage of central storage leaves behind: pages that were moved out come
// back only when somebody touches them, and the unreferenced interval count (UIC), a count of
// seconds, falls as fast as frames are taken but rises by one a second. So an LPAR that was short
// of frames shows it for hours. Worked out in steps of half a minute; between them all is linear.
#pragma once

#include <array>

#include "model/lpar.hpp"

namespace rmf {

inline constexpr double kUicMax = 65535;
inline constexpr Time kPagingStep = 30 * kSecond;
// After so long nothing is left of a shortage: UIC is back at its highest.
inline constexpr Time kPagingMemory = 19 * kHour;

// Shares are of all frames; those that move, a second.
struct Paging {
  double uic = kUicMax;
  double oldest = kUicMax;      // what UIC would be if nothing had been before
  double out_share = 0;         // moved out and not touched since
  double in_share = 0;          // coming back
  double paging_out_share = 0;  // moving out
  // How much longer work takes that waits for pages.
  double stall() const { return std::min(2.5, 12'000 * in_share); }
  bool at_rest() const { return uic >= kUicMax && out_share <= 0; }
};

// One step further. `wanted` share of the frames at its end; the effects at its begin and end.
Paging next_step(const Paging& before, const Lpar& lpar, double wanted, const Effects& then,
                 const Effects& now);
// At a time `fraction` (0 to 1) of a step behind `a`, with the step's end `b`.
Paging between_steps(const Paging& a, const Paging& b, double fraction);

// Whether scenarios can bring an LPAR into a shortage at all.
bool can_page(const Lpar& lpar);

}  // namespace rmf
