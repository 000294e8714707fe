// SPDX-License-Identifier: Apache-2.0
// Reconnecting: the cadence of attempts, when a host gives up, when queued I/O starts to fail, and
// which CNTLID a new association gets (protocol.md 5.1, 5.2, 5.4).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr std::uint64_t timed_out = 110;
constexpr std::uint64_t host_path_error = 0x370;

TimePoint connecting_at(const RecordLog& log) {
  return log
      .first(Kind::controller_state, with("controller", 0) &&
                                         with("from", static_cast<int>(host::State::resetting)) &&
                                         with("to", static_cast<int>(host::State::connecting)))
      .at;
}

}  // namespace

TEST_CASE("attempts against a dead path are reconnect_delay + 3 s apart",
          "[conformance][reconnect]") {
  for (const Duration delay : {1s, 10s, 25s}) {
    json s = scenario_with(1);
    set_connect(s, "reconnect_delay", text(delay));
    s["faults"] = json::array({blackhole("h1-s1", 12s)});
    Run run(s);
    run.until(300s);
    const TimePoint connecting = connecting_at(run.log);
    const auto attempts = run.log.all(Kind::connect_attempt, since(connecting));
    const auto failures = run.log.all(Kind::connect_failed, since(connecting));
    CHECK(analysis::reconnect_cadence(delay) == delay + 3s);
    REQUIRE(failures.size() >= 9);
    for (std::size_t i = 0; i < failures.size(); ++i) {
      // The first one, too, waits for reconnect_delay.
      CHECK(attempts[i].at == connecting + delay + static_cast<int>(i) * (delay + 3s));
      CHECK(attempts[i]["attempt"] == i + 1);
      CHECK(failures[i].at == attempts[i].at + 3s);
      CHECK(failures[i]["error"] == timed_out);
    }
  }
}

TEST_CASE("the path is back with the first attempt after it heals", "[conformance][reconnect]") {
  json s = scenario_with(1);
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  s["faults"][0]["for"] = "60s";
  Run run(s);
  run.until(120s);
  const Entry connected = run.log.last(Kind::connected);
  const auto attempts = run.log.all(Kind::connect_attempt, since(sim::epoch + 72s));
  // An attempt in the third second of whose wait the path heals needs its next SYN first.
  const auto success =
      attempts.front().at - 3s < sim::epoch + 72s && connected.at < attempts.front().at
          ? run.log.last(Kind::connect_attempt, before(connected.at))
          : attempts.front();
  CHECK(connected.at - success.at < 3s);
  CHECK(connected["attempt"] == success["attempt"]);
  CHECK(run.world.host.controllers[0].state == host::State::live);
  CHECK(run.world.host.controllers[0].attempts == 0);
}

TEST_CASE("a host gives up after ceil(ctrl_loss_tmo / reconnect_delay) attempts",
          "[conformance][reconnect]") {
  struct Row {
    Duration loss, delay;
    int attempts;
  };
  const Row rows[] = {{60s, 10s, 6}, {61s, 10s, 7}, {5s, 2s, 3}, {0s, 10s, 0}};
  for (const Row& row : rows) {
    json s = scenario_with(1);
    set_connect(s, "ctrl_loss_tmo", text(row.loss));
    set_connect(s, "reconnect_delay", text(row.delay));
    s["workloads"] = json::array({fio({{"rate_iops", 20}, {"iodepth", 2}})});
    s["faults"] = json::array({blackhole("h1-s1", 12s)});
    Run run(s);
    run.until(300s);
    CHECK(analysis::max_reconnects(row.loss, row.delay) == row.attempts);
    const TimePoint connecting = connecting_at(run.log);
    CHECK(run.log.count(Kind::connect_attempt, since(connecting)) ==
          static_cast<std::size_t>(row.attempts));
    const Entry removed = run.log.first(Kind::controller_removed);
    CHECK(removed.at == connecting + row.attempts * (row.delay + 3s));
    // I/O had waited for the path to come back; now there is none to wait for.
    const auto failed = run.log.all(Kind::app_complete, since(connecting));
    REQUIRE_FALSE(failed.empty());
    for (const Entry& e : failed) {
      CHECK(e.at == removed.at);
      CHECK(e["status"] == host_path_error);
    }
  }
}

