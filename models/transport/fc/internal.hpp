// SPDX-License-Identifier: Apache-2.0
// What the two ends of NVMe/FC and the frames between them share. Not for others.
#pragma once

#include <bit>
#include <vector>

#include "models/transport/fc/fc.hpp"

namespace holdfast::transport::fc {

/// A frame as it travels in a packet's body.
struct Frame {
  std::uint32_t exchange = 0;
  Iu iu = Iu::command;
  std::uint8_t from = 0;     ///< side that sent it
  std::uint16_t length = 0;  ///< payload bytes
  std::uint32_t offset = 0;  ///< of the payload in its unit
  std::uint32_t total = 0;   ///< bytes of the unit
  std::uint64_t token = 0;
  std::int64_t stamp_ns = 0;  ///< when it was sent
  std::array<std::uint64_t, 3> unused{};
};
static_assert(sizeof(Frame) == sizeof(net::PacketBody));

Exchange& exchange(World& w, ExchangeId id);
Connection& connection(World& w, ConnectionId id);

// fc.cpp
/// The port is there as far as the host knows, but its adapter does not take what is for it.
bool is_refused(const World& w, const Connection& c);
/// A connection of an association; without one it is an association of its own.
ConnectionId open_connection(World& w, net::RouteId forward, net::RouteId back, PortId port,
                             ConnectionId association);
/// All exchanges of a connection that live just now, in the order of opening.
std::vector<ExchangeId> exchanges_of(const World& w, ConnectionId id);
ExchangeId open_exchange(World& w, ConnectionId connection, Service service, Side originator);
/// Cuts a unit into frames and sends them.
void send(World& w, ExchangeId id, Side from, Iu iu, std::uint32_t bytes);
/// Forgets an exchange that both ends have ended and no frame of which is under way.
void settle(World& w, ExchangeId id);
/// Forgets a connection that nobody can use any more.
void settle_connection(World& w, ConnectionId id);
/// The exchange that a side has open for a command id; none if there is none.
ExchangeId find(World& w, ConnectionId id, Side side, std::uint16_t cid);
void remember(World& w, ExchangeId id, Side side);
/// This side is through with the exchange.
void end(World& w, ExchangeId id, Side side);

// host.cpp and target.cpp
void host_unit(World& w, ExchangeId id, Iu iu);
void target_unit(World& w, ExchangeId id, Iu iu);
/// The adapter gives an exchange of the host up: a link service, or a command.
void give_up(World& w, ExchangeId id, wire::Status status);

}  // namespace holdfast::transport::fc
