// SPDX-License-Identifier: Apache-2.0
// What operators met: responses that go astray, commands that are executed late, ports that nobody
// serves, routes that are gone, threads that are busy. When exactly, and what the host does.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

constexpr std::uint64_t keep_alive = 0x18;

/// Command-based keep alive with KATO 5 s: a Keep Alive at 2.5 s, 5 s, ... of each path.
json idle() {
  json s = scenario_with(2);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  return s;
}

json of_controller(const char* type, json words) {
  json out = {{"type", type}, {"at", "6s"}, {"subsystem", "sub"}, {"controller", 1}};
  out.update(words);
  return out;
}

json of_keep_alive(const char* type, json words) {
  words["admin"] = true;
  words["opcode"] = keep_alive;
  return of_controller(type, words);
}

json one_write(const char* start) {
  return {{"type", "script"}, {"host", "h1"}, {"start", start}, {"steps", {{{"do", "write"}}}}};
}

Filter first_fetched() { return with("opcode", keep_alive) && with("cntlid", 1); }

}  // namespace

TEST_CASE("a Keep Alive that is executed late is answered late", "[conformance][astray]") {
  json s = idle();
  s["faults"] = json::array({of_keep_alive("delay_command", {{"delay", "1s"}})});
  Run run(s);
  run.until(6s);
  const Run fetched = run_to(run, Kind::command_fetched, first_fetched());
  assert_earliest(fetched, fetched.world.now() + 1s, Kind::response_sent,
                  with("cntlid", 1) && with("qid", 0));
  Run on(fetched);
  on.until(30s);
  CHECK(on.log.count(Kind::recovery_started) == 0);
  CHECK(on.log.count(Kind::command_delayed) == 1);
}

TEST_CASE("a fault of a log page leaves the others alone", "[conformance][astray]") {
  // The host reads the ANA log (0Ch) and the effects log (05h) as it connects again.
  json s = idle();
  s["faults"] = json::array(
      {of_controller("delay_command",
                     {{"admin", true}, {"opcode", 2}, {"log_page", 12}, {"delay", "1s"}}),
       {{"type", "reset_controller"}, {"at", "7s"}, {"host", "h1"}, {"controller", "nvme0"}}});
  Run run(s);
  run.until(20s);
  CHECK(run.log.count(Kind::command_delayed) == 1);
  const TimePoint delayed = run.log.first(Kind::command_delayed).at;
  CHECK(run.log.last(Kind::connected, of_first()).at - (delayed + 1s) < few_round_trips);
}

TEST_CASE("a response that is late, and one that is lost", "[conformance][astray]") {
  json s = idle();
  s["workloads"] = json::array({one_write("6500ms")});
  s["hosts"][0]["iopolicy"] = "numa";
  SECTION("late by 2 s") {
    s["faults"] = json::array({of_controller("response", {{"what", "late"}, {"delay", "2s"}})});
    Run run(s);
    run.until(6s);
    const Run done = run_to(run, Kind::response_astray);
    assert_earliest(done, done.world.now() + 2s, Kind::response_sent, with("qid", 1));
    Run on(done);
    on.until(20s);
    CHECK(on.log.first(Kind::app_complete).at - (done.world.now() + 2s) < few_round_trips);
    CHECK(on.log.count(Kind::recovery_started) == 0);
  }
  SECTION("lost") {
    // The write has landed; the host hears nothing, and its I/O timeout of 30 s gives up a path
    // that is well.
    s["faults"] = json::array({of_controller("response", {{"what", "lost"}})});
    Run run(s);
    run.until(7s);
    CHECK(run.log.count(Kind::media_write) == 1);
    const TimePoint sent = run.log.first(Kind::attempt_sent).at;
    assert_earliest(run, sent + 30s, Kind::recovery_started, of_first());
    run.until(40s);
    CHECK(run.world.recovery.recoveries[0].false_alarm);
    CHECK(run.log.count(Kind::media_write) == 2);
    CHECK(run.world.oracle.counts.stale_writes == 0);
  }
}

