// SPDX-License-Identifier: Apache-2.0
// Statistics of the results of many runs, as far as they are worth C++: the bootstrap. The rest is
// a line of numpy each (bindings/python/holdfast/statistics.py).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>

namespace holdfast::analysis {

/// The empirical quantile `p` in [0, 1], interpolated linearly between order statistics (Hyndman
/// and Fan's type 7, numpy's default). Reorders the sample, which must not be empty.
double quantile(Eigen::Ref<Eigen::ArrayXd> sample, double p);

/// Fills `out` with statistics of resamples number `first`, `first` + 1, ...: as many values as the
/// sample has, drawn from it with replacement, and of these the quantile `p`, or without a `p` the
/// mean. A resample depends on the seed and on its number only, so any thread may do any of them.
/// The sample must not be empty.
void bootstrap(const Eigen::Ref<const Eigen::ArrayXd>& sample, std::optional<double> p,
               std::uint64_t seed, std::uint64_t first, Eigen::Ref<Eigen::ArrayXd> out);

}  // namespace holdfast::analysis
