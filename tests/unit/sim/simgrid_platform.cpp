// SPDX-License-Identifier: Apache-2.0
// Routes that SimGrid computes through a fabric, and every platform that must be refused.
#include "sim/simgrid/platform.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string>
#include <thread>
#include <tuple>

namespace {

using holdfast::simgrid::compute_routes;
using holdfast::simgrid::Hop;
using holdfast::simgrid::Platform;
using holdfast::simgrid::PlatformError;
using Pair = std::pair<std::uint32_t, std::uint32_t>;
using Route = std::vector<Hop>;

// Names that begin with 's' are switches; links are numbered in the order given.
Platform make(std::initializer_list<const char*> nodes,
              std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> links) {
  Platform platform;
  for (const char* name : nodes) {
    platform.nodes.push_back({name, name[0] != 's'});
  }
  for (const auto& [from, to] : links) {
    platform.links.push_back({"l" + std::to_string(platform.links.size()), {from, to}, 25e9, 2e-6});
  }
  return platform;
}

Route route(const Platform& platform, std::uint32_t from, std::uint32_t to) {
  const std::vector<Pair> pairs{{from, to}};
  return compute_routes(platform, pairs).at(0);
}

Route reversed(Route hops) {
  std::reverse(hops.begin(), hops.end());
  for (Hop& hop : hops) {
    hop.direction ^= 1U;
  }
  return hops;
}

void require_error(const Platform& platform, const std::vector<Pair>& pairs,
                   const std::string& part) {
  REQUIRE_THROWS_AS(compute_routes(platform, pairs), PlatformError);
  REQUIRE_THROWS_WITH(compute_routes(platform, pairs), Catch::Contains(part));
}

// h1 with a link to each of two switches, an array port behind each.
Platform two_paths() {
  return make({"h1", "s1", "s2", "a0", "a1"}, {{0, 1}, {1, 3}, {2, 0}, {2, 4}});
}

}  // namespace

TEST_CASE("a line of two switches is crossed hop by hop, there and back", "[simgrid]") {
  // h1 -0- s1 -1- s2 -2- a0, with link 1 listed against the direction of travel.
  const Platform line = make({"h1", "s1", "s2", "a0"}, {{0, 1}, {2, 1}, {2, 3}});
  REQUIRE(route(line, 0, 3) == Route{{0, 0}, {1, 1}, {2, 0}});
  REQUIRE(route(line, 3, 0) == Route{{2, 1}, {1, 0}, {0, 1}});
}

TEST_CASE("two hosts on one cable, one switch, and a host to itself", "[simgrid]") {
  REQUIRE(route(make({"h1", "a0"}, {{1, 0}}), 0, 1) == Route{{0, 1}});
  REQUIRE(route(make({"h1", "s1", "a0"}, {{0, 1}, {1, 2}}), 0, 2) == Route{{0, 0}, {1, 0}});
  REQUIRE(route(make({"h1"}, {}), 0, 0).empty());
  REQUIRE(compute_routes(Platform{}, std::vector<Pair>{}).empty());
}

TEST_CASE("a multi-homed host reaches each port through its own link", "[simgrid]") {
  const std::vector<Pair> pairs{{0, 3}, {0, 4}, {3, 0}, {4, 0}};
  const auto routes = compute_routes(two_paths(), pairs);
  REQUIRE(routes.at(0) == Route{{0, 0}, {1, 0}});
  REQUIRE(routes.at(1) == Route{{2, 1}, {3, 0}});
  REQUIRE(routes.at(2) == Route{{1, 1}, {0, 1}});
  REQUIRE(routes.at(3) == Route{{3, 1}, {2, 0}});
}

TEST_CASE("a host never forwards, even where it is the short or the only way", "[simgrid]") {
  require_error(two_paths(), {{3, 4}}, "no route from host 'a0' to host 'a1'");
  // With a detour s1 - s3 - s4 - s5 - s2 the way round has 6 links, the one through h1 only 4.
  Platform detour = two_paths();
  for (const char* name : {"s3", "s4", "s5"}) {
    detour.nodes.push_back({name, false});
  }
  using Ends = std::tuple<std::uint32_t, std::uint32_t>;
  for (const auto& [from, to] : {Ends{1, 5}, Ends{5, 6}, Ends{6, 7}, Ends{7, 2}}) {
    detour.links.push_back({"d" + std::to_string(detour.links.size()), {from, to}, 1e9, 0.0});
  }
  REQUIRE(route(detour, 3, 4) == Route{{1, 1}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {3, 0}});
}

