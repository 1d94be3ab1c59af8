// weir/simulate.hpp - numbers for simulators: the same on every machine, in any order, on any
// number of threads.
//
//   double load = 0.5 + 0.1 * sim::noise(sim::mix(seed, kLoad, lpar), time, 15 * kMinute);
//
// Nothing here has a state. Random numbers are hashes of what they are for (counter-based, after
// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), so that a row depends
// on its time and not on the rows before. The functions of <cmath> differ between C libraries and
// processors in the last bit; these use + - * / and square roots, which IEEE 754 defines exactly.
// Compile with -ffp-contract=off, without -ffast-math.
//
// Errors: exp, log, pow and the trigonometric functions are within 1e-14 relative, or absolute
// near a zero of the sine, for arguments up to 1e6; normal within 2e-9 of the distribution's
// quantile.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace weir::sim {

// ---- mathematics ---------------------------------------------------------------------------

inline constexpr double kPi = 3.14159265358979323846;

// The largest integer that is not above x; |x| < 2^62.
inline std::int64_t floor_int(double x) {
  const auto i = static_cast<std::int64_t>(x);
  return i - (static_cast<double>(i) > x ? 1 : 0);
}

// 0 below -708, the value at 709 above it.
inline double exp(double x) {
  if (!(x > -708.0)) return 0.0;
  if (x > 709.0) x = 709.0;
  constexpr double kLog2e = 1.4426950408889634074;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // exact in 33 bits
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  const std::int64_t k = floor_int(x * kLog2e + 0.5);
  const auto n = static_cast<double>(k);
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| <= ln(2) / 2
  double sum = 1.0;
  for (int i = 13; i > 0; --i) sum = 1.0 + sum * r / i;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

// Natural; x positive and normal.
inline double log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++exponent;
  }
  const double s = (m - 1.0) / (m + 1.0);  // |s| <= 0.1716
  const double s2 = s * s;
  double sum = 0.0;
  for (int i = 21; i > 0; i -= 2) sum = sum * s2 + 1.0 / i;
  const auto e = static_cast<double>(exponent);
  return e * 6.93147180369123816490e-01 + (2.0 * s * sum + e * 1.90821492927058770002e-10);
}

// x positive.
inline double pow(double x, double y) { return exp(y * log(x)); }

namespace detail {
// Of r within [-pi/4, pi/4].
inline double sin_near_zero(double r) {
  const double r2 = r * r;
  double sum = 1.0;
  for (int i = 16; i > 0; i -= 2) sum = 1.0 - sum * r2 / (i * (i + 1));
  return r * sum;
}
inline double cos_near_zero(double r) {
  const double r2 = r * r;
  double sum = 1.0;
  for (int i = 16; i > 0; i -= 2) sum = 1.0 - sum * r2 / (i * (i - 1));
  return sum;
}
// The sine of r + quarters * pi / 2.
inline double sin_of_quarter(double r, std::int64_t quarters) {
  switch (quarters & 3) {
    case 0: return sin_near_zero(r);
    case 1: return cos_near_zero(r);
    case 2: return -sin_near_zero(r);
    default: return -cos_near_zero(r);
  }
}
inline double sin_shifted(double x, std::int64_t quarters) {
  constexpr double kHigh = 1.57079632673412561417;  // pi / 2 in three parts, the first two exact
  constexpr double kMiddle = 6.07710050630396597660e-11;  // in 33 bits
  constexpr double kLow = 2.02226624879595063154e-21;
  const std::int64_t k = floor_int(x * (2.0 / kPi) + 0.5);
  const auto n = static_cast<double>(k);
  return sin_of_quarter(((x - n * kHigh) - n * kMiddle) - n * kLow, k + quarters);
}
}  // namespace detail

// Radians.
inline double sin(double x) { return detail::sin_shifted(x, 0); }
inline double cos(double x) { return detail::sin_shifted(x, 1); }

