// SPDX-License-Identifier: Apache-2.0
// Finer points of Linux's loss recovery: which runs a receiver tells and how often, what a sender
// takes a duplicate for, and with which window a handshake that was repeated begins.
#include "models/transport/tcp/finding.hpp"
#include "models/transport/tcp/internal.hpp"
#include "tests/unit/transport/tcp_support.hpp"

using namespace holdfast;
using namespace holdfast::tcp_test;
using tcp::Finding;
using tcp::Segment;
using transport::CongestionState;
using transport::Connection;
using transport::Sent;

namespace {

constexpr std::int64_t trip = 2 * (hop + bare);  ///< of the handshake, the first sample

std::uint64_t to_host(const Pair& p) { return p.w.net.channels[1].packets; }

/// A pair that opens at time 0; packets with these numbers are lost on the way there and back.
Pair opening(const std::vector<std::uint64_t>& there, const std::vector<std::uint64_t>& back) {
  Pair p = new_pair();
  sim::ChoiceScript script;
  for (const std::uint64_t n : there)
    script.push_back({sim::hash_name("link l fwd/loss"), n, 1});
  for (const std::uint64_t n : back)
    script.push_back({sim::hash_name("link l back/loss"), n, 1});
  p.w.choices.replay(script);
  p.open();
  p.run_until(4 * second);
  REQUIRE(p.end(Side::host).state == TcpState::established);
  return p;
}

/// A sender with three segments of 1,000 bytes out, at 1, 1001 and 2001, sent 1 ms apart.
Connection with_three_out() {
  Connection c;
  c.mss = 1000;
  Endpoint& e = c.end[0];
  e.unacked = 1;
  e.next = e.written = 3001;
  for (const std::uint64_t seq : {1u, 1001u, 2001u}) {
    Sent s;
    s.seq = seq;
    s.length = 1000;
    s.at = sim::epoch + std::chrono::microseconds{seq};
    e.sent.push_back(s);
  }
  return c;
}

/// What the blocks of an acknowledgement of everything before `ack` make of it.
Finding told_by(Connection& c, std::uint64_t ack,
                const std::vector<std::pair<std::int32_t, std::uint32_t>>& blocks) {
  Segment s;
  s.ack = ack;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    s.sack[i] = {blocks[i].first, blocks[i].second};
  Finding f;
  f.before = c.end[0].unacked;
  f.highest_before = f.before;
  c.end[0].unacked = ack;
  tcp::take_blocks(c, Side::host, s, sim::epoch + std::chrono::milliseconds{9}, f);
  return f;
}

}  // namespace

TEST_CASE("a receiver tells the runs that grew last, and of more than four no other", "[tcp]") {
  // Every other segment is lost, the first too. Three of the others are acknowledged at once, the
  // fourth waits for a twentieth of a round trip and 0.1 ms.
  const std::int64_t waits = trip / 20 + 100'000;
  const std::int64_t tells = (52 + 28 + 38) * 8;  // three blocks take 28 bytes
  SECTION("four runs, each a segment long") {
    Pair p = connected({2, 4, 6, 8});
    p.send(Side::host, 8 * mss, 1);
    const std::int64_t last = later + 8 * full + hop;  // is there
    p.run_until(last + waits + hop + tells - 1);
    CHECK(to_host(p) == 1 + 3);
    p.run_until(last + waits + hop + tells);
    CHECK(to_host(p) == 1 + 3 + 1);
  }
  SECTION("five") {
    Pair p = connected({2, 4, 6, 8, 10});
    p.send(Side::host, 10 * mss, 1);
    const std::int64_t last = later + 10 * full + hop;
    p.run_until(last);
    const Endpoint& e = p.end(Side::target);
    CHECK(e.ahead.size() == 5);
    REQUIRE(e.run_count == 4);
    for (std::uint32_t i = 0; i < 4; ++i)
      CHECK(e.runs[i].begin == 1 + static_cast<std::uint64_t>((9 - 2 * i) * mss));
    // As the fifth begins a run of its own, the fourth is told before it; and as an acknowledgement
    // has left then, none is due for the fifth.
    p.run_until(last + hop + tells);
    CHECK(to_host(p) == 1 + 3 + 1);
    p.run_until(last + waits + hop + tells);
    CHECK(to_host(p) == 1 + 3 + 1);
  }
}

