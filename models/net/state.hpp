// SPDX-License-Identifier: Apache-2.0
// The fabric as values: nodes, links, the two channels of each link, packets and routes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "models/net/options.hpp"
#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/choice.hpp"
#include "sim/copy_block.hpp"
#include "sim/shared_vector.hpp"
#include "sim/time.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::net {

using sim::Duration;
using sim::TimePoint;

enum class NodeId : std::uint32_t {};
enum class LinkId : std::uint32_t {};
/// One direction of a link: 2 * link for forward (ends[0] -> ends[1]), 2 * link + 1 for backward.
enum class ChannelId : std::uint32_t {};
enum class RouteId : std::uint32_t {};
enum class PacketId : std::uint64_t {};
/// Whose packets they are, in names of the transport's choice.
enum class FlowId : std::uint32_t {};

constexpr ChannelId channel_of(LinkId link, unsigned direction) {
  return ChannelId{sim::index(link) * 2 + direction};
}

/// Bytes that each packet occupies on a link besides what the transport put in: Ethernet header 14,
/// frame check 4, preamble and start 8, gap 12 (IEEE 802.3).
inline constexpr std::uint32_t frame_overhead_bytes = 38;

/// Why a packet went no further. The last two never reached a link: lost in a netem, or told to be
/// dropped by the script of a fault.
enum class Drop : std::uint8_t { queue_full, loss, blackhole, link_down, impaired, scripted };

/// How long a frame of `bytes` takes at the rate of the channel. Only a memo, so that packets of
/// one size do not divide each time: nothing else depends on what it holds.
struct SerialisationMemo {
  std::uint32_t bytes = 0;
  Duration time{};
};

struct Channel {
  std::uint64_t rate_bps = 0;
  Duration delay{};
  Duration backlog_max{};            ///< how long a full drop-tail queue takes to drain
  TimePoint busy_until{};            ///< when the last queued packet will have left
  std::uint64_t loss_threshold = 0;  ///< of all its entries in Fabric::losses together
  sim::ChoiceId loss_choice{};
  sim::LaneId lane{};              ///< packets that are queued or on the wire, in order
  std::uint32_t blackholes = 0;    ///< how many faults swallow packets here just now
  std::uint32_t outages = 0;       ///< how many faults hold the link down just now
  std::uint32_t netems = 0;        ///< how many of Fabric::netems are on here just now
  std::uint32_t flow_filters = 0;  ///< how many of Fabric::flow_filters are on here just now
  SerialisationMemo memo;
  std::uint64_t packets = 0;  ///< that reached the far end of the channel
  std::uint64_t dropped = 0;
};

struct Link {
  std::string name;
  std::array<NodeId, 2> ends{};
  std::uint32_t mtu_bytes = 1500;
};

/// What a transport puts into a packet; the network does not look inside.
struct PacketBody {
  alignas(std::uint64_t) std::array<std::byte, 56> bytes;
};

/// The begin of a body as records tell it. Fields of less than eight bytes share a word in the
/// order in which the machine stores bytes.
inline std::array<std::uint64_t, 4> record_words(const PacketBody& body) {
  std::array<std::uint64_t, 4> words{};
  std::memcpy(words.data(), body.bytes.data(), sizeof(words));
  return words;
}

struct Packet {
  RouteId route{};
  std::uint16_t hop = 0;
  std::uint16_t bytes = 0;  ///< network layer length: IP header and what follows
  PacketBody body{};
};

/// Which packets a fault strikes: all, or those of some flows as Fabric::flow_of names them.
struct Flows {
  bool all = true;
  FlowId first{};
  FlowId last{};  ///< included
};

/// A reason for which a channel loses packets at random: the link's own, or a fault that is on.
struct Loss {
  ChannelId channel{};
  double probability = 0.0;
};

/// Random loss, or a blackhole, for some flows at the receiving end of a channel.
struct FlowFilter {
  ChannelId channel{};
  Flows flows;
  bool on = false;
  Drop reason = Drop::loss;
  std::uint16_t larger_than = 0;  ///< only packets of more bytes
  std::uint64_t threshold = 0;
  sim::ChoiceId choice{};
};

/// netem's pseudo-random numbers: each is a mixture of a fresh one and the one before
/// (get_crandom).
struct CorrelatedDraw {
  sim::ChoiceId choice{};
  std::uint32_t rho = 0;  ///< weight of the one before, of 2^32; 0: independent
  std::uint32_t last = 0;
  bool primed = false;  ///< `last` has been drawn
};

