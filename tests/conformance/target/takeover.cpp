// SPDX-License-Identifier: Apache-2.0
// What an array does about a node that fails, and how long it takes for queues to end: to the
// nanosecond.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;
using target::TakeoverStep;

namespace {

/// Two nodes with one port each; the group is served by the first. It is cut off from 6 s on.
json array_with(const char* fence, const char* how_long) {
  json s = scenario_with(2);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  json& sub = s["subsystems"][0];
  sub["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}, {{"name", "n1"}, {"ports", {"a1"}}}};
  sub["ana_states"] = {{{"port", "a1"}, {"group", 1}, {"state", "inaccessible"}}};
  sub["takeover"] = {{"detect", "2s"}, {"fence", fence}, {"change", "4s"}};
  s["faults"] = {{{"type", "node"},
                  {"at", "6s"},
                  {"for", how_long},
                  {"subsystem", "sub"},
                  {"node", "n0"},
                  {"state", "partition"}},
                 {{"type", "delay_command"},
                  {"at", "1s"},
                  {"subsystem", "sub"},
                  {"controller", 1},
                  {"opcode", "write"},
                  {"delay", "8s"}}};
  // It would land at 13.9 s.
  s["workloads"] = json::array(
      {{{"type", "script"}, {"host", "h1"}, {"start", "5900ms"}, {"steps", {{{"do", "write"}}}}}});
  return s;
}

Filter step(TakeoverStep which) { return with("step", static_cast<std::uint64_t>(which)); }

}  // namespace

TEST_CASE("an array notices, fences and changes, each in its time", "[conformance][takeover]") {
  Run run(array_with("3s", "30s"));
  run.until(6s);
  assert_earliest(run, sim::epoch + 8s, Kind::takeover, step(TakeoverStep::noticed));
  run.until(8s);
  assert_earliest(run, sim::epoch + 11s, Kind::takeover, step(TakeoverStep::fenced));
  assert_earliest(run, sim::epoch + 12s, Kind::takeover, step(TakeoverStep::changed));
  run.until(20s);
  CHECK(run.log.count(Kind::controller_fatal, with("cntlid", 1)) == 1);
  // The write in hand is gone, and came back by the other node as soon as that served it.
  const Entry landed = run.log.first(Kind::media_write);
  CHECK(landed["cntlid"] == 2);
  CHECK(landed.at - (sim::epoch + 12s) < few_round_trips);
  CHECK(run.log.count(Kind::media_write) == 1);
}

TEST_CASE("a fence that comes late lets land what is in hand", "[conformance][takeover]") {
  Run run(array_with("20s", "60s"));
  run.until(40s);
  const auto landed = run.log.all(Kind::media_write, with("cntlid", 1));
  REQUIRE(landed.size() == 1);
  CHECK(landed[0].at - (sim::epoch + 13900ms) < few_round_trips);
  CHECK(run.log.count(Kind::takeover) == 3);
}

TEST_CASE("a node that is back in time is not missed", "[conformance][takeover]") {
  Run run(array_with("3s", "1999ms"));
  run.until(30s);
  CHECK(run.log.count(Kind::takeover) == 0);
  CHECK(run.log.count(Kind::media_write, with("cntlid", 1)) == 1);
}

TEST_CASE("a fenced node takes no connections until it is back", "[conformance][takeover]") {
  // Fenced at 11 s, back at 36 s; the host tries every 10 s.
  Run run(array_with("3s", "30s"));
  run.until(35s);
  CHECK(run.log.count(Kind::connect_failed, of_first()) >= 1);
  CHECK(run.log.count(Kind::connected, of_first()) == 1);
  run.until(50s);
  CHECK(run.log.count(Kind::connected, of_first()) == 2);
}

TEST_CASE("the ends of queues wait for each other", "[conformance][takeover]") {
  // An I/O queue and the admin queue of one controller, which is deleted.
  json s = scenario_with(1);
  s["subsystems"][0]["teardown_time"] = "100ms";
  s["faults"] = json::array(
      {{{"type", "delete_controller"}, {"at", "6s"}, {"host", "h1"}, {"controller", "nvme0"}}});
  Run run(s);
  run.until(10s);
  const auto ended = run.log.all(Kind::queue_released);
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].at - (sim::epoch + 6100ms) < few_round_trips);
  CHECK(ended[1].at - ended[0].at == 100ms);
}
