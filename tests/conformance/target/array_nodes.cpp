// SPDX-License-Identifier: Apache-2.0
// Nodes of an array: a crash forgets, a hang resumes with what it had, a partition keeps a
// Cross-Controller Reset away from the impacted controller.
#include "models/target/internal.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// One node for each path, n1 with controller 1, and so on. 100 ms per write.
json array_with(int paths, const char* policy) {
  json s = scenario_with(paths);
  json& sub = s["subsystems"][0];
  sub["profile"] = "array";
  for (int i = 0; i < paths; ++i) {
    sub["nodes"].push_back(
        {{"name", "n" + std::to_string(i + 1)}, {"ports", {"a" + std::to_string(i)}}});
  }
  sub["namespaces"][0]["media"] = {{"write", "100ms"}};
  s["hosts"][0]["policy"] = policy;
  return s;
}

json node_fault(const char* state, Duration at, Duration lasts, const char* node = "n1") {
  return {{"type", "node"},     {"at", text(at)}, {"for", text(lasts)},
          {"subsystem", "sub"}, {"node", node},   {"state", state}};
}

/// rw_test from 200 ms on; its second write is in controller 1 from 300 to 400 ms.
json with_rw_test(json s, const json& fault, Duration sleep_before_read) {
  s["workloads"] = json::array({rw_test_once(sleep_before_read)});
  s["workloads"][0]["start"] = "200ms";
  s["faults"] = json::array({fault});
  return s;
}

constexpr TimePoint struck = sim::epoch + 350ms;

}  // namespace

TEST_CASE("a crash takes along what executes, without a word to the host", "[conformance][array]") {
  Run run(with_rw_test(array_with(2, "linux-mainline"), node_fault("crash", 350ms, 30s), 5s));
  run.until(20s);
  const Entry lost =
      run.log.last(Kind::command_fetched, with("cntlid", 1) && with("opcode", 1) && before(struck));
  CHECK(run.log.count(Kind::media_write, with("token", lost["token"])) == 0);
  CHECK(run.log.first(Kind::controller_freed).at == struck);
  // No FIN and no RST: the host notices by its own timer (2 = a request's timeout).
  const Entry noticed = run.log.first(Kind::recovery_started);
  CHECK(noticed.at > struck + 5s);
  CHECK(run.log.count(Kind::request_timeout) > 0);
  CHECK(run.log.count(Kind::stale_write) == 0);
  run.until(60s);
  // The node is back, empty, and so is a new controller on it.
  CHECK(run.world.host.controllers[0].state == host::State::live);
  CHECK(run.log.last(Kind::controller_ready).at > struck + 30s);
  CHECK(run.world.target.requests.live() == 0);
  CHECK(run.world.workload.jobs[0].finished);
}

TEST_CASE("a crash also ends what outlived its controller", "[conformance][array]") {
  json s = array_with(2, "linux-mainline");
  s["subsystems"][0]["in_flight"] = "ignore";
  s["workloads"] = json::array({rw_test_once(20s)});
  s["faults"] = json::array({fopcode_write(10s), node_fault("crash", 1s, 5s)});
  Run run(s);
  run.until(30s);
  const Entry delayed = run.log.first(Kind::command_delayed);
  CHECK(run.log.first(Kind::controller_freed).at < sim::epoch + 1s);
  CHECK(run.log.count(Kind::media_write, with("token", delayed["token"])) == 0);
  CHECK(run.log.count(Kind::stale_write) == 0);
}

TEST_CASE("CCR-3 the controllers of a node that crashed are gone", "[conformance][array]") {
  Run run(with_rw_test(array_with(2, "spec"), node_fault("crash", 350ms, 30s), 5s));
  run.until(20s);
  const Entry asked = run.log.first(Kind::ccr_requested);
  CHECK(asked["status"] == 0);
  CHECK(asked["immediate"] == 1);
}

