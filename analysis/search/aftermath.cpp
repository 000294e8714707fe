// SPDX-License-Identifier: Apache-2.0
// What can still be done about a finding; see aftermath.hpp.
#include "analysis/search/aftermath.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::analysis::search {

namespace {

/// Whether all deviations have been made that are made while a world runs.
bool all_made(const Space& space, const World& w, const Finding& finding) {
  return std::all_of(finding.deviations.begin(), finding.deviations.end(), [&](const Deviation& d) {
    const auto point = std::find_if(space.watched.begin(), space.watched.end(),
                                    [&](const Watched& p) { return p.name == d.point; });
    return point == space.watched.end() || w.choices.made(point->id) > d.choice.ordinal;
  });
}

}  // namespace

Aftermath aftermath(const Space& space, const Finding& finding) {
  Aftermath out;
  World w = space.root(finding.deviations);
  while (!all_made(space, w, finding) && w.calendar.step(w, space.end)) {
  }
  out.from = w.now();
  Node node;
  node.world = std::move(w);
  node.next_planned = space.planned.size();
  node.path = finding.deviations;
  node.left = all_of(space.bounds);
  node.left.all = 1;
  Explorer explorer(
      space, [](const Yield&) { return true; }, [](const std::vector<Deviation>&) { return true; });
  explorer.children(std::move(node), [&](Node&& below) {
    if (out.worlds == most_aftermath_worlds) {
      out.whole = false;
      return false;
    }
    ++out.worlds;
    if (space.finish(*below.world) == 0) {
      if (out.safe == 0)
        out.first_safe = below.path.back();
      ++out.safe;
    }
    return true;
  });
  return out;
}

}  // namespace holdfast::analysis::search
