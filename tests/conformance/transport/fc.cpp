// SPDX-License-Identifier: Apache-2.0
// NVMe/FC at the host and at nvmet-fc (protocol.md 1.8, 4.9, 7.3): what a request timeout, a lost
// frame, a teardown, a reconnect and a lost remote port do there, and ABA-1 and CQT-3 on top.
#include "models/transport/fc/fc.hpp"
#include "tests/conformance/transport/fc_support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using transport::fc::Iu;

namespace {

constexpr std::uint64_t aborted = 0x371;
constexpr std::uint64_t path_error = 0x370;

Filter unit(Iu iu) { return with("iu", static_cast<std::uint64_t>(iu)); }

host::State state_of(const Run& run, std::size_t controller) {
  return run.world.host.controllers[controller].state;
}

Duration after_start(TimePoint t) { return t - sim::epoch; }

}  // namespace

TEST_CASE("a lost frame leaves its exchange stuck until the request times out and is aborted",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  s["faults"] = json::array({short_blackhole()});
  Run run(s);
  run.until(4999ms);
  const Entry sent = run.log.last(Kind::attempt_sent);
  REQUIRE(after_start(sent.at) == 3s);
  // Nobody sends it again, and nobody notices.
  CHECK(run.log.count(Kind::iu_sent, unit(Iu::abts)) == 0);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  run.until(5s + moment);
  CHECK(run.log.first(Kind::request_timeout).at == sent.at + 2s);
  CHECK(run.log.first(Kind::iu_sent, unit(Iu::abts)).at == sent.at + 2s);
  const Entry given_up = run.log.first(Kind::attempt_abandoned);
  CHECK(given_up["token"] == sent["token"]);
  CHECK(given_up["status"] == aborted);
  // It is retried after one round trip: over the same path, which is LIVE until the work that
  // resets the association has its turn, and when that aborts it, over the other one.
  CHECK(given_up.at == run.log.first(Kind::iu_received, unit(Iu::abts_accept)).at);
  const auto retries = run.log.all(Kind::attempt_sent, [&](const Entry& e) {
    return op_of(e) == op_of(given_up) && e.at >= given_up.at;
  });
  REQUIRE(retries.size() == 2);
  CHECK(retries[0]["controller"] == 0);
  CHECK(retries[1]["controller"] == 1);
  CHECK(run.log.count(Kind::recovery_started, with("controller", 0)) == 1);
  // The target has never seen it: there is nothing to be exposed to.
  CHECK(run.log.first(Kind::attempt_gone)["token"] == sent["token"]);
  CHECK(oracle::exposure_until(run.world.oracle, run.world.now()).longest == 0ns);
}

TEST_CASE("the association ends when the last abort has, and the first reconnect is immediate",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  s["faults"] = json::array({short_blackhole()});
  Run run(s);
  run.until(10s);
  const Entry disconnect = run.log.first(
      Kind::iu_sent, with("bytes", transport::fc::disconnect_bytes) && unit(Iu::ls_request));
  CHECK(run.log.count(Kind::iu_received, unit(Iu::abts_accept) && since(disconnect.at + 1ns)) == 0);
  // The write that timed out, the same on its second way over a path that is LIVE until the work
  // that resets it has its turn (ioerr_work), and the AER.
  CHECK(run.log.count(Kind::iu_received, unit(Iu::abts_accept)) == 3);
  const Entry attempt = run.log.last(Kind::connect_attempt);
  CHECK(attempt.at == disconnect.at);
  CHECK(attempt["attempt"] == 1);
  CHECK(run.log.last(Kind::connected).at < 5s + moment + sim::epoch);
  CHECK(state_of(run, 0) == host::State::live);
}

TEST_CASE("an unanswered ABTS: the second timeout resets, every abort is waited for, LS take 20 s",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  s["faults"] = json::array({blackhole("h1-s1", 2500ms)});
  Run run(s);
  run.until(100s);
  const auto started = run.log.all(Kind::recovery_started);
  REQUIRE(started.size() == 1);
  // Sent at 3 s, ABTS at 5 s; at 7 s the abort cannot be started, it is on its way already.
  CHECK(after_start(started[0].at) == 7s);
  CHECK(after_start(run.log.first(Kind::attempt_abandoned).at) == 25s);
  // Then the AER: aborted at 25 s, given up at 45 s. Then the first attempt, at once.
  const auto attempts =
      run.log.all(Kind::connect_attempt, with("controller", 0) && since(1s + sim::epoch));
  REQUIRE(attempts.size() >= 3);
  CHECK(after_start(attempts[0].at) == 45s);
  const auto failed = run.log.all(Kind::connect_failed);
  REQUIRE(failed.size() >= 2);
  CHECK(after_start(failed[0].at) == 65s);
  CHECK(failed[0]["error"] == transport::fc::timed_out);
  // The default delay of 10 s is 2 s here, and max_reconnects 600 / 2.
  CHECK(after_start(attempts[1].at) == 67s);
  CHECK(after_start(attempts[2].at) == 89s);
  CHECK(run.world.host.controllers[0].max_reconnects == 300);
}

