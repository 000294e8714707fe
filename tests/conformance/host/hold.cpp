// SPDX-License-Identifier: Apache-2.0
// CQT-1 to CQT-4: how long a host holds what was in flight, from when, and what the hold covers;
// SM-3 to SM-5: what FENCING does to timeouts, to new I/O and to the give-up clocks.
#include <map>
#include <set>

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

constexpr std::uint64_t host_path_error = 0x370;

/// A hold on the first path, which dies at `fault`; I/O at 200 per second, eight at a time.
json held_scenario(int paths, Duration fault, Duration cqt) {
  json s = scenario_with(paths);
  s["subsystems"][0]["attr_cqt"] = text(cqt);
  s["hosts"][0]["policy"] = "cqt-only";
  s["workloads"] = json::array({fio({{"rate_iops", 200}, {"iodepth", 8}})});
  s["faults"] = json::array({blackhole("h1-s1", fault)});
  return s;
}

}  // namespace

TEST_CASE("the hold lasts m x KATO + CQT from the start of recovery", "[conformance][CQT-1]") {
  struct Row {
    KeepAlive mode;
    Duration kato, cqt, hold;
  };
  // Worked numbers of protocol.md 2.4, and some more.
  const Row rows[] = {{KeepAlive::traffic_based, 5s, 1ms, 15001ms},
                      {KeepAlive::traffic_based, 5s, 5s, 20s},
                      {KeepAlive::command_based, 5s, 5s, 15s},
                      {KeepAlive::traffic_based, 1s, 1ms, 3001ms},
                      {KeepAlive::command_based, 1s, 1ms, 2001ms},
                      {KeepAlive::traffic_based, 30s, 65535ms, 155535ms},
                      {KeepAlive::command_based, 15s, 100ms, 30100ms}};
  for (const Row& row : rows) {
    CHECK(analysis::hold_time(row.mode, row.kato, row.cqt) == row.hold);
    const Duration fault = 2 * row.kato + 130ms;
    json s = held_scenario(1, fault, row.cqt);
    set_keep_alive(s, row.mode, row.kato);
    Run run(s);
    run.until(fault + 2 * row.kato + row.hold);
    const Entry started = run.log.first(Kind::recovery_started);
    CHECK(started.at > sim::epoch + fault);
    const Entry fence = run.log.first(Kind::fence_started);
    CHECK(fence.at == started.at);
    CHECK(fence["hold_ns"] == static_cast<std::uint64_t>(row.hold.count()));
    CHECK(run.log.first(Kind::hold_ended).at == started.at + row.hold);
    CHECK(run.log.first(Kind::requests_cancelled).at == started.at + row.hold);
  }
}

TEST_CASE("a multiplier that is set by hand replaces 2 or 3", "[conformance][CQT-1]") {
  for (const int m : {1, 2, 5}) {
    json s = held_scenario(1, 2s, 250ms);
    set_keep_alive(s, KeepAlive::traffic_based, 1s);
    s["hosts"][0]["policy"] = {{"preset", "cqt-only"}, {"hold_multiplier", m}};
    Run run(s);
    run.until(20s);
    const Duration held =
        run.log.first(Kind::hold_ended).at - run.log.first(Kind::recovery_started).at;
    CHECK(held == m * 1s + 250ms);
  }
}

TEST_CASE("CQT 0 means no hold, m x KATO, or an administrator's value", "[conformance][CQT-2]") {
  struct Row {
    json policy;
    Duration hold;
  };
  // The rules of v3, of the first TP4129 series, and of the specification with its 10 s example.
  const Row rows[] = {
      {"cqt-only", 0s},
      {{{"preset", "cqt-only"}, {"cqt_zero", "hold"}}, 15s},
      {{{"preset", "cqt-only"}, {"cqt_zero", "hold"}, {"cqt_when_zero", "10s"}}, 25s}};
  for (const Row& row : rows) {
    json s = held_scenario(2, 10s, 0s);
    s["hosts"][0]["policy"] = row.policy;
    Run run(s);
    run.until(60s);
    const Entry started = run.log.first(Kind::recovery_started);
    CHECK(run.log.first(Kind::requests_cancelled).at == started.at + row.hold);
    // With or without a wait, the way leads through FENCING and FENCED.
    const auto states =
        run.log.all(Kind::controller_state, with("controller", 0) && since(started.at));
    CHECK(states[0]["to"] == static_cast<std::uint64_t>(host::State::fencing));
    CHECK(states[1]["to"] == static_cast<std::uint64_t>(host::State::fenced));
    CHECK(states[2]["to"] == static_cast<std::uint64_t>(host::State::resetting));
    CHECK(states[3]["to"] == static_cast<std::uint64_t>(host::State::connecting));
  }
  json mainline = held_scenario(2, 10s, 5s);
  mainline["hosts"][0]["policy"] = "linux-mainline";
  Run run(mainline);
  run.until(60s);
  CHECK(run.log.count(Kind::fence_started) == 0);
  CHECK(run.log.first(Kind::requests_cancelled).at == run.log.first(Kind::recovery_started).at);
}

