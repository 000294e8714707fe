// SPDX-License-Identifier: Apache-2.0
// From repetitions to an interval.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/rare/rare.hpp"
#include "sim/check.hpp"
#include "sim/distributions.hpp"

namespace holdfast::analysis::rare {

namespace {

/// Continued fraction of the incomplete beta function, by Lentz's method.
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < tiny ? tiny : d);
  double h = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    double last = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      c = 1.0 + term / c;
      d = 1.0 / (std::abs(d) < tiny ? tiny : d);
      c = std::abs(c) < tiny ? tiny : c;
      last = d * c;
      h *= last;
    }
    if (std::abs(last - 1.0) < 1e-15)
      break;
  }
  return h;
}

/// The regularised incomplete beta function I_x(a, b), for a, b > 0.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0)
    return 0.0;
  if (x >= 1.0)
    return 1.0;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0))
    return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

/// The x at which it is p.
double inverse_beta(double a, double b, double p) {
  double low = 0.0, high = 1.0;
  for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
    const double middle = low + (high - low) / 2.0;
    (incomplete_beta(a, b, middle) < p ? low : high) = middle;
  }
  return high;
}

}  // namespace

double student_quantile(double p, std::size_t degrees) {
  HOLDFAST_CHECK(degrees > 0 && p > 0.5 && p < 1.0, "a quantile above the median");
  // P(T > t) = I_x(n/2, 1/2) / 2 with x = n / (n + t^2).
  const auto n = static_cast<double>(degrees);
  const double x = inverse_beta(n / 2.0, 0.5, 2.0 * (1.0 - p));
  return std::sqrt(n * (1.0 - x) / x);
}

double Mean::error() const {
  return repetitions == 0 ? 0.0 : deviation / std::sqrt(static_cast<double>(repetitions));
}

Mean mean_of(const std::vector<double>& values) {
  Mean out;
  out.repetitions = values.size();
  out.zeros = static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0));
  if (values.empty())
    return out;
  const auto n = static_cast<double>(values.size());
  out.value = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2)
    return out;
  double squares = 0.0;
  for (const double v : values)
    squares += (v - out.value) * (v - out.value);
  out.deviation = std::sqrt(squares / (n - 1.0));
  const double half = student_quantile(0.975, values.size() - 1) * out.error();
  out.low = std::max(0.0, out.value - half);
  out.high = std::min(1.0, out.value + half);
  return out;
}

Proportion proportion_of(std::uint64_t hits, std::uint64_t runs) {
  Proportion out{runs, hits, 0.0, 1.0};
  if (runs == 0)
    return out;
  const auto k = static_cast<double>(hits);
  const auto n = static_cast<double>(runs);
  if (hits == 0) {
    out.high = 1.0 - std::pow(0.05, 1.0 / n);
    return out;
  }
  out.low = inverse_beta(k, n - k + 1.0, 0.025);
  out.high = hits == runs ? 1.0 : inverse_beta(k + 1.0, n - k, 0.975);
  return out;
}

double gain_over_crude(const Mean& mean, double work, double crude_work_per_run) {
  if (mean.repetitions < 2 || !(mean.deviation > 0.0) || !(work > 0.0))
    return 0.0;
  const double variance = mean.error() * mean.error();
  return mean.value * (1.0 - mean.value) * crude_work_per_run / (variance * work);
}

}  // namespace holdfast::analysis::rare
