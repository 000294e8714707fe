// SPDX-License-Identifier: Apache-2.0
// Machines that stand still for a while, and clocks that are not right: to the nanosecond.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

/// Command-based keep alive with KATO 5 s: a Keep Alive at 2.5 s, 5 s, ... of each path.
json asleep(int paths, const char* at, const char* how_long, const char* clock = "runs") {
  json s = scenario_with(paths);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["faults"] = json::array(
      {{{"type", "host_pause"}, {"at", at}, {"for", how_long}, {"host", "h1"}, {"clock", clock}}});
  return s;
}

/// A write that is executed 200 ms after it came in.
void add_slow_write(json& s, const char* start) {
  s["faults"].push_back({{"type", "delay_command"},
                         {"at", "1s"},
                         {"subsystem", "sub"},
                         {"controller", 1},
                         {"opcode", "write"},
                         {"delay", "200ms"}});
  s["workloads"] = json::array(
      {{{"type", "script"}, {"host", "h1"}, {"start", start}, {"steps", {{{"do", "write"}}}}}});
}

}  // namespace

TEST_CASE("a host that stands still sends its Keep Alive when it goes on",
          "[conformance][machines]") {
  Run run(asleep(1, "6s", "3s"));
  run.until(6s);
  // Due at 7.5 s; the next one counts from there.
  assert_earliest(run, sim::epoch + 9s, Kind::keep_alive_sent);
  run.until(9s);
  assert_earliest(run, sim::epoch + 11500ms, Kind::keep_alive_sent);
  run.until(60s);
  CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  CHECK(run.log.count(Kind::recovery_started) == 0);
}

TEST_CASE("with a clock that stops its timers are late by the pause", "[conformance][machines]") {
  Run run(asleep(1, "6s", "2s", "stops"));
  run.until(6s);
  assert_earliest(run, sim::epoch + 9500ms, Kind::keep_alive_sent);
  run.until(9500ms);
  assert_earliest(run, sim::epoch + 12s, Kind::keep_alive_sent);
  // One second more, and KATO is over before: 5 s, and then 7.5 + 3 s.
  Run late(asleep(1, "6s", "3s", "stops"));
  late.until(11s);
  CHECK(late.log.count(Kind::keep_alive_expired) == 1);
}

TEST_CASE("a host that stands still for longer than KATO has lost its paths",
          "[conformance][machines]") {
  Run run(asleep(1, "6s", "6s"));
  run.until(6s);
  const Run before(run);
  run.until(12s - 1ns);
  // The Keep Alive of 5 s was the last one. What the target says then is not heard.
  const Entry expired = run.log.first(Kind::keep_alive_expired);
  CHECK(expired.at > sim::epoch + 10s);
  CHECK(expired.at - (sim::epoch + 10s) < few_round_trips);
  assert_earliest(before, sim::epoch + 12s, Kind::recovery_started, of_first());
  run.until(60s);
  CHECK(run.log.last(Kind::connected).at > sim::epoch + 22s);
}

TEST_CASE("packets wait in front of a host that is paused", "[conformance][machines]") {
  json s = asleep(1, "6s", "1s");
  add_slow_write(s, "5900ms");
  Run run(s, true);
  run.until(6s);
  const std::size_t sent = run.log.count(Kind::packet_hop, with("channel", 0));
  run.until(7s - 1ns);
  CHECK(run.log.count(Kind::media_write) == 1);
  // Nothing goes out, no acknowledgement either.
  CHECK(run.log.count(Kind::packet_hop, with("channel", 0)) == sent);
  CHECK(run.log.count(Kind::app_complete) == 0);
  run.until(7s);
  CHECK(run.log.first(Kind::app_complete)["status"] == 0);
  CHECK(run.log.first(Kind::app_complete).at == sim::epoch + 7s);
}

TEST_CASE("what came due fires before what came in", "[conformance][machines]") {
  // Answered at 6.1 s, and timed out at 6.9 s: nobody has looked at the answer yet.
  json s = asleep(1, "6s", "1s");
  add_slow_write(s, "5900ms");
  s["hosts"][0]["io_timeout"] = "1s";
  Run run(s);
  run.until(7s);
  CHECK(run.log.first(Kind::request_timeout).at == sim::epoch + 7s);
  CHECK(run.log.first(Kind::recovery_started).at == sim::epoch + 7s);
  // With a clock that stops there are 900 ms left.
  s["faults"][0]["clock"] = "stops";
  Run stopped(s);
  stopped.until(20s);
  CHECK(stopped.log.count(Kind::request_timeout) == 0);
  CHECK(stopped.log.first(Kind::app_complete).at == sim::epoch + 7s);
}

