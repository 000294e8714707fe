// SPDX-License-Identifier: Apache-2.0
// What a scenario says of executions beside its own: the answers that make it another one of them,
// and what `holdfast search` may change within which bounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/time.hpp"

namespace holdfast::scenario {

using sim::Duration;

/// What a choice point is told instead of the dice (sim/choice.hpp).
struct Answer {
  std::string point;                                   ///< "link h1-s1 fwd/loss"
  std::uint64_t ordinal = 0;                           ///< how many choices this point made before
  std::optional<bool> happens;                         ///< of a choice between yes and no ...
  std::optional<Duration> time;                        ///< ... or of a span or instant ...
  std::optional<std::uint64_t> number = std::nullopt;  ///< ... or of a pick; exactly one of them
};

/// When a fault of the list may strike, and for how long.
struct FaultBounds {
  std::uint32_t fault = 0;  ///< place in the list, from 0
  std::optional<std::array<Duration, 2>> at;
  std::optional<std::array<Duration, 2>> lasts;  ///< "for"
};

/// How far from a scenario's own run a search goes.
struct Adversary {
  std::uint32_t deviations = 2;                   ///< in all
  std::uint32_t losses = 1;                       ///< packets
  std::optional<std::vector<std::string>> links;  ///< where packets are; absent: everywhere
  std::uint32_t delays = 1;                       ///< commands
  std::optional<Duration> delay;                  ///< in the controller, at most; absent: none
  std::uint32_t packet_delays = 1;
  std::optional<Duration> packet_delay;  ///< how long a packet is held at most; absent: none is
  bool reads = false;                    ///< whether reads may be delayed
  bool writes = true;
  std::uint32_t notices = 0;  ///< asynchronous events that never come
  Duration from{};            ///< losses and delays between these instants
  std::optional<Duration> until;
  std::vector<FaultBounds> faults;
};

}  // namespace holdfast::scenario