TEST_CASE("a handshake begins with one segment if it was repeated twice", "[tcp]") {
  SECTION("once is no reason") {
    Pair p = opening({0}, {});
    CHECK(p.end(Side::host).cwnd == 10);
    CHECK(p.end(Side::target).cwnd == 10);
  }
  SECTION("twice is, for who repeated") {
    Pair p = opening({0, 1}, {});
    CHECK(p.end(Side::host).cwnd == 1);
    CHECK(p.end(Side::target).cwnd == 10);
  }
  SECTION("but not if the first one is what was answered") {
    // Its SYN arrives, the answer to it and the next one do not: what comes echoes the first SYN.
    Pair p = opening({}, {0, 1});
    CHECK(p.end(Side::host).cwnd == 10);
  }
  SECTION("the same holds for the other end") {
    // Its SYN/ACK is lost, and so are the next SYN and the SYN/ACK that its own timer repeats. The
    // third SYN is answered, and that answer arrives.
    Pair p = opening({1}, {0, 1});
    CHECK(p.end(Side::target).repeated_ever == 2);
    CHECK(p.end(Side::target).cwnd == 1);
    CHECK(p.end(Side::host).cwnd == 10);
  }
  SECTION("unless no timeout of its own was among them") {
    // SYNs after 0, 0.5 and 3.5 s, while the SYN/ACK's own timer waits for 9 s.
    Pair p = new_pair();
    p.w.choices.replay(
        {{sim::hash_name("link l back/loss"), 0, 1}, {sim::hash_name("link l back/loss"), 1, 1}});
    p.w.transport.tcp.rto_initial = std::chrono::milliseconds{500};
    p.open();
    p.w.transport.tcp.rto_initial = std::chrono::seconds{3};
    p.run_until(second / 2 + hop / 2);
    p.w.transport.tcp.rto_initial = std::chrono::seconds{9};
    p.run_until(4 * second);
    REQUIRE(p.end(Side::target).repeated_ever == 2);
    CHECK(p.end(Side::target).cwnd == 10);
  }
  SECTION("whose first answer may have arrived") {
    // Only the acknowledgements of the handshake are lost; the third one echoes the first SYN/ACK.
    Pair p = opening({1, 2}, {});
    CHECK(p.end(Side::target).repeated_ever == 2);
    CHECK(p.end(Side::target).cwnd == 10);
  }
}

TEST_CASE("a duplicate says nothing of reordering where nothing is reordered", "[tcp]") {
  // The answers are lost until the probe and a timeout have repeated the segment.
  Pair p = connected();
  p.send(Side::host, 48, 1);
  p.run_until(second);
  net::add_blackhole(p.w, net::channel_of(net::LinkId{0}, 1));
  p.send(Side::host, 48, 2);
  p.run_until(second + 500'000'000);
  net::remove_blackhole(p.w, net::channel_of(net::LinkId{0}, 1));
  p.run_until(3 * second);
  const Endpoint& e = p.end(Side::host);
  REQUIRE(e.unacked == e.next);
  CHECK(e.duplicates_told != 0);
  CHECK(e.rack.steps == 1);
  CHECK_FALSE(e.rack.duplicate_seen);
}

TEST_CASE("a duplicate is counted once towards what may be taken back", "[tcp]") {
  Connection c = with_three_out();
  Endpoint& e = c.end[0];
  e.undo_from = 1;
  e.undo_repeats = 2;
  e.repeated_ever = 2;
  e.sent[0].ever_repeated = true;
  SECTION("it is acknowledged just now") {
    const Finding f = told_by(c, 1001, {{-1000, 1000}});
    CHECK(f.duplicate);
    CHECK(f.delivered == 1);  // its repetition
    CHECK(e.undo_repeats == 1);
    // It goes at once, and is not noted as delivered out of order before.
    CHECK(e.sacked == 0);
    CHECK_FALSE(f.newly_sacked);
  }
  SECTION("it was acknowledged before") {
    e.sent.pop_front();
    e.unacked = 1001;
    const Finding f = told_by(c, 1001, {{-1000, 1000}});
    CHECK(f.duplicate);
    CHECK(e.undo_repeats == 1);
  }
  SECTION("more came twice than was sent twice") {
    e.repeated_ever = 0;
    const Finding f = told_by(c, 1001, {{-1000, 1000}});
    CHECK_FALSE(f.duplicate);
    CHECK(e.undo_repeats == 2);
  }
}

