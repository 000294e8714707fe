// SPDX-License-Identifier: Apache-2.0
// TCP connections: opening, writing, closing, and the end of a connection's life.
#include "models/transport/tcp.hpp"

#include "models/transport/tcp_internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::Connection;
using transport::Endpoint;
using transport::TcpState;

namespace {

void free_blob(World& w, const Message& message) {
  if (message.payload.blob != sim::none<transport::BlobId>) {
    w.transport.blobs.remove(message.payload.blob);
  }
}

}  // namespace

void set_state(World& w, ConnectionId id, Side side, TcpState state) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  e.state = state;
  e.opened = true;
  if (state == TcpState::closed)
    e.deadline = sim::never;
  record<Kind::tcp_state>(w, id, side, state);
}

void settle(World& w, ConnectionId id) {
  Connection& c = w.transport.connections[id];
  // Whoever hears of a loss may have let go of the connection already.
  if (!c.in_use)
    return;
  for (const Side side : {Side::host, Side::target}) {
    Endpoint& e = c.end[static_cast<int>(side)];
    if (e.opened && e.state == TcpState::closed && e.data_in_flight == 0 && !e.dry) {
      e.dry = true;
      record<Kind::stream_dry>(w, id, side);
    }
  }
  for (const Endpoint& e : c.end) {
    if (e.state != TcpState::closed || e.held || e.packets_in_flight != 0)
      return;
  }
  for (Endpoint& e : c.end) {
    w.calendar.cancel(e.timer);
    for (std::size_t i = 0; i < e.out.size(); ++i)
      free_blob(w, e.out[i]);
  }
  w.transport.connections.remove(id);
}

ConnectionId open(World& w, net::RouteId forward, net::RouteId back, std::uint32_t port,
                  std::uint32_t owner) {
  const ConnectionId id = w.transport.connections.add();
  Connection& c = w.transport.connections[id];
  c.in_use = true;
  c.port = port;
  c.owner[0] = owner;
  c.route = {forward, back};
  const std::uint32_t mtu = std::min(w.net.routes[sim::index(forward)].mtu_bytes,
                                     w.net.routes[sim::index(back)].mtu_bytes);
  c.mss = mtu - header_bytes;
  for (Endpoint& e : c.end) {
    e.window = std::uint64_t{c.mss} * w.transport.tcp.initial_window_segments;
    e.threshold = ~std::uint64_t{0};
  }
  c.end[0].held = true;
  set_state(w, id, Side::host, TcpState::syn_sent);
  send_segment(w, id, Side::host, 0, 0, syn);
  arm(w, id, Side::host, w.transport.tcp.rto_initial);
  return id;
}

void send(World& w, ConnectionId id, Side side, const Message& message) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if (e.state != TcpState::established || e.shut_down) {
    free_blob(w, message);
    return;
  }
  e.written += message.bytes;
  e.out.push_back(message);
  e.out.back().end = e.written;
  record<Kind::pdu_sent>(w, id, side, std::to_integer<unsigned>(message.header[0]), message.bytes,
                         e.written, transport::head_word(message));
  transmit(w, id, side);
}

void shut_down(World& w, ConnectionId id, Side side) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if (e.state != TcpState::established || e.shut_down)
    return;
  e.shut_down = true;
  transmit(w, id, side);
}

void release(World& w, ConnectionId id, Side side) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  HOLDFAST_CHECK(e.held);
  e.held = false;
  if (e.state == TcpState::established || e.state == TcpState::syn_received) {
    send_segment(w, id, side, e.highest, 0, rst | ack);
  }
  if (e.state != TcpState::closed)
    set_state(w, id, side, TcpState::closed);
  settle(w, id);
}

}  // namespace holdfast::tcp