TEST_CASE("a response that comes twice starts recovery", "[conformance][astray]") {
  // Each write is followed by the next at once: the tag is in use again, with another generation.
  json s = idle();
  s["hosts"][0]["iopolicy"] = "numa";
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"iodepth", 16}, {"start", "5990ms"}})});
  s["duration"] = "10s";
  s["faults"] = json::array({of_controller("response", {{"what", "twice"}, {"delay", "5ms"}})});
  Run run(s);
  run.until(6100ms);
  const Entry astray = run.log.first(Kind::response_astray);
  const Entry recovery = run.log.first(Kind::recovery_started, of_first());
  CHECK(recovery["cause"] == static_cast<std::uint64_t>(host::Cause::transport));
  CHECK(recovery.at >= astray.at + 5ms);
  CHECK(recovery.at - (astray.at + 5ms) < few_round_trips);
}

TEST_CASE("nobody answers an ICReq at a port that is mute", "[conformance][astray]") {
  // The sockets die at 6 s, the first attempt comes 10 s later (and the close of the sockets), and
  // takes the 10 s for which the host waits for ICResp.
  json s = idle();
  s["faults"] =
      json::array({{{"type", "kill_sockets"},
                    {"at", "6s"},
                    {"host", "h1"},
                    {"controller", "nvme0"},
                    {"side", "target"}},
                   {{"type", "port_mute"}, {"at", "5s"}, {"for", "30s"}, {"port", "a0"}}});
  Run run(s);
  run.until(15s);
  const Run attempt = run_to(run, Kind::connect_attempt, of_first());
  CHECK(attempt.world.now() - (sim::epoch + 16s) < 20ms);
  Run on(attempt);
  on.until(60s);
  const Entry failed = on.log.first(Kind::connect_failed, of_first());
  CHECK(failed["error"] == 11);
  CHECK(failed.at - (attempt.world.now() + 10s) < few_round_trips);
  // The second attempt is at 36 s, when the port answers again.
  CHECK(on.log.last(Kind::connected, of_first()).at - (failed.at + 10s) < 20ms);
}

TEST_CASE("a connect without a route fails at once", "[conformance][astray]") {
  for (const auto& [word, error] : {std::pair("network", 101u), std::pair("host", 113u)}) {
    json s = idle();
    s["faults"] = json::array(
        {{{"type", "kill_sockets"}, {"at", "6s"}, {"host", "h1"}, {"controller", "nvme0"}},
         {{"type", "no_route"},
          {"at", "5s"},
          {"for", "25s"},
          {"host", "h1"},
          {"port", "a0"},
          {"error", word}}});
    Run run(s);
    run.until(60s);
    const auto attempts = run.log.all(Kind::connect_attempt, of_first() && since(sim::epoch + 6s));
    const auto failures = run.log.all(Kind::connect_failed, of_first());
    // At 16 s and 26 s; the third one, at 36 s, has a way.
    REQUIRE(attempts.size() == 3);
    REQUIRE(failures.size() == 2);
    for (std::size_t i = 0; i < failures.size(); ++i) {
      CHECK(failures[i]["error"] == error);
      CHECK(failures[i].at == attempts[i].at);
    }
    CHECK(run.log.last(Kind::connected, of_first()).at > attempts[2].at);
  }
}

TEST_CASE("packets that are too long vanish, the others do not", "[conformance][astray]") {
  json s = idle();
  s["workloads"] = json::array({one_write("6500ms")});
  s["hosts"][0]["iopolicy"] = "numa";
  json hole = blackhole("h1-s1", 6s);
  hole["larger_than"] = 1000;
  hole["direction"] = "forward";
  s["faults"] = json::array({hole});
  Run run(s);
  run.until(36s);
  // Keep Alives pass; 4 KiB of data in packets of 1,500 bytes do not.
  CHECK(run.log.count(Kind::recovery_started) == 0);
  CHECK(run.log.count(Kind::media_write) == 0);
  assert_earliest(run, run.log.first(Kind::attempt_sent).at + 30s, Kind::recovery_started);
}