TEST_CASE("the fewest links win over rate and delay", "[simgrid]") {
  Platform platform =
      make({"h1", "s1", "s2", "s3", "a0"}, {{0, 1}, {1, 2}, {2, 3}, {1, 3}, {3, 4}});
  platform.links[3].rate_bps = 1e3;
  platform.links[3].delay_s = 1.0;
  REQUIRE(route(platform, 0, 4) == Route{{0, 0}, {3, 0}, {4, 0}});
}

TEST_CASE("a host with two equal ways takes the link listed first", "[simgrid]") {
  const Platform platform = make({"h1", "s1", "s2", "a0"}, {{0, 2}, {0, 1}, {1, 3}, {2, 3}});
  REQUIRE(route(platform, 0, 3) == Route{{0, 0}, {3, 0}});
  REQUIRE(route(platform, 3, 0) == Route{{2, 1}, {1, 1}});
}

TEST_CASE("equal costs around a ring are settled alike every time", "[simgrid]") {
  // s0 .. s3 in a ring, a host at s0 and one at s2: two ways of 4 links. The way is written down,
  // so that another process, build or SimGrid that chose differently would be noticed.
  const Platform ring =
      make({"s0", "s1", "s2", "s3", "h1", "a0"}, {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 0}, {2, 5}});
  const Route expected{{4, 0}, {0, 0}, {1, 0}, {5, 0}};
  // Lone hosts more each time, so that SimGrid is asked anew instead of our memory of its answers.
  Platform grown = ring;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(route(grown, 4, 5) == expected);
    REQUIRE(route(ring, 4, 5) == expected);
    grown.nodes.push_back({"lone" + std::to_string(i), true});
  }
  // The answer does not depend on what else is asked, and so not on SimGrid's cache either.
  const std::vector<Pair> pairs{{5, 4}, {4, 5}, {5, 4}, {4, 5}};
  REQUIRE(compute_routes(ring, pairs).at(1) == expected);
  REQUIRE(compute_routes(ring, pairs).at(3) == expected);
  REQUIRE(compute_routes(ring, pairs).at(0) == route(ring, 5, 4));
}

TEST_CASE("a tree of switches has one route each way", "[simgrid]") {
  // s0 above s1 .. s4, with hosts 5 .. 12, two below each: between different leaves 4 links.
  Platform tree = make({"s0", "s1", "s2", "s3", "s4"}, {{0, 1}, {2, 0}, {0, 3}, {4, 0}});
  std::vector<Pair> pairs;
  for (std::uint32_t host = 0; host < 8; ++host) {
    tree.nodes.push_back({"h" + std::to_string(host), true});
    tree.links.push_back({"h" + std::to_string(host), {5 + host, 1 + host / 2}, 1e9, 1e-6});
    for (std::uint32_t other = 0; other < 8; ++other) {
      pairs.emplace_back(5 + host, 5 + other);
    }
  }
  const auto routes = compute_routes(tree, pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto [from, to] = pairs[i];
    const bool same_leaf = (from - 5) / 2 == (to - 5) / 2;
    REQUIRE(routes[i].size() == (from == to ? 0U : same_leaf ? 2U : 4U));
    REQUIRE(reversed(routes[i]) == routes[(to - 5) * 8 + (from - 5)]);
  }
}

TEST_CASE("unconnected parts are refused by name and harm nothing else", "[simgrid]") {
  // Two islands; SimGrid itself would not return from a question across them.
  const Platform islands =
      make({"h1", "s1", "a0", "h2", "s2", "a1", "h3"}, {{0, 1}, {1, 2}, {3, 4}, {4, 5}});
  require_error(islands, {{0, 2}, {0, 5}}, "no route from host 'h1' to host 'a1'");
  require_error(islands, {{6, 0}}, "no route from host 'h3' to host 'h1'");
  REQUIRE(route(islands, 3, 5) == Route{{2, 0}, {3, 0}});
}

