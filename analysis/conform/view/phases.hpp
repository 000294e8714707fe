// SPDX-License-Identifier: Apache-2.0
// The second phase of every drawn scenario: everything has healed, and nothing breaks any more.
#pragma once

#include <chrono>

namespace holdfast::conform {

/// Until the end of the run. Detection, the longest hold, expiry and reconnects fit in, so what is
/// not live again by then never will be.
inline constexpr std::chrono::seconds calm{100};
/// So long loads go on after everything has healed: they see holds end and paths come back.
inline constexpr std::chrono::seconds load_in_calm{30};

}  // namespace holdfast::conform
