// SPDX-License-Identifier: Apache-2.0
// Frames and exchanges of NVMe/FC: sending, losing, arriving, and the end of an exchange's life.
#include "models/transport/fc/fc.hpp"
#include "models/transport/functions.hpp"

#include <algorithm>

#include "models/net/fabric.hpp"
#include "models/transport/fc/internal.hpp"
#include "models/world.hpp"

namespace holdfast::transport::fc {

namespace {

std::uint64_t token_of(const Exchange& x) { return x.data[at(Side::host)].version; }

bool is_cut(const World& w, net::RouteId route) {
  const auto& cut = w.transport.fc.cut_routes;
  return sim::index(route) < cut.size() && cut[sim::index(route)] != 0;
}

void cut(World& w, net::RouteId route, std::uint32_t change) {
  HOLDFAST_CHECK(change == 1 || is_cut(w, route), "a route is joined that was not cut");
  auto& cuts = w.transport.fc.cut_routes;
  if (cuts.size() <= sim::index(route))
    cuts.resize(sim::index(route) + 1u);
  cuts[sim::index(route)] += change;
}

void arrived(World& w, ExchangeId id, const Frame& f) {
  const Side to = peer_of(Side{f.from});
  Exchange& x = exchange(w, id);
  if (f.iu == Iu::data) {
    HOLDFAST_PACKET_CHECK(f.offset + f.length <= f.total, "a frame reaches beyond its unit");
    // Frames of a sequence stay in order on a route, so a hole is a lost frame, and is never
    // filled.
    if (f.offset != x.received[at(to)])
      return;
    x.received[at(to)] += f.length;
    if (x.received[at(to)] != f.total)
      return;
  }
  record<Kind::iu_received>(w, x.connection, to, f.iu, f.total, id, Token{f.token});
  if (to == Side::host) {
    host_unit(w, id, f.iu);
  } else {
    target_unit(w, id, f.iu);
  }
}

void note_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason) {
  const auto words = net::record_words(packet.body);
  record<Kind::packet_dropped>(w, channel, reason, words[0], words[1], words[2], words[3]);
}

/// A frame keeps its exchange alive until it has been dealt with.
ExchangeId exchange_of(const World& w, const Frame& f) {
  return w.transport.fc.exchanges.id_at(f.exchange);
}

void frame_over(World& w, ExchangeId id) {
  HOLDFAST_PACKET_CHECK(exchange(w, id).frames > 0,
                        "a frame is gone that its exchange does not count");
  if (--exchange(w, id).frames == 0)
    settle(w, id);
}

void on_packet(World& w, const net::Packet& packet) {
  const auto frame = std::bit_cast<Frame>(packet.body);
  const ExchangeId id = exchange_of(w, frame);
  if (is_cut(w, packet.route)) {
    const net::Route& r = w.net.routes[sim::index(packet.route)];
    note_dropped(w, packet, w.net.hops[r.first + r.count - 1], net::Drop::blackhole);
  } else {
    arrived(w, id, frame);
  }
  frame_over(w, id);
}

void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason) {
  note_dropped(w, packet, channel, reason);
  frame_over(w, exchange_of(w, std::bit_cast<Frame>(packet.body)));
}

sim::List<ConnectionId>& on_route(World& w, net::RouteId forward) {
  auto& routes = w.transport.fc.on_route;
  if (routes.size() <= sim::index(forward))
    routes.resize(sim::index(forward) + std::size_t{1});
  return routes[sim::index(forward)];
}

void free_data(World& w, const Exchange& x) {
  for (std::size_t side = 0; side < 2; ++side) {
    if (x.data[side].blob != sim::none<BlobId>)
      w.transport.blobs.remove(x.data[side].blob);
  }
}

}  // namespace

Exchange& exchange(World& w, ExchangeId id) { return w.transport.fc.exchanges[id]; }
Connection& connection(World& w, ConnectionId id) { return w.transport.fc.connections[id]; }

void install(World& w) {
  w.net.deliver = on_packet;
  w.net.dropped = on_dropped;
}

bool is_refused(const World& w, const Connection& c) {
  return w.transport.ports[sim::index(c.port)].refusals != 0;
}

ConnectionId open_connection(World& w, net::RouteId forward, net::RouteId back, PortId port,
                             ConnectionId association) {
  auto& all = w.transport.fc.connections;
  const ConnectionId id = all.add();
  Connection& c = all[id];
  c.association = association == sim::none<ConnectionId> ? id : association;
  c.port = port;
  c.route = {forward, back};
  sim::append<&Connection::of_association>(all, all[c.association].queues, id);
  sim::append<&Connection::on_route>(all, on_route(w, forward), id);
  return id;
}

std::vector<ExchangeId> exchanges_of(const World& w, ConnectionId id) {
  const State& fc = w.transport.fc;
  return sim::members<&Exchange::of_connection>(fc.exchanges, fc.connections[id].all);
}

ExchangeId open_exchange(World& w, ConnectionId id, Service service, Side originator) {
  HOLDFAST_PACKET_CHECK(service == Service::disconnect || originator == Side::host,
                        "a target opens an exchange only to disconnect");
  const ExchangeId out = w.transport.fc.exchanges.add();
  Exchange& x = exchange(w, out);
  x.service = service;
  x.from_target = originator == Side::target;
  x.connection = id;
  ++connection(w, id).exchanges;
  sim::append<&Exchange::of_connection>(w.transport.fc.exchanges, connection(w, id).all, out);
  return out;
}

