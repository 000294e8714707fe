// SPDX-License-Identifier: Apache-2.0
// Two hosts that share nothing but a target: what happens to one leaves paths and books of the
// other as they are.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Adds a host h2 like h1, over the same switches.
void add_second_host(json& s, int paths) {
  json other = s["hosts"][0];
  other["name"] = "h2";
  s["hosts"].push_back(other);
  for (int i = 1; i <= paths; ++i) {
    s["fabric"]["links"].push_back(
        {{"name", fmt::format("h2-s{}", i)}, {"ends", {"h2", fmt::format("s{}", i)}}});
  }
}

/// Where the I/O of a job went, in order.
std::vector<std::uint64_t> controllers_of(const Run& run, std::uint16_t job) {
  std::vector<std::uint64_t> ids;
  for (const Entry& e : run.log.all(Kind::attempt_sent)) {
    if (run.world.oracle.operations[op_of(e) - 1].job == job)
      ids.push_back(e["controller"]);
  }
  return ids;
}

json writes_of(const char* name, Duration runtime) {
  json job = fio({{"rw", "randwrite"}, {"rate_iops", 100}, {"iodepth", 1}, {"start", "1s"}});
  job["host"] = name;
  job["runtime"] = text(runtime);
  return job;
}

json delete_first(Duration at) {
  return {{"type", "delete_controller"}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
}

}  // namespace

TEST_CASE("a controller that is deleted leaves the paths of another host alone",
          "[conformance][MP-2]") {
  // After one write or the next: h2 uses its controllers 2 and 3 in turns, before and after,
  // whichever of them is the current path at that moment.
  for (const Duration at : {1503ms, 1513ms}) {
    json s = scenario_with(2);
    add_second_host(s, 2);
    s["workloads"] = json::array({writes_of("h1", 2s), writes_of("h2", 2s)});
    s["faults"] = json::array({delete_first(at)});
    Run run(s);
    run.until(5s);
    REQUIRE(run.log.count(Kind::controller_removed) == 1);
    const auto second = controllers_of(run, 1);
    REQUIRE(second.size() > 150);
    bool in_turns = true;
    for (std::size_t i = 1; i < second.size(); ++i)
      in_turns = in_turns && second[i] == 5 - second[i - 1];
    CHECK(in_turns);
    CHECK(controllers_of(run, 0).back() == 1);
  }
}

TEST_CASE("a path that is removed leaves the current one the current one", "[conformance][MP-2]") {
  // Round-robin over controllers 0, 1 and 2. The first one is deleted while 1 is the current path:
  // 2 is next, as it would have been (struct nvme_ns_head has a pointer, not a number).
  json s = scenario_with(3);
  s["workloads"] = json::array({writes_of("h1", 1s)});
  Run run(s);
  run.until(1s);
  while (controllers_of(run, 0).empty() || controllers_of(run, 0).back() != 1)
    run.advance(1ms);
  const std::size_t before = controllers_of(run, 0).size();
  host::delete_controller(run.world, host::ControllerId{0});
  run.advance(5ms);
  REQUIRE(controllers_of(run, 0).size() == before);
  REQUIRE(run.log.count(Kind::controller_removed) == 1);
  run.advance(30ms);
  const auto all = controllers_of(run, 0);
  REQUIRE(all.size() >= before + 2);
  CHECK(all[before] == 2);
  CHECK(all[before + 1] == 1);
}

TEST_CASE("the expiry of a controller is not put down to who had its CNTLID before",
          "[conformance]") {
  // h1 loses its sockets at 5 s and cannot connect again, because its link swallows everything from
  // 5.1 s on: the RST has passed, so the target frees the controller without an expiry. h2 connects
  // at 20 s and gets CNTLID 1 anew. From 30 s on it is silent, and its controller expires.
  json s = scenario_with(1);
  add_second_host(s, 1);
  set_connect(s, "keep_alive_tmo", "5s");
  s["hosts"][1]["connect"][0]["keep_alive_tmo"] = "5s";
  s["hosts"][1]["connect"][0]["at"] = "20s";
  s["faults"] = json::array(
      {{{"type", "kill_sockets"}, {"at", "5s"}, {"host", "h1"}, {"controller", "nvme0"}},
       blackhole("h1-s1", 5100ms),
       blackhole("h2-s1", 30s)});
  Run run(s);
  run.until(60s);
  const auto expired = run.log.all(Kind::keep_alive_expired);
  REQUIRE(expired.size() == 1);
  REQUIRE(expired[0]["cntlid"] == 1);
  REQUIRE(expired[0].at > sim::epoch + 30s);
  for (const host::Controller& c : run.world.host.controllers)
    REQUIRE(c.cntlid == 1);
  const auto& recoveries = run.world.recovery.recoveries;
  REQUIRE(recoveries.size() == 2);
  REQUIRE(recoveries[0].controller == host::ControllerId{0});
  CHECK(recoveries[0].target_detected == sim::never);
  CHECK(recoveries[1].target_detected == expired[0].at);
}