TEST_CASE("a platform without meaning is refused with a reason", "[simgrid]") {
  const Platform good = make({"h1", "s1", "a0"}, {{0, 1}, {1, 2}});
  const std::vector<Pair> pairs{{0, 2}};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  Platform bad = good;
  SECTION("names") {
    bad.nodes[1].name = "";
    require_error(bad, pairs, "a node has no name");
    bad.nodes[1].name = "a0";
    require_error(bad, pairs, "two nodes are named 'a0'");
    bad = good;
    bad.links[0].name = "";
    require_error(bad, pairs, "a link has no name");
    bad.links[0].name = "l1";
    require_error(bad, pairs, "two links are named 'l1'");
  }
  SECTION("ends") {
    bad.links[1].ends[1] = 3;
    require_error(bad, pairs, "link 'l1' ends at a node that does not exist");
    bad.links[1].ends[1] = 1;
    require_error(bad, pairs, "link 'l1' connects 's1' to itself");
    bad.links[1] = {"l1", {1, 0}, 1e9, 0.0};
    require_error(bad, pairs, "link 'l1' is a second link between 's1' and 'h1'");
  }
  SECTION("rate and delay") {
    for (const double rate : {0.0, -1.0, nan, infinity}) {
      bad.links[0].rate_bps = rate;
      require_error(bad, pairs, "the rate of link 'l0'");
    }
    bad = good;
    for (const double delay : {-1e-9, nan, infinity}) {
      bad.links[0].delay_s = delay;
      require_error(bad, pairs, "the delay of link 'l0'");
    }
  }
  SECTION("pairs") {
    require_error(good, {{0, 3}}, "does not exist");
    require_error(good, {{1, 2}}, "'s1', which is not a host");
  }
  SECTION("size") {
    bad.nodes.resize(524'289);
    require_error(bad, pairs, "524289 nodes");
  }
  REQUIRE(route(good, 0, 2) == Route{{0, 0}, {1, 0}});
}

TEST_CASE("names that SimGrid would derive or reserve do no harm", "[simgrid]") {
  Platform platform = make({"__loopback__", "s1", "holdfast/parent"}, {{0, 1}, {1, 2}});
  platform.links[0].name = "x";
  platform.links[1].name = "x_UP";
  platform.links[1].delay_s = 0.0;
  REQUIRE(route(platform, 0, 2) == Route{{0, 0}, {1, 0}});
}

TEST_CASE("names, rates and delays do not change a route, kinds and ends do", "[simgrid]") {
  Platform platform = make({"h1", "s1", "s2", "a0"}, {{0, 1}, {1, 3}, {0, 2}, {2, 3}});
  const Route first = route(platform, 0, 3);
  REQUIRE(first == Route{{0, 0}, {1, 0}});
  platform.nodes[1].name = "other";
  platform.links[0].name = "elsewhere";
  platform.links[0].rate_bps = 1.0;
  platform.links[1].delay_s = 5.0;
  REQUIRE(route(platform, 0, 3) == first);
  platform.nodes[1].is_host = true;  // and so it does not forward any more
  REQUIRE(route(platform, 0, 3) == Route{{2, 0}, {3, 0}});
  platform.nodes[1].is_host = false;
  std::swap(platform.links[0].ends[0], platform.links[0].ends[1]);
  REQUIRE(route(platform, 0, 3) == Route{{0, 1}, {1, 0}});
}

TEST_CASE("threads may ask at the same time", "[simgrid]") {
  const Route expected = route(two_paths(), 0, 4);
  std::vector<int> right(4, 0);
  std::vector<std::thread> threads;
  for (int& count : right) {
    threads.emplace_back([&count, &expected] {
      Platform platform = two_paths();
      for (int i = 0; i < 50; ++i) {  // a fabric of its own every other time
        count += route(platform, 0, 4) == expected ? 1 : 0;
        if (i % 2 == 0) {
          platform.nodes.push_back({"lone" + std::to_string(i), true});
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  REQUIRE(right == std::vector<int>(4, 50));
}
