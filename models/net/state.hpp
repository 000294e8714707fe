// SPDX-License-Identifier: Apache-2.0
// The fabric as values: nodes, links, the two channels of each link, packets and routes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/choice.hpp"
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
enum class PacketId : std::uint32_t {};

constexpr ChannelId channel_of(LinkId link, unsigned direction) {
  return ChannelId{sim::index(link) * 2 + direction};
}

/// Bytes that each packet occupies on a link besides what the transport put in: Ethernet header 14,
/// frame check 4, preamble and start 8, gap 12 (IEEE 802.3).
inline constexpr std::uint32_t frame_overhead_bytes = 38;

/// Why a packet went no further.
enum class Drop : std::uint8_t { queue_full, loss, blackhole, link_down };

struct Channel {
  std::uint64_t rate_bps = 0;
  Duration delay{};
  Duration backlog_max{};  ///< how long a full drop-tail queue takes to drain
  TimePoint busy_until{};  ///< when the last queued packet will have left
  std::uint64_t loss_threshold = 0;
  sim::ChoiceId loss_choice{};
  sim::LaneId lane{};            ///< packets that are queued or on the wire, in order
  std::uint32_t blackholes = 0;  ///< how many faults swallow packets here just now
  std::uint32_t outages = 0;     ///< how many faults hold the link down just now
  std::uint32_t last_bytes = 0;  ///< memo of the last serialisation time computed
  Duration last_serialisation{};
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

struct Packet {
  RouteId route{};
  std::uint16_t hop = 0;
  std::uint16_t bytes = 0;  ///< network layer length: IP header and what follows
  PacketBody body{};
};

struct Route {
  NodeId from{};
  NodeId to{};
  std::uint32_t first = 0;  ///< into Fabric::hops
  std::uint32_t count = 0;
  std::uint32_t mtu_bytes = 0;
};

/// Called when a packet has crossed its whole route, or was dropped on the way; the packet is freed
/// when the call returns.
using DeliverFunction = void (*)(World&, const Packet&);
using DroppedFunction = void (*)(World&, const Packet&, ChannelId, Drop);

struct Fabric {
  std::vector<std::string> nodes;
  std::vector<Link> links;
  std::vector<Channel> channels;
  std::vector<ChannelId> hops;
  std::vector<Route> routes;
  sim::Arena<PacketId, Packet> packets;
  PacketId arriving{};  ///< the packet whose hop is being recorded, for those who watch
  DeliverFunction deliver = nullptr;  ///< the transport above
  DroppedFunction dropped = nullptr;
};

}  // namespace holdfast::net
