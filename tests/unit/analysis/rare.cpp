// SPDX-License-Identifier: Apache-2.0
// Whether splitting tells the truth: two queues in tandem, whose probabilities are known, by each
// method, with the gain that others have published; and that an estimator which is wrong is seen.
#include "analysis/rare/rare.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "analysis/rare/tandem.hpp"

namespace {

using namespace holdfast::analysis::rare;

constexpr std::uint64_t pilot_stream = 1u << 30;

struct Row {
  std::uint32_t capacity;
  double exact;
  double gain;  ///< over crude Monte Carlo, that a plain fixed effort has (docs/rare.md)
};
constexpr Row rows[] = {
    {8, 5.602e-6, 100.0}, {10, 3.147e-7, 650.0}, {12, 1.860e-8, 6e3}, {14, 1.139e-9, 5e4}};

/// By how many standard errors a mean is off.
double bias_of(const Mean& mean, double exact) { return (mean.value - exact) / mean.error(); }

struct Run {
  std::vector<double> values;
  Work work;
};

std::vector<std::uint32_t> factors_of(const Pilot& p) {
  std::vector<std::uint32_t> factors;
  for (const double chance : p.chances)
    factors.push_back(static_cast<std::uint32_t>(std::max(1l, std::lround(1.0 / chance))));
  return factors;
}

Run restarts(const TandemQueue& queue, std::size_t prolong, std::size_t repetitions,
             std::size_t roots, std::uint64_t seed) {
  const Pilot p = pilot(queue, 1000, 0.2, Seeds(seed, pilot_stream));
  Run out;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const auto e = restart(queue, p.levels, factors_of(p), prolong, roots, Seeds(seed, i));
    out.values.push_back(e.value);
    out.work += e.work;
  }
  return out;
}

double events_of_a_crude_run(const TandemQueue& queue, std::uint64_t seed) {
  Work work;
  crude(queue, 20'000, Seeds(seed, pilot_stream + 1), work);
  return static_cast<double>(work.events) / 20'000.0;
}

}  // namespace

TEST_CASE("the tandem queue has the probabilities that were published", "[rare]") {
  for (const Row& row : rows)
    CHECK(TandemQueue(row.capacity).exact() == Approx(row.exact).epsilon(2e-4));
}

TEST_CASE("each method finds the probability of the tandem queue", "[rare]") {
  const TandemQueue queue(6);
  const double exact = queue.exact();
  std::vector<double> fixed, adapted;
  for (std::uint64_t i = 0; i < 200; ++i) {
    fixed.push_back(fixed_effort(queue, queue.levels(), 200, Seeds(1, i)).value);
    adapted.push_back(adaptive(queue, queue.levels(), 50, Seeds(2, i)).value);
  }
  CHECK(std::abs(bias_of(mean_of(fixed), exact)) < 3.0);
  CHECK(std::abs(bias_of(mean_of(adapted), exact)) < 3.0);
  for (const std::size_t prolong : {0u, 1u, 2u})
    CHECK(std::abs(bias_of(mean_of(restarts(queue, prolong, 200, 200, 3).values), exact)) < 3.0);
}

TEST_CASE("splitting gains over crude Monte Carlo what was published, and more", "[rare]") {
  for (const Row& row : rows) {
    if (row.capacity > 12)
      continue;  // The last one is left to the program that makes the table of docs/rare.md.
    const TandemQueue queue(row.capacity, 0.4);
    const Run run = restarts(queue, 1, 60, 300, 1);
    const Mean mean = mean_of(run.values);
    CHECK(std::abs(bias_of(mean, queue.exact())) < 3.0);
    CHECK(gain_over_crude(mean, static_cast<double>(run.work.events),
                          events_of_a_crude_run(queue, 1)) > row.gain);
  }
}

TEST_CASE("intervals hold the truth about as often as they say", "[rare]") {
  const TandemQueue queue(4);
  const double exact = queue.exact();
  int held = 0;
  constexpr int intervals = 200;
  for (int k = 0; k < intervals; ++k) {
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 20; ++i) {
      values.push_back(
          fixed_effort(queue, queue.levels(), 60, Seeds(100 + static_cast<std::uint64_t>(k), i))
              .value);
    }
    const Mean mean = mean_of(values);
    held += mean.low <= exact && exact <= mean.high ? 1 : 0;
  }
  // Of 200, 190 are expected, and fewer than 181 in one series of a thousand.
  CHECK(held >= 181);
  CHECK(held <= 199);
}

TEST_CASE("an estimator that forgets those that died out is caught", "[rare]") {
  // With so few paths many repetitions die out; their zeros belong to the mean.
  const TandemQueue queue(6);
  std::vector<double> all, survivors;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const double value = adaptive(queue, queue.levels(), 8, Seeds(5, i)).value;
    all.push_back(value);
    if (value != 0.0)
      survivors.push_back(value);
  }
  CHECK(std::abs(bias_of(mean_of(all), queue.exact())) < 3.0);
  REQUIRE(survivors.size() < all.size() / 2);
  CHECK(bias_of(mean_of(survivors), queue.exact()) > 3.0);
}

TEST_CASE("a repetition depends on its seeds alone", "[rare]") {
  const TandemQueue queue(6);
  const auto one = fixed_effort(queue, queue.levels(), 100, Seeds(1, 7));
  CHECK(one.value == fixed_effort(queue, queue.levels(), 100, Seeds(1, 7)).value);
  CHECK(one.value != fixed_effort(queue, queue.levels(), 100, Seeds(1, 8)).value);
  CHECK(one.value != fixed_effort(queue, queue.levels(), 100, Seeds(2, 7)).value);
}

TEST_CASE("intervals are those of the tables", "[rare]") {
  CHECK(student_quantile(0.975, 1) == Approx(12.7062).epsilon(1e-5));
  CHECK(student_quantile(0.975, 19) == Approx(2.09302).epsilon(1e-5));
  CHECK(student_quantile(0.95, 4) == Approx(2.13185).epsilon(1e-5));
  // Of {1, 2, 3, 4}: a tenth of 2.5 +- 3.18245 * 1.290994 / 2.
  const Mean mean = mean_of({0.1, 0.2, 0.3, 0.4});
  CHECK(mean.low == Approx(0.25 - 3.18245 * 0.1290994 / 2).epsilon(1e-5));
  CHECK(mean.high == Approx(0.25 + 3.18245 * 0.1290994 / 2).epsilon(1e-5));
  // Clopper and Pearson: 5 of 100. None of 100: 1 - 0.05^(1/100), which is about 3/100.
  CHECK(proportion_of(5, 100).low == Approx(0.016432).epsilon(1e-4));
  CHECK(proportion_of(5, 100).high == Approx(0.112835).epsilon(1e-4));
  CHECK(proportion_of(0, 100).high == Approx(0.029513).epsilon(1e-4));
  CHECK(proportion_of(0, 100).low == 0.0);
}
