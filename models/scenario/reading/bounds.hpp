// SPDX-License-Identifier: Apache-2.0
// What is expected of a number.
#pragma once

#include <optional>

namespace holdfast::scenario {

/// Bounds of one number of the result; absent bounds do not bind.
struct Bounds {
  std::optional<double> min;
  std::optional<double> max;
};

}  // namespace holdfast::scenario
