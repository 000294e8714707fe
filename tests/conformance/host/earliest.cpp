// SPDX-License-Identifier: Apache-2.0
// Each timer of the host: not a nanosecond early, and no later (docs/timers.md). Most instants are
// counted from the beginning of the run. A path with KATO 5 s and no load looks every 1.25 s; it
// dies at 3 s, so the Keep Alive of 3.75 s is the one that is not answered, and the host notices at
// 8.75 s.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

constexpr Duration fault = 3s;
constexpr Duration noticed = 3750ms + 5s;
constexpr Duration cqt = 1s;
constexpr Duration hold = 3 * 5s + cqt;
const Filter keep_alive = with("opcode", 0x18);

/// `paths` paths, the first of which dies.
json dying(const char* policy, int paths = 1) {
  json s = scenario_with(paths);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = text(cqt);
  s["hosts"][0]["policy"] = policy;
  s["faults"] = json::array({blackhole("h1-s1", fault)});
  return s;
}

/// One write, which nobody answers: it is sent when the path is dead already.
json stuck_write(json s) {
  s["workloads"] = {
      {{"type", "script"}, {"host", "h1"}, {"start", "3100ms"}, {"steps", {{{"do", "write"}}}}}};
  return s;
}

json action(const char* type, Duration at) {
  return {{"type", type}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
}

Run before_fault(const json& s) { return Run(s).until(2900ms); }

/// The run at the start of its fence.
Run fenced(const json& s) { return run_to(Run(s), Kind::fence_started); }

}  // namespace

TEST_CASE("a connect is issued at its time", "[conformance][earliest]") {
  json s = scenario_with(1);
  set_connect(s, "at", "1500ms");
  assert_earliest(Run(s), 1500ms, Kind::connect_attempt);
  // The target's timer, which starts with Connect, is later by the whole of it, the host's first
  // look is not; and a reconnect takes no such time.
  s["faults"] = {{{"type", "kill_sockets"}, {"at", "3s"}, {"host", "h1"}, {"controller", "nvme0"}}};
  const TimePoint ready = run_to(Run(s), Kind::controller_ready).world.now();
  const TimePoint look = run_to(Run(s), Kind::keep_alive_skipped).world.now();
  const TimePoint again = run_to(Run(s).until(2s), Kind::controller_ready).world.now();
  set_connect(s, "setup_time", "13800us");
  assert_earliest(Run(s), 1500ms, Kind::connect_attempt);
  assert_earliest(Run(s), ready + 13800us, Kind::controller_ready);
  assert_earliest(Run(s), look, Kind::keep_alive_skipped);
  assert_earliest(Run(s).until(2s), again, Kind::controller_ready);
}

TEST_CASE("the host looks every KATO/4, or every KATO/2", "[conformance][earliest][KA-4]") {
  // The commands of set-up spare a traffic-based host its first Keep Alive.
  json s = scenario_with(1);
  SECTION("traffic based") {
    assert_earliest(Run(s), 1250ms, Kind::keep_alive_skipped);
    assert_earliest(Run(s), 2500ms, Kind::keep_alive_sent);
    assert_earliest(Run(s).until(2600ms), 3750ms, Kind::keep_alive_sent);
  }
  SECTION("older Linux") {
    s["hosts"][0]["policy"] = {{"preset", "linux-mainline"}, {"keep_alive_polls_half", true}};
    assert_earliest(Run(s), 2500ms, Kind::keep_alive_skipped);
    assert_earliest(Run(s), 5s, Kind::keep_alive_sent);
  }
  SECTION("command based") {
    set_keep_alive(s, KeepAlive::command_based, 7s);
    assert_earliest(Run(s), 3500ms, Kind::keep_alive_sent);
    assert_earliest(Run(s).until(4s), 7s, Kind::keep_alive_sent);
  }
  SECTION("a look that is spared comes back a period later") {
    s["workloads"] = {
        {{"type", "script"}, {"host", "h1"}, {"start", "2600ms"}, {"steps", {{{"do", "read"}}}}}};
    assert_earliest(Run(s).until(2700ms), 3750ms, Kind::keep_alive_skipped);
    assert_earliest(Run(s).until(2700ms), 5s, Kind::keep_alive_sent);
  }
}

TEST_CASE("after a reconnect the host looks at once, in Linux 6.1 a period later",
          "[conformance][earliest][KA-4]") {
  // nvme_start_keep_alive comes behind the Identify data and before Set Features, Number of Queues.
  const bool waits = GENERATE(false, true);
  json s = dying("linux-mainline");
  s["hosts"][0]["keep_alive_waits"] = waits;
  s["faults"][0]["for"] = "9s";
  const Filter features = [](const Entry& e) { return (e["sqe0"] & 0xff) == 0x09; };
  const Run run = run_to(run_to(before_fault(s), Kind::reconnect_scheduled), Kind::connect_attempt);
  const TimePoint started = run_to(run, Kind::command_sent, features).world.now();
  assert_earliest(run, started + (waits ? 1250ms : 0ms), Kind::keep_alive_skipped);
}