void send(World& w, ExchangeId id, Side from, Iu iu, std::uint32_t bytes) {
  const ConnectionId of = exchange(w, id).connection;
  const net::RouteId route = connection(w, of).route[at(from)];
  Frame f;
  f.exchange = sim::index(id);
  f.iu = iu;
  f.from = static_cast<std::uint8_t>(from);
  f.total = bytes;
  f.token = exchange(w, id).data[at(from)].version;
  f.stamp_ns = sim::ns(w.now());
  record<Kind::iu_sent>(w, of, from, iu, bytes, id, Token{f.token});
  if (is_cut(w, route) || (from == Side::host && is_refused(w, connection(w, of))))
    return;  // the adapter has no login to send it under, or does not take it
  const std::uint32_t most =
      std::min(frame_payload_bytes, w.net.routes[sim::index(route)].mtu_bytes - header_bytes);
  do {
    f.length = static_cast<std::uint16_t>(std::min(most, bytes - f.offset));
    // A frame may be dropped within the call; the second count keeps the exchange.
    exchange(w, id).frames += 2;
    net::send(w, route, f.length + header_bytes, std::bit_cast<net::PacketBody>(f));
    --exchange(w, id).frames;
    f.offset += f.length;
  } while (f.offset < bytes);
}

void settle(World& w, ExchangeId id) {
  if (!w.transport.fc.exchanges.contains(id))
    return;
  const Exchange& x = exchange(w, id);
  const Side originator = x.from_target ? Side::target : Side::host;
  if (x.frames != 0 || !x.done[at(originator)])
    return;
  if (x.opened && !x.done[at(peer_of(originator))])
    return;
  // Nobody sends a command twice: what the target engine has not got by now it never gets.
  if (x.service == Service::command && !x.delivered && token_of(x) != 0)
    record<Kind::attempt_gone>(w, Token{token_of(x)});
  free_data(w, x);
  w.calendar.cancel(x.timer);
  const ConnectionId of = x.connection;
  sim::unlink<&Exchange::of_connection>(w.transport.fc.exchanges, connection(w, of).all, id);
  w.transport.fc.exchanges.remove(id);
  HOLDFAST_PACKET_CHECK(connection(w, of).exchanges > 0,
                        "an exchange goes that its connection does not count");
  --connection(w, of).exchanges;
  settle_connection(w, of);
}

void settle_connection(World& w, ConnectionId id) {
  if (!w.transport.fc.connections.contains(id))
    return;
  const Connection& c = connection(w, id);
  if (c.exchanges != 0 || c.members != 0 || c.host_queue != sim::none<HostQueueId> ||
      c.target_queue != sim::none<TargetQueueId>) {
    return;
  }
  const ConnectionId association = c.association;
  auto& all = w.transport.fc.connections;
  sim::unlink<&Connection::of_association>(all, all[association].queues, id);
  sim::unlink<&Connection::on_route>(all, on_route(w, c.route[at(Side::host)]), id);
  all.remove(id);
  if (association == id)
    return;
  HOLDFAST_CHECK(connection(w, association).members > 0,
                 "a connection goes that its association does not count");
  --connection(w, association).members;
  settle_connection(w, association);
}

ExchangeId find(World& w, ConnectionId id, Side side, std::uint16_t cid) {
  const auto& open = connection(w, id).exchange_of[at(side)];
  const std::size_t tag = wire::CommandId::unpack(cid).tag;
  if (tag >= open.size() || open[tag] == sim::none<ExchangeId>)
    return sim::none<ExchangeId>;
  return exchange(w, open[tag]).command.cid == cid ? open[tag] : sim::none<ExchangeId>;
}

void remember(World& w, ExchangeId id, Side side) {
  const Exchange& x = exchange(w, id);
  HOLDFAST_PACKET_CHECK(x.service == Service::command, "only commands are found by their tags");
  auto& open = connection(w, x.connection).exchange_of[at(side)];
  const std::size_t tag = wire::CommandId::unpack(x.command.cid).tag;
  if (open.size() <= tag)
    open.resize(tag + 1, sim::none<ExchangeId>);
  open[tag] = id;
}

void end(World& w, ExchangeId id, Side side) {
  Exchange& x = exchange(w, id);
  x.done[at(side)] = true;
  if (x.service == Service::command) {
    auto& open = connection(w, x.connection).exchange_of[at(side)];
    const std::size_t tag = wire::CommandId::unpack(x.command.cid).tag;
    if (tag < open.size() && open[tag] == id)
      open[tag] = sim::none<ExchangeId>;
  }
  const Side originator = x.from_target ? Side::target : Side::host;
  if (side == originator)
    w.calendar.cancel(x.timer);
}

namespace {

/// What the adapter was waiting for on the wire ends with the login.
void stop_waiting(World& w, ConnectionId of) {
  for (const ExchangeId id : exchanges_of(w, of)) {
    Exchange& x = exchange(w, id);
    const bool waits = x.aborting || x.service != Service::command;
    if (x.from_target || x.done[at(Side::host)] || !waits)
      continue;
    w.calendar.cancel(x.timer);
    x.timer = w.after(Duration{}, [id](World& world) {
      give_up(world, id, wire::StatusCode::host_aborted_command);
    });
  }
}

}  // namespace

void part(World& w, net::RouteId forward, net::RouteId back) {
  cut(w, forward, 1);
  cut(w, back, 1);
  const State& fc = w.transport.fc;
  for (const ConnectionId id :
       sim::members<&Connection::on_route>(fc.connections, on_route(w, forward)))
    stop_waiting(w, id);
}

void rejoin(World& w, net::RouteId forward, net::RouteId back) {
  HOLDFAST_CHECK(is_apart(w, forward), "the ports see each other already");
  cut(w, forward, ~0u);
  cut(w, back, ~0u);
}

bool is_apart(const World& w, net::RouteId forward) { return is_cut(w, forward); }

}  // namespace holdfast::transport::fc