TEST_CASE("another host does not stand still", "[conformance][machines]") {
  json s = asleep(1, "6s", "3s");
  s["fabric"]["links"].push_back({{"name", "h2-s1"}, {"ends", {"h2", "s1"}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  s["hosts"].push_back(other);
  Run run(s);
  run.until(9s - 1ns);
  CHECK(run.log.last(Kind::keep_alive_sent, with("controller", 1)).at == sim::epoch + 7500ms);
  CHECK(run.log.last(Kind::keep_alive_sent, of_first()).at == sim::epoch + 5s);
}

TEST_CASE("what is done at a host that stands still is done when it goes on",
          "[conformance][machines]") {
  json s = asleep(1, "6s", "1s");
  s["faults"].push_back(
      {{"type", "reset_controller"}, {"at", "6500ms"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(6s);
  const auto resetting = static_cast<std::uint64_t>(host::State::resetting);
  assert_earliest(run, sim::epoch + 7s, Kind::controller_state, with("to", resetting));
}

TEST_CASE("a hold that stands still is longer, and never shorter", "[conformance][machines]") {
  // The path is cut behind the Keep Alive of 10 s: that of 12.5 s times out at 17.5 s.
  for (const auto& [clock, ends] :
       {std::pair{"runs", Duration{34s}}, std::pair{"stops", Duration{41500ms}}}) {
    json s = asleep(1, "24s", "10s", clock);
    s["hosts"][0]["policy"] = "cqt-only";
    s["subsystems"][0]["attr_cqt"] = "4s";
    s["faults"].push_back(blackhole("h1-s1", 11s));
    Run run(s);
    run.until(24s);
    // 2 x 5 s + 4 s from 17.5 s on.
    CHECK(run.log.first(Kind::fence_started).at == sim::epoch + 17500ms);
    CHECK(run.log.first(Kind::fence_started)["hold_ns"] == 14'000'000'000);
    assert_earliest(run, sim::epoch + ends, Kind::hold_ended, of_first());
  }
}

TEST_CASE("the end of a hold is told in true time, whatever the clock of its host",
          "[conformance][machines]") {
  // 2 x 5 s + 4 s by the clock of the host: 14 s / 1.1, 14 s / 0.9, and 14 s.
  for (const auto& [knob, least] :
       {std::pair{"clock_fast_ppm", 12727272727ns}, std::pair{"clock_slow_ppm", 15555555555ns},
        std::pair{"count", Duration{14s}}}) {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::command_based, 5s);
    s["hosts"][0][knob] = knob == std::string("count") ? 1 : 100'000;
    s["hosts"][0]["policy"] = "cqt-only";
    s["subsystems"][0]["attr_cqt"] = "4s";
    s["faults"] = json::array({blackhole("h1-s1", 11s)});
    Run run(s);
    run.until(60s);
    REQUIRE(run.world.recovery.recoveries.size() == 1);
    const oracle::Recovery& r = run.world.recovery.recoveries.front();
    CHECK(r.hold_until == run.log.first(Kind::hold_ended).at);
    CHECK(r.hold_until == r.released);
    CHECK(r.hold_until - r.fence_started >= least - 1ns);
    CHECK(r.hold_until - r.fence_started <= least + 2ns);
    CHECK(run.log.first(Kind::fence_started)["hold_ns"] == 14'000'000'000);
  }
}

TEST_CASE("a host whose clock is fast does everything sooner", "[conformance][machines]") {
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["hosts"][0]["clock_fast_ppm"] = 100'000;
  Run run(s);
  // 2.5 s / 1.1 and 5 s / 1.1, rounded up.
  assert_earliest(run, sim::epoch + 2'272'727'273ns, Kind::keep_alive_sent);
  run.until(2'272'727'273ns);
  assert_earliest(run, sim::epoch + 4'545'454'546ns, Kind::keep_alive_sent);
  // And one that is slow later, here too late for its target.
  s["hosts"][0].erase("clock_fast_ppm");
  s["hosts"][0]["clock_slow_ppm"] = 100'000;
  Run late(s);
  assert_earliest(late, sim::epoch + 2'777'777'778ns, Kind::keep_alive_sent);
}

TEST_CASE("a target whose clock is slow waits longer", "[conformance][machines]") {
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["subsystems"][0]["clock_slow_ppm"] = 100'000;
  s["faults"] = json::array({blackhole("h1-s1", 6s)});
  Run run(s);
  run.until(6s);
  // 5 s / 0.9 after the Keep Alive of 5 s came in.
  const TimePoint came =
      run.log.last(Kind::command_fetched, with("qid", 0) && with("opcode", 0x18)).at;
  assert_earliest(run, came + 5'555'555'556ns, Kind::keep_alive_expired);
}

TEST_CASE("clocks that are apart by ten per cent each way undo the least safe hold",
          "[conformance][machines]") {
  // scenarios/operators/clocks_apart.json has the story. By its own clock the host looks at 11.25
  // s, TCP repeats that Keep Alive up to 36.85 s, and the hold is over at 26.25 + 45 + 0.001 s; the
  // target ends the controller two windows of 15 s of its own after that copy.
  json s = scenario_with(2);
  set_keep_alive(s, KeepAlive::traffic_based, 15s);
  s["subsystems"][0]["in_flight"] = "abort";
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["subsystems"][0]["clock_slow_ppm"] = 100'000;
  json& host = s["hosts"][0];
  host["policy"] = {{"preset", "cqt-only"}, {"keep_alive_stops_first", true}};
  host["iopolicy"] = "numa";
  host["io_timeout"] = "10min";
  host["clock_fast_ppm"] = 100'000;
  s["workloads"] = json::array(
      {{{"type", "script"}, {"host", "h1"}, {"start", "1s"}, {"steps", {{{"do", "write"}}}}}});
  json way = {{"type", "blackhole"}, {"at", "9s"}, {"link", "h1-s1"}, {"direction", "backward"}};
  s["faults"] = json::array({{{"type", "delay_command"},
                              {"at", "500ms"},
                              {"subsystem", "sub"},
                              {"opcode", "write"},
                              {"delay", "100s"}},
                             way});
  way["direction"] = "forward";
  way["for"] = "24300ms";  // up to 33.3 s; 36.85 / 1.1 is 33.5 s
  s["faults"].push_back(way);
  way.erase("for");
  way["at"] = "34s";
  s["faults"].push_back(way);
  Run run(s);
  run.until(120s);
  const TimePoint released = run.log.first(Kind::hold_ended, of_first()).at;
  const TimePoint expired = run.log.first(Kind::keep_alive_expired, with("cntlid", 1)).at;
  // 71.251 / 1.1 = 64.7736 s, and 33.5 + 30 / 0.9 = 66.8333 s: 2.06 s of exposure.
  CHECK(released - (sim::epoch + 64'773'600us) < 1ms);
  CHECK(released > sim::epoch + 64'773'000us);
  CHECK(expired - (sim::epoch + 66'833'300us) < 2ms);  // probes come after two round trips more
  CHECK(expired > sim::epoch + 66'833'000us);
  const auto exposure = oracle::exposure_until(run.world.oracle, run.world.now());
  CHECK(exposure.longest > 2059ms);
  CHECK(exposure.longest < 2061ms);
}

TEST_CASE("a node whose clock stopped in a hang has not expired", "[conformance][machines]") {
  // The last Keep Alive is that of 5 s; the node looks at 10 s by its own clock.
  for (const auto& [clock, expires] :
       {std::pair{"runs", Duration{16s}}, std::pair{"stops", Duration{20s}}}) {
    json s = scenario_with(2);
    set_keep_alive(s, KeepAlive::command_based, 5s);
    json& sub = s["subsystems"][0];
    sub["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}, {{"name", "n1"}, {"ports", {"a1"}}}};
    sub["hang_resumes"] = "expires_first";
    s["faults"] = json::array({{{"type", "node"},
                                {"at", "6s"},
                                {"for", "10s"},
                                {"subsystem", "sub"},
                                {"node", "n0"},
                                {"state", "hang"},
                                {"clock", clock}},
                               blackhole("h1-s1", 7s)});
    Run run(s);
    run.until(15s);
    CHECK(run.log.count(Kind::keep_alive_expired, with("cntlid", 1)) == 0);
    run.until(30s);
    const TimePoint expired = run.log.first(Kind::keep_alive_expired, with("cntlid", 1)).at;
    INFO(clock);
    CHECK(expired >= sim::epoch + expires);
    CHECK(expired - (sim::epoch + expires) < few_round_trips);
  }
}

TEST_CASE("hosts of one Host Identifier share their reservations, whatever their names",
          "[conformance][machines]") {
  for (const bool shared : {true, false}) {
    json s = scenario_with(1);
    s["fabric"]["links"].push_back({{"name", "h2-s1"}, {"ends", {"h2", "s1"}}});
    s["hosts"][0]["hostid"] = "6f1e4a52-0c1d-4b9e-8f5a-2b7c9d3e1a40";
    json other = s["hosts"][0];
    other["name"] = "h2";
    if (!shared) {
      // A clone by name with an identifier of its own.
      s["hosts"][0]["hostnqn"] = other["hostnqn"] = "nqn.2014-08.org.nvmexpress:uuid:1";
      other["hostid"] = "6f1e4a52-0c1d-4b9e-8f5a-2b7c9d3e1a41";
    }
    s["hosts"].push_back(other);
    s["workloads"] = json::array(
        {{{"type", "script"},
          {"host", "h1"},
          {"start", "1s"},
          {"steps", {{{"do", "register"}, {"key", 1}}, {{"do", "acquire"}, {"key", 1}}}}},
         {{"type", "script"}, {"host", "h2"}, {"start", "2s"}, {"steps", {{{"do", "write"}}}}}});
    Run run(s);
    run.until(10s);
    CHECK(run.log.count(Kind::media_write) == (shared ? 1 : 0));
  }
}
