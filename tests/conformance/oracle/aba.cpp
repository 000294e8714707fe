// SPDX-License-Identifier: Apache-2.0
// ABA-1, ABA-2: when a delayed write of a lost controller overwrites newer data, and when a hold
// prevents it (protocol.md 9.1).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

/// One round of rw_test; a write makes controller 1 fatal and stays in its backend for `delay`.
json rw_test(const char* policy, Duration delay, Duration kato, Duration cqt) {
  json s = scenario_with(2);
  set_keep_alive(s, KeepAlive::traffic_based, kato);
  s["subsystems"][0]["attr_cqt"] = text(cqt);
  s["hosts"][0]["policy"] = policy;
  s["workloads"] = json::array({rw_test_once(100s)});
  s["faults"] = json::array({fopcode_write(delay)});
  return s;
}

struct Outcome {
  std::size_t stale_writes = 0;
  bool validated = false;
  Duration exposure{};
};

Outcome run_to_end(const json& s) {
  Run run(s);
  run.until(250s);
  Outcome out;
  out.stale_writes = run.log.count(Kind::stale_write);
  out.validated = run.log.count(Kind::stale_read) == 0;
  out.exposure = oracle::exposure_until(run.world.oracle, run.world.now()).longest;
  REQUIRE(run.log.count(Kind::command_delayed) == 1);
  REQUIRE(run.world.workload.jobs[0].finished);
  CHECK(rw_test_failed(run.world) == !out.validated);
  CHECK(run.world.oracle.counts.stale_writes == out.stale_writes);
  return out;
}

}  // namespace

TEST_CASE("without a hold every delayed write of a lost controller corrupts",
          "[conformance][ABA-1]") {
  for (const Duration delay : {10ms, 500ms, 2000ms, 14000ms, 60000ms}) {
    const Outcome out = run_to_end(rw_test("linux-mainline", delay, 5s, 1ms));
    CHECK(out.stale_writes == 1);
    CHECK_FALSE(out.validated);
    // From the retry, microseconds after the loss, to the landing.
    CHECK(out.exposure > delay - 1ms);
    CHECK(out.exposure < delay + 1ms);
  }
}

TEST_CASE("with a hold and an honest CQT no delay corrupts", "[conformance][ABA-1]") {
  // Honest: the backend ends within m x KATO + CQT of the loss.
  for (const Duration kato : {1s, 5s}) {
    for (const Duration cqt : {1ms, 2000ms}) {
      const Duration hold = analysis::hold_time(KeepAlive::traffic_based, kato, cqt);
      for (const Duration delay : {10ms, 500ms, 2000ms, 3000ms, 14000ms}) {
        if (delay >= hold)
          continue;
        const Outcome out = run_to_end(rw_test("cqt-only", delay, kato, cqt));
        CHECK(out.stale_writes == 0);
        CHECK(out.validated);
        CHECK(out.exposure == 0ns);
      }
    }
  }
}

TEST_CASE("with CQT under-reported a write corrupts if its delay exceeds m x KATO + CQT",
          "[conformance][ABA-2]") {
  for (const Duration kato : {1s, 5s}) {
    for (const Duration cqt : {1ms, 700ms}) {
      const Duration hold = analysis::hold_time(KeepAlive::traffic_based, kato, cqt);
      // The host notices the FIN some microseconds after the fatal write was fetched, and the next
      // write lands within a millisecond of the release.
      for (const Duration short_by : {1ms, 100ms, 900ms}) {
        const Outcome out = run_to_end(rw_test("cqt-only", hold - short_by, kato, cqt));
        CHECK(out.stale_writes == 0);
        CHECK(out.exposure == 0ns);
      }
      for (const Duration beyond : {2ms, 100ms, 10000ms}) {
        const Outcome out = run_to_end(rw_test("cqt-only", hold + beyond, kato, cqt));
        CHECK(out.stale_writes == 1);
        CHECK_FALSE(out.validated);
        CHECK(out.exposure > beyond - 1ms);
        CHECK(out.exposure < beyond + 1ms);
      }
    }
  }
}

TEST_CASE("a silent path: the hold outlasts every phase of detection at the target",
          "[conformance][ABA-1]") {
  // The write is held back by the backend for 14 s when the path goes silent; the host notices
  // 5 to 6.25 s later. Mainline retries then and is overwritten, the hold is not. A smaller
  // multiplier than 3 is not enough for a traffic-based controller.
  for (int phase = 0; phase < 8; ++phase) {
    json s = scenario_with(2);
    s["subsystems"][0]["attr_cqt"] = "1ms";
    s["workloads"] = {{{"type", "rw_test"},
                       {"host", "h1"},
                       {"start", text(10s + 160ms * phase)},
                       {"iterations", 1},
                       {"sleep_before_read", "50s"}}};
    s["faults"] = {{{"type", "delay_command"},
                    {"at", "50ms"},
                    {"subsystem", "sub"},
                    {"opcode", "write"},
                    {"delay", "14s"}},
                   blackhole("h1-s1", 10s + 160ms * phase + 1ms)};
    for (const auto& [policy, stale] : {std::pair{"linux-mainline", 1u}, {"cqt-only", 0u}}) {
      s["hosts"][0]["policy"] = policy;
      Run run(s);
      run.until(150s);
      REQUIRE(run.world.workload.jobs[0].finished);
      CHECK(run.log.count(Kind::stale_write) == stale);
      CHECK(rw_test_failed(run.world) == (stale != 0));
    }
  }
}
