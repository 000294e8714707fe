// SPDX-License-Identifier: Apache-2.0
// Suspicion: what a host takes for a sign of a lost path, when exactly, and that nothing of it
// happens unless it is asked for.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

std::uint64_t word(host::Sign sign) { return static_cast<std::uint64_t>(sign); }

/// Two paths, KATO 5 s, and a host that suspects.
json wary(const json& suspicion) {
  json s = scenario_with(2);
  s["hosts"][0]["suspicion"] = suspicion;
  return s;
}

/// One write over nvme0 (numa takes the first path) at 3 s.
json lone_write() {
  return {{"type", "script"}, {"host", "h1"}, {"start", "3s"}, {"steps", {{{"do", "write"}}}}};
}

Run lone_write_into_a_hole(const json& suspicion) {
  json s = wary(suspicion);
  s["hosts"][0]["iopolicy"] = "numa";
  s["workloads"] = json::array({lone_write()});
  s["faults"] = json::array({blackhole("h1-s1", 2900ms)});
  Run run(s);
  run.until(3s);
  return run;
}

TimePoint sent_at(const Run& run) { return run.log.first(Kind::attempt_sent).at; }

}  // namespace

TEST_CASE("looks are as far apart as look_every says, and a late Keep Alive is a sign",
          "[conformance][suspicion]") {
  // Without a load every look sends a Keep Alive, in both modes, 500 ms after the one before it.
  for (const auto mode : {analysis::KeepAlive::command_based, analysis::KeepAlive::traffic_based}) {
    json s = wary({{"look_every", "500ms"}, {"keep_alive_late", "200ms"}});
    set_keep_alive(s, mode, 5s);
    s["faults"] = json::array({blackhole("h1-s1", 10'200ms)});
    Run run(s);
    run.until(10'200ms);
    const TimePoint last = run.log.last(Kind::keep_alive_sent, of_first()).at;
    CHECK(run.log.count(Kind::suspected) == 0);
    const TimePoint lost = last + 500ms;  // the next one, into the hole
    assert_earliest(run, lost, Kind::keep_alive_sent, of_first());
    assert_earliest(run, lost + 200ms, Kind::suspected, of_first());
    assert_earliest(run, lost + 200ms, Kind::recovery_started, of_first());
    run.until(30s);
    CHECK(run.log.first(Kind::suspected)["sign"] == word(host::Sign::keep_alive_late));
    CHECK(run.log.count(Kind::suspected) == 1);
    CHECK_FALSE(run.world.recovery.recoveries[0].false_alarm);
  }
}

TEST_CASE("a Keep Alive that is answered in time is no sign", "[conformance][suspicion]") {
  // Answers take 150 ms more from 10 s on.
  json s = wary({{"look_every", "500ms"}, {"keep_alive_late", "200ms"}});
  s["faults"] =
      json::array({{{"type", "impair"}, {"at", "10s"}, {"link", "h1-s1"}, {"delay", "75ms"}}});
  Run run(s);
  run.until(60s);
  CHECK(run.log.count(Kind::keep_alive_sent, of_first()) > 90);
  CHECK(run.log.count(Kind::suspected) == 0);
}

TEST_CASE("the n-th retransmission timeout in a row is a sign", "[conformance][suspicion]") {
  // A write of 4 KiB is three packets: the probe goes after 2 ms + 2 SRTT, the first timeout comes
  // 200 ms + SRTT after it, the next ones after twice that, four times that. SRTT is microseconds.
  const std::vector<Duration> due = {202ms, 602ms, 1402ms, 3002ms};
  for (std::uint32_t n = 1; n <= due.size(); ++n) {
    const Run run = lone_write_into_a_hole({{"tcp_timeouts", n}});
    Run on(run);
    on.until(7s);
    const Entry sign = on.log.first(Kind::suspected);
    INFO("timeouts in a row: " << n);
    CHECK(sign["sign"] == word(host::Sign::tcp_timeouts));
    // The Keep Alive of the path times out on a connection of its own.
    const auto of_write = with("connection", on.log.first(Kind::attempt_sent)["connection"]);
    CHECK(sign.at == on.log.all(Kind::tcp_timeout, with("side", 0) && of_write)[n - 1].at);
    CHECK(sign.at - (sent_at(on) + due[n - 1]) < few_round_trips);
    CHECK(sign.at - (sent_at(on) + due[n - 1]) >= Duration{});
    assert_earliest(run, sign.at, Kind::recovery_started, of_first());
  }
}

TEST_CASE("TCP_USER_TIMEOUT counts from the first repetition", "[conformance][suspicion]") {
  // That comes 202 ms after the write, see above. TCP counts in whole milliseconds.
  for (const Duration limit : {Duration{1s}, Duration{2s}, Duration{300ms}}) {
    Run run = lone_write_into_a_hole({{"tcp_user_timeout", text(limit)}});
    run.until(8s);
    const Entry sign = run.log.first(Kind::suspected);
    CHECK(sign["sign"] == word(host::Sign::user_timeout));
    const Duration took = sign.at - (sent_at(run) + 202ms + limit);
    CHECK(took < 1ms);
    CHECK(took > -1ms);
    const Entry recovery = run.log.first(Kind::recovery_started);
    CHECK(recovery.at == sign.at);
    CHECK(recovery["cause"] == static_cast<std::uint64_t>(host::Cause::transport));
    CHECK(run.log.count(Kind::recovery_started) == 1);
  }
}

TEST_CASE("an I/O that others have overtaken is a sign", "[conformance][suspicion]") {
  // One write of nvme0 stays 10 s in its backend; those of nvme1 take some 20 us.
  json s = wary({{"slow_io", "500ms"}});
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"iodepth", 4}, {"rate_iops", 1000}})});
  json late = fopcode_write(10s, 3s);
  late["type"] = "delay_command";
  late["count"] = 1;
  s["faults"] = json::array({late});
  SECTION("after as long as slow_io says") {
    Run run(s);
    run.until(3100ms);
    const std::uint64_t token = run.log.first(Kind::command_delayed)["token"];
    const TimePoint submitted = run.log.first(Kind::attempt_sent, with("token", token)).at;
    assert_earliest(run, submitted + 500ms, Kind::suspected, of_first());
    run.until(20s);
    CHECK(run.log.first(Kind::suspected)["sign"] == word(host::Sign::slow_io));
    CHECK(run.world.recovery.recoveries[0].false_alarm);
  }
  SECTION("not before it is so many times as slow as theirs") {
    // 20 us and the way: a factor of 100,000 is more than 2 s.
    s["hosts"][0]["suspicion"]["slow_io_factor"] = 100'000;
    Run run(s);
    run.until(5s);
    CHECK(run.log.count(Kind::suspected) == 0);
    run.until(12s);
    CHECK(run.log.count(Kind::suspected) == 1);
  }
  SECTION("not while the others are as slow") {
    s["subsystems"][0]["namespaces"][0]["media"] = {{"write", "600ms"}};
    s["faults"] = json::array();
    Run run(s);
    run.until(20s);
    CHECK(run.log.count(Kind::suspected) == 0);
  }
}

