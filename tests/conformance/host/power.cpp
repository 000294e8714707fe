// SPDX-License-Identifier: Apache-2.0
// Hosts that go and come back: what the target still has in hand, when it notices, and what the
// host finds when it connects anew. And hosts without a keep alive, of which nobody notices
// anything.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

/// Command-based keep alive with KATO 5 s: a Keep Alive at 2.5 s, 5 s, ... of each path.
json idle_host(int paths) {
  json s = scenario_with(paths);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  return s;
}

json goes(const char* type, const char* how_long) {
  return {{"type", type}, {"at", "6s"}, {"for", how_long}, {"host", "h1"}};
}

/// The first write that controller 1 gets takes 3 s more.
json slow_write() {
  return {{"type", "delay_command"}, {"at", "1s"},        {"subsystem", "sub"},
          {"controller", 1},         {"opcode", "write"}, {"delay", "3s"}};
}

json write_at(const char* host, const char* start) {
  return {{"type", "script"}, {"host", host}, {"start", start}, {"steps", {{{"do", "write"}}}}};
}

constexpr std::uint64_t host_aborted = 0x371;

}  // namespace

TEST_CASE("without KATO nobody notices, and the hold is CQT", "[conformance][power]") {
  json s = scenario_with(1);
  set_connect(s, "keep_alive_tmo", "0s");
  s["subsystems"][0]["attr_cqt"] = "500ms";
  s["hosts"][0]["policy"] = "cqt-only";
  s["workloads"] = json::array({write_at("h1", "200s")});
  s["faults"] = json::array({blackhole("h1-s1", 100s)});
  Run run(s);
  run.until(200s + 1ms);
  CHECK(run.log.count(Kind::connected) == 1);
  CHECK(run.log.count(Kind::keep_alive_sent) == 0);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  // The I/O timeout of 30 s is the only clock there is.
  const TimePoint sent = run.log.first(Kind::attempt_sent).at;
  assert_earliest(run, sent + 30s, Kind::recovery_started, of_first());
  run.until(2000s);
  CHECK(run.log.first(Kind::fence_started)["hold_ns"] == 500'000'000);
  CHECK(run.log.count(Kind::keep_alive_expired) == 0);
}

TEST_CASE("a host that crashes is missed a KATO after its last Keep Alive",
          "[conformance][power]") {
  json s = idle_host(1);
  s["workloads"] = json::array({write_at("h1", "5900ms")});
  s["faults"] = json::array({slow_write(), goes("host_crash", "20s")});
  Run run(s);
  run.until(6s);
  // The application is gone, and its write is under way: it lands 3 s after it was fetched.
  CHECK(run.log.count(Kind::media_write) == 0);
  CHECK(run.log.first(Kind::attempt_abandoned)["status"] == host_aborted);
  CHECK(run.log.first(Kind::app_complete)["status"] == host_aborted);
  CHECK(run.log.first(Kind::app_complete).at == sim::epoch + 6s);
  run.until(25999ms);
  CHECK(run.log.count(Kind::media_write) == 1);
  CHECK(run.log.first(Kind::media_write).at - (sim::epoch + 8900ms) < few_round_trips);
  // The Keep Alive of 5 s was the last one.
  const Entry expired = run.log.first(Kind::keep_alive_expired);
  CHECK(expired.at > sim::epoch + 10s);
  CHECK(expired.at - (sim::epoch + 10s) < few_round_trips);
  CHECK(run.log.count(Kind::connect_attempt) == 1);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  run.until(30s);
  CHECK(run.log.last(Kind::connect_attempt).at == sim::epoch + 26s);
  CHECK(run.log.last(Kind::connected).at - (sim::epoch + 26s) < 20ms);
}

TEST_CASE("a host that is back before it is missed gets another controller",
          "[conformance][power]") {
  // nvmet asks nobody whether that host has an association already.
  json s = idle_host(1);
  s["faults"] = json::array({goes("host_crash", "1s")});
  Run run(s);
  run.until(20s);
  const auto made = run.log.all(Kind::controller_created);
  REQUIRE(made.size() == 2);
  CHECK(made[0]["cntlid"] == 1);
  CHECK(made[1]["cntlid"] == 2);
  CHECK(made[1].at - (sim::epoch + 7s) < few_round_trips);
  CHECK(run.log.first(Kind::keep_alive_expired, with("cntlid", 1)).at - (sim::epoch + 10s) <
        few_round_trips);
  CHECK(run.log.count(Kind::keep_alive_expired, with("cntlid", 2)) == 0);
}

