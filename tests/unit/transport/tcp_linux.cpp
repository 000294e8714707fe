// SPDX-License-Identifier: Apache-2.0
// What Linux's TCP does beyond the textbook, with instants worked out by hand: tail loss probe,
// RACK, delayed acknowledgements, the timer wheel, windows, and what a full socket does.
#include "models/net/netem.hpp"
#include "models/transport/tcp/internal.hpp"
#include "tests/unit/transport/tcp_support.hpp"

using namespace holdfast;
using namespace holdfast::tcp_test;
using transport::CongestionState;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t trip = 2 * (hop + bare);  ///< of the handshake, the first sample

std::uint64_t to_target(const Pair& p) { return p.w.net.channels[0].packets; }
std::uint64_t to_host(const Pair& p) { return p.w.net.channels[1].packets; }

/// A pair whose machines have ticks, opened at the start of one. The host sends a first message and
/// the target an answer, 20 ms apart, so that neither is in its first round trip any more.
Pair ticking(std::uint32_t hz) {
  Pair p = new_pair();
  p.w.transport.ports[0].wheel.hz = hz;
  p.id = tcp::open(p.w, p.forward, p.back, {}, no_queue, {.hz = hz, .phase = {}});
  p.run_until(later);
  return p;
}

}  // namespace

