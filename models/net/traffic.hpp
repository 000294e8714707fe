// SPDX-License-Identifier: Apache-2.0
// Packets of other applications: they take room in queues and on wires, are lost like others, and
// vanish on arrival. Neither the transport nor the trace hears of them.
#pragma once

#include <string_view>

#include "models/net/state.hpp"

namespace holdfast::net {

struct TrafficParameters {
  RouteId route{};             ///< of its own: it becomes foreign
  std::uint32_t bytes = 0;     ///< of a packet, <= MTU of the route
  std::uint64_t rate_bps = 0;  ///< of these bytes, while packets come; > 0
  TrafficPattern pattern = TrafficPattern::constant;
  Duration burst{};  ///< mean, for on_off; > 0
  Duration pause{};
};

/// Silent at first; the answer names it. `entity` names its choice points, and is its own.
std::uint32_t add_traffic(World& w, const TrafficParameters& parameters, std::string_view entity);
void start_traffic(World& w, std::uint32_t traffic);
/// What is under way still arrives.
void stop_traffic(World& w, std::uint32_t traffic);

}  // namespace holdfast::net
