// SPDX-License-Identifier: Apache-2.0
// What releases of Linux do differently at a host (protocol.md 16), and what 7.2 counts.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr std::uint64_t host_path_error = 0x370;

json with_kernel(const char* kernel, int paths = 1) {
  json s = scenario_with(paths);
  s["hosts"][0]["kernel"] = kernel;
  return s;
}

json reset_at(Duration at) {
  return {{"type", "reset_controller"}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
}

json kill_sockets(Duration at) {
  return {{"type", "kill_sockets"}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
}

/// One write each 100 ms.
json steady_writes() { return fio({{"rw", "randwrite"}, {"rate_iops", 10}, {"iodepth", 64}}); }

/// From the first packet of a reconnect to LIVE.
Duration reconnect_time(const char* kernel, const char* transport, int cpus) {
  json s = with_kernel(kernel);
  s["fabric"]["transport"] = transport;
  s["hosts"][0]["cpus"] = cpus;
  set_connect(s, "io_queue_time", "26ms");
  s["faults"] = json::array({reset_at(10s)});
  Run run(s);
  run.until(40s);
  REQUIRE(run.log.count(Kind::connected) == 2);
  return run.log.last(Kind::connected).at - run.log.last(Kind::connect_attempt).at;
}

/// The only path is lost at 12 s and removed after two attempts.
json losing_its_last_path(const char* removal) {
  json s = with_kernel("7.2");
  s["hosts"][0]["delayed_removal_secs"] = removal;
  set_connect(s, "ctrl_loss_tmo", "4s");
  set_connect(s, "reconnect_delay", "2s");
  s["workloads"] = json::array({steady_writes()});
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  return s;
}

}  // namespace

TEST_CASE("TR-5 sockets are closed two ticks after the cancel up to 6.12, from 7.2 on with it",
          "[conformance][TR-5]") {
  const auto resets_after_cancel = [](const char* kernel) {
    json s = with_kernel(kernel);
    s["faults"] = json::array({blackhole("h1-s1", 12s)});
    s["faults"][0]["direction"] = "backward";
    Run run(s, true);
    run.until(24s);
    const TimePoint cancelled = run.log.first(Kind::requests_cancelled).at;
    std::vector<Duration> out;
    for (const Entry& e : run.log.all(Kind::packet_hop, since(cancelled))) {
      constexpr std::uint64_t rst = 8;
      if (e["channel"] == 0 && (e["head"] >> 40 & rst) != 0)
        out.push_back(e.at - cancelled);
    }
    return out;
  };
  for (const char* kernel : {"7.2", "7.3"}) {
    INFO(kernel);
    for (const Duration after : resets_after_cancel(kernel))
      CHECK(after < 10us);
  }
  const auto deferred = resets_after_cancel("6.12");
  CHECK(deferred.size() == 2);
  for (const Duration after : deferred)
    CHECK(after >= 8ms);
}

TEST_CASE("TR-6 rdma sets its I/O queues up one after the other, from 7.3 on all at once",
          "[conformance][TR-6]") {
  // Each takes 26 ms of processor time.
  CHECK(reconnect_time("6.12", "rdma", 8) - reconnect_time("6.12", "rdma", 1) >= 7 * 26ms);
  CHECK(reconnect_time("7.2", "rdma", 8) - reconnect_time("7.2", "rdma", 1) >= 7 * 26ms);
  CHECK(reconnect_time("7.3", "rdma", 8) - reconnect_time("7.3", "rdma", 1) < few_round_trips);
  CHECK(reconnect_time("7.3", "tcp", 8) - reconnect_time("7.3", "tcp", 1) >= 7 * 26ms);
}

TEST_CASE("an attempt ends with one failure when queues that are set up at once all fail",
          "[conformance][TR-6]") {
  json s = with_kernel("7.3");
  s["fabric"]["transport"] = "rdma";
  s["hosts"][0]["cpus"] = 4;
  set_connect(s, "io_queue_time", "26ms");
  s["faults"] = json::array({reset_at(10s)});
  Run run = run_to(Run(s).until(9s), Kind::queue_opened, with("qid", 4));
  const TimePoint opened = run.world.now();
  add_blackhole(run.world, 0, opened);
  // The connection manager tries for 77.8 s.
  run.advance(85s);
  CHECK(run.log.count(Kind::connect_failed, since(opened)) == 1);
  CHECK(run.log.count(Kind::reconnect_scheduled, since(opened)) == 1);
}

TEST_CASE("TR-3 Linux 6.1 sends two SYNs, unless the fabric says otherwise",
          "[conformance][TR-3]") {
  json s = with_kernel("6.1");
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  const auto waits = [](const json& scenario) {
    Run run(scenario, true);
    run.until(40s);
    const TimePoint attempt = run.log.first(Kind::connect_attempt, since(sim::epoch + 12s)).at;
    const TimePoint failed = run.log.first(Kind::connect_failed).at;
    return std::pair(run.log.count(Kind::tcp_timeout, since(attempt) && before(failed + 1ns)),
                     failed - attempt);
  };
  // 1 s and then 2 s; and three times 1 s.
  CHECK(waits(s) == std::pair<std::size_t, Duration>(2, 3s));
  s["fabric"]["syn_attempts"] = 3;
  CHECK(waits(s).first == 3);
}

TEST_CASE("the 10 s for ICResp go through the timer wheel", "[conformance][TM-1]") {
  // Connected in tick 750 of 4 ms: due in tick 3,250, which lies in the bucket of 64 ticks that is
  // run at tick 3,264.
  json s = scenario_with(1);
  s["hosts"][0]["hz"] = "250";
  set_connect(s, "at", "3s");
  Run run = run_to(Run(s), Kind::tcp_state, with("state", 3) && with("side", 0));
  REQUIRE(run.world.now() < sim::epoch + 3004ms);
  add_blackhole(run.world, 0, run.world.now());
  run.until(20s);
  CHECK(run.log.first(Kind::connect_failed).at == sim::epoch + 13056ms);
}

TEST_CASE("MP-3 a device that outlives its last path lets I/O wait for another one",
          "[conformance][MP-3]") {
  SECTION("I/O fails with the path, or so many seconds later") {
    const bool outlives = GENERATE(false, true);
    Run run(losing_its_last_path(outlives ? "20s" : "0s"));
    run.until(60s);
    const TimePoint removed = run.log.first(Kind::controller_removed).at;
    const auto failed = run.log.all(Kind::app_complete, with("status", host_path_error));
    REQUIRE_FALSE(failed.empty());
    CHECK(failed.front().at == removed + (outlives ? 20s : 0s));
  }
  SECTION("a path that comes in time takes it") {
    json s = losing_its_last_path("20s");
    json other = scenario_with(2);
    s["fabric"]["links"] = other["fabric"]["links"];
    s["subsystems"][0]["ports"] = other["subsystems"][0]["ports"];
    json connect = s["hosts"][0]["connect"][0];
    connect["port"] = "a1";
    connect["at"] = "40s";
    s["hosts"][0]["connect"].push_back(connect);
    Run run(s);
    run.until(60s);
    const TimePoint removed = run.log.first(Kind::controller_removed).at;
    REQUIRE(removed > sim::epoch + 20s);
    REQUIRE(removed < sim::epoch + 40s);
    CHECK(run.log.count(Kind::app_complete, with("status", host_path_error)) == 0);
    CHECK(run.log.count(Kind::app_complete, since(sim::epoch + 40s)) > 200);
  }
}

TEST_CASE("SM-6 while every path is fencing, such a device queues I/O", "[conformance][SM-6]") {
  const bool outlives = GENERATE(false, true);
  json s = with_kernel("7.2");
  s["hosts"][0]["policy"] = "tp8028-v6";
  s["hosts"][0]["delayed_removal_secs"] = outlives ? "1s" : "0s";
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["workloads"] = json::array({steady_writes()});
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  s["faults"][0]["for"] = "5s";
  Run run(s);
  run.until(90s);
  const TimePoint fencing = run.log.first(Kind::fence_started).at;
  const TimePoint released = run.log.first(Kind::hold_ended).at;
  const auto within = since(fencing) && before(released);
  const auto failed = within && with("status", host_path_error);
  CHECK((run.log.count(Kind::app_complete, failed) == 0) == outlives);
  CHECK((run.log.count(Kind::io_requeued, within) != 0) == outlives);
  // What was queued goes out when the path is back; the job ends with its first error.
  if (outlives)
    CHECK(run.log.count(Kind::app_complete, since(released)) > 100);
}

TEST_CASE("MP-4 timeouts of one controller are its own", "[conformance][MP-4]") {
  // Both paths die at 3 s. A reset of each at 3.1 s has a Property Set that nobody answers: 60 s
  // over the one, 2.5 s over the other.
  json s = with_kernel("7.2", 2);
  s["hosts"][0]["connect"][1]["admin_timeout"] = "2500ms";
  s["faults"] = {blackhole("h1-s1", 3s), blackhole("h1-s2", 3s)};
  for (const char* controller : {"nvme0", "nvme1"})
    s["faults"].push_back({{"type", "reset_controller"},
                           {"at", "3100ms"},
                           {"host", "h1"},
                           {"controller", controller}});
  Run run(s);
  run.until(80s);
  CHECK(run.log.first(Kind::request_timeout, with("controller", 1)).at == sim::epoch + 5600ms);
  CHECK(run.log.first(Kind::request_timeout, with("controller", 0)).at == sim::epoch + 63100ms);
}

TEST_CASE("CQT-9 another CQT ends all controllers of the subsystem, the same one none",
          "[conformance][CQT-9]") {
  json s = with_kernel("7.2", 2);
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["workloads"] = json::array({steady_writes()});
  s["faults"] = json::array(
      {{{"type", "set_attr_cqt"}, {"at", "3s"}, {"subsystem", "sub"}, {"value", "1s"}},
       {{"type", "set_attr_cqt"}, {"at", "5s"}, {"subsystem", "sub"}, {"value", "65535ms"}}});
  Run run(s);
  run.until(30s);
  CHECK(run.log.count(Kind::recovery_started, before(sim::epoch + 5s)) == 0);
  CHECK(run.log.count(Kind::recovery_started) == 2);
  CHECK(run.log.first(Kind::recovery_started).at - (sim::epoch + 5s) < few_round_trips);
  // Each host reads it anew when it is back.
  for (const std::uint32_t i : {0U, 1U}) {
    CHECK(run.log.count(Kind::connected, with("controller", i)) == 2);
    CHECK(run.world.host.controllers[i].cqt_ms == 65535);
  }
}

TEST_CASE("diagnostic counters count what 7.2 counts", "[conformance][counters]") {
  json s = with_kernel("7.2", 2);
  s["subsystems"][0]["namespaces"][0]["media"] = {{"write", "50ms"}};
  s["workloads"] =
      json::array({fio({{"rw", "randwrite"}, {"iodepth", 4}, {"start", "1s"}, {"size", "16MiB"}})});
  // Four writes are out over two paths when the sockets of one are destroyed; two of them move.
  s["faults"] = json::array({kill_sockets(10s)});
  Run run(s);
  run.until(30s);
  const host::Controller& hit = run.world.host.controllers[0];
  CHECK(hit.counters.reset_count == 1);
  CHECK(hit.counters.reconnect_count == 1);
  CHECK(run.world.host.controllers[1].counters.reset_count == 0);
  const host::Head& head = run.world.host.heads[0];
  const auto abandoned = run.log.count(Kind::attempt_abandoned);
  CHECK(abandoned == 2);
  CHECK(head.paths[0].counters.multipath_failover_count == abandoned);
  CHECK(head.paths[0].counters.command_error_count == abandoned);
  CHECK(head.paths[0].counters.command_retries_count == 0);
  CHECK(head.paths[1].counters.command_error_count == 0);
  CHECK(head.counters.io_fail_no_available_path_count == 0);
}

TEST_CASE("counters of a device count what waits for a path and what finds none",
          "[conformance][counters]") {
  Run run(losing_its_last_path("0s"));
  run.until(60s);
  const host::HeadCounters& counters = run.world.host.heads[0].counters;
  CHECK(counters.io_requeue_no_usable_path_count == run.log.count(Kind::io_requeued));
  CHECK(counters.io_requeue_no_usable_path_count > 0);
  CHECK(counters.io_fail_no_available_path_count ==
        run.log.count(Kind::app_complete, with("status", host_path_error)));
  // Two attempts, both in vain; the reset is that of the recovery.
  CHECK(run.world.host.controllers[0].counters.reset_count == 1);
  CHECK(run.world.host.controllers[0].counters.reconnect_count == 2);
}
