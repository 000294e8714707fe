// SPDX-License-Identifier: Apache-2.0
// TCP over one link: instants of packets worked out by hand, loss of chosen packets, and delivery
// of every message once and in order whatever is lost. The link has 1 Gbps and 1 ms: a segment
// without data takes (52 + 38) * 8 = 720 ns on the wire, a full one of 1,448 bytes 12,304 ns.
#include "models/transport/tcp.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace holdfast;
using tcp::Side;
using transport::ConnectionId;
using transport::Endpoint;
using transport::TcpState;

constexpr std::int64_t hop = 1'000'000;  // propagation
constexpr std::int64_t bare = 720;
constexpr std::int64_t full = 12'304;
constexpr std::int64_t mss = 1448;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t later = 10'000'000;  // well after the handshake

struct Happened {
  char what;  // e: established, m: message, l: lost
  Side side;
  std::int64_t at_ns;
  std::uint64_t value;  // version of the message, or the error
  friend bool operator==(const Happened&, const Happened&) = default;
};
std::ostream& operator<<(std::ostream& out, const Happened& h) {
  return out << h.what << (h.side == Side::host ? " host " : " target ") << h.at_ns << ' '
             << h.value;
}

// Handlers are plain functions, so what they were told is kept here; new_pair() empties it.
std::vector<Happened> log_of_handlers;

void note(World& w, char what, Side side, std::uint64_t value) {
  log_of_handlers.push_back({what, side, sim::ns(w.now()), value});
}

std::vector<Happened> told(char what, Side side) {
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

  void open() { id = tcp::open(w, forward, back, 0, 0); }
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
  Endpoint& end(Side side) { return w.transport.connections[id].end[static_cast<int>(side)]; }
  void blackhole(bool on) {
    for (const unsigned direction : {0u, 1u}) {
      const auto channel = net::channel_of(net::LinkId{0}, direction);
      on ? net::add_blackhole(w, channel) : net::remove_blackhole(w, channel);
    }
  }
};

Pair new_pair(std::uint64_t seed = 1, double loss = 0.0) {
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
  p.w.transport.ports.push_back({true});
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
Pair connected(const std::vector<std::uint64_t>& lost_packets = {}) {
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
constexpr std::int64_t rto = 2 * (hop + bare) + 200'000'000;

}  // namespace

TEST_CASE("a handshake takes one and a half round trips", "[tcp]") {
  Pair p = new_pair();
  p.open();
  p.run_until(second);
  CHECK(told('e', Side::host) == std::vector<Happened>{{'e', Side::host, 2 * (bare + hop), 0}});
  CHECK(told('e', Side::target) == std::vector<Happened>{{'e', Side::target, 3 * (bare + hop), 0}});
  CHECK(p.w.net.channels[0].packets == 2);
  CHECK(p.w.net.channels[1].packets == 1);
}

TEST_CASE("a message is cut into segments and handed up when its last byte is there", "[tcp]") {
  Pair p = connected();
  p.send(Side::host, 4000, 11);  // 1,448 + 1,448 + 1,104 bytes; the last takes 1,194 * 8 ns
  p.send(Side::host, 48, 12);    // (100 + 38) * 8 ns
  p.run_until(second);
  const std::int64_t first = later + 2 * full + 9552 + hop;
  CHECK(told('m', Side::target) == std::vector<Happened>{{'m', Side::target, first, 11},
                                                         {'m', Side::target, first + 1104, 12}});
  CHECK(p.w.net.channels[0].packets == 2 + 4);
}

TEST_CASE("the window opens by what is acknowledged", "[tcp]") {
  Pair p = connected();
  p.send(Side::host, 30 * mss, 1);
  CHECK(p.end(Side::host).highest == 1 + 10 * mss);  // ten segments at first (RFC 6928)
  p.run_until(second);
  // The first acknowledgement is back after a round trip; each lets two segments out, so that the
  // twenty that are left go back to back.
  const std::int64_t acknowledged = later + full + hop + bare + hop;
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, acknowledged + 20 * full + hop, 1}});
  // It grew to 20 segments. Of the twenty acknowledgements that follow, the k-th (from 0) finds
  // 20 - k in flight and a window of 20 + k; it counts while the window is at least half full, that
  // is for seven of them.
  CHECK(p.end(Side::host).window == 27 * mss);
}

