// SPDX-License-Identifier: Apache-2.0
// Each timer of the target: not a nanosecond early, and no later (docs/timers.md). The instants are
// counted from the record of the event that sets the timer.
#include "tests/conformance/earliest.hpp"
#include "models/target/internal.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

const Filter keep_alives = with("qid", 0) && with("opcode", 0x18);

/// The path dies at 3 s; the run stands at the last Keep Alive that arrives, at 2.5 s and a bit.
Run last_keep_alive(json s) {
  s["faults"] = json::array({blackhole("h1-s1", 3s)});
  return run_to(Run(s).until(2400ms), Kind::command_fetched, keep_alives);
}

json write_at(const char* start) {
  return {{"type", "script"}, {"host", "h1"}, {"start", start}, {"steps", {{{"do", "write"}}}}};
}

json delay_command(Duration delay) {
  json f = fopcode_write(delay);
  f["type"] = "delay_command";
  return f;
}

/// Two paths to an array, each with a node of its own.
json two_nodes() {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "array";
  for (const char* i : {"0", "1"}) {
    s["subsystems"][0]["nodes"].push_back(
        {{"name", std::string("n") + i}, {"ports", {std::string("a") + i}}});
  }
  s["hosts"][0]["policy"] = "tp8028-v3";
  return s;
}

}  // namespace

TEST_CASE("a controller expires KATT after its last Keep Alive", "[conformance][earliest][KA-1]") {
  SECTION("command based") {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::command_based, 5s);
    const Run run = last_keep_alive(s);
    assert_earliest(run, run.world.now() + 5s, Kind::keep_alive_expired);
  }
  SECTION("traffic based: the Keep Alive is traffic itself, hence two windows") {
    const Run run = last_keep_alive(scenario_with(1));
    assert_earliest(run, run.world.now() + 5s, Kind::keep_alive_window);
    assert_earliest(run, run.world.now() + 2 * 5s, Kind::keep_alive_expired);
  }
  SECTION("a host that falls silent after Connect: from Connect on") {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::command_based, 5s);
    Run run = run_to(Run(s), Kind::controller_created);
    add_blackhole(run.world, 0, run.world.now());
    assert_earliest(run, run.world.now() + 5s, Kind::keep_alive_expired);
  }
  SECTION("from CC.EN on, where the timer runs only then") {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::command_based, 5s);
    s["subsystems"][0]["keep_alive_from"] = "enable";
    Run run = run_to(Run(s), Kind::controller_ready);
    add_blackhole(run.world, 0, run.world.now());
    assert_earliest(run, run.world.now() + 5s, Kind::keep_alive_expired);
  }
}

TEST_CASE("a poller looks every KATT, and wants more than KATT", "[conformance][earliest][KA-1]") {
  // KATO 5 s becomes 10 s; the looks are 10 s, 20 s, ... after CC.EN. The last Keep Alive comes
  // 2.5 s after the first of the run, so the look at 10 s finds it too young, the one at 20 s not.
  json s = scenario_with(1);
  s["subsystems"][0]["profile"] = "spdk-like";
  s["faults"] = json::array({blackhole("h1-s1", 3s)});
  const Run run = run_to(Run(s), Kind::controller_ready);
  assert_earliest(run, run.world.now() + 2 * 10s, Kind::keep_alive_expired);
}

TEST_CASE("a discovery controller with KATO 0 lives for the target's own time",
          "[conformance][earliest][KA-8]") {
  // Nothing is sent after set-up, whose commands spare it the first look.
  json s = scenario_with(1);
  s["subsystems"][0]["discovery_kato"] = "30s";
  s["hosts"][0]["connect"] = {{{"subsystem", "discovery"}, {"port", "a0"}}};
  const Run run = run_to(Run(s), Kind::controller_ready);
  assert_earliest(run, run.world.now() + 30s, Kind::keep_alive_window);
  assert_earliest(run, run.world.now() + 2 * 30s, Kind::keep_alive_expired);
}

