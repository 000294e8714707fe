// SPDX-License-Identifier: Apache-2.0
// What a result depends on besides the scenario.
#pragma once

namespace holdfast::analysis {

/// 16 hexadecimal digits over all sources of sim, models and analysis. Two builds with the same
/// version give the same results.
const char* model_version();

}  // namespace holdfast::analysis