// The sine of x whole turns (2 pi): exact in its reduction, for curves of the day and the year.
inline double sin_turns(double x) {
  const std::int64_t k = floor_int(4.0 * x + 0.5);
  return detail::sin_of_quarter((x - static_cast<double>(k) * 0.25) * (2.0 * kPi), k);
}
inline double cos_turns(double x) {
  const std::int64_t k = floor_int(4.0 * x + 0.5);
  return detail::sin_of_quarter((x - static_cast<double>(k) * 0.25) * (2.0 * kPi), k + 1);
}

// The angle of (x, y) in [-pi, pi]; 0 for (0, 0).
inline double atan2(double y, double x) {
  const double ax = x < 0 ? -x : x;
  const double ay = y < 0 ? -y : y;
  if (ax == 0.0 && ay == 0.0) return 0.0;
  double z = ay < ax ? ay / ax : ax / ay;  // in [0, 1]
  // Half the angle, twice: then the series converges fast.
  z = z / (1.0 + std::sqrt(1.0 + z * z));
  z = z / (1.0 + std::sqrt(1.0 + z * z));
  const double z2 = z * z;  // <= 0.0396
  double sum = 0.0;
  for (int i = 21; i > 0; i -= 2) sum = 1.0 / i - sum * z2;
  double angle = 4.0 * z * sum;
  if (ay >= ax) angle = 0.5 * kPi - angle;
  if (x < 0) angle = kPi - angle;
  return y < 0 ? -angle : angle;
}

// ---- random numbers ------------------------------------------------------------------------

// A hash of what a number is for: mix(seed, kind, device, time). The finaliser is that of
// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t mix(std::uint64_t h) {
  h += 0x9E3779B97F4A7C15u;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return h ^ (h >> 31);
}
template <class... More>
constexpr std::uint64_t mix(std::uint64_t h, std::uint64_t next, More... more) {
  return mix(mix(h) ^ next, static_cast<std::uint64_t>(more)...);
}

// In [0, 1), of a hash.
constexpr double uniform(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

// Standard normal, of a hash: the quantile by P. J. Acklam's rational approximation (2003).
inline double normal(std::uint64_t hash) {
  constexpr double kLow = 0.02425;
  const double p = (static_cast<double>(hash >> 12) + 0.5) * 0x1.0p-52;  // in (0, 1)
  const double tail = p < 0.5 ? p : 1.0 - p;
  if (tail < kLow) {
    const double q = std::sqrt(-2.0 * log(tail));
    const double x =
        (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
           2.549732539343734e+00) *
              q +
          4.374664141464968e+00) *
             q +
         2.938163982698783e+00) /
        ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
          3.754408661907416e+00) *
             q +
         1.0);
    return p < 0.5 ? x : -x;
  }
  const double q = p - 0.5;
  const double r = q * q;
  return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
            1.383577518672690e+02) *
               r -
           3.066479806614716e+01) *
              r +
          2.506628277459239e+00) *
         q /
         (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
            6.680131188771972e+01) *
               r -
           1.328068155288572e+01) *
              r +
          1.0);
}

// Stationary noise of mean 0 and variance 1 at every time, continuous with its first derivative:
// independent normal numbers a period apart, blended. Uncorrelated from two periods on. `seed`
// tells one noise from another; `time` and `period` in one unit (ns), period above 0.
inline double noise(std::uint64_t seed, std::int64_t time, std::int64_t period) {
  std::int64_t cell = time / period;
  if (time % period < 0) --cell;
  const double f = static_cast<double>(time - cell * period) / static_cast<double>(period);
  const double b = f * f * (3.0 - 2.0 * f);
  const double a = 1.0 - b;
  const auto key = static_cast<std::uint64_t>(cell);
  return (a * normal(mix(seed, key)) + b * normal(mix(seed, key + 1))) / std::sqrt(a * a + b * b);
}

}  // namespace weir::sim
