// What every device has besides its sensors: a battery, a radio, a clock, and a time since it
// began.
#pragma once

#include <cstdint>

#include "model.hpp"

namespace weir::iot {

struct Battery {
  double percent = 0, volts = 0;
};
// Full at the begin of each life, empty before its end, then charged or changed; one lithium cell.
Battery battery_at(const Fleet& fleet, std::uint64_t device_key, Time t);

// True: the radio lost the message with that number.
bool is_lost(const Fleet& fleet, std::uint64_t device_key, std::uint64_t message);
double rssi_dbm(std::uint64_t device_key, Time t);
double latency_seconds(const Fleet& fleet, std::uint64_t device_key, Time t);

// How far the device's clock is from the time, by drift alone. It is set each day, by slewing, so
// that it never goes back: it runs away for half a day at a rate of the device's own, and returns.
Time clock_offset(const Fleet& fleet, std::uint64_t device_key, Time t);

// When the device began, without the faults that make it begin anew: every 20 to 60 days.
Time boot_time(std::uint64_t device_key, Time t);

}  // namespace weir::iot
