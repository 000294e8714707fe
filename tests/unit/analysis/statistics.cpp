// SPDX-License-Identifier: Apache-2.0
// The bootstrap's hot loops: quantiles by hand, and resamples that depend on seed and number only.
#include "analysis/statistics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <initializer_list>

namespace {

using holdfast::analysis::bootstrap;
using holdfast::analysis::quantile;

Eigen::ArrayXd of(std::initializer_list<double> values) {
  Eigen::ArrayXd out(static_cast<Eigen::Index>(values.size()));
  std::copy(values.begin(), values.end(), out.data());
  return out;
}

}  // namespace

TEST_CASE("a quantile lies between the two order statistics beside it", "[analysis]") {
  Eigen::ArrayXd values = of({9, 1, 4, 3, 1.5, 5, 8});  // in order: 1 1.5 3 4 5 8 9
  CHECK(quantile(values, 0.0) == 1.0);
  CHECK(quantile(values, 0.25) == 2.25);  // place 1.5: half way from 1.5 to 3
  CHECK(quantile(values, 0.5) == 4.0);
  CHECK(quantile(values, 0.9) == Approx(8.4));  // place 5.4
  CHECK(quantile(values, 1.0) == 9.0);
  Eigen::ArrayXd one = of({7});
  CHECK(quantile(one, 0.99) == 7.0);
}

TEST_CASE("a resample depends on the seed and on its number only", "[analysis]") {
  const Eigen::ArrayXd values = of({1, 2, 4, 8, 16, 32, 64, 128});
  Eigen::ArrayXd all(100);
  bootstrap(values, {}, 3, 0, all);
  Eigen::ArrayXd part(40);
  bootstrap(values, {}, 3, 60, part);
  CHECK((part == all.tail(40)).all());
  bootstrap(values, {}, 4, 60, part);
  CHECK((part != all.tail(40)).any());
  // Sums of eight of these say how often each was drawn; not all resamples may be the same.
  CHECK((all != all[0]).count() > 90);
}

TEST_CASE("resampled means spread as theory says, and quantiles stay values", "[analysis]") {
  const Eigen::ArrayXd values = Eigen::ArrayXd::LinSpaced(50, 1, 50);
  Eigen::ArrayXd means(20'000);
  bootstrap(values, {}, 1, 0, means);
  // Variance of 1..n with divisor n is (n^2 - 1) / 12; of a mean of n draws an n-th of it.
  const double deviation = std::sqrt((50.0 * 50.0 - 1.0) / 12.0 / 50.0);
  CHECK(means.mean() == Approx(25.5).margin(5 * deviation / std::sqrt(20'000.0)));
  CHECK(std::sqrt((means - means.mean()).square().mean()) == Approx(deviation).epsilon(0.03));
  Eigen::ArrayXd tops(100);
  bootstrap(values, 1.0, 1, 0, tops);
  CHECK(tops.maxCoeff() == 50.0);
  CHECK(tops.minCoeff() > 40.0);
  CHECK((tops == tops.round()).all());
}