TEST_CASE("three duplicate acknowledgements bring a lost segment again", "[tcp]") {
  Pair p = connected({2});  // the first segment with data
  p.send(Side::host, 10 * mss, 1);
  p.run_until(second);
  // Segments two to four cause the duplicates; the third of them is back at the host when the link
  // is idle again.
  const std::int64_t third = later + 4 * full + hop + bare + hop;
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, third + full + hop, 1}});
  CHECK(p.w.net.channels[0].packets == 2 + 10 + 1);
  CHECK(p.end(Side::host).threshold == 5 * mss);  // half the flight (RFC 5681, 3.2)
  CHECK(p.end(Side::host).window == 5 * mss);
}

TEST_CASE("without duplicates the timer does, and doubles", "[tcp]") {
  for (const std::uint64_t losses : {1u, 2u, 3u}) {
    std::vector<std::uint64_t> lost;
    for (std::uint64_t i = 0; i < losses; ++i)
      lost.push_back(2 + i);
    Pair p = connected(lost);
    p.send(Side::host, 48, 1);
    p.run_until(10 * second);
    const std::int64_t waited = ((std::int64_t{1} << losses) - 1) * rto;
    CHECK(told('m', Side::target) ==
          std::vector<Happened>{{'m', Side::target, later + waited + 1104 + hop, 1}});
  }
}

TEST_CASE("what waits in a socket is delivered when the path heals", "[tcp]") {
  Pair p = connected();
  p.blackhole(true);
  p.send(Side::host, 48, 1);
  const bool closed = GENERATE(false, true);
  if (closed)
    tcp::shut_down(p.w, p.id, Side::host);
  p.run_until(later + second);  // the timer has fired after 1 and 3 times the timeout
  CHECK(told('m', Side::target).empty());
  p.blackhole(false);
  p.run_until(10 * second);
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, later + 7 * rto + 1104 + hop, 1}});
  CHECK(told('l', Side::target).size() == (closed ? 1 : 0));
}

TEST_CASE("what waits in a socket that is released is gone", "[tcp]") {
  Pair p = connected();
  p.blackhole(true);
  p.send(Side::host, 48, 1);
  p.run_until(later + second);
  tcp::release(p.w, p.id, Side::host);
  p.run_until(later + 2 * second);
  p.blackhole(false);
  p.run_until(100 * second);
  CHECK(told('m', Side::target).empty());
}

TEST_CASE("a FIN follows the data and is told as closed by the peer", "[tcp]") {
  Pair p = connected();
  p.send(Side::host, 48, 1);
  tcp::shut_down(p.w, p.id, Side::host);
  p.send(Side::host, 48, 2);  // too late
  p.run_until(second);
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, later + 1104 + hop, 1}});
  CHECK(told('l', Side::target) ==
        std::vector<Happened>{{'l', Side::target, later + 1104 + bare + hop, tcp::closed_by_peer}});
  // Data for an end that will not read is answered with a reset.
  const std::int64_t at = second + 1104 + hop;
  p.send(Side::target, 48, 3);
  p.run_until(2 * second);
  CHECK(told('m', Side::host).empty());
  CHECK(told('l', Side::target).back() ==
        Happened{'l', Side::target, at + bare + hop, tcp::connection_reset});
}

TEST_CASE("a release resets the other end", "[tcp]") {
  Pair p = connected();
  tcp::release(p.w, p.id, Side::host);
  p.run_until(second);
  CHECK(told('l', Side::target) ==
        std::vector<Happened>{{'l', Side::target, later + bare + hop, tcp::connection_reset}});
  CHECK(told('l', Side::host).empty());
  tcp::release(p.w, p.id, Side::target);
  CHECK(p.w.transport.connections.live() == 0);
}