TEST_CASE("a short hang costs its length and nothing else", "[conformance][array]") {
  json s = array_with(2, "linux-mainline");
  s["workloads"] = json::array({fio({{"rate_iops", 100}, {"iodepth", 16}, {"size", "1MiB"}})});
  s["faults"] = json::array({node_fault("hang", 2s, 1s)});
  Run run(s);
  run.until(10s);
  const Filter hung = since(sim::epoch + 2s + 1ns) && before(sim::epoch + 3s);
  CHECK(run.log.count(Kind::command_fetched, with("cntlid", 1) && hung) == 0);
  CHECK(run.log.count(Kind::media_write, with("cntlid", 1) && hung) == 0);
  CHECK(run.log.count(Kind::media_write, with("cntlid", 2) && hung) > 0);
  const auto held = run.log.all(Kind::command_held);
  REQUIRE_FALSE(held.empty());
  // In the order in which it came in, and in the instant in which the node goes on.
  const auto taken =
      run.log.all(Kind::command_fetched, with("cntlid", 1) && since(sim::epoch + 3s));
  REQUIRE(taken.size() > held.size());
  for (std::size_t i = 0; i < held.size(); ++i) {
    CHECK(taken[i].at == sim::epoch + 3s);
    CHECK(taken[i]["cid"] == held[i]["cid"]);
    CHECK(taken[i]["qid"] == held[i]["qid"]);
  }
  CHECK(run.log.count(Kind::recovery_started) == 0);
  CHECK(run.log.count(Kind::tcp_timeout) == 0);
  for (const Entry& e : run.log.all(Kind::app_complete))
    CHECK(e["status"] == 0);
}

TEST_CASE("a node that hung executes its stale write, unless it looks at its timers first",
          "[conformance][array]") {
  struct Row {
    const char* policy;
    const char* resumes;
    Duration lasts;
    std::size_t stale;
  };
  // KATO 5 s: a controller that hung for 9 s has expired by the clock, and its quiesce time (at
  // most 1 s) is over too. Fencing makes a Cross-Controller Reset safe whatever the node does.
  const Row rows[] = {
      {"linux-mainline", "executes_first", 9s, 1}, {"linux-mainline", "expires_first", 9s, 0},
      {"spec", "executes_first", 9s, 0},           {"spec", "executes_first", 60s, 0},
      {"cqt-only", "executes_first", 9s, 0},       {"cqt-only", "executes_first", 60s, 1},
      {"cqt-only", "expires_first", 60s, 0}};
  for (const Row& row : rows) {
    INFO(row.policy << " " << row.resumes << " " << row.lasts.count());
    json s = with_rw_test(array_with(2, row.policy), node_fault("hang", 350ms, row.lasts), 80s);
    s["subsystems"][0]["hang_resumes"] = row.resumes;
    Run run(s);
    run.until(150s);
    CHECK(run.log.count(Kind::stale_write) == row.stale);
    REQUIRE(run.world.workload.jobs[0].finished);
    CHECK(rw_test_failed(run.world) == (row.stale != 0));
    CHECK(run.world.target.requests.live() == 0);
    CHECK(run.world.host.controllers[0].state == host::State::live);
  }
}

TEST_CASE("a node that looks at its clock first expires exactly what would have expired",
          "[conformance][array]") {
  // Traffic based, KATT 5 s. The last command of controller 1 is the Keep Alive just before the
  // hang, so that the windows are known: one more window, then expiry 10 s after it.
  for (const auto& [lasts, expires] : {std::pair{9s, false}, {11s, true}}) {
    json s = array_with(2, "cqt-only");
    set_keep_alive(s, analysis::KeepAlive::traffic_based, 5s);
    s["subsystems"][0]["hang_resumes"] = "expires_first";
    Run base(s);
    base.until(12s);
    const TimePoint last = base.log.last(Kind::command_fetched, with("cntlid", 1)).at;
    base.advance(1ms);
    REQUIRE(base.world.now() - last < 1250ms);
    target::fail_node(base.world, target::NodeId{0}, target::NodeState::hung);
    base.until(last + lasts);
    target::restore_node(base.world, target::NodeId{0}, target::NodeState::hung);
    CHECK(base.log.count(Kind::keep_alive_expired) == (expires ? 1u : 0u));
  }
}