TEST_CASE("a path that says nothing is probed", "[conformance][suspicion]") {
  // KATO 60 s: a look is 15 s away. The last thing that is heard is the end of the set-up.
  json s = wary({{"probe_idle", "700ms"}, {"keep_alive_late", "100ms"}});
  set_keep_alive(s, analysis::KeepAlive::traffic_based, 60s);
  s["faults"] = json::array({blackhole("h1-s1", 10s)});
  Run run(s);
  run.until(10s);
  const auto sent = run.log.all(Kind::keep_alive_sent, of_first());
  REQUIRE(sent.size() >= 10);
  // An answer is something that was heard, a round trip after the probe.
  const Duration apart = sent[sent.size() - 1].at - sent[sent.size() - 2].at;
  CHECK(apart >= 700ms);
  CHECK(apart < 700ms + few_round_trips);
  const TimePoint heard = run.log.last(Kind::keep_alive_done, of_first()).at;
  assert_earliest(run, heard + 700ms, Kind::keep_alive_sent, of_first());
  assert_earliest(run, heard + 800ms, Kind::suspected, of_first());
}

TEST_CASE("a path that is promoted makes the others be probed", "[conformance][suspicion]") {
  json s = wary({{"probe_on_ana", true}, {"keep_alive_late", "100ms"}});
  set_keep_alive(s, analysis::KeepAlive::traffic_based, 60s);
  s["subsystems"][0]["ana_states"] = {{{"port", "a1"}, {"group", 1}, {"state", "non-optimized"}}};
  json change = {{"type", "ana_change"}, {"at", "10s"}, {"subsystem", "sub"},
                 {"port", "a1"},         {"group", 1},  {"state", "optimized"}};
  s["faults"] = json::array({change, blackhole("h1-s1", 9s)});
  Run run(s);
  run.until(12s);
  const Entry told =
      run.log.first(Kind::path_ana_state, with("state", 1) && since(sim::epoch + 10s));
  CHECK(run.log.first(Kind::keep_alive_sent, of_first()).at == told.at);
  CHECK(run.log.first(Kind::suspected).at == told.at + 100ms);
}
