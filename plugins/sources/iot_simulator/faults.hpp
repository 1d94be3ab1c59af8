// What goes wrong, when, and what it makes of a device's values. Windows are functions of the time,
// as all else: a random fault is one that a slot of time has or has not, somewhere within it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model.hpp"

namespace weir::iot {

const char* name_of(FaultKind kind);

// One happening: [begin, end).
struct Window {
  Time begin = 0, end = 0;
  std::uint64_t key = 0;
};

// The window that a slot of random faults has, if any.
std::optional<Window> window_of_slot(const Fault& fault, std::uint64_t device_key,
                                     std::int64_t slot);
// The window that holds t. `device`: its place in the fleet.
std::optional<Window> window_at(const Fault& fault, std::uint32_t device, std::uint64_t device_key,
                                Time t);
// The last window that ended at or before t, none earlier than `since`.
std::optional<Window> window_before(const Fault& fault, std::uint32_t device,
                                    std::uint64_t device_key, Time t, Time since);

// Calls use(window) for windows that begin or end in (from, to].
template <class Use>
void windows_between(const Fault& fault, std::uint32_t device, std::uint64_t device_key, Time from,
                     Time to, Use use) {
  if (fault.device && *fault.device != device) return;
  const auto visit = [&](const std::optional<Window>& w) {
    const auto within = [&](Time t) { return t > from && t <= to; };
    if (w && (within(w->begin) || within(w->end))) use(*w);
  };
  if (fault.begin) {
    visit(window_at(fault, device, device_key, *fault.begin));
    return;
  }
  for (std::int64_t slot = periods(from, fault.slot); slot <= periods(to, fault.slot); ++slot) {
    visit(window_of_slot(fault, device_key, slot));
  }
}

// The channel that a window of a fault strikes.
std::size_t channel_of(const Fault& fault, const Window& window, std::size_t channel_count);
double magnitude_of(const Fault& fault, const Channel& channel);

// What a clock_skew adds to the device's clock at t: a ramp up, a hold, a ramp down. Its slope.
double clock_skew_seconds(const Fault& fault, const Window& window, Time t);
double clock_skew_slope(const Fault& fault);

}  // namespace weir::iot
