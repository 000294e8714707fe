// SPDX-License-Identifier: Apache-2.0
// netem in front of a link: instants worked out by hand, counts within five standard deviations of
// their closed forms. A packet of n bytes takes 8 (n + 38) ns of wire at 1 Gbps and 2 us to the
// end.
#include "models/net/netem.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace {

using namespace holdfast;
using net::Drop;
using namespace std::chrono_literals;

struct Seen {
  std::int64_t at_ns;
  std::uint64_t serial;
  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << "packet " << s.serial << " at " << s.at_ns;
}

// Handlers are plain functions, so what they saw is kept here; each Line begins anew.
std::vector<Seen> arrived;
std::vector<Drop> dropped;
std::vector<std::uint64_t> doubled;

std::uint64_t serial_of(const net::Packet& p) {
  std::uint64_t serial = 0;
  std::memcpy(&serial, p.body.bytes.data(), sizeof serial);
  return serial;
}

constexpr std::int64_t link_ns = 12'304 + 2'000;  // of 1,500 bytes
constexpr std::int64_t spacing = 20'000;          // longer than a serialisation

struct Line {
  World w;
  net::RouteId route{};
  std::uint64_t next = 0;

  Line() {
    arrived.clear();
    dropped.clear();
    doubled.clear();
    w.net.deliver = [](World& world, const net::Packet& p) {
      arrived.push_back({sim::ns(world.now()), serial_of(p)});
    };
    w.net.dropped = [](World&, const net::Packet&, net::ChannelId, Drop reason) {
      dropped.push_back(reason);
    };
    w.net.duplicated = [](World&, const net::Packet& p) { doubled.push_back(serial_of(p)); };
    // One packet in three belongs to flow 7.
    w.net.flow_of = [](const World&, const net::Packet& p) {
      return net::FlowId{serial_of(p) % 3 == 0 ? 7u : 8u};
    };
    net::LinkParameters p;
    p.name = "l";
    p.ends = {net::add_node(w, "a"), net::add_node(w, "b")};
    p.rate_bps = 1'000'000'000;
    p.delay = 2us;
    p.queue_bytes = 1u << 20;
    const net::LinkId link = net::add_link(w, p);
    route = net::add_route(w, p.ends[0], p.ends[1], {net::channel_of(link, 0)});
  }
  std::uint32_t add(const net::NetemParameters& p, const net::Flows& flows = {}) {
    const std::uint32_t id = net::add_netem(w, net::ChannelId{0}, flows, p, "netem");
    net::switch_netem(w, id, true);
    return id;
  }
  /// A packet each `spacing`, the first one now.
  Line& send(std::uint64_t count, std::int64_t apart = spacing, std::uint32_t bytes = 1500) {
    for (std::uint64_t i = 0; i < count; ++i) {
      net::PacketBody body{};
      std::memcpy(body.bytes.data(), &next, sizeof next);
      ++next;
      net::send(w, route, bytes, body);
      w.calendar.run_until(w, w.now() + std::chrono::nanoseconds{apart});
    }
    return *this;
  }
  void run() { w.calendar.run_until(w, w.now() + 1000s); }
};

/// Within five standard deviations of a binomial.
void check_count(double found, double n, double p) {
  INFO(found << " of " << n << " with probability " << p);
  CHECK(std::abs(found - n * p) <= 5.0 * std::sqrt(n * p * (1.0 - p)));
}

std::vector<std::uint64_t> serials() {
  std::vector<std::uint64_t> out;
  for (const Seen& s : arrived)
    out.push_back(s.serial);
  return out;
}

}  // namespace

