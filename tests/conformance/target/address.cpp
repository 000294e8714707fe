// SPDX-License-Identifier: Apache-2.0
// An address that moves to another node of an array: when, who answers there, and who is not told.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;
using target::TakeoverStep;

namespace {

/// Two nodes with one port each; the host knows the first. From 6 s on the other node cannot reach
/// that one, has its address at 12 s, and the network knows at 12.6 s.
/// Keep Alives are due at 2.5 s, 5 s, ...
json moving(const char* fence = "20s") {
  json s = scenario_with(2);
  s["hosts"][0]["connect"].erase(1);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  set_connect(s, "reconnect_delay", "1s");
  json& sub = s["subsystems"][0];
  sub["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}, {{"name", "n1"}, {"ports", {"a1"}}}};
  sub["takeover"] = {
      {"by", "address"}, {"detect", "2s"}, {"fence", fence}, {"change", "4s"}, {"learn", "600ms"}};
  s["faults"] = {{{"type", "node"},
                  {"at", "6s"},
                  {"for", "100s"},
                  {"subsystem", "sub"},
                  {"node", "n0"},
                  {"state", "partition"}}};
  return s;
}

Filter step(TakeoverStep which) { return with("step", static_cast<std::uint64_t>(which)); }

const target::Controller& controller_of(const World& w, std::uint64_t cntlid) {
  for (const target::ControllerId id : w.target.subsystems[0].controllers) {
    if (w.target.controllers[id].cntlid == cntlid)
      return w.target.controllers[id];
  }
  throw std::runtime_error("there is no such controller");
}

/// The bundled scenario in which a write is in hand up to 12.1 s, with another fence.
std::uint64_t stale_with(const char* fence) {
  json s = json::parse(scenario::bundled_text("operators/address_moves_late_fence"));
  s["subsystems"][0]["takeover"]["fence"] = fence;
  Run run(s);
  run.until(40s);
  return run.world.oracle.counts.stale_writes;
}

}  // namespace

TEST_CASE("an address moves once it was changed and the network has learned it",
          "[conformance][address]") {
  Run run(moving());
  run.until(6s);
  assert_earliest(run, sim::epoch + 8s, Kind::takeover, step(TakeoverStep::noticed));
  run.until(8s);
  assert_earliest(run, sim::epoch + 12s, Kind::takeover, step(TakeoverStep::changed));
  assert_earliest(run, sim::epoch + 12600ms, Kind::takeover, step(TakeoverStep::moved));
}

TEST_CASE("what is sent to an address that moved is reset at once, and then connects there",
          "[conformance][address]") {
  Run run(moving());
  run.until(12599ms);
  // Up to there the old node answers.
  CHECK(run.log.count(Kind::recovery_started) == 0);
  run.until(17s);
  const TimePoint moved = run.log.first(Kind::takeover, step(TakeoverStep::moved)).at;
  const TimePoint sent = run.log.first(Kind::keep_alive_sent, since(moved)).at;
  const Entry given_up = run.log.first(Kind::recovery_started);
  CHECK(given_up.at - sent < few_round_trips);
  CHECK(given_up["cause"] == static_cast<std::uint64_t>(host::Cause::transport));
  const Entry again = run.log.last(Kind::connected);
  CHECK(again.at - given_up.at >= 1s);
  CHECK(again.at - given_up.at < 1s + 10 * few_round_trips);
  CHECK(controller_of(run.world, again["cntlid"]).node == target::NodeId{1});
  CHECK(controller_of(run.world, 1).node == target::NodeId{0});
}

TEST_CASE("a node whose address is gone is not told, and misses its host",
          "[conformance][address]") {
  // It has a write in hand, too, whose answer finds nobody at 16 s.
  json s = moving();
  s["faults"].push_back({{"type", "delay_command"},
                         {"at", "1s"},
                         {"subsystem", "sub"},
                         {"controller", 1},
                         {"opcode", "write"},
                         {"delay", "4s"}});
  s["workloads"] = json::array(
      {{{"type", "script"}, {"host", "h1"}, {"start", "12s"}, {"steps", {{{"do", "write"}}}}}});
  Run run(s);
  run.until(12590ms);
  // The last Keep Alive that it has is that of 12.5 s.
  const TimePoint last = run.log.last(Kind::keep_alive_sent).at;
  run.until(17400ms);
  CHECK(run.log.count(Kind::media_write, with("cntlid", 1)) == 1);
  CHECK(run.log.count(Kind::queue_released, with("cntlid", 1)) == 0);
  run.until(60s);
  const auto missed = run.log.all(Kind::keep_alive_expired);
  REQUIRE(missed.size() == 1);
  CHECK(missed[0]["cntlid"] == 1);
  CHECK(missed[0].at - (last + 5s) < few_round_trips);
}

TEST_CASE("a write in hand of a node that lost its address lands until it is fenced",
          "[conformance][address]") {
  // The host repeats it at 6 s and writes newer data; it lands at 12.1 s.
  CHECK(stale_with("20s") == 1);
  CHECK(stale_with("10s") == 1);  // at 13 s
  CHECK(stale_with("9s") == 0);   // at 12 s
  CHECK(stale_with("0s") == 0);   // before the address moved
}

TEST_CASE("a fence leaves alone who came to the same address later", "[conformance][address]") {
  // The host is at the other node from 16 s on; the fence of the first is there at 28 s.
  Run run(moving());
  run.until(60s);
  CHECK(run.log.count(Kind::takeover, step(TakeoverStep::fenced)) == 1);
  CHECK(run.log.count(Kind::recovery_started) == 1);
  CHECK(run.log.count(Kind::connected) == 2);
}

TEST_CASE("an address moves only to where its hosts find a way", "[conformance][address]") {
  json s = moving();
  s["fabric"]["links"].erase(2);  // h1-s2
  CHECK_THROWS_WITH(scenario::parse(s.dump(), "test"),
                    Catch::Contains("no way from \"h1\" to \"a1\"") &&
                        Catch::Contains("/subsystems/0/takeover/by"));
}

TEST_CASE("the repetition that first comes to the new node is the end of the old connection",
          "[conformance][address]") {
  RecordLog log;
  World w = scenario::build(scenario::load("scenarios/operators/address_moves.json"));
  w.trace.attach(&log);
  w.calendar.run_until(w, sim::epoch + 20s);
  // 10.010 s, the probe behind it, and 0.2 x (2^4 - 1) s: the fourth timeout in a row.
  const TimePoint moved = log.first(Kind::takeover, step(TakeoverStep::moved)).at;
  CHECK(moved == sim::epoch + 11705ms);
  const TimePoint given_up = log.first(Kind::recovery_started).at;
  CHECK(given_up - (sim::epoch + 13010ms) > Duration{});
  CHECK(given_up - (sim::epoch + 13010ms) < 15ms);
}

TEST_CASE("segments fit through the links of each machine that may have the address",
          "[conformance][address]") {
  // The way to the second node takes smaller frames than that to the first.
  const auto mss = [](bool moves, int to_first, int to_second) {
    json s = moving();
    if (!moves)
      s["subsystems"][0].erase("takeover");
    for (std::size_t i = 0; i < 4; ++i)
      s["fabric"]["links"][i]["mtu"] = i < 2 ? to_first : to_second;
    Run run(s);
    run.until(1s);
    return run.world.transport.connections.begin()->mss;
  };
  CHECK(mss(false, 9000, 1500) == mss(false, 9000, 9000));
  CHECK(mss(true, 9000, 1500) == mss(true, 1500, 1500));
  CHECK(mss(true, 9000, 1500) < mss(true, 9000, 9000));
}
