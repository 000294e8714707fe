// SPDX-License-Identifier: Apache-2.0
// What the files of the network share. Not for others.
#pragma once

#include "models/net/state.hpp"

namespace holdfast::net {

// fabric.cpp
/// Time to put that many bytes on a wire.
Duration serialisation(std::uint64_t rate_bps, std::uint32_t bytes);
bool is_foreign(const World& w, const Packet& packet);
bool strikes(const World& w, const Flows& flows, const Packet& packet);
void drop(World& w, ChannelId id, PacketId packet, Drop reason);
/// Hands a packet to a channel: to its netems if there are any, and then to its queue. Returns when
/// it leaves the netem that holds it; now, if none does.
TimePoint enqueue(World& w, ChannelId id, PacketId packet);
void queue_on_link(World& w, ChannelId id, PacketId packet);

}  // namespace holdfast::net
