// SPDX-License-Identifier: Apache-2.0
// Distributions of our own: the standard library's give other numbers with another library, and
// libm's logarithm other last bits on another machine. These use integer arithmetic and IEEE basic
// operations only, so that a draw is the same everywhere (the build sets -ffp-contract=off).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "sim/check.hpp"
#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace holdfast::sim {

/// Natural logarithm for 0 < x < infinity, normal numbers; within a few ulp of the true value.
constexpr double natural_log(double x) {
  HOLDFAST_PACKET_CHECK(x > 0.0, "there is no logarithm of that");
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m-1)/(m+1)), an odd series in s
  // with |s| <= 0.1716, so that the term of order 23 is below 1e-18.
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<int>(bits >> 52) - 1023;
  auto m = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  double sum = 0.0;
  for (int k = 21; k >= 1; k -= 2)
    sum = sum * s2 + 1.0 / k;
  return static_cast<double>(exponent) * 0.6931471805599453 + 2.0 * s * sum;
}

/// The threshold below which 64 random bits mean "yes" with probability p in [0, 1].
constexpr std::uint64_t bernoulli_threshold(double p) {
  if (!(p > 0.0))
    return 0;
  if (p >= 1.0)
    return ~std::uint64_t{0};
  return static_cast<std::uint64_t>(p * 18446744073709551616.0);
}

/// Uniform integer in [0, bound), bound > 0: the high word of a 128-bit product. The bias is below
/// bound / 2^64, which no run is long enough to see.
constexpr std::uint64_t uniform_below(std::uint64_t bits, std::uint64_t bound) {
  HOLDFAST_PACKET_CHECK(bound > 0, "no number is below 0");
  return static_cast<std::uint64_t>(Wide{bits} * bound >> 64);
}

/// Uniform in [low, high], both included.
constexpr Duration uniform_between(std::uint64_t bits, Duration low, Duration high) {
  HOLDFAST_PACKET_CHECK(low <= high, "the bounds of a uniform span are the wrong way round");
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + Duration{static_cast<std::int64_t>(uniform_below(bits, span))};
}

/// Bits below a threshold are uniform there: stretched to 64 bits they serve as a second draw.
constexpr std::uint64_t stretched(std::uint64_t bits, std::uint64_t threshold) {
  HOLDFAST_PACKET_CHECK(bits < threshold, "only what lies below the threshold is stretched");
  return static_cast<std::uint64_t>((Wide{bits} << 64) / threshold);
}

/// Exponential with the given mean, by inversion; at most 44 means long (53-bit resolution).
constexpr Duration exponential(std::uint64_t bits, Duration mean) {
  HOLDFAST_PACKET_CHECK(mean >= Duration{}, "an exponential span has a mean of 0 or more");
  const double u = (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  return Duration{static_cast<std::int64_t>(-natural_log(u) * static_cast<double>(mean.count()))};
}

/// The value below which a standard normal variable is with probability p in (0, 1), to nine digits
/// (rational approximations after Acklam, 2003). The square root is IEEE's, so exact everywhere.
inline double inverse_normal(double p) {
  HOLDFAST_PACKET_CHECK(p > 0.0 && p < 1.0,
                        "a normal variable is below nothing with that probability");
  constexpr double tail = 0.02425;
  if (p > 1.0 - tail)
    return -inverse_normal(1.0 - p);
  if (p >= tail) {
    const double q = p - 0.5;
    const double r = q * q;
    const double above =
        ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
          138.3577518672690) *
             r -
         30.66479806614716) *
            r +
        2.506628277459239;
    const double below =
        ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
          66.80131188771972) *
             r -
         13.28068155288572) *
            r +
        1.0;
    return q * above / below;
  }
  const double q = std::sqrt(-2.0 * natural_log(p));
  const double above =
      ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q -
        2.549732539343734) *
           q +
       4.374664141464968) *
          q +
      2.938163982698783;
  const double below =
      (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q +
       3.754408661907416) *
          q +
      1.0;
  return above / below;
}

}  // namespace holdfast::sim
