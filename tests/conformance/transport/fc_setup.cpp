// SPDX-License-Identifier: Apache-2.0
// NVMe/FC: what ends the set-up of an association, and where frames to a lost remote port end.
#include "tests/conformance/transport/fc_support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

TEST_CASE("a Keep Alive that times out during a set-up ends the set-up", "[conformance][fc]") {
  json s = on_fc("linux-mainline", 30s);
  set_connect(s, "keep_alive_tmo", "2s");
  Run undisturbed(s);
  const auto io = of_first() && with("qid", 1);
  const TimePoint opened = undisturbed.until(1s).log.first(Kind::command_sent, io).at;

  // Connect of the I/O queue and the first Keep Alive are lost, and what aborts them is not.
  s["faults"] = json::array({short_blackhole()});
  s["faults"][0]["at"] = text(opened - sim::epoch);
  s["faults"][0]["for"] = "2s";
  Run run(s);
  run.until(90s);
  const TimePoint sent = run.log.first(Kind::keep_alive_sent, of_first()).at;
  REQUIRE(sent < opened + 2s);
  CHECK(run.log.count(Kind::connected, of_first() && before(sent)) == 0);
  const Entry failed = run.log.first(Kind::connect_failed, of_first());
  CHECK(failed.at > sent + 2s);
  CHECK(failed.at < sent + 2s + moment);
}

TEST_CASE("a frame to a remote port that is gone is dropped at its last hop", "[conformance][fc]") {
  json s = on_fc("linux-mainline", 30s);
  // While the answer to the write of 2 s is on its way.
  Run undisturbed(s);
  const Filter answers = with("qid", 1) && since(2s + sim::epoch);
  const TimePoint sent = undisturbed.until(3s).log.first(Kind::response_sent, answers).at;
  s["faults"] = json::array({port_lost(sent - sim::epoch + 1ns)});
  Run run(s, true);
  run.until(3s);
  const Entry dropped = run.log.first(Kind::packet_dropped);
  CHECK(dropped["reason"] == static_cast<std::uint64_t>(net::Drop::blackhole));
  const auto& links = run.world.net.links;
  REQUIRE(links.size() == 4);
  CHECK(dropped["channel"] == sim::index(net::channel_of(net::LinkId{0}, 1)));
}
