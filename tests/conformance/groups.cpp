// SPDX-License-Identifier: Apache-2.0
// Links that fail together, that come up before they forward, and that fail when a record says so.
#include <filesystem>
#include <fstream>

#include "tests/conformance/earliest.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

std::uint32_t outages(const Run& run, std::uint32_t link) {
  return run.world.net.channels[sim::index(net::channel_of(net::LinkId{link}, 0))].outages;
}

std::uint32_t blackholes(const Run& run, std::uint32_t link) {
  return run.world.net.channels[sim::index(net::channel_of(net::LinkId{link}, 1))].blackholes;
}

json row(const char* at, const char* what, const char* state) {
  return {{"at", at}, {"what", what}, {"state", state}};
}

}  // namespace

TEST_CASE("links of a group fail at one instant", "[conformance][groups]") {
  json s = scenario_with(2);
  s["fabric"]["groups"] = {{{"name", "switch"}, {"links", {"h1-s1", "s1-a0"}}}};
  s["faults"] = json::array({{{"type", "link_down"},
                              {"at", {{"uniform", {"6s", "9s"}}}},
                              {"for", "2s"},
                              {"link", "switch"}}});
  Run run(s);
  run.until(20s);
  const auto struck = run.log.all(Kind::fault);
  REQUIRE(struck.size() == 4);
  CHECK(struck[0].at == struck[1].at);
  CHECK(struck[2].at == struck[0].at + 2s);
  CHECK(struck[3].at == struck[2].at);
  Run again(s);
  again.until(struck[0].at);
  CHECK(outages(again, 0) == 1);
  CHECK(outages(again, 1) == 1);
  CHECK(outages(again, 2) == 0);
}

TEST_CASE("a link that is up again may not forward yet", "[conformance][groups]") {
  json s = scenario_with(1);
  s["faults"] = json::array({{{"type", "link_down"},
                              {"at", "6s"},
                              {"for", "1s"},
                              {"link", "h1-s1"},
                              {"forwards_after", "3s"}}});
  Run run(s);
  run.until(7s);
  CHECK(outages(run, 0) == 0);
  CHECK(blackholes(run, 0) == 1);
  run.until(10s - 1ns);
  CHECK(blackholes(run, 0) == 1);
  run.until(10s);
  CHECK(blackholes(run, 0) == 0);
}

TEST_CASE("links and nodes fail when a record says so", "[conformance][groups]") {
  json s = scenario_with(2);
  s["subsystems"][0]["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}},
                                 {{"name", "n1"}, {"ports", {"a1"}}}};
  const json rows = {row("6s", "h1-s1", "down"), row("7s", "n1", "hang"), row("8s", "h1-s1", "up"),
                     row("9s", "n1", "crash"), row("11s", "n1", "up")};
  s["faults"] = json::array({{{"type", "failure_trace"}, {"at", "1s"}, {"failures", rows}}});
  Run run(s);
  const auto state = [&] { return run.world.target.nodes[1].state; };
  run.until(7s - 1ns);
  CHECK(outages(run, 0) == 0);
  run.until(7s);
  CHECK(outages(run, 0) == 1);
  run.until(8s);
  CHECK(state() == target::NodeState::hung);
  run.until(9s);
  CHECK(outages(run, 0) == 0);
  run.until(10s);
  CHECK(state() == target::NodeState::crashed);
  run.until(12s);
  CHECK(state() == target::NodeState::up);

  SECTION("the same from a file beside the scenario") {
    const holdfast::test::TemporaryFolder own;
    const auto& folder = own.path();
    std::ofstream(folder / "night.csv") << "time,what,state\n# the first switch\n6s, h1-s1, down\n"
                                           "7s,n1,hang\n8s,h1-s1,up\n9s,n1,crash\n\n11s,n1,up\n";
    s["faults"][0].erase("failures");
    s["faults"][0]["file"] = "night.csv";
    std::ofstream(folder / "night.json") << s.dump();
    World world = scenario::build(scenario::load(folder / "night.json"));
    world.calendar.run_until(world, sim::epoch + 12s);
    CHECK(world.trace.hashes().full == run.world.trace.hashes().full);
  }
}