TEST_CASE("nothing that was in flight moves before the hold is over", "[conformance][CQT-3]") {
  Run run(held_scenario(2, 10s, 1s));
  run.until(60s);
  const TimePoint over = run.log.first(Kind::hold_ended).at;
  const TimePoint fault = sim::epoch + 10s;
  // Attempts that were sent over the first path and not answered.
  std::set<std::uint64_t> held;
  for (const Entry& e : run.log.all(Kind::attempt_sent, with("controller", 0) && before(over)))
    held.insert(op_of(e));
  for (const Entry& e : run.log.all(Kind::attempt_done, with("controller", 0) && before(over)))
    held.erase(op_of(e));
  REQUIRE(held.size() == 8);
  const auto about = [&](const Entry& e) { return held.count(e["op"]) != 0; };
  for (const std::uint64_t op : held) {
    const auto sent =
        run.log.all(Kind::attempt_sent, [&](const Entry& e) { return op_of(e) == op; });
    REQUIRE(sent.size() == 2);
    CHECK(sent[0]["controller"] == 0);
    CHECK(sent[1]["controller"] == 1);
    CHECK(sent[1].at >= over);
  }
  for (const Entry& e : run.log.all(Kind::app_complete, about)) {
    CHECK(e.at >= over);
    CHECK(e["status"] == 0);
  }
  CHECK(run.log.count(Kind::app_complete, about) == 8);
  CHECK(run.log.count(Kind::attempt_abandoned, before(over) && since(fault)) == 0);
}

TEST_CASE("I/O that arrives during FENCING takes the other path at once", "[conformance][CQT-4]") {
  json s = held_scenario(2, 10s, 1s);
  s["workloads"].push_back(fio({{"start", "20s"}, {"runtime", "1s"}, {"rate_iops", 100}}));
  Run run(s);
  run.until(60s);
  REQUIRE(run.log.first(Kind::fence_started).at < sim::epoch + 20s);
  REQUIRE(run.log.first(Kind::hold_ended).at > sim::epoch + 21s);
  const auto late = run.log.all(Kind::app_submit, with("job", 1));
  REQUIRE(late.size() == 100);
  for (const Entry& e : late) {
    const Entry sent =
        run.log.first(Kind::attempt_sent, [&](const Entry& a) { return op_of(a) == e["op"]; });
    CHECK(sent.at == e.at);
    CHECK(sent["controller"] == 1);
    const Entry done = run.log.first(Kind::app_complete, with("op", e["op"]));
    CHECK(done["status"] == 0);
    CHECK(done.at - e.at < 1ms);
  }
}

TEST_CASE("a path that heals while it is FENCING gets no new command", "[conformance][CQT-4]") {
  // 14 usable tags and 64 I/Os: fifty wait for a tag. An I/O timeout starts the fencing after 1 s,
  // the path is back 100 ms later, and TCP's expiry at 1.4 s delivers what it holds; the answers
  // free tags. What waited has not been sent: it must fail over (__nvme_check_ready), not go out on
  // the fenced controller.
  json s = held_scenario(2, 10s, 1s);
  set_connect(s, "queue_size", 16);
  s["hosts"][0]["io_timeout"] = "1s";
  s["workloads"] = json::array({fio({{"rate_iops", 2000}, {"iodepth", 64}})});
  Run probe(s);
  probe.until(12s);
  const TimePoint fence = probe.log.first(Kind::fence_started).at;
  s["faults"][0]["for"] = text(fence - (sim::epoch + 10s) + 100ms);
  Run run(s);
  run.until(60s);
  REQUIRE(run.log.first(Kind::fence_started).at == fence);
  const TimePoint over = run.log.first(Kind::hold_ended).at;
  const auto fenced = [&](Kind kind) {
    return run.log.count(kind, with("controller", 0) && since(fence) && before(over));
  };
  CHECK(fenced(Kind::attempt_done) > 0);
  CHECK(fenced(Kind::attempt_sent) == 0);
  for (const Entry& e : run.log.all(Kind::app_complete))
    CHECK(e["status"] == 0);
}

