// SPDX-License-Identifier: Apache-2.0
// Bonds: when the other leg carries, and what is lost until then. A packet of 100 bytes takes
// 1,104 ns in a frame at 1 Gbps, and 2 us to the other end.
#include "models/net/bond.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/world.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

std::vector<std::int64_t> came_in;
int lost_on_the_way = 0;

constexpr std::array<bool, 2> primary = {true, false};
constexpr std::array<bool, 2> backup = {false, true};
constexpr std::array<bool, 2> both = {true, true};

/// A host at the first end, which receives what goes backward. Looks at 30 ms, 130 ms, ...
struct Bonded {
  World w;
  net::RouteId out{};
  net::RouteId in{};
  std::uint32_t bond = 0;

  explicit Bonded(sim::Duration updelay = {}, sim::Duration move_time = {}, bool returns = true) {
    came_in.clear();
    lost_on_the_way = 0;
    w.net.deliver = [](World& world, const net::Packet&) {
      came_in.push_back(sim::ns(world.now()));
    };
    w.net.dropped = [](World&, const net::Packet&, net::ChannelId, net::Drop) {
      ++lost_on_the_way;
    };
    net::LinkParameters p;
    p.name = "l";
    p.ends = {net::add_node(w, "host"), net::add_node(w, "switch")};
    p.rate_bps = 1'000'000'000;
    p.delay = 2us;
    p.queue_bytes = 1u << 20;
    const net::LinkId link = net::add_link(w, p);
    out = net::add_route(w, p.ends[0], p.ends[1], {net::channel_of(link, 0)});
    in = net::add_route(w, p.ends[1], p.ends[0], {net::channel_of(link, 1)});
    net::Bond b;
    b.link = link;
    b.toward = 1;
    b.miimon = 100ms;
    b.phase = 30ms;
    b.updelay = updelay;
    b.move_time = move_time;
    b.returns = returns;
    bond = net::add_bond(w, b);
  }
  Bonded& until(sim::Duration t) {
    w.calendar.run_until(w, sim::epoch + t);
    return *this;
  }
  void cut(std::array<bool, 2> legs) { net::cut_legs(w, bond, legs); }
  void mend(std::array<bool, 2> legs) { net::mend_legs(w, bond, legs); }
  [[nodiscard]] bool is_up() const { return w.net.channels[0].outages == 0; }
  [[nodiscard]] unsigned active() const { return w.net.bonds[bond].active; }
  /// Whether a packet comes through.
  bool passes(net::RouteId route) {
    const std::size_t before = came_in.size();
    net::send(w, route, 100, {});
    until(w.now() - sim::epoch + 4us);
    return came_in.size() == before + 1;
  }
};

}  // namespace

TEST_CASE("the other leg carries from the next look on", "[net]") {
  Bonded b;
  b.until(1s);
  REQUIRE(b.passes(b.out));
  b.cut(primary);
  CHECK_FALSE(b.passes(b.out));
  CHECK_FALSE(b.passes(b.in));
  b.until(1030ms - 1ns);
  CHECK_FALSE(b.is_up());
  b.until(1030ms);
  CHECK(b.is_up());
  CHECK(b.active() == 1);
  CHECK(b.passes(b.out));
  CHECK(b.passes(b.in));
  CHECK(lost_on_the_way == 2);
}

TEST_CASE("a leg that does not carry is not missed", "[net]") {
  Bonded b;
  b.until(1s);
  b.cut(backup);
  CHECK(b.passes(b.out));
  b.until(2s);
  CHECK(b.is_up());
  b.cut(primary);
  b.until(3s);
  CHECK_FALSE(b.is_up());
  CHECK(b.active() == 2);
}

TEST_CASE("a leg that is back waits for updelay, and then the primary carries again", "[net]") {
  Bonded b(200ms);
  b.until(1s).cut(primary);
  b.until(2s).mend(primary);
  // Seen at 2,030 ms and good from 2,230 ms on.
  b.until(2230ms - 1ns);
  CHECK(b.active() == 1);
  b.until(2230ms);
  CHECK(b.active() == 0);
  CHECK(b.is_up());
}

TEST_CASE("a primary that does not return carries once the other leg fails", "[net]") {
  Bonded b({}, {}, false);
  b.until(1s).cut(primary);
  b.until(2s).mend(primary);
  b.until(3s);
  CHECK(b.active() == 1);
  b.cut(backup);
  b.until(3030ms);
  CHECK(b.active() == 0);
}

TEST_CASE("the first leg that is back is used at once if none is left", "[net]") {
  // bond_mii_monitor ignores updelay then.
  Bonded b(10s);
  b.until(1s).cut(both);
  b.until(2s).mend(backup);
  b.until(2030ms - 1ns);
  CHECK_FALSE(b.is_up());
  b.until(2030ms);
  CHECK(b.is_up());
  CHECK(b.active() == 1);
}

TEST_CASE("after a move switches send to the old leg for a while", "[net]") {
  Bonded b({}, 50ms);
  b.until(1s).cut(primary);
  b.until(1030ms);
  CHECK(b.passes(b.out));
  CHECK_FALSE(b.passes(b.in));
  b.until(1080ms);
  CHECK(b.passes(b.in));
}

TEST_CASE("a carrier that is gone and back between two looks was never missed", "[net]") {
  Bonded b;
  b.until(1s).cut(primary);
  CHECK_FALSE(b.is_up());
  b.until(1020ms).mend(primary);
  CHECK(b.is_up());
  b.until(2s);
  CHECK(b.active() == 0);
}
