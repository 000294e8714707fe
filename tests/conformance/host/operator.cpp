// SPDX-License-Identifier: Apache-2.0
// SM-2 and ABA-4: what a reset, a delete and a passthrough Cross-Controller Reset do to requests in
// flight, and in which states they are refused (protocol.md 4.3, 4.7, 4.8).
#include "tests/conformance/host/operator.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using host::State;

namespace {

constexpr std::uint64_t busy = 16;
constexpr std::uint64_t no_device = 19;

const std::vector<const char*> presets = {"linux-mainline", "tp4129-rfc1", "tp8028-rfc1",
                                          "tp8028-v2",      "tp8028-v3",   "tp8028-v4",
                                          "tp8028-v6",      "cqt-only",    "ccr+cqt+filter"};

State state_of(const Run& run, std::uint32_t controller = 0) {
  return run.world.host.controllers[controller].state;
}

}  // namespace

TEST_CASE("reset and delete of a LIVE controller re-open the hole in every posted generation",
          "[conformance][ABA-4]") {
  for (const char* type : {"reset_controller", "delete_controller", "disconnect"}) {
    for (const char* policy : presets) {
      INFO(type << " under " << policy);
      json s = slow_write(policy);
      s["faults"].push_back(action(type, 200ms));
      Run run(s);
      run.until(100s);
      // Given up at 200 ms (in the RFC of TP4129 when the target has confirmed the end of the
      // association), though it executes until 2.1 s. disconnect leaves no path for a retry.
      const bool drains =
          std::string(policy) == "linux-mainline" && std::string(type) != "reset_controller";
      if (drains)
        continue;  // delete.cpp
      const TimePoint given_up = run.log.first(Kind::requests_cancelled, of_first()).at;
      CHECK(given_up >= sim::epoch + 200ms);
      CHECK(given_up < sim::epoch + 201ms);
      CHECK(run.log.first(Kind::media_write, with("cntlid", 1)).at > sim::epoch + 2100ms);
      const bool retried = std::string(type) != "disconnect";
      CHECK(run.log.count(Kind::stale_write) == (retried ? 1 : 0));
      CHECK(run.log.count(Kind::stale_read) == (retried ? 1 : 0));
    }
  }
}

TEST_CASE("under spec a reset or delete waits until the controller has been fenced",
          "[conformance][ABA-4]") {
  for (const char* type : {"reset_controller", "delete_controller"}) {
    for (const bool ccr_fails : {false, true}) {
      json s = slow_write("spec");
      s["subsystems"][0]["ccr_fails"] = ccr_fails;
      s["faults"].push_back(action(type, 200ms));
      Run run(s);
      run.until(100s);
      CHECK(run.log.count(Kind::stale_write) == 0);
      CHECK(run.world.workload.jobs[0].finished);
      CHECK_FALSE(rw_test_failed(run.world));
      const TimePoint released = run.log.first(Kind::requests_cancelled, of_first()).at;
      if (ccr_fails) {
        // 3 x 5 s + 1 ms from what was sent last before the request.
        const TimePoint last =
            run.log.last(Kind::command_sent, of_first() && before(sim::epoch + 200ms)).at;
        CHECK(released - last >= 15001ms);
        CHECK(released - last < 15003ms);
      } else {
        CHECK(released >= run.log.first(Kind::media_write, with("cntlid", 1)).at);
        CHECK(released < sim::epoch + 2105ms);
      }
      const bool deletes = std::string(type) == "delete_controller";
      CHECK(run.log.count(Kind::controller_removed) == (deletes ? 1 : 0));
      CHECK(run.log.count(Kind::connected, of_first()) == (deletes ? 1 : 2));
    }
  }
}

TEST_CASE("reset and delete are refused with EBUSY while a controller is fencing",
          "[conformance][SM-2]") {
  for (const char* policy : {"tp8028-rfc1", "tp8028-v2", "tp8028-v3", "cqt-only", "spec"}) {
    INFO(policy);
    json s = dead_path(policy);
    // The Keep Alive times out between 15 s and 17.5 s; the hold lasts 15.001 s from there.
    s["faults"].push_back(action("reset_controller", 20s));
    s["faults"].push_back(action("delete_controller", 21s));
    s["faults"].push_back(action("delete_controller", 40s));
    Run run(s);
    run.until(19s);
    const State waiting = state_of(run);
    CHECK((waiting == State::fencing || waiting == State::recovering));
    run.until(22s);
    CHECK(state_of(run) == waiting);
    const auto refused = run.log.all(Kind::operator_refused);
    REQUIRE(refused.size() == 2);
    CHECK(refused[0]["error"] == busy);
    CHECK(refused[1]["error"] == busy);
    // The user has to try again when the fence is over.
    run.until(41s);
    CHECK(run.log.count(Kind::operator_refused) == 2);
    CHECK(run.log.count(Kind::controller_removed) == 1);
  }
}

