// SPDX-License-Identifier: Apache-2.0
// What can still be done about it: the executions that go on from a finding's last choice.
#pragma once

#include "analysis/search/explore.hpp"

namespace holdfast::analysis::search {

/// Most executions of an aftermath.
inline constexpr std::uint64_t most_aftermath_worlds = 20'000;

/// Goes on from where the last deviation of a corrupting finding has been made, with one more of
/// those that the bounds allow. If none of these executions is safe, that choice was the critical
/// one: without it the execution is safe (a finding that was shrunk has no deviation too many),
/// with it none is.
Aftermath aftermath(const Space& space, const Finding& finding);

}  // namespace holdfast::analysis::search
