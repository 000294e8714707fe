// SPDX-License-Identifier: Apache-2.0
// What the checks let through can be built: fabrics are drawn in which hosts and ports stand
// between others as often as switches do, and each is either refused with a place or becomes a
// world.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/random.hpp"

using namespace holdfast;
using nlohmann::json;

namespace {

const std::vector<std::string> all_nodes = {"h1", "h2", "a0", "a1", "s1", "s2"};

json drawn_fabric(std::uint64_t seed) {
  json links = json::array();
  std::uint64_t draw = 0;
  for (std::size_t a = 0; a < all_nodes.size(); ++a) {
    for (std::size_t b = a + 1; b < all_nodes.size(); ++b) {
      if (sim::random_bits(seed, sim::hash_name("ways"), draw++) % 2 == 0)
        links.push_back(
            {{"name", all_nodes[a] + "-" + all_nodes[b]}, {"ends", {all_nodes[a], all_nodes[b]}}});
    }
  }
  return links;
}

json world_of(json links) {
  const json both =
      json::array({{{"subsystem", "sub"}, {"port", "a0"}}, {{"subsystem", "sub"}, {"port", "a1"}}});
  return {{"name", "ways"},
          {"duration", "1s"},
          {"fabric", {{"links", std::move(links)}}},
          {"subsystems",
           {{{"name", "sub"}, {"ports", {"a0", "a1"}}, {"namespaces", {{{"size", "1MiB"}}}}}}},
          {"hosts", {{{"name", "h1"}, {"connect", both}}, {{"name", "h2"}, {"connect", both}}}},
          {"faults",
           {{{"type", "cross_traffic"}, {"at", "0s"}, {"from", "a0"}, {"to", "h1"}},
            {{"type", "cross_traffic"}, {"at", "0s"}, {"from", "h2"}, {"to", "h1"}}}}};
}

}  // namespace

TEST_CASE("A fabric that passes the checks can be built", "[property]") {
  int refused = 0, built = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const json document = world_of(drawn_fabric(seed));
    INFO(document["fabric"].dump());
    scenario::Scenario checked;
    try {
      checked = scenario::from_json(document, "drawn");
    } catch (const scenario::ScenarioError& error) {
      CHECK_FALSE(error.parts().pointer.empty());
      ++refused;
      continue;
    }
    CHECK_NOTHROW(scenario::build(checked));
    ++built;
  }
  // Both kinds were drawn often enough to say something.
  CHECK(refused >= 50);
  CHECK(built >= 50);
}
