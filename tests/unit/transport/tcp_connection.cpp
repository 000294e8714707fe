// SPDX-License-Identifier: Apache-2.0
// TCP over one link: instants of packets worked out by hand, loss of chosen packets, and delivery
// of every message once and in order whatever is lost. The link has 1 Gbps and 1 ms: a segment
// without data takes (52 + 38) * 8 = 720 ns on the wire, a full one of 1,448 bytes 12,304 ns.
#include "tests/unit/transport/tcp_support.hpp"

using namespace holdfast;
using namespace holdfast::tcp_test;

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
  CHECK(p.end(Side::host).next == 1 + 10 * mss);  // ten segments at first (RFC 6928)
  p.run_until(second);
  // The first acknowledgement is back after a round trip; each lets two segments out, so that the
  // twenty that are left go back to back.
  const std::int64_t acknowledged = later + full + hop + bare + hop;
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, acknowledged + 20 * full + hop, 1}});
  // Slow start adds a segment for each that is acknowledged as long as the last flight filled the
  // window (tcp_is_cwnd_limited), and both did.
  CHECK(p.end(Side::host).cwnd == 10 + 30);
}

TEST_CASE("three segments that overtook a lost one bring it again", "[tcp]") {
  Pair p = connected({2});  // the first segment with data
  p.send(Side::host, 10 * mss, 1);
  p.run_until(second);
  // Segments two to four are told as SACK; with the third of them there is no more waiting for
  // reordering (tcp_rack_reo_wnd), and it is back at the host when the link is idle again.
  // An acknowledgement with one run in it is 12 bytes longer.
  const std::int64_t third = later + 4 * full + hop + bare + 12 * 8 + hop;
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, third + full + hop, 1}});
  CHECK(p.w.net.channels[0].packets == 2 + 10 + 1);
  // CUBIC keeps 717/1024 of the window (RFC 9438, 4.6).
  CHECK(p.end(Side::host).ssthresh == 7);
  CHECK(p.end(Side::host).cwnd == 7);
}

TEST_CASE("a lone segment is probed once, then the timeout doubles", "[tcp]") {
  for (const std::uint64_t losses : {1u, 2u, 3u}) {
    std::vector<std::uint64_t> lost;
    for (std::uint64_t i = 0; i < losses; ++i)
      lost.push_back(2 + i);
    Pair p = connected(lost);
    p.send(Side::host, 48, 1);
    p.run_until(10 * second);
    // The probe would come after 2 SRTT + 200 ms, but never later than the timeout; the timeout
    // starts afresh behind it: 1, 2, 4 times the RTO.
    const std::int64_t waited = (std::int64_t{1} << (losses - 1)) * rto;
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
  p.run_until(later + second);
  CHECK(told('m', Side::target).empty());
  p.blackhole(false);
  p.run_until(10 * second);
  // Alone it is sent after 1, 2, 4 and 8 times the timeout. With a FIN behind it the probe, of the
  // FIN, comes after 2 SRTT + 2 ms, and the timeouts 1, 3, 7 times the RTO later.
  const std::int64_t probe = 2 * 2 * (hop + bare) + 2'000'000;
  const std::int64_t sent = later + (closed ? probe + 7 * rto : 8 * rto);
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, sent + 1104 + hop, 1}});
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
      REQUIRE(p.end(peer).ahead.empty());
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
