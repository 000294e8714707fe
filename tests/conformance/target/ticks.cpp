// SPDX-License-Identifier: Apache-2.0
// TM-1 at a Linux target: its keep-alive timer goes through the timer wheel of its own machine, a
// queue ends after a grace period of RCU, its socket a tick or two later (protocol.md 1.8, 15).
#include "sim/timer_wheel.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using sim::TimerWheel;

namespace {

json one_path(const char* hz, Duration phase = 0ns) {
  json s = scenario_with(1);
  s["subsystems"][0]["hz"] = hz;
  s["subsystems"][0]["tick_phase"] = text(phase);
  return s;
}

/// Its first controller, after the path was lost at 1 s.
struct End {
  TimePoint expired{}, freed{}, closed{};
};

End end_of(json s) {
  s["faults"] = json::array({blackhole("h1-s1", 1s)});
  Run run(s);
  run.until(15s);
  End end;
  end.expired = run.log.first(Kind::keep_alive_expired).at;
  end.freed = run.log.first(Kind::controller_freed).at;
  end.closed = run.log.last(Kind::tcp_state, with("side", 1)).at;
  return end;
}

}  // namespace

TEST_CASE("a grace period of RCU ends at the third tick after it began, HZ 250",
          "[conformance][TM-1]") {
  // Noticed at the next tick; then one tick through the wheel, which makes two of it.
  const TimerWheel slow{250, 0ns};
  CHECK(grace_period_over(slow, sim::epoch) == sim::epoch + 12ms);
  CHECK(grace_period_over(slow, sim::epoch + 3999us) == sim::epoch + 12ms);
  CHECK(grace_period_over(slow, sim::epoch + 4ms) == sim::epoch + 16ms);
  // Three ticks at HZ 1000: 1 + (3 + 1).
  CHECK(grace_period_over(TimerWheel{1000, 0ns}, sim::epoch + 100us) == sim::epoch + 5ms);
  CHECK(grace_period_over(TimerWheel{}, sim::epoch + 7ns) == sim::epoch + 7ns);
  CHECK(file_closed_at(slow, sim::epoch + 12ms) == sim::epoch + 20ms);
  CHECK(file_closed_at(slow, sim::epoch + 13ms) == sim::epoch + 20ms);
}

TEST_CASE("the target's keep-alive timer goes through the wheel", "[conformance][TM-1][KA-1]") {
  // The connection is made at once. A command came in since: 5 s fires at 5.12 s for a new window
  // (1,250 ticks, level 2: the next multiple of 64 ticks), which ends 5.12 s later.
  json quiet = one_path("250");
  const End end = end_of(quiet);
  CHECK(end.expired == sim::epoch + 10240ms);
  // 100 ms into the bucket of 256 ms the first window is 100 ms shorter.
  CHECK(end_of(one_path("250", 100ms)).expired == sim::epoch + 10140ms);
  // HZ 1000: 5,000 ticks are level 3, the next multiple of 512.
  CHECK(end_of(one_path("1000")).expired == sim::epoch + 10240ms);
  CHECK(end_of(one_path("exact")).expired < sim::epoch + 10001ms);
}

TEST_CASE("a controller of a Linux target is gone 12 ms after its end, HZ 250",
          "[conformance][TM-1][TD-4]") {
  const End end = end_of(one_path("250"));
  CHECK(end.freed == end.expired + 12ms);
  CHECK(end.closed == end.expired + 20ms);
  CHECK(end_of(one_path("1000")).freed == end_of(one_path("1000")).expired + 5ms);
  const End exact = end_of(one_path("exact"));
  CHECK(exact.freed == exact.expired);
}

TEST_CASE("the grace period runs while a command is drained", "[conformance][TM-1][TD-4]") {
  // A write that takes 3 s after the end of its controller is what is waited for, and nothing more.
  json s = one_path("250");
  s["workloads"] = {
      {{"type", "script"}, {"host", "h1"}, {"start", "500ms"}, {"steps", {{{"do", "write"}}}}}};
  s["subsystems"][0]["namespaces"][0]["media"] = {{"write", "12740ms"}};
  const End end = end_of(s);
  CHECK(end.expired == sim::epoch + 10240ms);
  CHECK(end.freed > sim::epoch + 13240ms);
  CHECK(end.freed < sim::epoch + 13241ms);
}

TEST_CASE("a node that crashes does not wait for its ticks", "[conformance][TM-1]") {
  json s = one_path("250");
  s["subsystems"][0]["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}};
  s["faults"] = {
      {{"type", "node"}, {"at", "2s"}, {"subsystem", "sub"}, {"node", "n0"}, {"state", "crash"}}};
  Run run(s);
  run.until(3s);
  CHECK(run.log.first(Kind::controller_freed).at == sim::epoch + 2s);
}

TEST_CASE("a node that hangs in a grace period releases its queues when it goes on",
          "[conformance][TM-1]") {
  json s = one_path("250");
  s["subsystems"][0]["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}};
  const json hang = {{"type", "node"},     {"at", "10244ms"}, {"for", "2s"},
                     {"subsystem", "sub"}, {"node", "n0"},    {"state", "hang"}};
  s["faults"] = {blackhole("h1-s1", 1s), hang};
  Run run(s);
  run.until(15s);
  CHECK(run.log.first(Kind::keep_alive_expired).at == sim::epoch + 10240ms);
  CHECK(run.log.first(Kind::controller_freed).at == sim::epoch + 12244ms);
}

TEST_CASE("looks of the host are whole ticks: KATO 1 s at HZ 250 every 252 ms",
          "[conformance][TM-1][KA-4]") {
  // 62 ticks, not 62.5: level 0, where 63 would be level 1 (protocol.md 15.1).
  json s = scenario_with(1);
  s["hosts"][0]["hz"] = "250";
  set_connect(s, "keep_alive_tmo", "1s");
  Run run(s);
  run.until(10s);
  const auto sent = run.log.all(Kind::keep_alive_sent);
  REQUIRE(sent.size() > 6);
  CHECK(sent[6].at - sent[5].at == 252ms);
}

TEST_CASE("a reconnect waits a grace period for its I/O queues", "[conformance][TM-1][RC-1]") {
  // A reset at the tick of 3 s connects at once; the third tick from then is 12 ms on.
  json s = scenario_with(2);
  s["hosts"][0]["hz"] = "250";
  json reset = {
      {"type", "reset_controller"}, {"at", "3s"}, {"host", "h1"}, {"controller", "nvme0"}};
  s["faults"] = json::array({reset});
  const auto connects = [](const json& scenario) {
    Run run(scenario);
    run.until(5s);
    const Entry attempt = run.log.last(Kind::connect_attempt);
    return std::pair{attempt.at, run.log.last(Kind::connected).at};
  };
  const auto [attempt, live] = connects(s);
  CHECK(attempt >= sim::epoch + 3s);
  CHECK(attempt < sim::epoch + 3004ms);
  CHECK(live == sim::epoch + 3012ms);
  s["hosts"][0]["hz"] = "exact";
  const auto [begun, done] = connects(s);
  CHECK(done - begun < 1ms);
}
