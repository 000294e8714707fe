// SPDX-License-Identifier: Apache-2.0
// What a copy of a world takes from the heap. Search and splitting copy worlds by the million, so
// this is counted, not timed.
#include <catch2/catch.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "tests/unit/allocations.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

scenario::Scenario load(const std::string& path, const std::vector<std::string>& sets = {}) {
  nlohmann::json document = scenario::read_document(path);
  for (const std::string& set : sets)
    scenario::apply_set(document, set);
  return scenario::from_json(document, path);
}

testing::Allocations cost_of_copy(const World& world) {
  const testing::Allocations before = testing::allocations();
  const World twin = world;
  const testing::Allocations after = testing::allocations();
  REQUIRE(twin.trace.hashes() == world.trace.hashes());
  return {after.count - before.count, after.bytes - before.bytes};
}

}  // namespace

TEST_CASE("a copy of a world is one block of memory", "[property]") {
  const scenario::Scenario s = load("scenarios/rw_test_mainline.json");
  World world = scenario::build(s);
  // The application begins at 100 ms; 40 us later all of its I/O is on its way.
  world.calendar.run_until(world, sim::epoch + 100ms + 40us);
  REQUIRE(world.host.ios.live() == 5);
  REQUIRE(world.net.packets.live() >= 10);
  CHECK(cost_of_copy(world).count < 10);
  const testing::Allocations cost = cost_of_copy(world);
  CHECK(cost.count == (testing::counts_allocations ? 1 : 0));
  CHECK(cost.bytes < 48 << 10);
  // It stays so as long as the run is short of incidents.
  world.calendar.run_until(world, sim::epoch + 1s);
  cost_of_copy(world);
  CHECK(cost_of_copy(world).count == cost.count);
}

TEST_CASE("names of subsystems and nodes cost a copy nothing, however long they are",
          "[property]") {
  const auto cost_with = [](const std::string& name) {
    nlohmann::json document = scenario::read_document("scenarios/array_node_crash.json");
    const std::string subsystem = document["subsystems"][0]["name"];
    document["subsystems"][0]["name"] = name;
    for (auto& host : document["hosts"]) {
      for (auto& connect : host["connect"])
        connect["subsystem"] = name;
    }
    for (auto& load : document["workloads"]) {
      if (load.contains("subsystem"))
        load["subsystem"] = name;
    }
    for (auto& fault : document["faults"]) {
      if (fault.contains("subsystem"))
        fault["subsystem"] = name;
    }
    World world = scenario::build(scenario::from_json(document, "named"));
    world.calendar.run_until(world, sim::epoch + 90ms);
    cost_of_copy(world);
    return cost_of_copy(world);
  };
  const testing::Allocations with_short = cost_with("sub");
  const testing::Allocations with_long = cost_with(std::string(200, 's'));
  CHECK(with_long.count == with_short.count);
  CHECK(with_long.bytes == with_short.bytes);
}

TEST_CASE("tags that are not in use cost a copy nothing", "[property]") {
  const auto bytes_with = [](const std::string& queue_size) {
    World world = scenario::build(
        load("scenarios/rw_test_mainline.json", {"hosts.0.connect.0.queue_size=" + queue_size,
                                                 "hosts.0.connect.1.queue_size=" + queue_size}));
    world.calendar.run_until(world, sim::epoch + 90ms);
    cost_of_copy(world);
    return cost_of_copy(world).bytes;
  };
  CHECK(bytes_with("1024") == bytes_with("16"));
}

TEST_CASE("a world of four times the hosts is four times as large, not sixteen times",
          "[property]") {
  // Each host with two paths and a namespace under load. What a controller keeps of its own host's
  // devices must not have room for those of all hosts.
  const auto bytes_with = [](std::size_t hosts) {
    nlohmann::json document = scenario::read_document("scenarios/array_many_hosts.json");
    document["hosts"][0]["count"] = hosts;
    document["workloads"][0]["count"] = hosts;
    document["workloads"][0]["offset"] = "0B";
    document["fabric"]["links"][0]["count"] = hosts;
    World world = scenario::build(scenario::from_json(document, "many"));
    world.calendar.run_until(world, sim::epoch + 500ms);
    REQUIRE(world.oracle.operations.size() >= 10 * hosts);
    cost_of_copy(world);  // the first one finds out how large the block has to be
    return cost_of_copy(world).bytes;
  };
  CHECK(bytes_with(256) <= 4 * bytes_with(64) + 4 * bytes_with(64) / 10);
}
