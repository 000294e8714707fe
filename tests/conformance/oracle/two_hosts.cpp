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

}  // namespace

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
