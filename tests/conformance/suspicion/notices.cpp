// SPDX-License-Identifier: Apache-2.0
// What another controller tells of one that has lost its host; what a suspicion may do; and which
// recoveries were of paths that were well.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

std::uint64_t word(host::Sign sign) { return static_cast<std::uint64_t>(sign); }

/// An array with command-based keep alive and log page 1Fh; CQT 1 s. The first path dies at 9 s.
json array_with(const json& suspicion, const char* policy = "linux-mainline") {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "array";
  s["subsystems"][0]["quiesce_time"] = "500ms";
  s["hosts"][0]["policy"] = policy;
  s["hosts"][0]["suspicion"] = suspicion;
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["faults"] = json::array({blackhole("h1-s1", 9s)});
  return s;
}

/// When the controller counts its last Keep Alive: the host sends one each 2.5 s.
TimePoint last_kept_alive(Run& run) {
  run.until(9s);
  return run.log.last(Kind::command_fetched, with("opcode", 0x18) && with("cntlid", 1)).at;
}

}  // namespace

TEST_CASE("a controller that lost its host is told of by another one", "[conformance][suspicion]") {
  Run run(array_with({{"lost_host_notice", true}}));
  const TimePoint kept = last_kept_alive(run);
  // KATT later it expires, and the notice, the log page and the news take microseconds.
  assert_earliest(run, kept + 5s, Kind::keep_alive_expired);
  run.until(20s);
  const Entry sign = run.log.first(Kind::suspected);
  CHECK(sign["sign"] == word(host::Sign::lost_host));
  CHECK(sign["controller"] == 0);
  CHECK(sign.at > kept + 5s);
  CHECK(sign.at - (kept + 5s) < few_round_trips);
  // By itself the host notices KATO after the Keep Alive that is not answered, 2.5 s later.
  Run alone(array_with({{"tcp_timeouts", 15}}));
  alone.until(20s);
  CHECK(alone.log.count(Kind::suspected) == 0);
  const Duration saved = alone.log.first(Kind::recovery_started).at - sign.at;
  CHECK(saved < 2500ms);
  CHECK(saved > 2500ms - few_round_trips);
}

TEST_CASE("no notice is asked for that is not acted on", "[conformance][suspicion]") {
  const auto asked = [](const json& suspicion) {
    Run run(array_with(suspicion));
    run.until(1s);
    std::uint64_t bits = 0;
    for (const Entry& e : run.log.all(Kind::command_sent, of_first())) {
      if ((e["sqe0"] & 0xff) == 0x09 && (e["cdw10"] & 0xff) == 0x0b)
        bits = e["cdw10"] >> 32;
    }
    return bits & wire::aec_lost_host_communication;
  };
  CHECK(asked({{"lost_host_notice", true}}) != 0);
  CHECK(asked({{"keep_alive_late", "1s"}}) == 0);
}

TEST_CASE("a controller that its own timer ended is waited for by CQT",
          "[conformance][suspicion]") {
  SECTION("told before the host notices") {
    Run run(array_with({{"lost_host_notice", true}, {"lost_host_ends_wait", true}}, "cqt-only"));
    run.until(11s);
    const Run told = run_to(run, Kind::fence_started);
    CHECK(told.log.last(Kind::suspected).at == told.world.now());
    assert_earliest(told, told.world.now() + 1s, Kind::hold_ended);
  }
  SECTION("told while it is fencing") {
    // It is suspected early, 1 s into the hole, and then the controller expires.
    Run run(array_with({{"lost_host_notice", true},
                        {"lost_host_ends_wait", true},
                        {"look_every", "500ms"},
                        {"keep_alive_late", "500ms"}},
                       "cqt-only"));
    const TimePoint kept = last_kept_alive(run);
    run.until(kept + 4s);
    CHECK(run.log.first(Kind::fence_started).at < kept + 2s);
    run.until(kept + 7s);
    const TimePoint ended = run.log.first(Kind::hold_ended, since(kept + 5s)).at;
    CHECK(ended >= kept + 6s);
    CHECK(ended < kept + 6s + few_round_trips);
  }
  SECTION("else by 2 x KATO + CQT") {
    Run run(array_with({{"lost_host_notice", true}}, "cqt-only"));
    run.until(11s);
    const Run told = run_to(run, Kind::fence_started);
    assert_earliest(told, told.world.now() + 11s, Kind::hold_ended);
  }
}

TEST_CASE("a sign counts only where a reset can follow", "[conformance][suspicion]") {
  json s =
      array_with({{"look_every", "500ms"}, {"keep_alive_late", "200ms"}, {"only_with_ccr", true}},
                 "tp8028-v6");
  SECTION("the other controller can be asked") {
    Run run(s);
    run.until(10s);
    CHECK(run.log.first(Kind::suspected).at < sim::epoch + 9700ms);
    CHECK(run.log.first(Kind::ccr_attempt).at == run.log.first(Kind::suspected).at);
  }
  SECTION("it is gone") {
    s["faults"].push_back(
        {{"type", "delete_controller"}, {"at", "5s"}, {"host", "h1"}, {"controller", "nvme1"}});
    Run run(s);
    run.until(13s);
    CHECK(run.log.count(Kind::suspected) == 0);
    CHECK(run.log.count(Kind::recovery_started, of_first()) == 0);
  }
}

TEST_CASE("a recovery is a false alarm where the path was well", "[conformance][suspicion]") {
  json s = array_with({{"look_every", "500ms"}, {"keep_alive_late", "200ms"}});
  SECTION("slow admin work") {
    s["faults"] = json::array({{{"type", "admin_stall"},
                                {"at", "9s"},
                                {"for", "1s"},
                                {"subsystem", "sub"},
                                {"controller", 1}}});
    Run run(s);
    run.until(30s);
    REQUIRE(run.world.recovery.recoveries.size() == 1);
    CHECK(run.world.recovery.recoveries[0].false_alarm);
    // It is away for the 10 s of reconnect_delay and the close of its sockets.
    const auto& r = run.world.recovery.recoveries[0];
    CHECK(r.reconnected - r.detected >= 10s);
    CHECK(r.reconnected - r.detected < 10100ms);
  }
  SECTION("a path that is lost is none") {
    Run run(s);
    run.until(30s);
    REQUIRE_FALSE(run.world.recovery.recoveries.empty());
    CHECK_FALSE(run.world.recovery.recoveries[0].false_alarm);
  }
  SECTION("nor is one that was lost a moment ago and is back, if the target has ended it") {
    // 12 s of hole; the host without suspicion times out at 15 s, the target at 12.5 s.
    s["hosts"][0].erase("suspicion");
    s["faults"][0]["for"] = "5s";
    s["faults"][0]["direction"] = "forward";
    s["fabric"]["rto_min"] = "60s";
    Run run(s);
    run.until(40s);
    REQUIRE_FALSE(run.world.recovery.recoveries.empty());
    CHECK_FALSE(run.world.recovery.recoveries[0].false_alarm);
  }
  SECTION("a slow medium and an impatient I/O timeout") {
    s["hosts"][0].erase("suspicion");
    s["hosts"][0]["io_timeout"] = "1s";
    s["subsystems"][0]["namespaces"][0]["media"] = {{"write", "3s"}};
    s["faults"] = json::array();
    s["workloads"] = json::array(
        {{{"type", "script"}, {"host", "h1"}, {"start", "3s"}, {"steps", {{{"do", "write"}}}}}});
    Run run(s);
    run.until(6s);
    REQUIRE_FALSE(run.world.recovery.recoveries.empty());
    CHECK(run.world.recovery.recoveries[0].false_alarm);
  }
}
