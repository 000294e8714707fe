// SPDX-License-Identifier: Apache-2.0
// Shapes of delays and of traffic, as plain values that a scenario names.
#pragma once

#include <cstdint>

namespace holdfast::net {

/// netem's jitter: up to a bound, or with a standard deviation.
enum class JitterShape : std::uint8_t { uniform, normal };

/// Packets of other applications: one after the other, at random, or in bursts.
enum class TrafficPattern : std::uint8_t { constant, poisson, on_off };

}  // namespace holdfast::net