TEST_CASE("reconnect options other than the default delay, or without end, are left alone on FC",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  s["hosts"][0]["connect"][0]["reconnect_delay"] = "5s";
  s["hosts"][0]["connect"][1]["ctrl_loss_tmo"] = "off";
  const Run run(s);
  CHECK(run.world.host.controllers[0].reconnect_delay == 5s);
  CHECK(run.world.host.controllers[0].max_reconnects == 120);
  CHECK(run.world.host.controllers[1].reconnect_delay == 10s);
  CHECK(run.world.host.controllers[1].max_reconnects == -1);
}

TEST_CASE("KA-4 on FC: error recovery does not stop the keep-alive, a due one fails",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  s["faults"] = json::array({blackhole("h1-s1", 2500ms)});
  Run run(s);
  run.until(100s);
  // KATO 30 s and traffic based: a look every 7.5 s. The reset is on from 7 s to 45 s.
  const auto done = run.log.all(Kind::keep_alive_done, with("controller", 0));
  REQUIRE(done.size() == 1);
  CHECK(done[0]["status"] == path_error);
  CHECK(done[0].at > 15s + sim::epoch - moment);
  CHECK(done[0].at < 15s + sim::epoch + moment);
}

TEST_CASE("CQT-3 on FC: an exchange that is aborted while fencing waits for the fence",
          "[conformance][fc]") {
  for (const bool holds : {true, false}) {
    json s = on_fc("cqt-only", 2s);
    set_connect(s, "keep_alive_tmo", "5s");
    s["hosts"][0]["policy"] = {{"preset", "cqt-only"}, {"holds_aborted", holds}};
    s["faults"] = json::array({short_blackhole()});
    Run run(s);
    run.until(30s);
    const Entry given_up = run.log.first(Kind::attempt_abandoned);
    const TimePoint fenced = run.log.first(Kind::fence_started).at;
    CHECK(after_start(fenced) - 5s < moment);
    if (holds) {
      // 3 x KATO + CQT from the timeout on. The patch that holds what has been aborted also aborts
      // nothing for a timeout (4.9): the exchange ends when the target expires, and is held.
      const TimePoint over = fenced + 15s + 1ms;
      CHECK(run.log.first(Kind::request_held).at > fenced + 5s);
      CHECK(run.log.first(Kind::request_held).at < over);
      CHECK(given_up.at >= over);
      CHECK(given_up.at - over < moment);
    } else {
      CHECK(given_up.at == fenced);  // retried past the fence
      CHECK(run.log.count(Kind::request_held) == 0);
    }
  }
}

TEST_CASE("CQT-3 on FC: an exchange that the target ends while fencing waits for the fence",
          "[conformance][fc]") {
  // The write that makes controller 1 fatal and those behind it: the target ends their exchanges.
  json s = on_fc("cqt-only", 30s);
  set_connect(s, "keep_alive_tmo", "5s");
  s["workloads"] = json::array({fio({{"rw", "write"}, {"iodepth", 8}, {"rate_iops", 100}})});
  s["faults"] = json::array({fopcode_write(2s, 3s)});
  Run run(s);
  run.until(30s);
  const TimePoint fenced = run.log.first(Kind::fence_started).at;
  REQUIRE(run.log.count(Kind::request_held) > 0);
  CHECK(run.log.first(Kind::attempt_abandoned).at == fenced + 15s + 1ms);
}

TEST_CASE("CQT-3 on FC: nothing of a silent path is released before the hold is over",
          "[conformance][fc]") {
  for (const char* policy : {"cqt-only", "tp8028-rfc1", "tp8028-v2", "tp8028-v3", "spec"}) {
    json s = on_fc(policy, 2s);
    set_connect(s, "keep_alive_tmo", "5s");
    s["workloads"] = json::array({fio({{"rw", "write"}, {"iodepth", 8}, {"rate_iops", 100}})});
    s["faults"] = json::array({blackhole("h1-s1", 3s)});
    Run run(s);
    run.until(60s);
    const TimePoint fenced = run.log.first(Kind::fence_started).at;
    const auto of_first = with("controller", 0) && since(3s + sim::epoch);
    const auto given_up = run.log.all(Kind::attempt_abandoned, of_first);
    REQUIRE(given_up.size() == 8);
    CHECK(given_up.front().at >= fenced + 15s + 1ms);
    CHECK(run.log.count(Kind::attempt_done, of_first && since(3s + sim::epoch + moment)) == 0);
  }
}