TEST_CASE("Cross-Controller Reset of a node that cannot be reached fails, waits or fences",
          "[conformance][array][CCR-7]") {
  // The path is cut as well, so that the host has a reason; the write of 40 s stays in n1. Traffic
  // based the host notices after 7.5 s, before the controller expires.
  for (const char* what : {"fails", "waits", "fences"}) {
    INFO(what);
    json s = array_with(2, "spec");
    s["subsystems"][0]["traffic_based_keep_alive"] = true;
    s["subsystems"][0]["unreachable_ccr"] = what;
    s["subsystems"][0]["fence_time"] = "700ms";
    s["workloads"] = json::array({rw_test_once(60s)});
    s["workloads"][0]["start"] = "50ms";
    json slow = fopcode_write(40s);
    slow["type"] = "delay_command";
    s["faults"] = {slow, node_fault("partition", 150ms, 8850ms), blackhole("h1-s1", 200ms)};
    Run run(s);
    run.until(9500ms);
    const Entry delayed = run.log.first(Kind::command_delayed);
    const auto asked = run.log.all(Kind::ccr_requested);
    REQUIRE(asked.size() == 1);
    const std::string how = what;
    CHECK(asked[0]["status"] == (how == "fails" ? wire::raw(wire::StatusCode::internal_error) : 0));
    if (how == "fences") {
      const Entry completed = run.log.first(Kind::ccr_completed);
      CHECK(completed.at == asked[0].at + 700ms);
      CHECK(run.log.first(Kind::controller_fatal)["cause"] ==
            static_cast<std::uint64_t>(target::cause_fenced));
    } else if (how == "waits") {
      const Entry fatal = run.log.first(Kind::controller_fatal);
      CHECK(fatal.at == sim::epoch + 9s);
      CHECK(fatal["cause"] == static_cast<std::uint64_t>(target::cause_reset));
    } else {
      CHECK(run.log.count(Kind::ccr_completed) == 0);
      CHECK(run.log.count(Kind::ccr_failed) == 1);
    }
    run.until(120s);
    CHECK(run.log.count(Kind::media_write, with("token", delayed["token"])) == 0);
    CHECK(run.log.count(Kind::stale_write) == 0);
  }
}

TEST_CASE("a reset that waits for a hung node is done before it goes on", "[conformance][array]") {
  json s = with_rw_test(array_with(2, "spec"), node_fault("hang", 350ms, 9s), 60s);
  s["subsystems"][0]["unreachable_ccr"] = "waits";
  for (const auto& [resumes, landed] : {std::pair{"expires_first", 0u}, {"executes_first", 1u}}) {
    s["subsystems"][0]["hang_resumes"] = resumes;
    // The quiesce time is over long ago: it counts from when the controller should have expired.
    Run run(s);
    run.until(60s);
    const Entry held = run.log.last(Kind::command_fetched,
                                    with("cntlid", 1) && with("opcode", 1) && before(struck));
    const auto writes = run.log.all(Kind::media_write, with("token", held["token"]));
    CHECK(writes.size() == landed);
    // Either way the completion comes after it, and the retry after that.
    const Entry completed = run.log.first(Kind::ccr_completed);
    CHECK(completed.at == struck + 9s);
    CHECK(run.log.count(Kind::stale_write) == 0);
  }
}

TEST_CASE("a source controller that is cut off fences nobody", "[conformance][array]") {
  json s = with_rw_test(array_with(2, "spec"), node_fault("partition", 100ms, 60s, "n2"), 5s);
  s["subsystems"][0]["traffic_based_keep_alive"] = true;
  s["faults"].push_back(blackhole("h1-s1", 350ms));
  Run run(s);
  run.until(30s);
  CHECK(run.log.first(Kind::ccr_requested)["status"] ==
        wire::raw(wire::StatusCode::internal_error));
  CHECK(run.log.count(Kind::ccr_completed) == 0);
}
