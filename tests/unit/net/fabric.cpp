// SPDX-License-Identifier: Apache-2.0
// Packets on links: instants worked out by hand, full queues, and every way to be lost. A packet of
// n bytes occupies n + 38 bytes of wire (IEEE 802.3 framing), 8 (n + 38) / rate seconds.
#include "models/net/fabric.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "models/world.hpp"

namespace {

using namespace holdfast;
using net::Drop;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

struct Seen {
  std::int64_t at_ns;
  std::uint32_t bytes;
  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << s.bytes << " bytes at " << s.at_ns;
}
struct Lost {
  std::int64_t at_ns;
  Drop reason;
  friend bool operator==(const Lost&, const Lost&) = default;
};
std::ostream& operator<<(std::ostream& out, const Lost& s) {
  return out << "reason " << static_cast<int>(s.reason) << " at " << s.at_ns;
}

// Handlers are plain functions, so what they saw is kept here; each test begins with new_line().
std::vector<Seen> arrived;
std::vector<Lost> lost;

struct Line {
  World w;
  net::RouteId forward{};
  net::RouteId back{};

  void send(std::uint32_t bytes, bool to_the_end = true) {
    net::send(w, to_the_end ? forward : back, bytes, {});
  }
  void run_until(std::int64_t t) { w.calendar.run_until(w, sim::TimePoint{nanoseconds{t}}); }
  void run() { run_until(1'000'000'000'000); }
};

/// Links one after the other, with a route along them and one back.
Line new_line(const std::vector<net::LinkParameters>& links) {
  Line line;
  arrived.clear();
  lost.clear();
  line.w.net.deliver = [](World& w, const net::Packet& p) {
    arrived.push_back({sim::ns(w.now()), p.bytes});
  };
  line.w.net.dropped = [](World& w, const net::Packet&, net::ChannelId, Drop reason) {
    lost.push_back({sim::ns(w.now()), reason});
  };
  std::vector<net::ChannelId> there;
  std::vector<net::ChannelId> back;
  net::NodeId node = net::add_node(line.w, "n0");
  const net::NodeId first = node;
  for (std::size_t i = 0; i < links.size(); ++i) {
    net::LinkParameters p = links[i];
    p.name = "l" + std::to_string(i);
    const net::NodeId next = net::add_node(line.w, "n" + std::to_string(i + 1));
    p.ends = {node, next};
    const net::LinkId id = net::add_link(line.w, p);
    there.push_back(net::channel_of(id, 0));
    back.insert(back.begin(), net::channel_of(id, 1));
    node = next;
  }
  line.forward = net::add_route(line.w, first, node, there);
  line.back = net::add_route(line.w, node, first, back);
  return line;
}

net::LinkParameters gigabit() {
  net::LinkParameters p;
  p.rate_bps = 1'000'000'000;
  p.delay = microseconds{2};
  p.queue_bytes = 1u << 20;
  return p;
}

constexpr std::int64_t wire_1500 = 12'304;  // (1500 + 38) * 8 ns at 1 Gbps

}  // namespace

