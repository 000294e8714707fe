// SPDX-License-Identifier: Apache-2.0
// Two ends of TCP over one link of 1 Gbps and 1 ms: a segment without data takes (52 + 38) * 8 =
// 720 ns on the wire, a full one of 1,448 bytes 12,304 ns.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::tcp_test {

using tcp::Side;
using transport::ConnectionId;
using transport::Endpoint;
using transport::TcpState;

inline constexpr std::int64_t hop = 1'000'000;  // propagation
inline constexpr std::int64_t bare = 720;
inline constexpr std::int64_t full = 12'304;
inline constexpr std::int64_t mss = 1448;
inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t later = 10'000'000;  // well after the handshake

/// Nobody above opened the connection. {} would name the first queue there is.
inline constexpr auto no_queue = sim::none<transport::HostQueueId>;

struct Happened {
  char what;  // e: established, m: message, l: lost
  Side side;
  std::int64_t at_ns;
  std::uint64_t value;  // version of the message, or the error
  friend bool operator==(const Happened&, const Happened&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Happened& h) {
  return out << h.what << (h.side == Side::host ? " host " : " target ") << h.at_ns << ' '
             << h.value;
}

// Handlers are plain functions, so what they were told is kept here; new_pair() empties it.
inline std::vector<Happened> log_of_handlers;

inline void note(World& w, char what, Side side, std::uint64_t value) {
  log_of_handlers.push_back({what, side, sim::ns(w.now()), value});
}

inline std::vector<Happened> told(char what, Side side) {
  std::vector<Happened> out;
  std::copy_if(log_of_handlers.begin(), log_of_handlers.end(), std::back_inserter(out),
               [&](const Happened& h) { return h.what == what && h.side == side; });
  return out;
}

struct Pair {
  World w;
  net::RouteId forward{};
  net::RouteId back{};
  ConnectionId id{};

  void open() { id = tcp::open(w, forward, back, {}, no_queue); }
  void run_until(std::int64_t t) {
    w.calendar.run_until(w, sim::TimePoint{std::chrono::nanoseconds{t}});
  }
  /// `bytes` with the header, which has 8.
  void send(Side side, std::uint32_t bytes, std::uint64_t version) {
    transport::Message m;
    m.header_bytes = 8;
    m.bytes = bytes;
    m.payload.bytes = bytes - 8;
    m.payload.version = version;
    tcp::send(w, id, side, m);
  }
  Endpoint& end(Side side) { return w.transport.connections[id].end[at(side)]; }
  void blackhole(bool on) {
    for (const unsigned direction : {0u, 1u}) {
      const auto channel = net::channel_of(net::LinkId{0}, direction);
      on ? net::add_blackhole(w, channel) : net::remove_blackhole(w, channel);
    }
  }
};

inline Pair new_pair(std::uint64_t seed = 1, double loss = 0.0) {
  Pair p;
  log_of_handlers.clear();
  p.w.choices.reseed(seed);
  net::LinkParameters link;
  link.name = "l";
  link.ends = {net::add_node(p.w, "h"), net::add_node(p.w, "t")};
  link.rate_bps = 1'000'000'000;
  link.delay = std::chrono::nanoseconds{hop};
  link.queue_bytes = 1u << 20;
  link.loss = {loss, loss};
  const net::LinkId id = net::add_link(p.w, link);
  p.forward = net::add_route(p.w, link.ends[0], link.ends[1], {net::channel_of(id, 0)});
  p.back = net::add_route(p.w, link.ends[1], link.ends[0], {net::channel_of(id, 1)});
  p.w.net.deliver = tcp::on_packet;
  p.w.net.dropped = tcp::on_dropped;
  p.w.transport.ports.emplace_back();
  p.w.transport.handlers.established = [](World& w, ConnectionId, Side side) {
    note(w, 'e', side, 0);
  };
  p.w.transport.handlers.message = [](World& w, ConnectionId, Side side,
                                      const transport::Message& m) {
    note(w, 'm', side, m.payload.version);
  };
  p.w.transport.handlers.lost = [](World& w, ConnectionId, Side side, int error) {
    note(w, 'l', side, static_cast<std::uint64_t>(error));
  };
  return p;
}

/// A pair that is connected, with nothing in flight, at time `later`. The packets with the given
/// numbers are lost on their way to the target; 0 is the SYN, 1 the end of the handshake.
inline Pair connected(const std::vector<std::uint64_t>& lost_packets = {}) {
  Pair p = new_pair();
  sim::ChoiceScript script;
  for (const std::uint64_t n : lost_packets)
    script.push_back({sim::hash_name("link l fwd/loss"), n, 1});
  p.w.choices.replay(script);
  p.open();
  p.run_until(later);
  return p;
}

// RFC 6298: the first sample is R = 2 (1 ms + 720 ns), its variance R / 2; the 200 ms floor is on
// four times the variance (tcp_set_rto).
inline constexpr std::int64_t rto = 2 * (hop + bare) + 200'000'000;

}  // namespace holdfast::tcp_test