TEST_CASE("what executes ends with the quiesce time", "[conformance][earliest][quiesce]") {
  json s = scenario_with(1);
  s["subsystems"][0]["profile"] = "array";
  s["subsystems"][0]["quiesce_time"] = "3s";
  SECTION("of a controller") {
    s["workloads"] = json::array({write_at("100ms")});
    s["faults"] = json::array({fopcode_write(40s)});
    const Run run = run_to(Run(s), Kind::controller_fatal);
    assert_earliest(run, run.world.now() + 3s, Kind::commands_stopped);
    assert_earliest(run, run.world.now() + 3s, Kind::controller_freed);
  }
  SECTION("of a queue that has lost its connection") {
    s["workloads"] = json::array({write_at("100ms")});
    s["faults"] = json::array({delay_command(40s)});
    Run run = run_to(Run(s), Kind::command_delayed);
    const target::QueueId io = run.world.target.controllers[target::ControllerId{0}].queues[1];
    add_blackhole(run.world, 0, run.world.now());
    run.world.transport.target.lost(run.world, transport::TargetOwner{sim::index(io)}, 104);
    assert_earliest(run, run.world.now() + 3s, Kind::queue_released);
  }
}

TEST_CASE("a Cross-Controller Reset strikes after its delay, or that of the fence",
          "[conformance][earliest][CCR-7]") {
  SECTION("ccr_delay") {
    json s = two_nodes();
    s["subsystems"][0]["ccr_delay"] = "170ms";
    s["faults"] = json::array({blackhole("h1-s1", 3s)});
    s["hosts"][0]["io_timeout"] = "500ms";
    s["workloads"] = json::array({write_at("3100ms"), write_at("3100ms")});
    const Run run = run_to(Run(s), Kind::ccr_requested);
    assert_earliest(run, run.world.now() + 170ms, Kind::controller_fatal);
    s["subsystems"][0]["ccr_reports_failure"] = true;
    const Run failing = run_to(Run(s), Kind::ccr_requested);
    assert_earliest(failing, failing.world.now() + 170ms, Kind::event_sent);
  }
  SECTION("fence_time, of a node that does not answer") {
    json s = two_nodes();
    s["subsystems"][0]["unreachable_ccr"] = "fences";
    s["subsystems"][0]["fence_time"] = "2300ms";
    s["faults"] = {{{"type", "node"},
                    {"at", "3s"},
                    {"for", "100s"},
                    {"subsystem", "sub"},
                    {"node", "n0"},
                    {"state", "hang"}}};
    const Run run = run_to(Run(s), Kind::ccr_requested);
    assert_earliest(run, run.world.now() + 2300ms, Kind::controller_fatal);
  }
}

TEST_CASE("a command takes the time of the medium, and what a fault adds",
          "[conformance][earliest]") {
  json s = scenario_with(1);
  s["subsystems"][0]["namespaces"][0]["media"] = {{"write", "5ms"}};
  s["workloads"] = json::array({write_at("100ms")});
  const Filter write = with("qid", 1) && with("opcode", 1);
  const Run plain = run_to(Run(s), Kind::command_fetched, write);
  assert_earliest(plain, plain.world.now() + 5ms, Kind::media_write);
  s["faults"] = json::array({delay_command(2s)});
  const Run slow = run_to(Run(s), Kind::command_fetched, write);
  assert_earliest(slow, slow.world.now() + 2s + 5ms, Kind::media_write);
}

TEST_CASE("timers of a Linux target on its timer wheel, HZ 250",
          "[conformance][earliest][TM-1][TD-4]") {
  // Ticks of 4 ms, counted from the beginning. KATT is 1,250 ticks, and a timer that far ahead has
  // a granule of 64 ticks: 1250 -> 1280 for the first window, 1280 + 1250 = 2530 -> 2560.
  const auto tick = [](int n) { return n * Duration{4ms}; };
  json s = scenario_with(1);
  s["subsystems"][0]["hz"] = "250";
  s["faults"] = json::array({blackhole("h1-s1", 1s)});
  const Run run = Run(s).until(900ms);
  assert_earliest(run, tick(1280), Kind::keep_alive_window);
  assert_earliest(run, tick(2560), Kind::keep_alive_expired);
  // A grace period of RCU: noticed at 2561, its thread waits one tick, which is over at 2563. Then
  // the file is closed by work that is put off by one tick: 2564 -> 2565.
  assert_earliest(run, tick(2563), Kind::controller_freed);
  const Run freed = run_to(run, Kind::controller_freed);
  assert_earliest(freed, tick(2565), Kind::tcp_state, with("side", 1));
}
