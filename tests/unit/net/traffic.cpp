// SPDX-License-Identifier: Apache-2.0
// Cross traffic: how many packets, when, and what they do to others. 1,500 bytes take 12 us at
// 1 Gbps by themselves, and 12,304 ns in a frame.
#include "models/net/traffic.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/world.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

std::vector<std::int64_t> arrived;
int told_of_drops = 0;

struct Line {
  World w;
  net::RouteId route{};
  net::RouteId theirs{};

  explicit Line(std::uint64_t queue_bytes = 1u << 20) {
    arrived.clear();
    told_of_drops = 0;
    w.net.deliver = [](World& world, const net::Packet&) {
      arrived.push_back(sim::ns(world.now()));
    };
    w.net.dropped = [](World&, const net::Packet&, net::ChannelId, net::Drop) { ++told_of_drops; };
    net::LinkParameters p;
    p.name = "l";
    p.ends = {net::add_node(w, "a"), net::add_node(w, "b")};
    p.rate_bps = 1'000'000'000;
    p.delay = 2us;
    p.queue_bytes = queue_bytes;
    const net::LinkId link = net::add_link(w, p);
    route = net::add_route(w, p.ends[0], p.ends[1], {net::channel_of(link, 0)});
    theirs = net::add_route(w, p.ends[0], p.ends[1], {net::channel_of(link, 0)});
  }
  std::uint32_t add(std::uint64_t rate_bps, net::TrafficPattern pattern) {
    return net::add_traffic(w, {theirs, 1500, rate_bps, pattern, 10ms, 30ms}, "traffic");
  }
  void run(sim::Duration d) { w.calendar.run_until(w, w.now() + d); }
  [[nodiscard]] std::uint64_t seen() const { return w.net.channels[0].packets; }
};

}  // namespace

TEST_CASE("constant cross traffic sends a packet each interval until it is stopped", "[net]") {
  Line line;
  const std::uint32_t id = line.add(120'000'000, net::TrafficPattern::constant);
  net::start_traffic(line.w, id);
  // 12,000 bits at 120 Mbit/s: every 100 us, at 0, 100, ... 900 us.
  line.run(950us);
  net::stop_traffic(line.w, id);
  line.run(1s);
  CHECK(line.seen() == 10);
  CHECK(arrived.empty());
  CHECK(line.w.net.packets.live() == 0);
  CHECK(line.w.trace.records() == 0);
}

TEST_CASE("a Poisson source sends its rate on average, with the variance of one", "[net]") {
  Line line;
  net::start_traffic(line.w, line.add(120'000'000, net::TrafficPattern::poisson));
  double sum = 0;
  double squares = 0;
  std::uint64_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    line.run(1ms);
    const auto count = static_cast<double>(line.seen() - before);
    before = line.seen();
    sum += count;
    squares += count * count;
  }
  // 10 packets a millisecond: 10,000 in all, and as many as the variance of each count.
  CHECK(std::abs(sum - 10'000) < 500);
  CHECK(squares / 1000 - sum / 1000 * sum / 1000 == Approx(10.0).epsilon(0.25));
}

TEST_CASE("an on-off source sends its share of the time", "[net]") {
  Line line;
  net::start_traffic(line.w, line.add(120'000'000, net::TrafficPattern::on_off));
  line.run(40s);
  // 1,000 bursts of 10 ms, 100 packets each, with pauses of 30 ms.
  CHECK(static_cast<double>(line.seen()) == Approx(100'000).epsilon(0.15));
}

TEST_CASE("cross traffic fills the queue that others share, and nobody hears of its drops",
          "[net]") {
  Line line(4 * 1538);
  // Twice what the link carries: it is full from then on.
  net::start_traffic(line.w, line.add(2'000'000'000, net::TrafficPattern::constant));
  line.run(1ms);
  CHECK(line.w.net.channels[0].dropped > 30);
  CHECK(told_of_drops == 0);
  const std::int64_t sent = sim::ns(line.w.now());
  int lost = 0;
  for (int i = 0; i < 100; ++i) {
    net::send(line.w, line.route, 1500, {});
    line.run(50us);
  }
  lost = told_of_drops;
  CHECK(lost > 10);
  CHECK(lost < 100);
  REQUIRE_FALSE(arrived.empty());
  // What gets in has waited behind at least three others.
  CHECK(arrived.front() - sent > 3 * 12'304);
}

TEST_CASE("a blackhole swallows cross traffic in silence", "[net]") {
  Line line;
  net::add_blackhole(line.w, net::ChannelId{0});
  net::start_traffic(line.w, line.add(120'000'000, net::TrafficPattern::constant));
  line.run(10ms);
  CHECK(line.w.net.channels[0].dropped >= 99);
  CHECK(told_of_drops == 0);
}