TEST_CASE("a reset is refused in RESETTING and CONNECTING, a delete is not",
          "[conformance][SM-2]") {
  json s = dead_path("linux-mainline");
  s["faults"].push_back(action("reset_controller", 20s));
  s["faults"].push_back(action("delete_controller", 21s));
  s["faults"].push_back(action("delete_controller", 22s));
  Run run(s);
  run.until(23s);
  const auto refused = run.log.all(Kind::operator_refused);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].at == sim::epoch + 20s);
  CHECK(refused[0]["error"] == busy);
  CHECK(refused[1].at == sim::epoch + 22s);
  CHECK(refused[1]["error"] == no_device);
  CHECK(run.log.first(Kind::controller_removed).at == sim::epoch + 21s);
  // Nothing comes back.
  const std::size_t attempts = run.log.count(Kind::connect_attempt, of_first());
  run.until(100s);
  CHECK(run.log.count(Kind::connect_attempt, of_first()) == attempts);
}

TEST_CASE("a reset of a healthy controller reconnects at once, as a new instance",
          "[conformance][reset]") {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["workloads"] = json::array({fio({{"rate_iops", 100}})});
  s["faults"] = json::array({action("reset_controller", 3s)});
  Run run(s);
  run.until(2s);
  const host::Controller before = run.world.host.controllers[0];
  run.until(3100ms);
  const host::Controller after = run.world.host.controllers[0];
  CHECK(after.state == State::live);
  CHECK(before.cirn != after.cirn);
  CHECK(run.log.count(Kind::reconnect_scheduled) == 0);
  CHECK(run.log.last(Kind::connected, of_first()).at < sim::epoch + 3010ms);
  // No error, no stall: the other path took over.
  run.until(5s);
  CHECK(run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; }) == 0);
}

TEST_CASE("over a dead path I/O moves at once and the command waits out the admin timeout",
          "[conformance][reset]") {
  for (const char* type : {"reset_controller", "delete_controller"}) {
    json s = dead_path("linux-mainline");
    s["hosts"][0]["policy"] = {{"preset", "linux-mainline"}, {"delete_drains", false}};
    s["faults"].push_back(action(type, 11s));
    Run run(s);
    run.until(80s);
    CHECK(run.log.first(Kind::requests_cancelled, of_first()).at == sim::epoch + 11s);
    // Property Set has the admin timeout of 60 s, and nobody else completes it.
    const Entry timeout = run.log.first(Kind::request_timeout, [](const Entry& e) {
      return e["controller"] == 0 && e["qid"] == 0 && e["opcode"] == 0x7f;
    });
    CHECK(timeout.at == sim::epoch + 71s);
    if (std::string(type) == "reset_controller") {
      CHECK(run.log.last(Kind::connect_attempt, of_first()).at == sim::epoch + 71s);
    } else {
      CHECK(run.log.first(Kind::controller_removed).at == sim::epoch + 71s);
    }
  }
}

TEST_CASE("a reset that fails counts as a reconnect attempt", "[conformance][reset]") {
  json s = dead_path("linux-mainline");
  set_connect(s, "ctrl_loss_tmo", "20s");
  s["hosts"][0]["admin_timeout"] = "3s";
  s["faults"].push_back(action("reset_controller", 11s));
  Run run(s);
  run.until(100s);
  // Set-up at 14 s, three SYNs until 17.072 s: attempt 1. Attempt 2 of 2 at 27.072 s fails too.
  CHECK(run.log.first(Kind::connect_failed, of_first())["attempt"] == 1);
  CHECK(run.log.count(Kind::connect_failed, of_first()) == 2);
  CHECK(run.log.count(Kind::controller_removed, of_first()) == 1);
}

TEST_CASE("what is answered while the RFC of TP4129 disables its controller is done",
          "[conformance][reset]") {
  // nvme_tcp_teardown_ctrl of patch 7/7: the I/O queues are quiesced, the controller disabled, and
  // only then are they torn down. No admin command is executed from 110 ms to 1 s, so the Property
  // Set of the reset at 200 ms is answered at 1 s; the write of 100 ms is done 300 ms later.
  const char* policy = GENERATE("tp4129-rfc1", "linux-mainline");
  json s = slow_write(policy);
  s["faults"][0]["delay"] = "300ms";
  s["faults"].push_back({{"type", "admin_stall"},
                         {"at", "110ms"},
                         {"for", "890ms"},
                         {"subsystem", "sub"},
                         {"controller", 1}});
  s["faults"].push_back(action("reset_controller", 200ms));
  Run run(s);
  run.until(1500ms);
  const Entry first = run.log.first(Kind::attempt_done, since(sim::epoch + 150ms));
  if (std::string(policy) == "linux-mainline") {
    CHECK(run.log.first(Kind::requests_cancelled).at == sim::epoch + 200ms);
    CHECK(run.log.first(Kind::requests_cancelled)["count"] == 1);
  } else {
    CHECK(first["status"] == 0);
    CHECK(first.at > sim::epoch + 400ms);
    CHECK(first.at < sim::epoch + 400ms + few_round_trips);
    // Confirmed, so nothing is held.
    CHECK(run.log.count(Kind::fence_started) == 0);
    CHECK(run.log.first(Kind::requests_cancelled).at > sim::epoch + 1s);
    CHECK(run.log.first(Kind::requests_cancelled)["count"] == 0);
  }
}

