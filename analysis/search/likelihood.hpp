// SPDX-License-Identifier: Apache-2.0
// When a corruption became inevitable: copies of its world at many instants, each run forward with
// choices drawn at random.
#pragma once

#include <vector>

#include "analysis/search/space.hpp"

namespace holdfast::analysis::search {

/// Continuations of each instant.
inline constexpr std::uint64_t continuations = 100;

/// The first entry is of worlds in which nothing of the finding has been chosen. From then on, what
/// the finding had answered by an instant stays, and no more deviations are drawn than the bounds
/// leave. Instants: right before and at each choice, and at even distances up to the corruption.
std::vector<Chance> likelihood(const Space& space, const Finding& finding);

}  // namespace holdfast::analysis::search
