// SPDX-License-Identifier: Apache-2.0
// TM-1: Linux's timer wheel and the block layer's request timer (protocol.md 15.1, 15.2).
#include "sim/timer_wheel.hpp"
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using sim::TimerWheel;

namespace {

struct Bounds {
  Duration low = 1'000'000s;
  Duration high{};
  void take(Duration d) {
    low = std::min(low, d);
    high = std::max(high, d);
  }
};

/// When a chain of timers that re-arms from its own expiry settles: the span between two of them.
Duration chain(const TimerWheel& wheel, Duration delay) {
  TimePoint t = sim::epoch + 123456789ns;
  TimePoint last = t;
  for (int i = 0; i < 8; ++i) {
    last = t;
    t = sim::fires_at(wheel, t, delay);
  }
  return t - last;
}

json one_path(int hz) {
  json s = scenario_with(1);
  s["hosts"][0]["hz"] = std::to_string(hz);
  return s;
}

}  // namespace

TEST_CASE("a timer fires at the next edge of its level, never early", "[conformance][TM-1]") {
  struct Row {
    std::uint32_t hz;
    Duration below, granularity;
  };
  // protocol.md 15.1: the longest delay of each level and its granularity.
  const Row rows[] = {{250, 252ms, 4ms},       {250, 2016ms, 32ms},       {250, 16128ms, 256ms},
                      {250, 129024ms, 2048ms}, {250, 1032192ms, 16384ms}, {1000, 63ms, 1ms},
                      {1000, 504ms, 8ms},      {1000, 4032ms, 64ms},      {1000, 32256ms, 512ms},
                      {1000, 258048ms, 4096ms}};
  for (const Row& row : rows) {
    const TimerWheel wheel{row.hz, 0ns};
    const Duration tick = wheel.tick();
    const Duration delay = row.below - tick;
    Bounds late;
    for (int i = 0; i < 8192; ++i) {
      const TimePoint set = sim::epoch + i * tick;
      const TimePoint fires = sim::fires_at(wheel, set, delay);
      CHECK((fires - sim::epoch) % row.granularity == 0ns);
      late.take(fires - set - delay);
    }
    CHECK(late.low == tick);
    CHECK(late.high == row.granularity);
    // One tick more is the next level.
    CHECK((sim::fires_at(wheel, sim::epoch, row.below) - sim::epoch) % (8 * row.granularity) ==
          0ns);
  }
  CHECK(sim::fires_at(TimerWheel{250, 0ns}, sim::epoch + 1ns, 0ns) == sim::epoch + 1ns);
  CHECK(sim::fires_at(TimerWheel{}, sim::epoch, 1234567ns) == sim::epoch + 1234567ns);
}

TEST_CASE("chains of timers settle at the measured spans", "[conformance][TM-1]") {
  const TimerWheel slow{250, 0ns};
  CHECK(chain(slow, 1250ms) == 1280ms);
  CHECK(chain(slow, 2500ms) == 2560ms);
  CHECK(chain(slow, 3750ms) == 3840ms);
  CHECK(chain(slow, 5s) == 5120ms);
  CHECK(chain(slow, 10s) == 10240ms);
  CHECK(chain(slow, 15s) == 15104ms);
  const TimerWheel fast{1000, 0ns};
  CHECK(chain(fast, 5s) == 5120ms);
  CHECK(chain(fast, 15s) == 15360ms);
}

TEST_CASE("an idle host at HZ 250 looks every 1.28 s, 2.56 s with KATO 10 s",
          "[conformance][TM-1][KA-4]") {
  for (const int kato : {5, 10}) {
    json s = one_path(250);
    set_connect(s, "keep_alive_tmo", std::to_string(kato) + "s");
    Run run(s);
    run.until(60s);
    const auto sent = run.log.all(Kind::keep_alive_sent);
    REQUIRE(sent.size() > 4);
    // The answer takes microseconds, so the next look is set within the tick.
    CHECK(sent[4].at - sent[3].at == (kato == 5 ? 1280ms : 2560ms));
  }
}

