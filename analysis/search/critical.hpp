// SPDX-License-Identifier: Apache-2.0
// Critical instants: which times are worth trying. A time that a choice sets matters by what it
// lies before and behind, so it is tried right before, at and right after whatever that could be.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/search/space.hpp"

namespace holdfast::analysis::search {

/// Answers for a command that is about to be told how long it takes: `w` stands right before the
/// event in which that happens. They lie above `own` and go up to the bound; ascending.
std::vector<std::int64_t> delays_of(const Space& space, const World& w,
                                    const std::vector<Deviation>& path, const sim::Choice& own);

/// Answers for a choice that is made before the world begins to run, its own left out; ascending.
std::vector<std::int64_t> times_of(const Space& space, const Planned& planned,
                                   const std::vector<Deviation>& path, std::int64_t own);

/// The answer to a planned choice in the world of these deviations.
std::int64_t own_time(const Space& space, const Planned& planned,
                      const std::vector<Deviation>& path);

}  // namespace holdfast::analysis::search