TEST_CASE("a lost ANA notice leaves a promoted path unknown", "[conformance][astray]") {
  const auto state_known_at = [](bool lost) {
    json s = idle();
    s["subsystems"][0]["ana_event_lost"] = lost;
    s["subsystems"][0]["ana_states"] = {{{"port", "a1"}, {"group", 1}, {"state", "inaccessible"}}};
    s["faults"] = json::array({{{"type", "ana_change"},
                                {"at", "6s"},
                                {"subsystem", "sub"},
                                {"port", "a1"},
                                {"group", 1},
                                {"state", "optimized"}}});
    Run run(s);
    run.until(30s);
    return run.log.count(Kind::path_ana_state, with("controller", 1) && since(sim::epoch + 6s));
  };
  CHECK(state_known_at(false) == 1);
  CHECK(state_known_at(true) == 0);
}

TEST_CASE("Connects wait for each other", "[conformance][astray]") {
  // Two paths with one I/O queue: both admin queues ask at once, then both I/O queues.
  json s = idle();
  s["subsystems"][0]["connect_time"] = "100ms";
  Run run(s);
  run.until(2s);
  const auto made = run.log.all(Kind::controller_created);
  REQUIRE(made.size() == 2);
  CHECK(made[0].at - (sim::epoch + 100ms) < few_round_trips);
  CHECK(made[1].at - made[0].at == 100ms);
  const auto live = run.log.all(Kind::connected);
  REQUIRE(live.size() == 2);
  // The first I/O queue asks when the second admin queue is being served: it is third in line.
  CHECK(live[0].at - (made[1].at + 100ms) < few_round_trips);
  CHECK(live[1].at - (made[1].at + 200ms) < few_round_trips);
}

TEST_CASE("a blocked thread starves controllers that are well", "[conformance][astray]") {
  // KATO 10 s, a Keep Alive each 5 s. Blocked from s on for B, the gap between two of them is
  // s - t + B, where t is the last one before: 5 s more than B at most. So a timer of KATO never
  // goes off below 5 s and always does above 10 s, whatever the phase.
  const auto expires = [](Duration from, Duration length) {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::command_based, 10s);
    s["faults"] = json::array(
        {{{"type", "host_blocked"}, {"at", text(from)}, {"for", text(length)}, {"host", "h1"}}});
    Run run(s);
    run.until(60s);
    return run.log.count(Kind::keep_alive_expired) != 0;
  };
  for (Duration phase{}; phase < 5s; phase += 500ms) {
    const Duration from = 20'100ms + phase;
    CHECK_FALSE(expires(from, 4900ms));
    CHECK(expires(from, 10'100ms));
    // In between it is the phase that decides.
    CHECK(expires(from, 7'300ms) == (phase + 100ms + 7'300ms > 10s));
  }
}

TEST_CASE("hosts with one identity are one host to a target", "[conformance][astray]") {
  json s = scenario_with(1);
  s["fabric"]["links"].push_back({{"name", "h2-s1"}, {"ends", {"h2", "s1"}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  s["hosts"].push_back(other);
  s["workloads"] = {
      {{"type", "script"},
       {"host", "h1"},
       {"start", "1s"},
       {"steps", {{{"do", "register"}}, {{"do", "acquire"}}}}},
      {{"type", "script"}, {"host", "h2"}, {"start", "2s"}, {"steps", {{{"do", "write"}}}}}};
  const auto status_of_write = [&s] {
    Run run(s);
    run.until(5s);
    return run.log.last(Kind::app_complete)["status"] & 0x7ff;
  };
  CHECK(status_of_write() == 0x083);  // Reservation Conflict
  s["hosts"][0]["hostnqn"] = s["hosts"][1]["hostnqn"] = "nqn.2014-08.org.nvmexpress:uuid:1";
  CHECK(status_of_write() == 0);
}
