// Curves that are functions of time: sums of sinusoids, their response behind a first-order lag in
// closed form, and courses whose integral is known.
//
// Time is in nanoseconds; phases are reduced by whole numbers, so that a year later is as exact as
// now.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weir/rows.hpp"
#include "weir/simulate.hpp"

namespace weir::iot {

inline constexpr Time kSecond = 1'000'000'000;
inline constexpr Time kMinute = 60 * kSecond;
inline constexpr Time kHour = 60 * kMinute;
inline constexpr Time kDay = 24 * kHour;

inline double seconds(Time t) { return static_cast<double>(t) / 1e9; }

// Floor division: the number of whole periods before `t`, and what is left, in [0, period).
inline Time periods(Time t, Time period) { return t / period - (t % period < 0 ? 1 : 0); }
inline Time phase_of(Time t, Time period) {
  const Time rest = t % period;
  return rest < 0 ? rest + period : rest;
}
// The part of a period that has gone by, in [0, 1).
inline double turns(Time t, Time period) {
  return static_cast<double>(phase_of(t, period)) / static_cast<double>(period);
}

// amplitude * sin(2 pi (t / period + offset))
struct Wave {
  Time period = kDay;
  double amplitude = 0;
  double offset_turns = 0;

  double at(Time t) const { return amplitude * sim::sin_turns(turns(t, period) + offset_turns); }
  // The derivative, per second.
  double slope(Time t) const {
    const double omega = 2 * sim::kPi / seconds(period);
    return amplitude * omega * sim::cos_turns(turns(t, period) + offset_turns);
  }
  // What a sensor with that time constant shows: dy/dt = (x - y) / lag, long after the start.
  // Amplitude / sqrt(1 + (w lag)^2), later by the angle whose tangent is w lag.
  Wave behind(Time lag) const {
    const double x = 2 * sim::kPi * static_cast<double>(lag) / static_cast<double>(period);
    return {period, amplitude / std::sqrt(1 + x * x),
            offset_turns - sim::atan2(x, 1) / (2 * sim::kPi)};
  }
};

template <std::size_t N>
struct Waves {
  double mean = 0;
  std::array<Wave, N> waves{};

  double at(Time t) const {
    double sum = mean;
    for (const Wave& w : waves) sum += w.at(t);
    return sum;
  }
  Waves behind(Time lag) const {
    Waves out = *this;
    for (Wave& w : out.waves) w = w.behind(lag);
    return out;
  }
};

// A smooth course from 0 at x = 0 to 1 at x = 1, at rest at both ends; and its derivative.
inline double ease(double x) { return x * x * (3 - 2 * x); }
inline double ease_slope(double x) { return 6 * x * (1 - x); }

// A random course that stays within [0, 1]: nodes a period apart, joined smoothly. Its derivative
// is at most 1.5 / period, per second, and its integral over the derivative is the course itself:
// what a counter needs.
struct Course {
  std::uint64_t key = 0;
  Time period = kHour;

  double at(Time t) const {
    const Time k = periods(t, period);
    const double a = node(k);
    return a + (node(k + 1) - a) * ease(turns(t, period));
  }
  double slope(Time t) const {
    const Time k = periods(t, period);
    return (node(k + 1) - node(k)) * ease_slope(turns(t, period)) / seconds(period);
  }

 private:
  double node(Time k) const { return sim::uniform(sim::mix(key, static_cast<std::uint64_t>(k))); }
};

}  // namespace weir::iot
