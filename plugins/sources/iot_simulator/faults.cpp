#include "faults.hpp"

#include <algorithm>

namespace weir::iot {

namespace {

constexpr double kClockSkewSeconds = 30;
constexpr double kRampPart = 0.25;  // of the duration: up, and down again

bool concerns(const Fault& fault, std::uint32_t device) {
  return !fault.device || *fault.device == device;
}

Window window_from(const Fault& fault, std::uint64_t device_key, Time begin) {
  return {begin, begin + fault.duration,
          sim::mix(device_key, fault.key, static_cast<std::uint64_t>(begin))};
}

}  // namespace

const char* name_of(FaultKind kind) {
  static constexpr const char* kNames[] = {"stuck", "spike",   "drift",      "bias",
                                           "noise", "dropout", "clock_skew", "reboot"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<Window> window_of_slot(const Fault& fault, std::uint64_t device_key,
                                     std::int64_t slot) {
  const std::uint64_t h = sim::mix(device_key, fault.key, static_cast<std::uint64_t>(slot));
  if (sim::uniform(h) >= fault.chance) return std::nullopt;
  const double room = static_cast<double>(fault.slot - fault.duration);
  const Time begin = slot * fault.slot + static_cast<Time>(sim::uniform(sim::mix(h)) * room);
  return window_from(fault, device_key, begin);
}

std::optional<Window> window_at(const Fault& fault, std::uint32_t device, std::uint64_t device_key,
                                Time t) {
  if (!concerns(fault, device)) return std::nullopt;
  std::optional<Window> w = fault.begin ? window_from(fault, device_key, *fault.begin)
                                        : window_of_slot(fault, device_key, periods(t, fault.slot));
  if (w && (t < w->begin || t >= w->end)) w.reset();
  return w;
}

std::optional<Window> window_before(const Fault& fault, std::uint32_t device,
                                    std::uint64_t device_key, Time t, Time since) {
  if (!concerns(fault, device)) return std::nullopt;
  if (fault.begin) {
    const Window w = window_from(fault, device_key, *fault.begin);
    return w.end <= t && w.end > since ? std::optional(w) : std::nullopt;
  }
  constexpr int kSlotsMax = 2000;  // a bound on the time this takes, far beyond what is likely
  std::int64_t slot = periods(t, fault.slot);
  for (int i = 0; i < kSlotsMax && (slot + 1) * fault.slot > since; ++i, --slot) {
    const auto w = window_of_slot(fault, device_key, slot);
    if (w && w->end <= t && w->end > since) return w;
  }
  return std::nullopt;
}

std::size_t channel_of(const Fault& fault, const Window& window, std::size_t channel_count) {
  if (fault.field >= 0) return static_cast<std::size_t>(fault.field);
  return static_cast<std::size_t>(sim::uniform(sim::mix(window.key, 1)) *
                                  static_cast<double>(channel_count));
}

double magnitude_of(const Fault& fault, const Channel& channel) {
  return fault.magnitude.value_or(channel.fault_magnitude);
}

double clock_skew_seconds(const Fault& fault, const Window& window, Time t) {
  const double part =
      static_cast<double>(t - window.begin) / static_cast<double>(window.end - window.begin);
  const double ramp = std::min(part, 1 - part) / kRampPart;
  return fault.magnitude.value_or(kClockSkewSeconds) * std::min(1.0, ramp);
}

double clock_skew_slope(const Fault& fault) {
  const double magnitude = fault.magnitude.value_or(kClockSkewSeconds);
  return (magnitude < 0 ? -magnitude : magnitude) / (kRampPart * seconds(fault.duration));
}

}  // namespace weir::iot
