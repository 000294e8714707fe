// SPDX-License-Identifier: Apache-2.0
// Does splitting do what is published of it? The tandem queue, all four rows: exact probability,
// bias over 200 repetitions, coverage of 95 % intervals, gain over crude Monte Carlo. The table of
// docs/rare.md comes out of it.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "analysis/rare/rare.hpp"
#include "analysis/rare/tandem.hpp"

using namespace holdfast::analysis::rare;

namespace {

constexpr std::uint64_t beside = std::uint64_t{1} << 40;  // streams of no repetition
constexpr std::size_t repetitions = 200;

struct Way {
  const char* name;
  Method method;
  double of_first;
  std::size_t prolong;
  std::size_t effort;
};
constexpr Way ways[] = {{"fixed effort, level = second queue", Method::fixed_effort, 0.0, 0, 1000},
                        {"RESTART, level = second queue", Method::restart, 0.0, 0, 1000},
                        {"RESTART, one level of prolongation", Method::restart, 0.0, 1, 1000},
                        {"RESTART-P1, first queue counts 0.4", Method::restart, 0.4, 1, 200},
                        {"adaptive, level = second queue", Method::adaptive, 0.0, 0, 300}};

Estimate<TandemQueue> one(const Way& way, const TandemQueue& queue, const Pilot& p,
                          const std::vector<std::uint32_t>& factors, Seeds seeds) {
  switch (way.method) {
    case Method::fixed_effort:
      return fixed_effort(queue, p.levels, way.effort, seeds);
    case Method::adaptive:
      return adaptive(queue, queue.levels(), way.effort, seeds);
    case Method::restart:
      break;
  }
  return restart(queue, p.levels, factors, way.prolong, way.effort, seeds);
}

void row(const Way& way, std::uint32_t capacity, std::size_t intervals) {
  const TandemQueue queue(capacity, way.of_first);
  const double exact = queue.exact();
  const Pilot p = pilot(queue, 1000, 0.2, Seeds(1, beside));
  std::vector<std::uint32_t> factors;
  for (const double chance : p.chances)
    factors.push_back(static_cast<std::uint32_t>(std::max(1l, std::lround(1.0 / chance))));
  Work crude_work, work = p.work;
  crude(queue, 100'000, Seeds(1, beside + 1), crude_work);
  const auto began = std::chrono::steady_clock::now();
  std::vector<double> values;
  for (std::uint64_t i = 0; i < repetitions; ++i) {
    const auto e = one(way, queue, p, factors, Seeds(1, i));
    values.push_back(e.value);
    work += e.work;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const Mean mean = mean_of(values);
  std::size_t held = 0;
  for (std::size_t k = 0; k < intervals; ++k) {
    std::vector<double> some;
    for (std::uint64_t i = 0; i < 20; ++i)
      some.push_back(one(way, queue, p, factors, Seeds(2 + k, i)).value);
    const Mean m = mean_of(some);
    held += m.low <= exact && exact <= m.high ? 1 : 0;
  }
  fmt::print("| {} | {} | {:.3e} | {:.3e} | {:+.1f} | {} | {:.3g} | {:.1f} |\n", way.name, capacity,
             exact, mean.value, (mean.value - exact) / mean.error(),
             intervals == 0
                 ? std::string("-")
                 : fmt::format("{:.1f} % of {}",
                               100.0 * static_cast<double>(held) / static_cast<double>(intervals),
                               intervals),
             gain_over_crude(mean, static_cast<double>(work.events),
                             static_cast<double>(crude_work.events) / 100'000.0),
             1e3 * seconds / repetitions);
  std::fflush(stdout);
}

}  // namespace

/// holdfast_tandem [INTERVALS]: how many for the coverage (default 1,000).
int main(int argc, char** argv) {
  const std::size_t intervals = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  fmt::print("| method | c | exact | mean | bias (SE) | coverage | gain | ms |\n");
  fmt::print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const Way& way : ways) {
    for (const std::uint32_t capacity : {8u, 10u, 12u, 14u}) {
      const bool covers = way.method == Method::restart && way.prolong == 1 && way.of_first > 0.0;
      row(way, capacity, covers ? intervals : 0);
    }
  }
}
