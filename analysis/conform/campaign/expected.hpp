// SPDX-License-Identifier: Apache-2.0
// Requirements that a scenario expects to be kept (`expect.requirements`), in an ordinary run.
#pragma once

#include "analysis/run/run.hpp"

namespace holdfast::conform {

/// For RunOptions::judge: listens to a run and judges the requirements that its scenario names. One
/// that the run did not come to is a failure.
std::unique_ptr<analysis::Judge> expected_requirements();

}  // namespace holdfast::conform