TEST_CASE("ctrl_loss_tmo off never gives up", "[conformance][reconnect]") {
  json s = scenario_with(1);
  set_connect(s, "ctrl_loss_tmo", "off");
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  Run run(s);
  run.until(5000s);
  CHECK(run.log.count(Kind::controller_removed) == 0);
  CHECK(run.log.count(Kind::connect_failed) > 370);
}

TEST_CASE("fast_io_fail_tmo fails queued I/O, and new I/O from then on",
          "[conformance][reconnect]") {
  json s = scenario_with(1);
  set_connect(s, "fast_io_fail_tmo", "4s");
  s["workloads"] = {fio({{"rate_iops", 20}, {"iodepth", 2}}),
                    fio({{"start", "40s"}, {"runtime", "1s"}})};
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  Run run(s);
  run.until(60s);
  const TimePoint connecting = connecting_at(run.log);
  const auto failed = run.log.all(Kind::app_complete, since(connecting));
  REQUIRE(failed.size() == 3);
  CHECK(failed[0].at == connecting + 4s);
  CHECK(failed[1].at == connecting + 4s);
  CHECK(failed[2].at == sim::epoch + 40s);
  for (const Entry& e : failed)
    CHECK(e["status"] == host_path_error);
  // Failing I/O does not end the controller.
  CHECK(run.log.count(Kind::controller_removed) == 0);
}

TEST_CASE("fast_io_fail_tmo spares I/O that comes back in time", "[conformance][reconnect]") {
  json s = scenario_with(1);
  set_connect(s, "fast_io_fail_tmo", "30s");
  s["workloads"] = json::array({fio({{"rate_iops", 20}, {"iodepth", 2}})});
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  s["faults"][0]["for"] = "10s";
  Run run(s);
  run.until(100s);
  REQUIRE(run.log.count(Kind::connected) == 2);
  for (const Entry& e : run.log.all(Kind::app_complete))
    CHECK(e["status"] == 0);
}

TEST_CASE("a new association gets the lowest free CNTLID, and a draining one keeps its own",
          "[conformance][reconnect]") {
  // The fatal write holds controller 1 for `delay`; the host comes back after 10 s.
  for (const auto& [delay, cntlid] : {std::pair<Duration, unsigned>{2s, 1}, {30s, 3}}) {
    json s = scenario_with(2);
    s["workloads"] = json::array({fio({{"rate_iops", 20}, {"rw", "randwrite"}})});
    s["faults"] = json::array({fopcode_write(delay, 5s)});
    Run run(s);
    run.until(60s);
    const auto first = run.log.all(Kind::connected, before(sim::epoch + 1s));
    REQUIRE(first.size() == 2);
    CHECK(first[0]["cntlid"] == 1);
    CHECK(first[1]["cntlid"] == 2);
    const Entry again = run.log.last(Kind::connected);
    CHECK(again["controller"] == 0);
    CHECK(again["cntlid"] == cntlid);
    const Entry freed = run.log.first(Kind::controller_freed, with("cntlid", 1));
    CHECK((freed.at < again.at) == (cntlid == 1));
  }
}

TEST_CASE(
    "when every CNTLID is taken the Connect fails with DNR and the host removes the controller",
    "[conformance][reconnect]") {
  // Range 1..2: controller 1 drains for 30 s, so the reconnect after 10 s finds no number
  // (Connect Controller Busy 181h with DNR, nvmet_alloc_ctrl).
  json s = scenario_with(2);
  s["subsystems"][0]["attr_cntlid_max"] = 2;
  s["workloads"] = json::array({fio({{"rate_iops", 20}, {"rw", "randwrite"}})});
  s["faults"] = json::array({fopcode_write(30s, 5s)});
  Run run(s);
  run.until(60s);
  CHECK(run.log.first(Kind::connect_failed)["error"] == 0x4181);
  CHECK(run.log.count(Kind::controller_removed, with("controller", 0)) == 1);
}