TEST_CASE("a controller is removed once, also when its path fails as it is deleted",
          "[conformance][delete]") {
  json s = scenario_with(2);
  s["workloads"] = json::array({fio({{"rate_iops", 100}, {"iodepth", 4}})});
  // The recovery that has just begun finds the controller in DELETING and hands it on.
  s["faults"] = json::array({action("kill_sockets", 2s), action("delete_controller", 2s)});
  Run run(s);
  run.until(30s);
  const Filter first = with("controller", 0);
  CHECK(run.log.count(Kind::recovery_started, first) == 1);
  CHECK(run.log.count(Kind::controller_removed, first) == 1);
  CHECK(run.world.host.controllers[0].state == State::deleting_noio);
}

TEST_CASE("I/O waits in the queue of a reset for which a delete waits", "[conformance][delete]") {
  // A path in DELETING is not disabled (nvme_path_is_disabled) and the reset has quiesced its
  // queue: every other I/O from 20 s on lies there until the path goes, at 71 s. Four of them, of
  // 100 a second, and the job of depth 4 stands.
  Run run(reset_then_delete());
  run.until(70s);
  const auto before = run.log.count(Kind::app_complete);
  CHECK(run.log.last(Kind::app_complete).at < sim::epoch + 20s + 80ms);
  run.until(72s);
  CHECK(run.log.count(Kind::app_complete) > before);
}

TEST_CASE("disconnect takes controllers in the order in which they were connected",
          "[conformance][delete]") {
  json s = scenario_with(3);
  // The first and the third at one instant, in the order of the scenario; the second before them.
  for (const std::size_t late : {0u, 2u})
    s["hosts"][0]["connect"][late]["at"] = "10ms";
  s["faults"] = json::array({action("disconnect", 3s)});
  Run run(s);
  run.until(5s);
  std::vector<std::uint64_t> removed;
  const auto deleting = with("to", static_cast<std::uint64_t>(host::State::deleting));
  for (const Entry& e : run.log.all(Kind::controller_state, deleting))
    removed.push_back(e["controller"]);
  CHECK(removed == std::vector<std::uint64_t>{1, 0, 2});
}

TEST_CASE("disconnect takes all paths and I/O fails", "[conformance][delete]") {
  json s = scenario_with(2);
  s["workloads"] = json::array({fio({{"rate_iops", 100}})});
  s["faults"] = json::array({action("disconnect", 3s)});
  Run run(s);
  run.until(5s);
  CHECK(run.log.count(Kind::controller_removed) == 2);
  const Entry failed =
      run.log.first(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; });
  CHECK(failed["status"] == 0x370);
  CHECK(failed.at < sim::epoch + 3011ms);
  // The target has let go of both.
  CHECK(run.log.count(Kind::controller_freed) == 2);
}

TEST_CASE("a passthrough CCR collides with the kernel's own, which spec waits for",
          "[conformance][CCR-4][passthrough]") {
  struct Row {
    const char* policy;
    std::size_t stale;
    Duration released;  // not before
  };
  // The write lands at 2.1 s. v4 is refused with 13Fh and has no hold; v3 holds 3 x 5 s + 1 ms.
  for (const Row& row : {Row{"tp8028-v4", 1, 200ms}, Row{"tp8028-v3", 0, 15201ms},
                         Row{"spec", 0, 2100ms}, Row{"linux-mainline", 1, 200ms}}) {
    INFO(row.policy);
    json s = slow_write(row.policy);
    s["faults"].push_back(passthrough(200ms));
    Run run(s);
    run.until(100s);
    CHECK(run.log.count(Kind::stale_write) == row.stale);
    const TimePoint released = run.log.first(Kind::requests_cancelled, of_first()).at;
    CHECK(released >= sim::epoch + row.released);
    CHECK(released < sim::epoch + row.released + 5ms);
    const auto asked = run.log.all(Kind::ccr_requested);
    CHECK(asked[0]["status"] == 0);
    if (row.policy != std::string("linux-mainline")) {
      REQUIRE(asked.size() == 2);
      CHECK((asked[1]["status"] & 0x7ff) == 0x13f);
    }
  }
}

TEST_CASE("a keep-alive that polls every KATO/2 looks half as often", "[conformance][KA-4]") {
  for (const bool halves : {false, true}) {
    json s = scenario_with(1);
    s["hosts"][0]["policy"] = {{"preset", "linux-mainline"}, {"keep_alive_polls_half", halves}};
    Run run(s);
    run.until(60s);
    const auto sent = run.log.all(Kind::keep_alive_sent);
    REQUIRE(sent.size() > 3);
    const Duration period = sent[3].at - sent[2].at;
    CHECK(period == (halves ? 2500ms : 1250ms));
  }
}
