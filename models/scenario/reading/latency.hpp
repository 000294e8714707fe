// SPDX-License-Identifier: Apache-2.0
// A value that is read like a quantity and may be drawn.
#pragma once

#include "models/draw.hpp"
#include "sim/time.hpp"

namespace holdfast::scenario {

/// A time span that may be drawn: a constant, uniform between two bounds, exponential with a mean,
/// or usually a constant and rarely more. The default is the constant 0.
struct Latency {
  using Kind = holdfast::Span::Kind;
  Kind kind = Kind::constant;
  sim::Duration low{};   ///< the constant, the lower bound, or the minimum added to the exponential
  sim::Duration high{};  ///< the upper bound, or the mean of the exponential part
  double chance = 0.0;   ///< of the exponential part of a tail
};

}  // namespace holdfast::scenario
