// SPDX-License-Identifier: Apache-2.0
// Network emulation in front of a channel, after Linux's root qdisc of that name (sch_netem.c):
// loss, duplication, delay with jitter, reordering and a lower rate, at the sender of a link.
#pragma once

#include <string_view>

#include "models/net/state.hpp"

namespace holdfast::net {

/// An emulator that is off at first; the answer names it. `entity` names its choice points, and is
/// its own. Several on one channel are passed in the order in which they were added.
std::uint32_t add_netem(World& w, ChannelId channel, const Flows& flows,
                        const NetemParameters& parameters, std::string_view entity);
/// Switched off it lets new packets by; those inside leave when they are due.
void switch_netem(World& w, std::uint32_t netem, bool on);

/// Takes a packet through the emulators of its channel, from that one on, and then to the link.
/// Returns when it leaves the one that holds it; now, if none does.
TimePoint impair(World& w, ChannelId id, PacketId packet, std::uint32_t from);

/// get_crandom: uniform in [0, 2^32), correlated with the answer before.
std::uint32_t correlated(World& w, CorrelatedDraw& draw);
/// tabledist: what is added to the delay of a packet when `random` was drawn.
Duration jitter_of(Duration jitter, JitterShape shape, std::uint32_t random);

}  // namespace holdfast::net