TEST_CASE("a reset that is not in place is challenged first", "[tcp]") {
  Pair p = connected({2});
  p.send(Side::host, 48, 1);  // lost, so that the reset lies 48 bytes ahead of what is expected
  tcp::release(p.w, p.id, Side::host);
  const std::int64_t sent = later + 1104;  // the reset waits for the wire
  p.run_until(sent + bare + hop);
  CHECK(told('l', Side::target).empty());
  CHECK(p.end(Side::target).state == TcpState::established);
  // RFC 5961, 3.2: the challenge goes back, a reset in place answers it.
  p.run_until(second);
  CHECK(told('l', Side::target) ==
        std::vector<Happened>{{'l', Side::target, sent + 3 * (bare + hop), tcp::connection_reset}});
}

TEST_CASE("nobody listens: refused, nobody answers: three SYNs a second apart", "[tcp]") {
  Pair refused = new_pair();
  refused.w.transport.ports[0].listening = false;
  refused.open();
  refused.run_until(100 * second);
  CHECK(log_of_handlers ==
        std::vector<Happened>{{'l', Side::host, 2 * (bare + hop), tcp::connection_refused}});
  Pair silent = new_pair();
  silent.blackhole(true);
  silent.open();
  silent.run_until(100 * second);
  CHECK(log_of_handlers == std::vector<Happened>{{'l', Side::host, 3 * second, tcp::timed_out}});
  CHECK(silent.w.net.channels[0].dropped == 3);
}

namespace {

/// Random messages in both directions at random times.
std::array<std::uint64_t, 2> talk(Pair& p, std::uint64_t seed) {
  std::uint64_t draw = 0;
  const auto below = [&](std::uint64_t bound) {
    return sim::uniform_below(sim::random_bits(seed, 5, draw++), bound);
  };
  std::array<std::uint64_t, 2> sent = {0, 0};
  for (int i = 0; i < 120; ++i) {
    const Side side = below(2) == 0 ? Side::host : Side::target;
    const auto bytes = static_cast<std::uint32_t>(8 + below(below(5) == 0 ? 60'000 : 400));
    p.send(side, bytes, ++sent[static_cast<std::size_t>(side)]);
    p.run_until(sim::ns(p.w.now()) + static_cast<std::int64_t>(below(20'000'000)));
  }
  return sent;
}

}  // namespace

TEST_CASE("each message arrives once and in order, whatever is lost", "[tcp]") {
  int timeouts = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Pair p = new_pair(seed, seed % 3 == 0 ? 0.2 : 0.05);
    p.open();
    p.run_until(100 * second);
    if (told('e', Side::host).empty())
      continue;  // three SYNs lost
    REQUIRE(told('e', Side::target).size() == 1);
    const auto sent = talk(p, seed);
    p.run_until(sim::ns(p.w.now()) + 3000 * second);
    for (const Side side : {Side::host, Side::target}) {
      const Side peer = transport::peer_of(side);
      const auto messages = told('m', peer);
      REQUIRE(messages.size() == sent[static_cast<std::size_t>(side)]);
      for (std::size_t i = 0; i < messages.size(); ++i)
        REQUIRE(messages[i].value == i + 1);
      // Bytes delivered are bytes acknowledged are bytes written.
      REQUIRE(p.end(side).unacked == p.end(side).written);
      REQUIRE(p.end(peer).expected == p.end(side).written);
      REQUIRE(p.end(side).out.empty());
      REQUIRE(p.end(side).packets_in_flight == 0);
      REQUIRE(p.end(peer).spans == 0);
    }
    REQUIRE(told('l', Side::host).empty());
    timeouts += p.w.net.channels[0].dropped > 5 ? 1 : 0;
    // Both ends let go: nothing is left, neither connection nor packet nor timer.
    tcp::release(p.w, p.id, Side::host);
    tcp::release(p.w, p.id, Side::target);
    p.run_until(sim::ns(p.w.now()) + second);
    REQUIRE(p.w.transport.connections.live() == 0);
    REQUIRE(p.w.net.packets.live() == 0);
    REQUIRE(p.w.calendar.pending() == 0);
  }
  CHECK(timeouts > 100);
}
