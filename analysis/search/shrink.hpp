// SPDX-License-Identifier: Apache-2.0
// Makes a finding small: the fewest deviations that still do it, then the least of each.
#pragma once

#include "analysis/search/explore.hpp"

namespace holdfast::analysis::search {

/// Most runs that shrinking takes.
inline constexpr std::uint64_t most_shrink_runs = 300;

/// A finding that is at least as bad and from which no deviation can be left out; times are as
/// close to those of the scenario's own run as halving the way there finds. `runs` counts what it
/// took. Deterministic; shrinking what came out changes nothing, unless the runs did not suffice.
Finding shrink(const Space& space, const Finding& found, const Explorer::Counts& counts,
               std::uint64_t& runs);

}  // namespace holdfast::analysis::search