/// What a netem does, in tc's words. Probabilities are in [0, 1].
struct NetemParameters {
  Duration delay{};
  Duration jitter{};  ///< at most 2 s: a signed 32-bit number of nanoseconds in the kernel
  double delay_correlation = 0.0;
  JitterShape distribution = JitterShape::uniform;
  double reorder = 0.0;  ///< such packets are not delayed
  double reorder_correlation = 0.0;
  std::uint32_t gap = 0;  ///< only every gap-th packet may skip the delay; 0: none
  double duplicate = 0.0;
  double loss = 0.0;
  bool bursts = false;  ///< the two-state model below instead of `loss`
  double to_bad = 0.0;
  double to_good = 0.0;
  double loss_bad = 0.0;
  double loss_good = 0.0;
  std::uint64_t rate_bps = 0;  ///< 0: as fast as packets come
  std::uint32_t limit = 1000;  ///< packets inside; more are dropped
  bool asks = false;           ///< each packet asks how much longer it is held; by itself not
};

/// A network emulator in front of a channel's queue; see netem.hpp.
struct Netem {
  ChannelId channel{};
  Flows flows;
  bool on = false;
  bool in_bad_state = false;
  NetemParameters p;
  CorrelatedDraw delay;
  CorrelatedDraw reorder;
  sim::ChoiceId duplicate{};
  sim::ChoiceId loss{};
  sim::ChoiceId transition{};
  sim::ChoiceId hold{};       ///< if it asks
  std::uint32_t counter = 0;  ///< packets delayed since the last one that was not
  std::uint32_t held = 0;     ///< packets inside
  TimePoint latest{};         ///< when the last of them leaves
};

/// Packets of other applications along a route; see traffic.hpp.
struct Traffic {
  RouteId route{};
  std::uint32_t bytes = 0;
  TrafficPattern pattern = TrafficPattern::constant;
  Duration interval{};  ///< between two packets; the mean of it for poisson
  Duration burst{};     ///< mean length, for on_off
  Duration pause{};
  sim::ChoiceId interval_choice{};
  sim::ChoiceId burst_choice{};
  sim::ChoiceId pause_choice{};
  sim::EventId next{};
  TimePoint burst_end{};
};

struct Route {
  NodeId from{};
  NodeId to{};
  std::uint32_t first = 0;  ///< into Fabric::hops
  std::uint32_t count = 0;
  std::uint32_t mtu_bytes = 0;
  bool foreign = false;  ///< of other applications: the transport does not hear of its packets
  sim::MachineId machine = sim::no_machine;  ///< that receives, if it may stand still
};

/// Called when a packet has crossed its whole route, or was dropped on the way; the packet is freed
/// when the call returns.
using DeliverFunction = void (*)(World&, const Packet&);
using DroppedFunction = void (*)(World&, const Packet&, ChannelId, Drop);
/// A packet begins its way, or its last link, or is there: what it needs may be brought near.
using ExpectFunction = void (*)(const World&, const Packet&);
/// A second copy of a packet is on its way from now on; it will be delivered or dropped as well.
using DuplicatedFunction = void (*)(World&, const Packet&);
using FlowFunction = FlowId (*)(const World&, const Packet&);
/// True: the packet is to be dropped before it reaches a link.
using InterceptFunction = bool (*)(World&, const Packet&);

/// A packet at a machine that stands still.
struct Waiting {
  sim::MachineId machine{};
  Packet packet;
};

/// One of the two legs of a bond, in which one carries at a time (active-backup).
struct Leg {
  std::uint32_t cuts = 0;       ///< how many faults hold its carrier down just now
  bool up = true;               ///< as bonding knows it, which looks every `miimon`
  TimePoint back = sim::never;  ///< when a look found its carrier back; never: not since
};

/// Two legs behind one link; see bond.hpp.
struct Bond {
  LinkId link{};
  unsigned toward = 0;   ///< the direction in which its host receives
  Duration miimon{};     ///< from one look to the next
  Duration phase{};      ///< when it looks first, below miimon
  Duration updelay{};    ///< how long a leg is there again before it is used
  Duration move_time{};  ///< until the switches know where the host is now
  bool returns = true;   ///< to the first leg, as soon as that may be used
  std::array<Leg, 2> legs{};
  unsigned active = 0;  ///< 2: none
  bool cut = false;     ///< the link is down, because the leg that carries is
  bool looks = false;   ///< a look is planned
};

struct Fabric {
  sim::SharedVector<std::string> nodes;
  sim::SharedVector<Link> links;
  sim::SharedVector<ChannelId> hops;
  sim::SharedVector<Route> routes;
  sim::Vector<Channel> channels;
  sim::Arena<PacketId, Packet> packets;
  DeliverFunction deliver = nullptr;  ///< the transport above
  DroppedFunction dropped = nullptr;
  ExpectFunction expect = nullptr;  ///< null: the world is small
  DuplicatedFunction duplicated = nullptr;
  FlowFunction flow_of = nullptr;         ///< null: flows cannot be told apart
  InterceptFunction intercept = nullptr;  ///< null: nobody wants to see packets before they leave
  sim::Vector<Loss> losses;               ///< in force just now, ordered by channel and probability
  sim::Vector<Netem> netems;
  sim::Vector<FlowFilter> flow_filters;
  sim::Vector<Traffic> traffic;
  sim::Vector<Waiting> waiting;  ///< in the order in which they arrived
  sim::Vector<Bond> bonds;
};

}  // namespace holdfast::net
