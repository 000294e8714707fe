// SPDX-License-Identifier: Apache-2.0
// Keys that several faults share. Not for others.
#pragma once

#include "models/scenario/declaration/declaration.hpp"

namespace holdfast::scenario {

Codec<Direction> direction();
inline constexpr std::size_t longest_name = 64;

/// A fault that may strike again and again.
template <class F>
Object<F> repeating(Object<F>&& object) {
  return std::move(object)
      .maybe("every", &F::every, duration(1ns, longest_run),
             "it strikes again each time this has passed; longer than `for`")
      .maybe("times", &F::times, integer<std::uint32_t>(1, 1'000'000'000),
             "how often it strikes, with `every`; absent: until the end of the run");
}

/// A fault that may strike the packets of one controller, or of one of its queues, only.
template <class F>
Object<F> selective(Object<F>&& object) {
  return std::move(object)
      .maybe("host", &F::host, name(longest_name), "tcp: only packets of a controller of this host")
      .maybe("controller", &F::controller, name(longest_name),
             "and of this controller: nvme0 is the host's first connection")
      .maybe("queue", &F::queue, integer<std::uint16_t>(0, 65'535),
             "and of the connection that carries this queue; 0: the admin queue");
}

// network.cpp
const Object<GilbertElliott>& loss_model_object();
const Object<Impair>& impair_object();
const Object<KillSockets>& kill_sockets_object();
const Object<DropCapsule>& drop_capsule_object();
const Object<PortRemoved>& port_removed_object();
const Object<CrossTraffic>& cross_traffic_object();

}  // namespace holdfast::scenario