TEST_CASE("a Keep Alive times out KATO after it was sent", "[conformance][earliest][KA-5]") {
  const Run run = before_fault(dying("linux-mainline"));
  assert_earliest(run, noticed, Kind::request_timeout, keep_alive);
  assert_earliest(run, noticed, Kind::recovery_started);
  SECTION("a second time, if its work is waited for") {
    json s = dying("linux-mainline");
    s["hosts"][0]["keep_alive_waits"] = true;
    // Such a host counts its looks from the start of its keep-alive, 114 us after its connect.
    const Run sent = run_to(before_fault(s), Kind::keep_alive_sent);
    assert_earliest(sent, sent.world.now() + 2 * 5s, Kind::requests_cancelled);
  }
}

TEST_CASE("an I/O and an admin command time out", "[conformance][earliest][TM-1]") {
  json s = stuck_write(dying("linux-mainline"));
  SECTION("an I/O command") {
    s["hosts"][0]["io_timeout"] = "2s";
    assert_earliest(before_fault(s), 3100ms + 2s, Kind::request_timeout, with("qid", 1));
  }
  SECTION("30 s is the default") {
    set_connect(s, "keep_alive_tmo", "600s");
    assert_earliest(before_fault(s), 3100ms + 30s, Kind::request_timeout, with("qid", 1));
  }
  SECTION("an admin command: a reset's CC.EN = 0") {
    s["hosts"][0]["admin_timeout"] = "2500ms";
    s["faults"].push_back(action("reset_controller", 3200ms));
    assert_earliest(before_fault(s), 3200ms + 2500ms, Kind::request_timeout, with("qid", 0));
  }
}

TEST_CASE("the hold ends m x KATO + CQT after the start of recovery",
          "[conformance][earliest][CQT-1]") {
  assert_earliest(before_fault(dying("cqt-only")), noticed + hold, Kind::hold_ended);
  SECTION("command based: 2 x KATO, from the look at 5 s") {
    json s = dying("cqt-only");
    set_keep_alive(s, KeepAlive::command_based, 5s);
    assert_earliest(before_fault(s), 5s + 5s + 2 * 5s + cqt, Kind::hold_ended);
  }
  SECTION("the sockets first, then RESETTING") {
    const Run run = before_fault(dying("tp4129-rfc1"));
    assert_earliest(run, noticed + 8ms, Kind::tcp_state, with("side", 0));
    assert_earliest(run, noticed + hold, Kind::hold_ended);
  }
  SECTION("an administrator's reset that is not confirmed") {
    json s = stuck_write(dying("tp4129-rfc1"));
    s["hosts"][0]["admin_timeout"] = "2500ms";
    s["faults"].push_back(action("reset_controller", 3200ms));
    // Its I/O connection too stands until the controller has not let itself be disabled.
    assert_earliest(before_fault(s), 3200ms + 2500ms + 8ms, Kind::tcp_state, with("side", 0));
    assert_earliest(before_fault(s), 3200ms + 2500ms + hold, Kind::hold_ended);
  }
  SECTION("whatever Cross-Controller Reset has spent of it") {
    json s = dying("tp8028-v3", 2);
    s["subsystems"][0]["ccr_event_lost"] = true;
    assert_earliest(before_fault(s), noticed + hold, Kind::hold_ended);
  }
}

TEST_CASE("one Cross-Controller Reset is waited for, and no longer",
          "[conformance][earliest][CCR-8]") {
  // From the instant at which its command is accepted: the longer of CQT and KATO in the RFC and
  // in v3, KATO in v2 and in the newest code (2.3).
  for (const auto& [policy, longer_cqt, wait] : {std::tuple{"tp8028-rfc1", 7s, 7s},
                                                 {"tp8028-v2", 7s, 5s},
                                                 {"tp8028-v3", 7s, 7s},
                                                 {"tp8028-v3", 1s, 5s},
                                                 {"tp8028-v6", 30s, 5s}}) {
    INFO(policy << " CQT " << longer_cqt.count() << " s");
    json s = dying(policy, 2);
    s["subsystems"][0]["attr_cqt"] = text(longer_cqt);
    s["subsystems"][0]["ccr_event_lost"] = true;
    const Run asked = run_to(fenced(s), Kind::ccr_requested);
    const Run accepted = run_to(asked, Kind::response_received, with("controller", 1));
    assert_earliest(accepted, accepted.world.now() + wait, Kind::ccr_attempt_failed);
  }
}

