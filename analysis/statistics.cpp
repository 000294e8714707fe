// SPDX-License-Identifier: Apache-2.0
// The hot loops of the bootstrap.
#include "analysis/statistics.hpp"

#include <algorithm>

#include "sim/check.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::analysis {

namespace {

/// Resamples draw from streams of their own, whatever else was seeded with the same number.
constexpr std::uint64_t resampling = sim::hash_name("bootstrap");

}  // namespace

double quantile(Eigen::Ref<Eigen::ArrayXd> sample, double p) {
  HOLDFAST_CHECK(sample.size() > 0 && p >= 0.0 && p <= 1.0);
  const double place = p * static_cast<double>(sample.size() - 1);
  const auto below = static_cast<Eigen::Index>(place);
  double* const nth = sample.data() + below;
  double* const end = sample.data() + sample.size();
  std::nth_element(sample.data(), nth, end);
  const double fraction = place - static_cast<double>(below);
  if (fraction == 0.0)
    return *nth;
  return *nth + fraction * (*std::min_element(nth + 1, end) - *nth);
}

void bootstrap(const Eigen::Ref<const Eigen::ArrayXd>& sample, std::optional<double> p,
               std::uint64_t seed, std::uint64_t first, Eigen::Ref<Eigen::ArrayXd> out) {
  HOLDFAST_CHECK(sample.size() > 0);
  const auto size = static_cast<std::uint64_t>(sample.size());
  Eigen::ArrayXd drawn(sample.size());
  for (Eigen::Index k = 0; k < out.size(); ++k) {
    const std::uint64_t stream = resampling + first + static_cast<std::uint64_t>(k);
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::uint64_t which = sim::uniform_below(sim::random_bits(seed, stream, i), size);
      drawn[static_cast<Eigen::Index>(i)] = sample[static_cast<Eigen::Index>(which)];
    }
    out[k] = p ? quantile(drawn, *p) : drawn.mean();
  }
}

}  // namespace holdfast::analysis