TEST_CASE("a packet takes its serialisation and the propagation", "[net]") {
  struct Case {
    std::uint64_t rate_bps;
    std::uint32_t mtu, bytes;
    std::int64_t expected_ns;
  };
  const auto c = GENERATE(values<Case>({
      {1'000'000'000, 1500, 1500, 12'304 + 2000},
      {1'000'000'000, 1500, 52, 720 + 2000},
      {25'000'000'000, 1500, 1500, 492 + 2000},   // 492.16
      {100'000'000'000, 9000, 9000, 723 + 2000},  // 723.04
      {10'000'000, 576, 576, 491'200 + 2000},     // 614 bytes at 800 ns
      {3'000'000'000, 1500, 100, 368 + 2000},     // 138 * 8 / 3 = 368
      {3'000'000'000, 1500, 101, 371 + 2000},     // 370.67: to the nearest
  }));
  net::LinkParameters p = gigabit();
  p.rate_bps = c.rate_bps;
  p.mtu_bytes = c.mtu;
  Line line = new_line({p});
  line.send(c.bytes);
  line.run();
  CHECK(arrived == std::vector<Seen>{{c.expected_ns, c.bytes}});
  CHECK_THROWS_AS(line.send(c.mtu + 1), sim::InvariantError);
}

TEST_CASE("each hop stores the whole packet before it forwards it", "[net]") {
  net::LinkParameters slow = gigabit();
  slow.rate_bps = 100'000'000;
  slow.delay = microseconds{50};
  Line line = new_line({gigabit(), slow, gigabit()});
  // 12,304 + 2,000, then 123,040 + 50,000, then 12,304 + 2,000.
  line.send(1500);
  line.send(1500);
  line.send(1500, false);
  line.run();
  // The second one waits for the slow link: one slow serialisation later. Backwards is a line of
  // its own, empty.
  CHECK(arrived == std::vector<Seen>{{201'648, 1500}, {201'648, 1500}, {324'688, 1500}});
}

TEST_CASE("packets sent at once leave back to back", "[net]") {
  Line line = new_line({gigabit(), gigabit(), gigabit()});
  std::vector<Seen> expected;
  for (std::int64_t i = 0; i < 50; ++i) {
    line.send(1500);
    // Equal rates: a queue at the first link only.
    expected.push_back({(i + 3) * wire_1500 + 3L * 2000, 1500});
  }
  line.run();
  CHECK(arrived == expected);
}

TEST_CASE("a queue takes exactly what fits behind the packet on the wire", "[net]") {
  net::LinkParameters p = gigabit();
  p.queue_bytes = 3UL * 1538;
  Line line = new_line({p});
  for (int i = 0; i < 6; ++i)
    line.send(1500);
  CHECK(lost == std::vector<Lost>{{0, Drop::queue_full}, {0, Drop::queue_full}});
  // Just before the first one has left (limits are kept in whole nanoseconds, rounded up) and then.
  line.run_until(wire_1500 - 2);
  line.send(1500);
  CHECK(lost.size() == 3);
  line.run_until(wire_1500);
  line.send(1500);
  CHECK(lost.size() == 3);
  line.run();
  REQUIRE(arrived.size() == 5);
  CHECK(arrived.back().at_ns == 5 * wire_1500 + 2000);

  p.queue_bytes = 3 * 1538 - 1;
  Line tighter = new_line({p});
  for (int i = 0; i < 6; ++i)
    tighter.send(1500);
  CHECK(lost.size() == 3);
  // The limit is in bytes: a small packet still fits where a large one does not.
  tighter.send(52);
  CHECK(lost.size() == 3);
}

TEST_CASE("a blackhole swallows what reaches the far end, in its direction only", "[net]") {
  Line line = new_line({gigabit()});
  const auto forward = net::channel_of(net::LinkId{0}, 0);
  line.send(1500);
  line.run_until(5000);
  net::add_blackhole(line.w, forward);  // it is on its way: lost as well
  line.send(1500, false);
  line.run_until(100'000);
  CHECK(lost == std::vector<Lost>{{wire_1500 + 2000, Drop::blackhole}});
  CHECK(arrived == std::vector<Seen>{{5000 + wire_1500 + 2000, 1500}});

  // Two faults at once: the path heals when the last is over.
  net::add_blackhole(line.w, forward);
  net::add_blackhole(line.w, net::channel_of(net::LinkId{0}, 1));
  net::remove_blackhole(line.w, forward);
  line.send(52);
  line.send(52, false);
  line.run_until(200'000);
  CHECK(lost.size() == 3);
  net::remove_blackhole(line.w, forward);
  line.send(52);
  line.run_until(300'000);
  CHECK(arrived.back() == Seen{200'000 + 720 + 2000, 52});
  CHECK_THROWS_AS(net::remove_blackhole(line.w, forward), sim::InvariantError);
}

TEST_CASE("a link that goes down loses what is queued and on the wire, at once", "[net]") {
  Line line = new_line({gigabit(), gigabit()});
  for (int i = 0; i < 4; ++i)
    line.send(1500);
  line.send(1500, false);
  // By then the first packet is on the second link and safe; the one from the other side, at 14,304
  // still safe, is on the first.
  line.run_until(20'000);
  net::take_down(line.w, net::LinkId{0});
  CHECK(lost == std::vector<Lost>(4, {20'000, Drop::link_down}));
  line.send(1500);
  REQUIRE(lost.size() == 5);
  CHECK(lost[4] == Lost{20'000, Drop::link_down});
  // Up again while the old queue, which lasted until 49,216, would still delay a packet.
  line.run_until(25'000);
  net::bring_up(line.w, net::LinkId{0});
  line.send(1500);
  line.run();
  CHECK(arrived ==
        std::vector<Seen>{{2 * (wire_1500 + 2000), 1500}, {25'000 + 2 * (wire_1500 + 2000), 1500}});
  CHECK_THROWS_AS(net::bring_up(line.w, net::LinkId{0}), sim::InvariantError);
  CHECK(line.w.net.packets.live() == 0);
}

TEST_CASE("loss has its frequency, per direction", "[net]") {
  net::LinkParameters p = gigabit();
  p.loss = {0.1, 0.0};
  Line line = new_line({p});
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i) {
    line.send(100);
    line.send(100, false);
    line.run_until((i + 1L) * 10'000);
  }
  line.run();
  // Binomial: 2,000 with a standard deviation of sqrt(20,000 * 0.1 * 0.9) = 42.4; five of them.
  CHECK(std::abs(static_cast<double>(lost.size()) - 2000.0) < 212.0);
  CHECK(arrived.size() + lost.size() == 2UL * count);
  CHECK(line.w.net.channels[1].dropped == 0);
  net::add_loss(line.w, net::channel_of(net::LinkId{0}, 0), 1.0);
  lost.clear();
  for (int i = 0; i < 100; ++i)
    line.send(100);
  line.run_until(2'000'000'000'000);
  CHECK(lost.size() == 100);
}