TEST_CASE("Cross-Controller Reset ends with its deadline", "[conformance][earliest][CCR-9]") {
  SECTION("v4: 3 x KATO, although CQT is longer") {
    json s = dying("tp8028-v4", 2);
    s["hosts"][0]["policy"] = {{"preset", "tp8028-v4"}, {"ccr_wait", "longer_of_cqt_and_kato"}};
    s["subsystems"][0]["attr_cqt"] = "20s";
    s["subsystems"][0]["ccr_event_lost"] = true;
    assert_earliest(before_fault(s), noticed + 3 * 5s, Kind::ccr_attempt_failed);
  }
  SECTION("v6: 3 x KATO + CQT") {
    // Two source controllers would be waited for 20 s each.
    json s = dying("tp8028-v6", 3);
    s["hosts"][0]["policy"] = {{"preset", "tp8028-v6"}, {"ccr_wait", "longer_of_cqt_and_kato"}};
    s["subsystems"][0]["attr_cqt"] = "20s";
    s["subsystems"][0]["ccr_delay"] = "1h";
    s["subsystems"][0]["kato_min"] = "10min";  // so that the target does not expire meanwhile
    const Run second = run_to(before_fault(s), Kind::ccr_attempt_failed);
    assert_earliest(second, noticed + 3 * 5s + 20s, Kind::ccr_attempt_failed);
  }
  SECTION("spec: also for a command that is not answered") {
    // The source controller executes no admin command; its I/O spares its host the Keep Alive.
    json s = dying("spec", 2);
    s["workloads"] = json::array({fio({{"rate_iops", 10}, {"iodepth", 128}})});
    s["faults"].push_back(
        {{"type", "admin_stall"}, {"at", "2s"}, {"subsystem", "sub"}, {"controller", 2}});
    const Run run = fenced(s);
    assert_earliest(run, run.world.now() + hold, Kind::ccr_attempt_failed);
  }
}

TEST_CASE("a reconnect waits for reconnect_delay, each time",
          "[conformance][earliest][reconnect]") {
  json s = dying("linux-mainline");
  set_connect(s, "reconnect_delay", "7s");
  const Run run = before_fault(s);
  assert_earliest(run, noticed + 7s, Kind::connect_attempt);
  // Three SYNs, a second apart, then the delay again.
  assert_earliest(run, noticed + 7s + 3s, Kind::connect_failed);
  assert_earliest(run, noticed + 7s + 3s + 7s, Kind::connect_attempt, with("attempt", 2));
}

TEST_CASE("a host gives up with its last attempt", "[conformance][earliest][reconnect]") {
  // ceil(25 s / 10 s) = 3 attempts of 10 s + 3 s.
  json s = dying("linux-mainline");
  set_connect(s, "ctrl_loss_tmo", "25s");
  assert_earliest(before_fault(s), noticed + 3 * 13s, Kind::controller_removed);
}

TEST_CASE("I/O that waits for a path fails when fast_io_fail_tmo is over",
          "[conformance][earliest][reconnect]") {
  json s = stuck_write(dying("linux-mainline"));
  set_connect(s, "fast_io_fail_tmo", "4s");
  assert_earliest(before_fault(s), noticed + 4s, Kind::app_complete);
}

TEST_CASE("a socket is closed 8 ms after its shutdown", "[conformance][earliest][TR-4]") {
  // The peer does not answer, so the shutdown alone does not end the connection.
  const Filter host_side = with("side", 0);
  const Run run = before_fault(dying("linux-mainline"));
  assert_earliest(run, noticed + 8ms, Kind::tcp_state, host_side);
  json s = dying("linux-mainline");
  s["hosts"][0]["socket_close_delay"] = "33ms";
  assert_earliest(before_fault(s), noticed + 33ms, Kind::tcp_state, host_side);
}

TEST_CASE("a retry waits for the Command Retry Delay", "[conformance][earliest][MP-1]") {
  json s = scenario_with(1);
  s["subsystems"][0]["crdt"] = {"100ms", "300ms", "2s"};
  s["workloads"] = {
      {{"type", "script"}, {"host", "h1"}, {"start", "1s"}, {"steps", {{{"do", "write"}}}}}};
  s["faults"] = {{{"type", "command_status"},
                  {"at", "0s"},
                  {"subsystem", "sub"},
                  {"controller", 1},
                  {"opcode", "write"},
                  {"status", "0x006"},
                  {"crd", 2},
                  {"count", 1}}};
  const Run refused = run_to(Run(s), Kind::attempt_done);
  assert_earliest(refused, refused.world.now() + 300ms, Kind::attempt_sent);
}