TEST_CASE("SM-3 on FC: a timeout while fencing completes nothing", "[conformance][fc]") {
  json s = on_fc("cqt-only", 2s);
  set_connect(s, "keep_alive_tmo", "5s");
  s["faults"] = json::array({blackhole("h1-s1", 2500ms)});
  Run run(s);
  run.until(15s);
  REQUIRE(state_of(run, 0) == host::State::fencing);
  CHECK(run.log.count(Kind::request_timeout, since(run.log.first(Kind::fence_started).at)) >= 2);
  CHECK(run.log.count(Kind::attempt_abandoned) == 0);
}

TEST_CASE("TR-4 on FC: ABTS does not stop a command that executes, its answer goes nowhere",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 2s);
  json late = fopcode_write(5s, 2500ms);
  late["type"] = "delay_command";
  late["count"] = 1;
  s["faults"] = json::array({late});
  Run run(s);
  run.until(20s);
  const Entry sent = run.log.first(Kind::attempt_sent, since(3s + sim::epoch));
  const auto mine = with("token", sent["token"]);
  CHECK(run.log.first(Kind::attempt_abandoned, mine).at < sent.at + 2s + moment);
  const Entry landed = run.log.first(Kind::media_write, mine);
  CHECK(landed.at > sent.at + 5s);
  CHECK(landed.at < sent.at + 5s + moment);
  const auto then = since(landed.at) && before(landed.at + 1ns);
  CHECK(run.log.count(Kind::iu_sent,
                      unit(Iu::response) && then && with("connection", sent["connection"])) == 0);
  // The target answers the Disconnect only now.
  CHECK(run.log.count(Kind::iu_sent, with("side", 1) && unit(Iu::ls_accept) && then) == 1);
  CHECK(run.log.count(Kind::stale_write) == 0);  // nothing newer in that block yet
  CHECK(oracle::exposure_until(run.world.oracle, run.world.now()).longest > 2900ms);
}

TEST_CASE("nvmet-fc: a fatal controller drops writes that wait for data and drains the rest",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 30s);
  s["faults"] = json::array({fopcode_write(2s, 2500ms)});
  Run run(s);
  run.until(20s);
  const Entry struck = run.log.first(Kind::command_delayed);
  // Disconnect Association goes out when the write has landed, and not before; it is the Keep
  // Alive that finds the controller gone, every 7.5 s.
  const Entry freed = run.log.first(Kind::controller_freed);
  const Entry landed = run.log.first(Kind::media_write, with("token", struck["token"]));
  CHECK(landed.at == freed.at);
  CHECK(run.log.first(Kind::iu_sent, with("side", 1) && unit(Iu::ls_request)).at == freed.at);
  CHECK(run.log.first(Kind::recovery_started).at < freed.at + moment);
  CHECK(run.log.first(Kind::recovery_started).at > freed.at);
}

TEST_CASE("a remote port that returns is reconnected at the next attempt that is due",
          "[conformance][fc]") {
  json s = on_fc("linux-mainline", 30s);
  json lost = port_lost(4500ms);
  lost["for"] = "29s";
  s["faults"] = json::array({lost});
  Run run(s);
  run.until(4500ms);
  CHECK(state_of(run, 0) == host::State::connecting);
  // Back at 33.5 s, between the attempts of 32.5 s and 34.5 s.
  run.until(34499ms);
  CHECK(state_of(run, 0) == host::State::connecting);
  // Attempts go on every 2 s and fail for want of a port.
  CHECK(run.log.first(Kind::connect_failed)["error"] == transport::fc::no_port);
  CHECK(run.log.count(Kind::connect_failed, with("controller", 0)) == 14);
  run.until(34500ms + moment);
  CHECK(state_of(run, 0) == host::State::live);
  CHECK(run.log.count(Kind::controller_removed) == 0);
}

TEST_CASE("a remote port that stays away is given up after dev_loss_tmo", "[conformance][fc]") {
  json s = on_fc("linux-mainline", 30s);
  set_connect(s, "dev_loss_tmo", "5s");
  s["faults"] = json::array({port_lost(4500ms)});
  Run run(s);
  run.until(60s);
  // 4.5 s + 2 s + 2 s, and the last attempt is put forward to the end of the 5 s.
  const auto attempts = run.log.all(Kind::connect_attempt, since(1s + sim::epoch));
  REQUIRE(attempts.size() == 3);
  CHECK(after_start(attempts[2].at) == 9500ms);
  CHECK(after_start(run.log.first(Kind::controller_removed).at) == 9500ms);
  CHECK(state_of(run, 0) == host::State::dead);
}

