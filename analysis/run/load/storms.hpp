// SPDX-License-Identifier: Apache-2.0
// What faults make of a healthy world that is busier than before: whatever is refused is tried
// again, and a change is told to each host about each namespace. For the estimate of a run.
#pragma once

#include <map>
#include <string>

#include "analysis/run/load/load.hpp"

namespace holdfast::analysis {

struct Storm {
  double events = 0;
  double bytes = 0;
  double seconds = 0;  ///< of a core, that are of no event
};

/// Paths of hosts by name; a host that is not there has the path of `Path{}`.
using Paths = std::map<std::string, Path>;

/// What impairments of links add to so many events of a healthy world: each packet waits in each of
/// them, and what one duplicates the next one has twice, as do the answers.
double events_of_impairments(const scenario::Scenario& s, double healthy);

/// An upper bound; nothing for faults after which a host waits.
Storm storm_of(const scenario::Scenario& s, const scenario::Fault& fault, const Paths& paths);

}  // namespace holdfast::analysis