TEST_CASE("a repetition of what had arrived out of order means reordering", "[tcp]") {
  Connection c = with_three_out();
  Endpoint& e = c.end[0];
  e.repeated_ever = 1;
  e.sent[1].ever_repeated = true;
  told_by(c, 1, {{1000, 1000}, {2000, 1000}});
  REQUIRE(e.sacked == 2);
  CHECK_FALSE(e.rack.reordering_seen);
  told_by(c, 1, {{1000, 1000}, {1000, 2000}});
  CHECK(e.rack.reordering_seen);
}

TEST_CASE("a repetition that is lost as well counts as lost again", "[tcp]") {
  Connection c = with_three_out();
  Endpoint& e = c.end[0];
  tcp::mark_lost(e, e.sent[0]);
  CHECK(e.lost_ever == 1);
  e.sent[0].repeated = true;
  e.repeated = 1;
  tcp::mark_lost(e, e.sent[0]);
  CHECK(e.lost == 1);
  CHECK(e.lost_ever == 2);
}

TEST_CASE("a late answer to what was sent before moves the timeout, another one does not",
          "[tcp]") {
  Pair p = connected();
  Connection c = with_three_out();
  Endpoint& e = c.end[0];
  e.sent[0].ever_repeated = true;
  const auto acknowledged = [&] {
    Finding f = told_by(c, 1, {{2000, 1000}});
    Segment s;
    s.ack = 1;
    tcp::Connection& in_world = p.w.transport.connections[p.id];
    in_world.end[0] = e;
    in_world.mss = c.mss;
    tcp::take_acknowledged(p.w, p.id, Side::host, s, f);
    return f.sets_timer;
  };
  SECTION("the oldest was repeated after the one that is told was sent") {
    e.sent[0].at = sim::epoch + std::chrono::milliseconds{5};
    CHECK(acknowledged());
  }
  SECTION("before") { CHECK_FALSE(acknowledged()); }
}

TEST_CASE("the answer to what was sent before says nothing of its repetition", "[tcp]") {
  // tcp_skb_spurious_retrans: the time stamp that it echoes is older than the repetition.
  Pair p = connected();
  const auto moves_rack = [&](std::int64_t echoed_us) {
    Connection c = with_three_out();
    Endpoint& e = c.end[0];
    e.sent[0].ever_repeated = true;
    e.sent[0].at = sim::epoch + std::chrono::milliseconds{5};
    e.unacked = 1001;
    Finding f;
    f.echo_ms = tcp::stamp_of(sim::epoch + std::chrono::microseconds{echoed_us});
    Segment s;
    s.ack = 1001;
    p.w.transport.connections[p.id].end[0] = e;
    tcp::take_acknowledged(p.w, p.id, Side::host, s, f);
    return p.w.transport.connections[p.id].end[0].rack.advanced;
  };
  CHECK_FALSE(moves_rack(1'000));
  CHECK(moves_rack(5'000));
}

TEST_CASE("each message takes room of its own in the socket's buffer", "[tcp]") {
  // sk_stream_memory_free: an skb of 1,280 bytes besides its data. 1,380, 2,760 and 4,140 bytes are
  // taken after one, two and three messages of 100.
  Pair p = connected();
  p.blackhole(true);
  p.end(Side::host).send_buffer = 3000;
  for (std::uint64_t version = 1; version <= 4; ++version)
    p.send(Side::host, 100, version);
  CHECK(p.end(Side::host).out.size() == 3);
  CHECK(p.end(Side::host).waiting.size() == 1);
}

TEST_CASE("a receiver learns the segment size from what comes out of order too", "[tcp]") {
  Pair p = connected({2});
  p.send(Side::host, 3 * mss, 1);
  CHECK(p.end(Side::target).acks.segment == 536);
  p.run_until(later + 3 * full + hop);
  CHECK(p.end(Side::target).acks.segment == mss);
}

TEST_CASE("the time of the first repetition belongs to one recovery", "[tcp]") {
  // retrans_stamp: with a stale one every answer would look older than the repetition, or none.
  const transport::TcpParameters parameters;
  for (const bool repeated : {false, true}) {
    Connection c = with_three_out();
    Endpoint& e = c.end[0];
    e.cwnd = 10;
    e.first_repeat_ms = 1;
    e.sent[0].ever_repeated = repeated;
    tcp::mark_lost(e, e.sent[0]);
    tcp::enter_recovery(c, Side::host, parameters, sim::epoch);
    CHECK((e.first_repeat_ms == -1) == !repeated);
  }
}
