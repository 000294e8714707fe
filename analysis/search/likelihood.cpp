// SPDX-License-Identifier: Apache-2.0
// The share of continuations that corrupt, by instant; see likelihood.hpp.
#include "analysis/search/likelihood.hpp"

#include <algorithm>
#include <utility>

#include "analysis/search/walk.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr int distances = 8;

Left left_after(const Space& space, const std::vector<Deviation>& made) {
  Left left = all_of(space.bounds);
  for (const Deviation& d : made) {
    left.all -= std::min(left.all, 1u);
    if (!is_planned(d.kind))
      left.of(d.kind) -= std::min(left.of(d.kind), 1u);
  }
  return left;
}

Chance chance_of(const Walker& walker, TimePoint at) {
  Chance out{at, 0, 0};
  for (std::uint64_t number = 0; number < continuations; ++number) {
    const Walk walk = walker.walk(number, Drawn::anew);
    if (!walk.within)
      continue;
    ++out.worlds;
    out.corrupt += walk.value != 0 ? 1 : 0;
  }
  return out;
}

std::vector<TimePoint> instants_of(const Finding& finding) {
  std::vector<TimePoint> at = {finding.seen};
  TimePoint first = finding.seen;
  for (const Deviation& d : finding.deviations) {
    if (is_planned(d.kind))
      continue;
    at.push_back(d.made - Duration{1});
    at.push_back(d.made);
    first = std::min(first, d.made);
  }
  if (first == finding.seen)
    first = sim::epoch;  // everything was chosen before the world began
  for (int i = 0; i < distances; ++i)
    at.push_back(first + (finding.seen - first) * i / distances);
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  return at;
}

}  // namespace

std::vector<Chance> likelihood(const Space& space, const Finding& finding) {
  std::vector<Chance> out;
  out.push_back(chance_of(Walker(space, {}, left_after(space, {}), std::nullopt), sim::epoch));
  World w = space.root(finding.deviations);
  for (const TimePoint at : instants_of(finding)) {
    if (at <= sim::epoch)
      continue;
    w.calendar.run_until(w, at);
    std::vector<Deviation> made;
    std::copy_if(finding.deviations.begin(), finding.deviations.end(), std::back_inserter(made),
                 [&](const Deviation& d) { return is_planned(d.kind) || d.made <= at; });
    const Left left = left_after(space, made);
    out.push_back(chance_of(Walker(space, std::move(made), left, w), at));
  }
  return out;
}

}  // namespace holdfast::analysis::search
