// SPDX-License-Identifier: Apache-2.0
// Critical instants: which times are worth trying. A time that a choice sets matters by what it
// lies before and behind, so it is tried right before, at and right after whatever that could be.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/search/space.hpp"

namespace holdfast::analysis::search {

/// A command that is told how long it takes, or a packet for how long it is held.
struct Asked {
  Kind kind{};
  sim::Choice own;     ///< the answer of the run as it is
  Duration transit{};  ///< from being let go to where it does its harm
};

/// Other answers: `w` stands right before the event in which that is asked. They lie above the own
/// one and go up to the bound; ascending.
std::vector<std::int64_t> delays_of(const Space& space, const World& w,
                                    const std::vector<Deviation>& path, const Asked& asked);

/// Answers for a choice that is made before the world begins to run, its own left out; ascending.
std::vector<std::int64_t> times_of(const Space& space, const Planned& planned,
                                   const std::vector<Deviation>& path, std::int64_t own);

/// The answer to a planned choice in the world of these deviations.
std::int64_t own_time(const Space& space, const Planned& planned,
                      const std::vector<Deviation>& path);

}  // namespace holdfast::analysis::search
