// SPDX-License-Identifier: Apache-2.0
// What SimGrid is asked for a fabric of many hosts, and that it answers as for the whole of it.
#include "sim/simgrid/access_routes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using holdfast::simgrid::AccessRoutes;
using holdfast::simgrid::FabricZone;
using holdfast::simgrid::Hop;
using holdfast::simgrid::Interface;
using holdfast::simgrid::Platform;

Platform star_of(std::uint32_t hosts) {
  Platform star;
  star.nodes.push_back({"s0", false});
  star.nodes.push_back({"s1", false});
  for (std::uint32_t i = 0; i < hosts; ++i) {
    star.nodes.push_back({"h" + std::to_string(i), true});
    for (std::uint32_t s = 0; s < 2; ++s) {
      star.links.push_back({"l" + std::to_string(star.links.size()), {2 + i, s}, 25e9, 2e-6});
    }
  }
  return star;
}

/// Switches in a ring with chords, so that many ways are equally long; hosts with one link each, in
/// any order among the links of the switches.
Platform drawn(std::uint32_t seed, std::vector<Interface>& interfaces) {
  std::minstd_rand dice(seed);
  const auto switches = static_cast<std::uint32_t>(3 + dice() % 10);
  const auto hosts = static_cast<std::uint32_t>(2 + dice() % 20);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends;
  for (std::uint32_t i = 0; i < switches; ++i) {
    ends.emplace_back(i, (i + 1) % switches);
    ends.emplace_back(static_cast<std::uint32_t>(dice() % switches),
                      static_cast<std::uint32_t>(dice() % switches));
  }
  for (std::uint32_t i = 0; i < hosts; ++i) {
    ends.emplace_back(switches + i, static_cast<std::uint32_t>(dice() % switches));
  }
  std::shuffle(ends.begin(), ends.end(), dice);
  Platform platform;
  for (std::uint32_t i = 0; i < switches + hosts; ++i) {
    platform.nodes.push_back({"n" + std::to_string(i), i >= switches});
  }
  std::set<std::pair<std::uint32_t, std::uint32_t>> connected;
  for (auto [a, b] : ends) {
    if (a == b || !connected.insert(std::minmax(a, b)).second) {
      continue;
    }
    const auto link = static_cast<std::uint32_t>(platform.links.size());
    const bool turned = dice() % 2 == 0;
    if (a >= switches) {
      interfaces.push_back({link, static_cast<std::uint8_t>(turned ? 1 : 0)});
    }
    if (turned) {
      std::swap(a, b);
    }
    platform.links.push_back({"l" + std::to_string(link), {a, b}, 25e9, 2e-6});
  }
  return platform;
}

template <class Call>
void for_pairs(const std::vector<Interface>& interfaces, Call call) {
  for (const Interface from : interfaces) {
    for (const Interface to : interfaces) {
      if (from.link != to.link) {
        call(from, to);
      }
    }
  }
}

}  // namespace

TEST_CASE("what SimGrid has to know of a fabric does not grow with its hosts", "[simgrid]") {
  // Two switches, two interfaces of each.
  const Platform hundred = star_of(100), thousands = star_of(10'000);
  REQUIRE(AccessRoutes(hundred).links_in_simgrid() == 4);
  REQUIRE(AccessRoutes(thousands).links_in_simgrid() == 4);
}

TEST_CASE("asked once for each pair of switches, SimGrid decides as it does when asked for all",
          "[simgrid]") {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::vector<Interface> interfaces;
    const Platform platform = drawn(seed, interfaces);
    // SimGrid has one zone of ours at a time.
    std::vector<std::vector<Hop>> found;
    {
      AccessRoutes few(platform);
      for_pairs(interfaces,
                [&](Interface from, Interface to) { found.push_back(few.between(from, to)); });
    }
    const FabricZone all(platform, seed % 2 == 0);
    std::size_t next = 0;
    for_pairs(interfaces, [&](Interface from, Interface to) {
      REQUIRE(found.at(next++) == all.route(from, to));
    });
  }
}