TEST_CASE("a request that finds the timer idle is noticed in the range of the table",
          "[conformance][TM-1][KA-5]") {
  struct Row {
    int hz;
    const char* kato;
    Duration low, high;
  };
  // Busy hosts send no Keep Alive before the fault, so their admin timer is idle
  // (protocol.md 15.2).
  const Row rows[] = {{250, "1s", 2028ms, 2280ms},    {250, "5s", 6028ms, 6280ms},
                      {250, "10s", 10004ms, 10256ms}, {250, "15s", 15004ms, 15256ms},
                      {1000, "5s", 6025ms, 6536ms},   {1000, "15s", 15001ms, 15512ms}};
  for (const Row& row : rows) {
    Bounds noticed;
    for (int phase = 0; phase < 16; ++phase) {
      json s = one_path(row.hz);
      s["hosts"][0]["tick_phase"] = text(phase * 137ms);
      set_connect(s, "keep_alive_tmo", row.kato);
      s["workloads"] = json::array({fio({{"rate_iops", 50}})});
      s["faults"] = json::array({blackhole("h1-s1", 8s + phase * 61ms)});
      Run run(s);
      run.until(45s);
      const Entry timeout = run.log.first(Kind::request_timeout, with("opcode", 0x18));
      const Entry sent = run.log.last(Kind::keep_alive_sent, before(timeout.at));
      noticed.take(timeout.at - sent.at);
    }
    INFO(row.hz << " " << row.kato << ": " << noticed.low.count() << " " << noticed.high.count());
    // A request is sent within a tick, so it may have up to one tick less.
    const Duration tick = 1000ms / row.hz;
    CHECK(noticed.low >= row.low - tick);
    CHECK(noticed.high <= row.high);
  }
}

TEST_CASE("an I/O timeout of 30 s is noticed 30 to 32.048 s after submission at HZ 250",
          "[conformance][TM-1]") {
  Bounds noticed;
  for (int phase = 0; phase < 12; ++phase) {
    json s = one_path(250);
    s["hosts"][0]["tick_phase"] = text(phase * 171ms);
    set_connect(s, "keep_alive_tmo", "600s");
    s["workloads"] = json::array({fio({{"rate_iops", 1}, {"start", text(1s + phase * 13ms)}})});
    s["faults"] = json::array({blackhole("h1-s1", 900ms)});
    Run run(s);
    run.until(40s);
    const Entry timeout = run.log.first(Kind::request_timeout, with("qid", 1));
    noticed.take(timeout.at - run.log.first(Kind::attempt_sent).at);
  }
  CHECK(noticed.low >= 30s);
  CHECK(noticed.high <= 32048ms);
  CHECK(noticed.high - noticed.low > 500ms);  // the phase matters
}

TEST_CASE("a host whose keep-alive work waits recovers a second timeout later",
          "[conformance][TM-1][KA-5]") {
  // protocol.md 1.7, L6.1: 6.03 to 6.28 s for KATO 5 s, as long as the first timeout took.
  Bounds late;
  for (int phase = 0; phase < 8; ++phase) {
    json s = one_path(250);
    s["hosts"][0]["tick_phase"] = text(phase * 137ms);
    s["hosts"][0]["keep_alive_waits"] = true;
    s["workloads"] = json::array({fio({{"rate_iops", 50}})});
    s["faults"] = json::array({blackhole("h1-s1", 8s)});
    Run run(s);
    run.until(30s);
    const TimePoint noticed = run.log.first(Kind::recovery_started).at;
    CHECK(run.log.count(Kind::request_timeout, with("opcode", 0x18)) == 2);
    late.take(run.log.first(Kind::requests_cancelled).at - noticed);
  }
  CHECK(late.low >= 6028ms);
  CHECK(late.high <= 6280ms);
  json prompt = one_path(250);
  prompt["workloads"] = json::array({fio({{"rate_iops", 50}})});
  prompt["faults"] = json::array({blackhole("h1-s1", 8s)});
  Run run(prompt);
  run.until(30s);
  CHECK(run.log.first(Kind::requests_cancelled).at == run.log.first(Kind::recovery_started).at);
}