TEST_CASE("a netem delays each packet before it meets the queue of the link", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  line.add(p);
  line.send(2, 0).run();
  // Both leave the netem at 1 ms and wait for the wire then.
  CHECK(arrived == std::vector<Seen>{{1'000'000 + link_ns, 0}, {1'000'000 + 12'304 + link_ns, 1}});
}

TEST_CASE("packets inside a netem keep their time when it is switched off", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  const std::uint32_t id = line.add(p);
  line.send(1);
  net::switch_netem(line.w, id, false);
  line.send(1).run();
  CHECK(arrived == std::vector<Seen>{{spacing + link_ns, 1}, {1'000'000 + link_ns, 0}});
  // Without a netem a packet is sent in the same instant.
  CHECK(line.w.net.channels[0].netems == 0);
}

TEST_CASE("a netem queues behind the last packet at its own rate", "[net]") {
  Line line;
  net::NetemParameters p;
  p.rate_bps = 100'000'000;
  line.add(p);
  // 1,500 + 14 bytes at 10 ns a bit: 121,120 ns each, and then the link.
  line.send(3, 0).run();
  CHECK(arrived == std::vector<Seen>{{121'120 + link_ns, 0},
                                     {2 * 121'120 + link_ns, 1},
                                     {3 * 121'120 + link_ns, 2}});
}

TEST_CASE("waiting for a netem's rate counts as delay", "[net]") {
  Line line;
  net::NetemParameters p;
  p.rate_bps = 100'000'000;
  p.delay = 50us;
  line.add(p);
  line.send(3, 0).run();
  // The first one leaves at 171,120 ns; the others have waited for longer than the delay by then.
  CHECK(arrived == std::vector<Seen>{{50'000 + 121'120 + link_ns, 0},
                                     {50'000 + 2 * 121'120 + link_ns, 1},
                                     {50'000 + 3 * 121'120 + link_ns, 2}});
}

TEST_CASE("a netem takes no more packets than its limit", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  p.limit = 2;
  line.add(p);
  line.send(5, 0);
  line.w.calendar.run_until(line.w, line.w.now() + 1ms);
  line.send(1, 0).run();
  CHECK(dropped == std::vector<Drop>(3, Drop::queue_full));
  CHECK(serials() == std::vector<std::uint64_t>{0, 1, 5});
}

TEST_CASE("every gap-th packet of a netem skips the delay", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 50us;
  p.reorder = 1.0;
  p.gap = 3;
  line.add(p);
  line.send(6).run();
  // Packets 2 and 5 leave at once, at 40 and 100 us; the ones before them at 50 and 70, 110 and
  // 130.
  CHECK(serials() == std::vector<std::uint64_t>{2, 0, 1, 5, 3, 4});
  CHECK(arrived[0].at_ns == 2 * spacing + link_ns);
  CHECK(arrived[1].at_ns == 2 * spacing + 12'304 + link_ns);  // behind it on the wire
  CHECK(arrived[2].at_ns == spacing + 50'000 + link_ns);
}

TEST_CASE("packets of a netem skip the delay as often as reorder says", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  p.reorder = 0.25;
  p.gap = 1;
  line.add(p);
  line.send(4000).run();
  double early = 0;
  for (const Seen& s : arrived)
    early += s.at_ns < static_cast<std::int64_t>(s.serial) * spacing + 500'000 ? 1 : 0;
  check_count(early, 4000, 0.25);
}

TEST_CASE("jitter of a netem is uniform around the delay and reorders", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  p.jitter = 500us;
  line.add(p);
  line.send(4000, 100'000).run();
  double sum = 0;
  double squares = 0;
  for (const Seen& s : arrived) {
    const double late =
        static_cast<double>(s.at_ns - static_cast<std::int64_t>(s.serial) * 100'000);
    CHECK(late >= 500'000 + link_ns);
    CHECK(late < 1'500'000 + 12'304 * 10 + link_ns);
    sum += late;
    squares += late * late;
  }
  const double mean = sum / 4000;
  const double deviation = std::sqrt(squares / 4000 - mean * mean);
  // Uniform over 1 ms: 288.7 us; the mean of 4,000 has a deviation of 4.6 us. The link's own queue
  // adds a packet now and then.
  CHECK(std::abs(mean - 1'000'000 - link_ns) < 25'000);
  CHECK(std::abs(deviation - 288'675) < 10'000);
  CHECK_FALSE(std::is_sorted(arrived.begin(), arrived.end(),
                             [](const Seen& a, const Seen& b) { return a.serial < b.serial; }));
}

TEST_CASE("jitter shorter than half the gap between packets keeps their order", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  p.jitter = 500us;
  line.add(p);
  line.send(500, 1'000'000).run();
  std::vector<std::uint64_t> order(500);
  std::iota(order.begin(), order.end(), 0u);
  CHECK(serials() == order);
}

TEST_CASE("jitter of a netem as the kernel computes it", "[net]") {
  using net::JitterShape;
  CHECK(net::jitter_of(100ns, JitterShape::uniform, 0) == -100ns);
  CHECK(net::jitter_of(100ns, JitterShape::uniform, 199) == 99ns);
  CHECK(net::jitter_of(100ns, JitterShape::uniform, 200) == -100ns);
  // The largest of 4,096 quantiles is that of 1 - 1/8,192, 3.668 deviations; 2,047.5 is the middle.
  CHECK(net::jitter_of(1ms, JitterShape::normal, 4095) == 3'668'335ns);
  CHECK(net::jitter_of(1ms, JitterShape::normal, 0) == -3'668'335ns);
  CHECK(std::abs(net::jitter_of(1ms, JitterShape::normal, 2048).count()) < 400);
  CHECK(net::jitter_of(1ms, JitterShape::normal, 4096 + 7) ==
        net::jitter_of(1ms, JitterShape::normal, 7));
}

TEST_CASE("the inverse of the normal distribution", "[sim]") {
  CHECK(sim::inverse_normal(0.5) == 0.0);
  CHECK(sim::inverse_normal(0.975) == Approx(1.959963985).epsilon(1e-8));
  CHECK(sim::inverse_normal(0.01) == Approx(-2.326347874).epsilon(1e-8));
  CHECK(sim::inverse_normal(0.99999) == Approx(4.264890794).epsilon(1e-8));
}

TEST_CASE("netem's correlated numbers are a mixture of the new and the one before", "[net]") {
  World w;
  net::CorrelatedDraw draw;
  draw.choice = w.choices.add("netem", "delay");
  draw.rho = 0x7fffffff;  // with the one that is added, half
  std::vector<double> x;
  for (int i = 0; i < 20'000; ++i)
    x.push_back(net::correlated(w, draw) / 4294967296.0);
  double mean = 0, variance = 0, covariance = 0;
  for (const double v : x)
    mean += v / 20'000;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    variance += (x[i] - mean) * (x[i] - mean);
    covariance += (x[i] - mean) * (x[i + 1] - mean);
  }
  // An AR(1) process x' = x/2 + u/2: correlation 1/2, variance (1/4)/(1 - 1/4) of that of u, 1/12.
  CHECK(covariance / variance == Approx(0.5).margin(0.04));
  CHECK(variance / 20'000 == Approx(1.0 / 36).epsilon(0.05));
}

TEST_CASE("a netem loses packets as they come, and sends some twice", "[net]") {
  Line line;
  net::NetemParameters p;
  p.loss = 0.1;
  p.duplicate = 0.2;
  line.add(p);
  line.send(10'000).run();
  // One of the two draws of a doubled packet cancels the other; a copy is drawn for again. Copies:
  // 0.2 x 0.9 x 0.9; gone: 0.1 x 0.8 of the first draw, and 0.2 x 0.9 x 0.1 copies.
  check_count(static_cast<double>(doubled.size()), 10'000, 0.2 * 0.9);
  check_count(static_cast<double>(dropped.size()), 10'000, 0.1 * 0.8 + 0.2 * 0.9 * 0.1);
  CHECK(arrived.size() == 10'000 + doubled.size() - dropped.size());
  CHECK(std::all_of(dropped.begin(), dropped.end(), [](Drop d) { return d == Drop::impaired; }));
  CHECK(line.w.net.packets.live() == 0);
}

TEST_CASE("a netem with the model of Gilbert and Elliott loses in bursts", "[net]") {
  Line line;
  net::NetemParameters p;
  p.bursts = true;
  p.to_bad = 0.01;
  p.to_good = 0.25;
  p.loss_bad = 1.0;
  line.add(p);
  line.send(100'000).run();
  std::vector<bool> got(100'000, false);
  for (const Seen& s : arrived)
    got[s.serial] = true;
  double bursts = 0;
  double lost = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    lost += got[i] ? 0 : 1;
    bursts += !got[i] && (i == 0 || got[i - 1]) ? 1 : 0;
  }
  // Stationary share of the bad state p/(p + r) = 3.85 %; a burst lasts 1/r = 4 packets.
  CHECK(lost / 100'000 == Approx(0.01 / 0.26).epsilon(0.1));
  CHECK(lost / bursts == Approx(4.0).epsilon(0.06));
}

TEST_CASE("a netem, and a loss, for one flow leave the others alone", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  line.add(p, {false, net::FlowId{7}, net::FlowId{7}});
  line.send(3).run();
  CHECK(serials() == std::vector<std::uint64_t>{1, 2, 0});
  net::FlowFilter flow_filter;
  flow_filter.channel = net::ChannelId{0};
  flow_filter.flows = {false, net::FlowId{8}, net::FlowId{9}};
  flow_filter.reason = Drop::blackhole;
  flow_filter.threshold = sim::bernoulli_threshold(1.0);
  const std::uint32_t id = net::add_flow_filter(line.w, flow_filter, "sieve");
  line.send(3).run();
  net::switch_flow_filter(line.w, id, true);
  line.send(3).run();
  net::switch_flow_filter(line.w, id, false);
  line.send(3).run();
  CHECK(dropped == std::vector<Drop>(2, Drop::blackhole));
  CHECK(serials() == std::vector<std::uint64_t>{1, 2, 0, 4, 5, 3, 6, 10, 11, 9});
  CHECK(line.w.net.channels[0].flow_filters == 0);
}

TEST_CASE("several netems on one link are passed one after the other", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  line.add(p);
  p.delay = 2ms;
  net::switch_netem(line.w, net::add_netem(line.w, net::ChannelId{0}, {}, p, "second"), true);
  line.send(1).run();
  CHECK(arrived == std::vector<Seen>{{3'000'000 + link_ns, 0}});
}

TEST_CASE("a copy of a world with packets inside a netem goes its own way", "[net]") {
  Line line;
  net::NetemParameters p;
  p.delay = 1ms;
  p.jitter = 300us;
  p.duplicate = 0.5;
  line.add(p);
  line.send(50);
  World twin = line.w;
  line.run();
  const auto first = arrived;
  arrived.clear();
  twin.calendar.run_until(twin, twin.now() + 1000s);
  CHECK(arrived.size() == std::size_t(std::count_if(first.begin(), first.end(), [](const Seen& s) {
          return s.at_ns > 50 * spacing;
        })));
  CHECK(std::equal(arrived.begin(), arrived.end(), first.end() - std::ssize(arrived)));
  CHECK(twin.trace.hashes().full == line.w.trace.hashes().full);
}
