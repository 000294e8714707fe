// SPDX-License-Identifier: Apache-2.0
// Executions in the order of how near those that they deviate from came to harm, by the importance
// of the rare case (analysis/rare/importance.hpp). Where a corruption takes several deviations that
// each bring it nearer it is found after few executions; without one all are tried in the end.
#pragma once

#include "analysis/search/explore.hpp"

namespace holdfast::analysis::search {

/// Fills in what was done, what was found, and how it ended. It begins anew each time, and asks for
/// a budget between rows of executions only.
void best_first(const Space& space, const Options& options, const Explorer::Counts& counts,
                Outcome& out);

}  // namespace holdfast::analysis::search