TEST_CASE("without dev_loss_tmo a lost remote port deletes at once, past every posted fence",
          "[conformance][fc]") {
  for (const char* policy :
       {"linux-mainline", "cqt-only", "tp8028-v3", "tp8028-v4", "tp8028-v6", "spec"}) {
    json s = on_fc(policy, 30s);
    set_connect(s, "keep_alive_tmo", "5s");
    set_connect(s, "dev_loss_tmo", "0s");
    json late = fopcode_write(5s, 2500ms);
    late["type"] = "delay_command";
    late["count"] = 1;
    s["faults"] = json::array({late, port_lost(3100ms)});
    Run run(s);
    run.until(60s);
    const Entry given_up = run.log.first(Kind::attempt_abandoned);
    const bool closed = std::string(policy) == "spec";
    // spec: no CCR with this target, so 3 x KATO + CQT from what was sent last.
    const TimePoint last =
        run.log.last(Kind::command_sent, of_first() && before(sim::epoch + 3100ms)).at;
    CHECK(given_up.at == (closed ? last + 15001ms : sim::epoch + 3100ms));
    CHECK(run.log.first(Kind::controller_removed).at == given_up.at);
    CHECK((oracle::exposure_until(run.world.oracle, run.world.now()).longest > 0ns) == !closed);
  }
}

TEST_CASE("ABA-1 on FC: a write that outlives its request timeout corrupts unless it is held",
          "[conformance][fc][ABA-1]") {
  for (const Duration delay : {Duration{1500ms}, Duration{5s}, Duration{14s}}) {
    for (const char* policy :
         {"linux-mainline", "cqt-only", "tp8028-rfc1", "tp8028-v2", "tp8028-v3", "spec"}) {
      json s = scenario_with(2);
      s["fabric"]["transport"] = "fc";
      s["subsystems"][0]["profile"] = "nvmet-tp8028";
      s["subsystems"][0]["attr_cqt"] = "1ms";
      s["hosts"][0]["policy"] = policy;
      s["hosts"][0]["io_timeout"] = "1s";
      s["workloads"] = json::array({rw_test_once(60s)});
      json late = fopcode_write(delay);
      late["type"] = "delay_command";
      late["count"] = 1;
      s["faults"] = json::array({late});
      Run run(s);
      run.until(150s);
      INFO(policy);
      REQUIRE(run.world.workload.jobs[0].finished);
      const bool mainline = std::string(policy) == "linux-mainline";
      CHECK(run.log.count(Kind::stale_write) == (mainline ? 1 : 0));
      CHECK(rw_test_failed(run.world) == mainline);
    }
  }
}

TEST_CASE("a read whose abort starts the fence is released once, if reads do not wait",
          "[conformance][fc]") {
  json s = on_fc("ccr+cqt+filter", 2s);
  s["workloads"] = json::array({fio({{"rw", "read"}, {"rate_iops", 1}, {"start", "1s"}})});
  s["faults"] = json::array({short_blackhole()});
  Run run(s);
  run.until(200s);
  const TimePoint fenced = run.log.first(Kind::fence_started).at;
  CHECK(run.log.first(Kind::attempt_abandoned).at == fenced);
  CHECK(run.log.count(Kind::attempt_abandoned) == 1);
}

TEST_CASE("SM-10 on FC: the series sends no ABTS for a timeout, and completes nothing",
          "[conformance][fc][SM-10]") {
  for (const char* policy : {"tp8028-v3", "tp8028-v4", "tp8028-v6"}) {
    INFO(policy);
    json s = on_fc(policy, 2s);
    set_connect(s, "keep_alive_tmo", "5s");
    s["subsystems"][0]["profile"] = "nvmet-tp8028";
    s["subsystems"][0]["ccr_event_lost"] = true;  // so that the fence stands for a while
    s["faults"] = json::array({short_blackhole()});
    Run run(s);
    run.until(9500ms);
    const TimePoint fenced = run.log.first(Kind::fence_started).at;
    CHECK(after_start(fenced) == 5s);
    REQUIRE(state_of(run, 0) == host::State::fencing);
    CHECK(run.log.count(Kind::request_timeout) >= 3);  // at 5, 7 and 9 s, each armed again
    CHECK(run.log.count(Kind::iu_sent, unit(Iu::abts) && with("side", 0)) == 0);
    CHECK(run.log.count(Kind::attempt_abandoned) == 0);
  }
}