TEST_CASE("the last of several segments is probed after two round trips", "[tcp]") {
  // 1,448 + 1,448 + 1,104 bytes, the last of them lost. The second one is acknowledged when it is
  // there; then a single segment is out, and the probe waits 200 ms for a delayed acknowledgement.
  Pair p = connected({4});
  p.send(Side::host, 4000, 1);
  SECTION("and a lone one after 200 ms more, which is here the timeout") {
    p.run_until(later + 100 * ms);
    CHECK(to_target(p) == 2 + 3);
    p.run_until(later + 210 * ms);
    CHECK(to_target(p) == 2 + 4);
    CHECK(told('m', Side::target).size() == 1);
    CHECK(p.end(Side::host).timeouts == 0);  // a probe is no timeout
  }
  SECTION("all lost: 2 SRTT + 2 ms, then the timeout for the first") {
    Pair q = connected({2, 3, 4});
    q.send(Side::host, 4000, 1);
    // The probe brings the third segment, whose SACK says that the others are lost.
    const std::int64_t probe = later + 2 * trip + 2 * ms;
    q.run_until(probe - 1);
    CHECK(to_target(q) == 2 + 3);
    q.run_until(probe + 2 * ms + 100'000);
    CHECK(q.end(Side::host).congestion_state == CongestionState::recovery);
    q.run_until(second);
    CHECK(told('m', Side::target).size() == 1);
    CHECK(told('m', Side::target)[0].at_ns < probe + 3 * trip);
  }
}

TEST_CASE("without tail loss probe the timeout is the first to act", "[tcp]") {
  Pair p = connected({2});
  p.w.transport.tcp.tail_loss_probe = false;
  p.send(Side::host, 48, 1);
  p.run_until(second);
  CHECK(told('m', Side::target) ==
        std::vector<Happened>{{'m', Side::target, later + rto + 1104 + hop, 1}});
  CHECK(p.end(Side::host).cwnd == 2);  // one after the timeout, and one for what was acknowledged
}

TEST_CASE("a segment that was overtaken waits a quarter round trip for RACK", "[tcp]") {
  // Of two segments the first is lost. The SACK of the second comes after trip + 24 us or so; there
  // are fewer than three, so the first may have been reordered: the timer runs for the rest of
  // SRTT/4 and 2 ms more.
  Pair p = connected({2});
  p.send(Side::host, 2 * mss, 1);
  const std::int64_t sack = later + 2 * full + hop + 720 + 96 + hop;  // a SACK takes 12 bytes
  const std::int64_t waited = trip / 4 + 2 * ms;
  p.run_until(sack + waited - 10'000);
  CHECK(to_target(p) == 2 + 2);
  CHECK(p.end(Side::host).congestion_state == CongestionState::disorder);
  p.run_until(sack + waited + full + hop + 10'000);
  CHECK(told('m', Side::target).size() == 1);
  CHECK(p.end(Side::host).timeouts == 0);
}

TEST_CASE("a probe of what had arrived does not shrink the window", "[tcp]") {
  Pair p = connected();
  p.send(Side::host, 48, 1);
  p.run_until(second);
  const std::uint32_t window = p.end(Side::host).cwnd;
  // The answer is lost, so that the host repeats what the target has: it says so with a DSACK.
  net::add_blackhole(p.w, net::channel_of(net::LinkId{0}, 1));
  p.send(Side::host, 48, 2);
  p.run_until(second + 100 * ms);
  net::remove_blackhole(p.w, net::channel_of(net::LinkId{0}, 1));
  p.run_until(2 * second);
  CHECK(told('m', Side::target).size() == 2);
  CHECK(to_target(p) == 2 + 2 + 1);
  CHECK(p.end(Side::host).congestion_state == CongestionState::open);
  CHECK(p.end(Side::host).cwnd >= window);
}

TEST_CASE("acknowledgements wait 40 ms for company once the start is over", "[tcp]") {
  Pair p = connected();
  // Sixteen are quick at the start of a connection; each small segment takes one.
  for (int i = 0; i < 16; ++i) {
    p.send(Side::host, 48, 1);
    p.run_until(sim::ns(p.w.now()) + 10 * ms);
  }
  CHECK(to_host(p) == 1 + 16);
  // From here on the reader asks for it: it has emptied the socket of a pushed segment.
  p.send(Side::host, 48, 1);
  p.run_until(sim::ns(p.w.now()) + 10 * ms);
  CHECK(to_host(p) == 1 + 17);
  // An end that answers is in a dialogue: its acknowledgement waits for the next answer.
  p.send(Side::target, 48, 1);
  p.run_until(sim::ns(p.w.now()) + 60 * ms);
  const std::uint64_t before = to_host(p);
  const std::int64_t start = sim::ns(p.w.now());
  p.send(Side::host, 48, 1);
  p.run_until(start + hop + 1104 + 1 * ms);
  p.send(Side::target, 48, 1);  // within 40 ms after data: ping-pong from here on
  p.run_until(start + 100 * ms);
  const std::uint64_t dialogue = to_host(p);
  CHECK(dialogue > before);
  const std::int64_t again = sim::ns(p.w.now());
  p.send(Side::host, 48, 1);
  p.run_until(again + hop + 1104 + 39 * ms);
  CHECK(to_host(p) == dialogue);
  p.run_until(again + hop + 1104 + 42 * ms);
  CHECK(to_host(p) == dialogue + 1);
}

TEST_CASE("without delayed acknowledgements each segment has its own", "[tcp]") {
  Pair p = new_pair();
  p.w.transport.tcp.delayed_acks = false;
  p.open();
  p.run_until(later);
  p.send(Side::host, 40 * mss, 1);
  p.run_until(second);
  CHECK(to_host(p) == 1 + 40);
}

TEST_CASE("timeouts are whole ticks and go through the wheel", "[tcp]") {
  // HZ = 250: 202 ms are 51 ticks, and a timer fires in the tick behind. A lone segment that is
  // sent at tick 2 is probed at tick 54, then 51, 102, 204 ticks later on the wheel.
  Pair p = ticking(250);
  p.blackhole(true);
  const std::int64_t sent = sim::ns(p.w.now());
  CHECK(sent == 10 * ms);
  p.send(Side::host, 48, 1);
  std::vector<std::int64_t> at;
  for (std::int64_t t = sent, seen = 2 + 1; t < 3 * second; t += ms) {
    p.run_until(t);
    if (static_cast<std::int64_t>(p.w.net.channels[0].packets) > seen) {
      at.push_back((t - sent) / ms);
      ++seen;
    }
  }
  REQUIRE(at.size() == 4);
  // Instants of arrival at the far end, on a grid of 1 ms. Ticks at 4 ms: 54 -> 216 ms; 54 + 51 ->
  // 106 -> 424; then 102 ticks on level 1, whose granule is 8 ticks: 208 -> 216 -> 864; then 204 on
  // the same level: 216 + 204 = 420 -> 424 -> 1696.
  const std::vector<std::int64_t> ticks = {54, 106, 216, 424};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::abs(at[i] - (ticks[i] * 4 - 10 + 2)) <= 1);
}

TEST_CASE("a pause as long as the timeout takes the window back to ten", "[tcp]") {
  Pair p = connected();
  p.send(Side::host, 60 * mss, 1);
  p.run_until(later + 50 * ms);
  const std::uint32_t grown = p.end(Side::host).cwnd;
  REQUIRE(grown == 10 + 60);
  const std::int64_t last = sim::ns(p.end(Side::host).last_sent);
  const std::int64_t timeout = p.end(Side::host).round_trips.timeout.count();
  SECTION("at once after a long one") {
    p.run_until(20 * second);
    p.send(Side::host, 48, 1);
    CHECK(p.end(Side::host).cwnd == 10);
  }
  SECTION("half way to ten when it was not used for one timeout") {
    p.run_until(last + timeout);
    p.send(Side::host, 48, 1);
    CHECK(p.end(Side::host).cwnd == (grown + 10) / 2);
  }
  SECTION("by half for the second timeout") {
    p.run_until(last + 2 * timeout);
    p.send(Side::host, 48, 1);
    CHECK(p.end(Side::host).cwnd == grown / 2);
  }
}

TEST_CASE("CUBIC keeps seven tenths, Reno half", "[tcp]") {
  const bool reno = GENERATE(false, true);
  Pair p = new_pair();
  if (reno)
    p.w.transport.tcp.congestion = transport::CongestionControl::reno;
  sim::ChoiceScript script;
  script.push_back({sim::hash_name("link l fwd/loss"), 2 + 40, 1});
  p.w.choices.replay(script);
  p.open();
  p.run_until(later);
  p.send(Side::host, 100 * mss, 1);
  std::uint32_t largest = 0;
  while (sim::ns(p.w.now()) < second &&
         p.end(Side::host).congestion_state == CongestionState::open) {
    largest = p.end(Side::host).cwnd;
    p.run_until(sim::ns(p.w.now()) + 1000);
  }
  p.run_until(second);
  CHECK(told('m', Side::target).size() == 1);
  CHECK(p.end(Side::host).ssthresh >= (reno ? largest / 2 : largest * 7 / 10 - 1));
  CHECK(p.end(Side::host).ssthresh <= (reno ? largest / 2 + 1 : largest * 7 / 10 + 1));
}

TEST_CASE("what does not fit into the socket is forgotten when it is shut down", "[tcp]") {
  // 2 x 4,352 bytes for each of ten segments at first: 87,040. A message of 4,168 bytes costs 1,280
  // more, so the socket takes messages until it is full: sixteen make 87,168.
  Pair p = connected();
  p.blackhole(true);
  for (std::uint64_t i = 1; i <= 30; ++i)
    p.send(Side::host, 4168, i);
  CHECK(p.end(Side::host).out.size() == 16);
  CHECK(p.end(Side::host).waiting.size() == 14);
  SECTION("healed in time, everything arrives") {
    p.blackhole(false);
    p.run_until(10 * second);
    CHECK(told('m', Side::target).size() == 30);
  }
  SECTION("shut down, what is in the socket arrives") {
    tcp::shut_down(p.w, p.id, Side::host);
    p.blackhole(false);
    p.run_until(10 * second);
    CHECK(told('m', Side::target).size() == 16);
  }
}

TEST_CASE("a segment never spans two messages", "[tcp]") {
  // MSG_EOR: three messages of 100 bytes are three segments, also when they wait for the window.
  Pair p = connected();
  p.send(Side::host, 10 * mss, 1);
  for (std::uint64_t i = 2; i <= 4; ++i)
    p.send(Side::host, 100, i);
  p.run_until(second);
  CHECK(told('m', Side::target).size() == 4);
  // Eleven acknowledgements or more went back; none of them is a segment with data.
  CHECK(to_target(p) == 2 + 10 + 3);
}

TEST_CASE("what has not left its own host is not sent again", "[tcp]") {
  // skb_still_in_host_queue: a second in the sender's own netem outlasts the probe at 0.2 s and the
  // timeouts at 0.4 and 0.8 s, and none of them adds a packet to that queue.
  Pair p = connected();
  const std::uint32_t netem = net::add_netem(p.w, net::channel_of(net::LinkId{0}, 0), {},
                                             {.delay = std::chrono::seconds{1}}, "netem");
  net::switch_netem(p.w, netem, true);
  p.send(Side::host, 48, 1);
  p.run_until(later + 990 * ms);
  CHECK(to_target(p) == 2);
  CHECK(p.end(Side::host).timeouts == 2);
  p.run_until(10 * second);
  CHECK(to_target(p) == 2 + 1);
  CHECK(told('m', Side::target).size() == 1);
}

TEST_CASE("a segment that ends before what was acknowledged teaches nothing", "[tcp]") {
  // tcp_sequence. The target has acknowledged 48 bytes and has 48 of its own on the way. The first
  // 20 bytes come again with the acknowledgement of those 48 and a new time stamp.
  Pair p = connected();
  p.send(Side::host, 48, 1);
  p.run_until(2 * later);
  Endpoint& target = p.end(Side::target);
  REQUIRE(target.told == 49);
  p.send(Side::target, 48, 2);
  REQUIRE(target.unacked == 1);
  tcp::Segment again;
  again.flags = tcp::ack;
  again.seq = 1;
  again.length = 20;
  again.ack = 49;
  again.stamp_ms = target.stamp_ms + 5;
  const auto arrives = [&](const tcp::Segment& s) {
    ++p.end(Side::host).packets_in_flight;
    p.end(Side::host).data_in_flight += s.length != 0 ? 1 : 0;
    net::Packet packet{};
    packet.body = std::bit_cast<net::PacketBody>(s);
    tcp::on_packet(p.w, packet);
  };
  const std::uint32_t stamp = target.stamp_ms;
  const std::uint32_t sent = target.packets_in_flight;
  arrives(again);
  CHECK(target.unacked == 1);
  CHECK(target.stamp_ms == stamp);
  CHECK(target.packets_in_flight == sent + 1);  // a DSACK
  // One that ends with the last byte that was acknowledged is no older than that.
  again.seq = 29;
  arrives(again);
  CHECK(target.unacked == 49);
  CHECK(target.stamp_ms == stamp + 5);
  // Without data it is answered every 500 ms at most.
  again.length = 0;
  again.seq = 1;
  const std::uint32_t before = target.packets_in_flight;
  arrives(again);
  arrives(again);
  CHECK(target.packets_in_flight == before + 1);
}