namespace {

/// The instant in which the scan after the second connect of nvme0 begins: events are enabled.
Run scan_begins(const json& s) {
  const Run gone = run_to(Run(s).until(4s), Kind::reconnect_scheduled);
  const Run live = run_to(gone, Kind::connected);
  return run_to(live, Kind::response_received, with("controller", 0) && with("qid", 0));
}

/// A grace period that is asked for at `t` in ticks of 4 ms: noticed at the next one, and the
/// second one behind that is when it is looked for.
TimePoint grace_over(TimePoint t) { return sim::epoch + ((t - sim::epoch) / 4ms + 3) * 4ms; }

}  // namespace

TEST_CASE("the scan after a reconnect freezes its path, then the multipath head",
          "[conformance][earliest][MP-1]") {
  // nvme_update_ns_info. Measured: 10 ms for an I/O that had chosen the path, 12 ms for all others.
  json s = scenario_with(2);
  s["hosts"][0]["hz"] = "250";
  s["workloads"] = json::array({fio({{"start", "15s"}, {"rate_iops", 5000}, {"iodepth", 128}})});
  s["faults"] = json::array(
      {{{"type", "kill_sockets"}, {"at", "5s"}, {"host", "h1"}, {"controller", "nvme0"}}});
  const Run begins = scan_begins(s);
  const TimePoint first = grace_over(begins.world.now());
  const TimePoint second = first + 12ms;
  // Nothing is in flight there any more by then, and the other path goes on.
  assert_earliest(begins, first, Kind::attempt_sent, with("controller", 0));
  Run thawed(begins);
  thawed.until(first);
  CHECK(thawed.log.count(Kind::attempt_sent, with("controller", 1) && since(begins.world.now())) >
        20);
  assert_earliest(thawed, second, Kind::attempt_sent);
  assert_earliest(thawed, second, Kind::command_sent, with("controller", 0) && with("qid", 0));
  thawed.until(second);
  const auto waited =
      thawed.log.all(Kind::app_submit, since(first + Duration{1}) && before(second));
  CHECK(waited.size() > 50);
  CHECK(thawed.log.count(Kind::attempt_sent, since(second)) >= waited.size());
}

TEST_CASE("a frozen path waits for what has entered it", "[conformance][earliest][MP-1]") {
  // One path, so that all four I/Os are requeued when it is LIVE; each takes 50 ms.
  json s = scenario_with(1);
  s["hosts"][0]["hz"] = "250";
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", "50ms"}, {"write", "50ms"}};
  s["workloads"] = json::array({fio({{"rate_iops", 1000}, {"iodepth", 4}})});
  s["faults"] = json::array(
      {{{"type", "kill_sockets"}, {"at", "5s"}, {"host", "h1"}, {"controller", "nvme0"}}});
  const Run begins = scan_begins(s);
  Run last(begins);
  last.until(begins.world.now() + 49ms);
  CHECK(last.log.count(Kind::attempt_sent, since(begins.world.now() + Duration{1})) == 0);
  last.until(begins.world.now() + 51ms);
  const auto done = last.log.all(Kind::attempt_done, since(begins.world.now()));
  REQUIRE(done.size() == 4);
  assert_earliest(begins, done[3].at, Kind::attempt_sent);
  // All four that followed them waited for that.
  CHECK(last.log.count(Kind::attempt_sent, since(done[3].at)) == 4);
}

TEST_CASE("a second path that is found freezes the head", "[conformance][earliest][MP-1]") {
  json s = scenario_with(2);
  s["hosts"][0]["hz"] = "250";
  s["hosts"][0]["connect"][1]["at"] = "1s";
  s["workloads"] = json::array({fio({{"rate_iops", 5000}, {"iodepth", 128}})});
  // Behind the list of namespaces comes Identify Namespace.
  const Filter identify = [](const Entry& e) {
    return e["controller"] == 1 && (e["sqe0"] & 0xff) == 0x06 && (e["cdw10"] & 0xff) == 0;
  };
  const Run asked = run_to(Run(s).until(1s), Kind::command_sent, identify);
  const Run found = run_to(asked, Kind::response_received, with("controller", 1) && with("qid", 0));
  assert_earliest(found, grace_over(found.world.now()), Kind::attempt_sent);
  assert_earliest(found, grace_over(found.world.now()), Kind::attempt_sent, with("controller", 1));
}
