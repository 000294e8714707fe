// SPDX-License-Identifier: Apache-2.0
// What goes before and beside an estimate by splitting: a pilot that places the levels, and crude
// Monte Carlo.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "analysis/rare/splitting.hpp"

namespace holdfast::analysis::rare {

/// What a pilot has found out.
struct Pilot {
  std::vector<double> levels;
  std::vector<double> chances;  ///< of coming to each from the one before it
  Work work;
  bool complete = false;  ///< from the last one the event is met often enough
};

/// Chooses levels such that about the fraction `chance` of the paths from one of them comes to the
/// next. Its paths are lost to the estimate.
template <System S>
Pilot pilot(const S& system, std::size_t effort, double chance, Seeds seeds,
            std::size_t most_levels = 100) {
  HOLDFAST_CHECK(effort > 1 && chance > 0.0 && chance < 1.0, "a level has to be in reach");
  Pilot out;
  std::vector<Particle<S>> from;
  const auto start = [&](std::size_t n) {
    return from.empty() ? Particle<S>{system.root(seeds.next(), out.work), 0}
                        : detail::copy_of(system, from[n % from.size()], seeds, out.work);
  };
  double last = -no_level;
  while (out.levels.size() < most_levels) {
    std::vector<double> peaks;
    for (std::size_t n = 0; n < effort; ++n) {
      Particle<S> one = start(n);
      double peak = -no_level;
      if (one.hit ||
          system.advance(one.path, no_level, -no_level, peak, out.work) == Reached::event)
        peak = no_level;
      peaks.push_back(peak);
    }
    std::sort(peaks.begin(), peaks.end());
    const auto place = static_cast<std::size_t>((1.0 - chance) * static_cast<double>(effort));
    double next = peaks[std::min(place, effort - 1)];
    const double lowest = std::max(last, peaks.front());  // all of them come that far
    if (next <= lowest) {
      const auto above = std::upper_bound(peaks.begin(), peaks.end(), lowest);
      if (above == peaks.end())
        return out;
      next = *above;
    }
    if (next == no_level) {
      out.complete = true;
      return out;
    }
    std::vector<Particle<S>> to;
    for (std::size_t n = 0; n < effort; ++n) {
      Particle<S> one = start(n);
      const Reached r = detail::advance(system, one, next, -no_level, out.work);
      if (r == Reached::level || r == Reached::event)
        to.push_back(std::move(one));
    }
    if (to.empty())
      return out;
    out.levels.push_back(next);
    out.chances.push_back(static_cast<double>(to.size()) / static_cast<double>(effort));
    last = next;
    from = std::move(to);
  }
  return out;
}

/// How many paths come from each of given levels to the next one. Its paths are lost likewise.
template <System S>
Pilot measure(const S& system, const std::vector<double>& levels, std::size_t effort, Seeds seeds) {
  Estimate<S> tried = fixed_effort(system, levels, effort, seeds);
  Pilot out;
  out.levels = levels;
  out.work = tried.work;
  out.complete = tried.value > 0.0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    out.chances.push_back(i < tried.stages.size()
                              ? std::max(tried.stages[i].reached, 1.0) / tried.stages[i].tried
                              : 1.0);
  }
  return out;
}

/// Crude Monte Carlo: `runs` paths, and how many meet the event.
template <System S>
std::uint64_t crude(const S& system, std::uint64_t runs, Seeds seeds, Work& work) {
  std::uint64_t hits = 0;
  for (std::uint64_t n = 0; n < runs; ++n) {
    Particle<S> one{system.root(seeds.next(), work), 0};
    hits += detail::advance(system, one, no_level, -no_level, work) == Reached::event ? 1 : 0;
  }
  return hits;
}

}  // namespace holdfast::analysis::rare
