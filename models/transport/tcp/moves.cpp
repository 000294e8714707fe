// SPDX-License-Identifier: Apache-2.0
// An address that moves to another machine: what its TCP makes of segments of connections that it
// has never heard of. The machine before still has its ends of them, and is not told.
#include <algorithm>
#include <limits>

#include "models/net/fabric.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::OtherWay;
using transport::PortId;

namespace {

/// The first of a connection's other ways that fits; null: none does.
template <class Fits>
const OtherWay* first_way(const World& w, const Connection& c, Fits fits) {
  const auto& ways = w.transport.other_ways;
  const auto before = [](const OtherWay& one, net::RouteId forward) {
    return sim::index(one.forward) < sim::index(forward);
  };
  auto way = std::lower_bound(ways.begin(), ways.end(), c.route[0], before);
  for (; way != ways.end() && way->forward == c.route[0]; ++way) {
    if (fits(*way))
      return &*way;
  }
  return nullptr;
}

/// How the host of a connection gets to a machine; null: as ever.
const OtherWay* way_to(const World& w, const Connection& c, PortId machine) {
  if (machine == c.port)
    return nullptr;
  const OtherWay* const way =
      first_way(w, c, [&](const OtherWay& one) { return one.machine == machine; });
  HOLDFAST_CHECK(way != nullptr, "an address moved to where no way leads");
  return way;
}

/// Where packets of that way come to.
const OtherWay* way_of(const World& w, const Connection& c, net::RouteId route) {
  return first_way(w, c, [&](const OtherWay& one) { return one.there == route; });
}

/// The answer of a machine without such a connection (RFC 9293, 3.10.7.1); it acknowledges what
/// came, so that a host in SYN-SENT takes it too.
void reset(World& w, ConnectionId id, const Segment& s, net::RouteId home) {
  Segment answer;
  answer.connection = s.connection;
  answer.from = static_cast<std::uint8_t>(Side::target);
  answer.flags = static_cast<std::uint8_t>(rst | ack);
  answer.seq = (s.flags & ack) != 0 ? s.ack : 0;
  answer.ack = s.seq + s.length + ((s.flags & (syn | fin)) != 0 ? 1 : 0);
  answer.stamp_ms = stamp_of(w.now());
  answer.echo_ms = s.stamp_ms;
  ++end_of(w, id, Side::target).packets_in_flight;
  net::send(w, home, header_bytes, std::bit_cast<net::PacketBody>(answer));
}

}  // namespace

net::RouteId way_there(const World& w, const Connection& c) {
  const OtherWay* const way = way_to(w, c, w.transport.ports[sim::index(c.port)].machine);
  return way == nullptr ? c.route[0] : way->there;
}

std::uint32_t least_mtu_of_ways(const World& w, const Connection& c) {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  first_way(w, c, [&](const OtherWay& way) {
    for (const net::RouteId route : {way.there, way.home})
      least = std::min(least, w.net.routes[sim::index(route)].mtu_bytes);
    return false;
  });
  return least;
}

bool take_stray(World& w, ConnectionId id, const net::Packet& packet) {
  Connection& c = w.transport.connections[id];
  const Segment s = segment_of(packet);
  const OtherWay* const way = way_of(w, c, packet.route);
  const PortId machine = way == nullptr ? c.port : way->machine;
  if (end_of(c, Side::target).opened) {
    if (machine == c.machine)
      return false;
    if ((s.flags & rst) == 0)
      reset(w, id, s, way == nullptr ? c.route[1] : way->home);
    return true;
  }
  // A SYN that was under way when the address moved is for nobody.
  if (machine != w.transport.ports[sim::index(c.port)].machine)
    return true;
  c.machine = machine;
  if (way != nullptr) {
    c.route[1] = way->home;
    c.wheel[1] = w.transport.ports[sim::index(machine)].wheel;
  }
  return false;
}

}  // namespace holdfast::tcp
