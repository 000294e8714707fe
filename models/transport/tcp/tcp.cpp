// SPDX-License-Identifier: Apache-2.0
// TCP connections: opening, writing, closing, and the end of a connection's life.
#include "models/transport/tcp/tcp.hpp"

#include <algorithm>

#include "models/ahead.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::TcpState;

namespace {

void free_blob(World& w, const Message& message) {
  if (message.payload.blob != sim::none<transport::BlobId>) {
    w.transport.blobs.remove(message.payload.blob);
  }
}

/// The edges between the states that are modelled (RFC 9293, 3.3.2).
bool follows(TcpState from, TcpState to) {
  switch (to) {
    case TcpState::syn_sent:
    case TcpState::syn_received:
      return from == TcpState::closed;
    case TcpState::established:
      return from == TcpState::syn_sent || from == TcpState::syn_received;
    case TcpState::closed:
      return from != TcpState::closed;
  }
  return false;
}

/// Messages that the socket has not taken are the layer above's, which drops them.
void forget_waiting(World& w, Endpoint& e) {
  for (std::size_t i = 0; i < e.waiting.size(); ++i)
    free_blob(w, e.waiting[i]);
  e.waiting.clear();
}

}  // namespace

void set_state(World& w, ConnectionId id, Side side, TcpState state) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_CHECK(follows(e.state, state), "TCP has no such change of state");
  e.state = state;
  e.opened = true;
  if (state == TcpState::closed) {
    stop_timer(e);
    e.acks.timer.stop();
    e.acks.together.stop();
  }
  record<Kind::tcp_state>(w, id, side, state);
}

void settle(World& w, ConnectionId id) {
  // Whoever hears of a loss may have let go of the connection already.
  if (!w.transport.connections.contains(id))
    return;
  Connection& c = w.transport.connections[id];
  for (const Side side : {Side::host, Side::target}) {
    Endpoint& e = c.end[at(side)];
    if (e.opened && e.state == TcpState::closed && e.data_in_flight == 0 && !e.dry) {
      HOLDFAST_CHECK(e.unacked <= e.next, "more is acknowledged than was sent");
      e.dry = true;
      record<Kind::stream_dry>(w, id, side);
    }
  }
  for (const Endpoint& e : c.end) {
    if (e.state != TcpState::closed || e.held || e.packets_in_flight != 0)
      return;
  }
  for (Endpoint& e : c.end) {
    e.timer.discard(w);
    e.acks.timer.discard(w);
    e.acks.together.discard(w);
    forget_waiting(w, e);
    for (std::size_t i = 0; i < e.out.size(); ++i)
      free_blob(w, e.out[i]);
  }
  w.transport.connections.remove(id);
}

namespace {

/// connect() fails before anything is sent.
void no_route(World& w, ConnectionId id, int error) {
  if (!w.transport.connections.contains(id) ||
      end_of(w, id, Side::host).state != TcpState::syn_sent)
    return;
  set_state(w, id, Side::host, TcpState::closed);
  if (end_of(w, id, Side::host).held)
    w.transport.handlers.lost(w, id, Side::host, error);
  settle(w, id);
}

}  // namespace

ConnectionId open(World& w, net::RouteId forward, net::RouteId back, transport::PortId port,
                  transport::HostQueueId queue, const sim::TimerWheel& wheel) {
  const net::Route& there = w.net.routes[sim::index(forward)];
  const net::Route& home = w.net.routes[sim::index(back)];
  HOLDFAST_CHECK(there.from == home.to && there.to == home.from, "the way back is another's");
  HOLDFAST_CHECK(sim::index(port) < w.transport.ports.size(), "there is no such port");
  const ConnectionId id = w.transport.connections.add();
  if (w.transport.connections.size() == ahead::many)
    w.net.expect = ahead::packet;
  Connection& c = w.transport.connections[id];
  c.port = port;
  c.host_queue = queue;
  c.route = {forward, back};
  c.wheel = {wheel, w.transport.ports[sim::index(port)].wheel};
  const std::uint32_t mtu = std::min({there.mtu_bytes, home.mtu_bytes, least_mtu_of_ways(w, c)});
  c.mss = mtu - header_bytes;
  HOLDFAST_CHECK(mtu > header_bytes, "no data fits beside the headers");
  for (Endpoint& e : c.end) {
    e.cwnd = w.transport.tcp.initial_window_segments;
    e.rto_min = w.transport.tcp.rto_min;
    e.round_trips.timeout = w.transport.tcp.rto_initial;
  }
  Endpoint& e = c.end[0];
  e.held = true;
  e.last_sent = w.now();
  e.first_repeat_ms = stamp_of(w.now());
  set_state(w, id, Side::host, TcpState::syn_sent);
  const auto& gone = w.transport.no_routes;
  const auto way = std::find_if(gone.begin(), gone.end(),
                                [&](const transport::NoRoute& r) { return r.forward == forward; });
  if (way != gone.end()) {
    w.after(Duration{},
            [id, error = sim::Filled(way->error)](World& world) { no_route(world, id, error); });
    return id;
  }
  send_segment(w, id, Side::host, 0, 0, syn);
  arm_handshake(w, id, Side::host);
  return id;
}

void send(World& w, ConnectionId id, Side side, const Message& message) {
  Connection& c = w.transport.connections[id];
  HOLDFAST_PACKET_CHECK(message.header_bytes > 0 && message.header_bytes <= message.header.size(),
                        "a PDU has a header, and room for it");
  HOLDFAST_PACKET_CHECK(message.bytes >= message.header_bytes + message.payload.bytes,
                        "a PDU is as long as its header and its data at least");
  Endpoint& e = end_of(c, side);
  if (e.state != TcpState::established || e.shut_down) {
    free_blob(w, message);
    return;
  }
  restart_after_idle(e, tick_time(w, c, side), w.transport.tcp);
  // What is not a full segment waits for what follows it, if it is the first that waits.
  const bool waits = message.more && e.next == e.written && message.bytes < c.mss;
  write_message(w, id, side, message);
  if (!waits || in_network(e) >= e.cwnd)
    transmit(w, id, side);
}

bool is_gone(const World& w, ConnectionId id, Side side) {
  return w.transport.connections[id].end[at(side)].state == TcpState::closed;
}

void shut_down(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (e.state != TcpState::established || e.shut_down)
    return;
  e.shut_down = true;
  forget_waiting(w, e);
  transmit(w, id, side);
}

void release(World& w, ConnectionId id, Side side) {
  const Endpoint& e = end_of(w, id, side);
  if (e.state == TcpState::established || e.state == TcpState::syn_received)
    send_segment(w, id, side, e.next, 0, rst | ack);
  forget(w, id, side);
}

void forget(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_CHECK(e.held, "the layer above has let go of this end before");
  e.held = false;
  if (e.state != TcpState::closed)
    set_state(w, id, side, TcpState::closed);
  settle(w, id);
}

}  // namespace holdfast::tcp