TEST_CASE("a group that stays in change resets its controller after 2 x ANATT",
          "[conformance][earliest][MP-2]") {
  json s = scenario_with(2);
  s["subsystems"][0]["anatt"] = "4s";
  s["faults"] = {{{"type", "ana_change"},
                  {"at", "2s"},
                  {"subsystem", "sub"},
                  {"port", "a0"},
                  {"state", "change"}}};
  const Run read = run_to(Run(s).until(2s), Kind::ana_log_read);
  assert_earliest(read, read.world.now() + 2 * 4s, Kind::anatt_timeout);
}

TEST_CASE("CSTS is read again a millisecond after it said not yet", "[conformance][earliest]") {
  SECTION("RDY, when an association is set up") {
    Run run = run_to(Run(scenario_with(1)), Kind::controller_ready);
    run.world.target.controllers[target::ControllerId{0}].ready = false;
    // The answer to CC.EN = 1, then the one to the first read.
    const Run told = run_to(run_to(run, Kind::response_received), Kind::response_received);
    assert_earliest(told, told.world.now() + 1ms, Kind::command_sent);
  }
  SECTION("SHST, when it is shut down") {
    json s = scenario_with(1);
    s["faults"] = json::array({action("delete_controller", 2s)});
    Run run = run_to(Run(s).until(2s), Kind::response_received);
    run.world.target.controllers[target::ControllerId{0}].shut_down = false;
    const Run told = run_to(run, Kind::response_received);
    assert_earliest(told, told.world.now() + 1ms, Kind::command_sent);
  }
}

TEST_CASE("a discovery controller that has reconnected is looked at every 2.5 s",
          "[conformance][earliest][KA-8]") {
  // The first look is overdue and comes at once.
  json s = scenario_with(1);
  s["subsystems"][0]["discovery_kato"] = "30s";
  s["hosts"][0]["connect"] = {{{"subsystem", "discovery"}, {"port", "a0"}}};
  const Run sent = run_to(Run(s), Kind::keep_alive_sent);
  assert_earliest(sent, sent.world.now() + 2500ms, Kind::keep_alive_sent);
}

TEST_CASE("timers of the host on Linux's timer wheel, HZ 250", "[conformance][earliest][TM-1]") {
  // Ticks of 4 ms, counted from the beginning. A timer set at tick n for tick e fires at the next
  // multiple of its granule after e: 1 tick for e - n < 63, 8 for < 504, 64 for < 4032.
  const auto tick = [](int n) { return n * Duration{4ms}; };
  const auto on_ticks = [](json s) {
    s["hosts"][0]["hz"] = "250";
    s["faults"] = json::array({blackhole("h1-s1", 2s)});
    return s;
  };
  const json s = on_ticks(dying("linux-mainline"));
  // 1.25 s are 312 ticks: 0 + 312 -> 320, and 320 + 312 = 632 -> 640.
  assert_earliest(Run(s), tick(320), Kind::keep_alive_skipped);
  const Run run = Run(s).until(1900ms);
  assert_earliest(run, tick(640), Kind::keep_alive_sent);
  // Identify, at tick 0, set the request timer for tick 1250 + 256 = 1506 -> 1536. There it finds
  // the Keep Alive of tick 640, due at 1890, and is set for that: 354 ticks ahead -> 1896.
  const int timeout = 1896;
  assert_earliest(run, tick(timeout), Kind::request_timeout, keep_alive);
  // 10 s are 2500 ticks: 4396 -> 69 x 64 = 4416.
  assert_earliest(run, tick(4416), Kind::connect_attempt);
  // 16 s are 4000 ticks: 5896 -> 93 x 64 = 5952.
  const Run held = Run(on_ticks(dying("cqt-only"))).until(1900ms);
  assert_earliest(held, tick(5952), Kind::hold_ended);
  // 4 s are 1000 ticks: 2896 -> 46 x 64 = 2944.
  json failing = on_ticks(stuck_write(dying("linux-mainline")));
  set_connect(failing, "fast_io_fail_tmo", "4s");
  assert_earliest(Run(failing).until(1900ms), tick(2944), Kind::app_complete);
  // The files are closed by work that is put off by a tick, which makes two: 1896 + 1 -> 1898.
  assert_earliest(run, tick(1898), Kind::tcp_state, with("side", 0));
}

TEST_CASE("a reconnect on ticks waits for a grace period of RCU",
          "[conformance][earliest][reconnect]") {
  // A reset at tick 750 is connected at once; the grace period is noticed at 751, and its thread
  // waits a tick, which is over at 753.
  json s = scenario_with(1);
  s["hosts"][0]["hz"] = "250";
  s["faults"] = json::array({action("reset_controller", 3s)});
  assert_earliest(Run(s).until(2900ms), 753 * Duration{4ms}, Kind::connected);
}