TEST_CASE("an initiator that is killed is missed at once", "[conformance][power]") {
  json s = idle_host(1);
  s["faults"] = json::array({goes("initiator_killed", "20s")});
  Run run(s);
  run.until(25s);
  CHECK(run.log.first(Kind::queue_released).at - (sim::epoch + 6s) < few_round_trips);
  CHECK(run.log.count(Kind::controller_freed) == 1);
  CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  run.until(30s);
  CHECK(run.log.last(Kind::connected).at - (sim::epoch + 26s) < 20ms);
}

TEST_CASE("a host that goes silently sends nothing, not even a RST", "[conformance][power]") {
  json s = idle_host(1);
  s["faults"] = json::array({goes("host_crash", "20s")});
  Run run(s, true);
  run.until(6s - 1ns);
  const std::size_t before = run.log.count(Kind::packet_dropped);
  run.until(7s);
  CHECK(run.log.count(Kind::packet_dropped) == before);
}

TEST_CASE("a host that is shut down takes its leave", "[conformance][power]") {
  json s = idle_host(2);
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"rate_iops", 100}})});
  s["faults"] = json::array({goes("host_shutdown", "20s")});
  Run run(s);
  run.until(25s);
  CHECK(run.log.count(Kind::controller_freed) == 2);
  CHECK(run.log.last(Kind::controller_freed).at - (sim::epoch + 6s) < 50ms);
  CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  CHECK(run.log.last(Kind::app_submit).at <= sim::epoch + 6s);
  run.until(30s);
  CHECK(run.log.count(Kind::connected, since(sim::epoch + 26s)) == 2);
}

TEST_CASE("a job that is due while its host is down begins when it is back",
          "[conformance][power]") {
  for (const char* how : {"host_crash", "initiator_killed", "host_shutdown"}) {
    INFO(how);
    json s = idle_host(2);
    s["workloads"] = json::array({write_at("h1", "10s")});
    s["faults"] = json::array({goes(how, "20s")});
    Run run(s);
    run.until(25s);
    CHECK(run.log.count(Kind::app_submit) == 0);
    run.until(30s);
    REQUIRE(run.log.count(Kind::app_submit) == 1);
    CHECK(run.log.first(Kind::app_submit).at >= sim::epoch + 26s);
    CHECK(run.log.first(Kind::app_complete)["status"] == 0);
  }
}

TEST_CASE("a host that boots connects what was due while it was down, whatever its clock says",
          "[conformance][power]") {
  json s = idle_host(1);
  s["hosts"][0]["clock_slow_ppm"] = 100'000;
  set_connect(s, "at", "32ms");
  // It is back at 33 ms, which its own clock shows as 29.7 ms.
  s["faults"] = {{{"type", "host_crash"}, {"host", "h1"}, {"at", "1ms"}, {"for", "32ms"}}};
  Run run(s);
  run.until(1s);
  CHECK(run.log.count(Kind::connected) == 1);
}

TEST_CASE("what a crashed host had in hand may not land on newer data", "[conformance][power]") {
  // Fetched at 5.9 s, lands at 8.9 s; another host has written the block at 7 s.
  json s = idle_host(1);
  s["fabric"]["links"].push_back({{"name", "h2-s1"}, {"ends", {"h2", "s1"}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  other["connect"][0]["at"] = "100ms";
  s["hosts"].push_back(other);
  s["workloads"] = json::array({write_at("h1", "5900ms"), write_at("h2", "7s")});
  s["faults"] = json::array({slow_write(), goes("host_crash", "20s")});
  Run run(s);
  run.until(20s);
  CHECK(run.world.oracle.counts.stale_writes == 1);
  CHECK(run.log.first(Kind::stale_write).at - (sim::epoch + 8900ms) < few_round_trips);
}