TEST_CASE("a request that times out while FENCING is armed again and nothing else",
          "[conformance][SM-3]") {
  json s = held_scenario(2, 10s, 1s);
  s["hosts"][0]["io_timeout"] = "6500ms";
  s["workloads"] = json::array({fio({{"rate_iops", 4}, {"iodepth", 1}, {"rw", "randwrite"}})});
  Run run(s);
  run.until(60s);
  const TimePoint over = run.log.first(Kind::hold_ended).at;
  const TimePoint fence = run.log.first(Kind::fence_started).at;
  const Filter io = with("controller", 0) && with("qid", 1) && before(over);
  const auto timeouts = run.log.all(Kind::request_timeout, io);
  const Entry stuck = run.log.last(Kind::attempt_sent, with("controller", 0) && before(over));
  // The first expiry may itself be what starts the recovery; a hold of 16 s sees two more.
  REQUIRE(timeouts.size() >= 2);
  for (std::size_t i = 0; i < timeouts.size(); ++i) {
    CHECK(timeouts[i].at == stuck.at + (static_cast<int>(i) + 1) * 6500ms);
    CHECK(timeouts[i]["cid"] == stuck["cid"]);
  }
  CHECK(timeouts.back().at > fence);
  CHECK(run.log.count(Kind::attempt_abandoned, before(over)) == 0);
  CHECK(run.log.count(Kind::recovery_started, before(over)) == 1);
  CHECK(run.log.first(Kind::attempt_abandoned).at == over);
}

TEST_CASE("when all paths are FENCING new I/O fails at once", "[conformance][SM-4]") {
  json s = held_scenario(2, 10s, 1s);
  s["faults"].push_back(blackhole("h1-s2", 10s));
  s["workloads"].push_back(fio({{"start", "20s"}, {"runtime", "1s"}}));
  Run run(s);
  run.until(22s);
  REQUIRE(run.log.count(Kind::fence_started) == 2);
  REQUIRE(run.log.count(Kind::hold_ended) == 0);
  const Entry late = run.log.first(Kind::app_submit, with("job", 1));
  const Entry failed = run.log.first(Kind::app_complete, with("op", late["op"]));
  CHECK(failed.at == late.at);
  CHECK(failed["status"] == host_path_error);
  CHECK(run.log.count(Kind::io_requeued) == 0);
  // Once the controllers are CONNECTING, I/O waits for them instead.
  json later = s;
  later["workloads"][1]["start"] = "40s";
  Run waits(later);
  waits.until(42s);
  REQUIRE(waits.log.count(Kind::hold_ended) == 2);
  CHECK(waits.log.count(Kind::app_complete, since(sim::epoch + 40s)) == 0);
  CHECK(waits.log.count(Kind::io_requeued) > 0);
}

TEST_CASE("the clocks of fast_io_fail_tmo and ctrl_loss_tmo do not run in FENCING",
          "[conformance][SM-5]") {
  json s = held_scenario(1, 10s, 1s);
  SECTION("fast_io_fail_tmo counts from CONNECTING") {
    set_connect(s, "fast_io_fail_tmo", "2s");
    Run run(s);
    run.until(60s);
    const TimePoint connecting = run.log.first(Kind::hold_ended).at;
    const auto failed = run.log.all(Kind::app_complete,
                                    [](const Entry& e) { return e["status"] == host_path_error; });
    REQUIRE(failed.size() == 8);
    for (const Entry& e : failed)
      CHECK(e.at == connecting + 2s);
  }
  SECTION("ctrl_loss_tmo is counted in attempts, the first one reconnect_delay after the hold") {
    // ceil(6 s / 2 s) = 3 attempts of 2 s + 3 s.
    set_connect(s, "ctrl_loss_tmo", "6s");
    set_connect(s, "reconnect_delay", "2s");
    Run run(s);
    run.until(80s);
    const TimePoint connecting = run.log.first(Kind::hold_ended).at;
    CHECK(run.log.first(Kind::controller_removed).at == connecting + 15s);
  }
}
