// SPDX-License-Identifier: Apache-2.0
// NVMe/RDMA as a whole (protocol.md 7.2): the corruption and the hold as on TCP, detection
// by the queue pair, removal of an adapter (4.8), and data that comes too late (9.2).
#include <set>

#include "models/host/host.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json on_rdma(int paths, const std::string& policy) {
  json s = scenario_with(paths);
  s["fabric"]["transport"] = "rdma";
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy;
  return s;
}

json slow(const char* opcode, Duration delay) {
  return {{"type", "delay_command"}, {"at", "50ms"},     {"subsystem", "sub"},
          {"controller", 1},         {"opcode", opcode}, {"delay", text(delay)}};
}

json removed(Duration at) {
  return {{"type", "hca_removed"}, {"at", text(at)}, {"host", "h1"}, {"link", "h1-s1"}};
}

}  // namespace

TEST_CASE("on rdma a delayed write of a lost controller corrupts without a hold, and only then",
          "[conformance][ABA-1][rdma]") {
  for (const Duration delay : {10ms, 2000ms, 14000ms}) {
    for (const auto& [policy, stale] : {std::pair{"linux-mainline", 1u}, {"cqt-only", 0u}}) {
      INFO(policy << " " << delay.count());
      json s = on_rdma(2, policy);
      s["workloads"] = json::array({rw_test_once(100s)});
      s["faults"] = json::array({fopcode_write(delay)});
      Run run(s);
      run.until(150s);
      REQUIRE(run.world.workload.jobs[0].finished);
      CHECK(run.log.count(Kind::stale_write) == stale);
      CHECK(rw_test_failed(run.world) == (stale != 0));
      const Duration exposure = oracle::exposure_until(run.world.oracle, run.world.now()).longest;
      CHECK(exposure <= (stale != 0 ? delay + 1ms : 0ns));
      CHECK(exposure >= (stale != 0 ? delay - 1ms : 0ns));
    }
  }
}

TEST_CASE("on rdma a dead path breaks the queue pair, and the hold covers what was in flight",
          "[conformance][CQT-3][rdma]") {
  json s = on_rdma(2, "cqt-only");
  s["workloads"] = json::array({fio({{"rate_iops", 200}, {"iodepth", 8}})});
  s["faults"] = json::array({blackhole("h1-s1", 10s)});
  Run run(s);
  run.until(60s);
  const TimePoint fault = sim::epoch + 10s;
  const TimePoint noticed = run.log.first(Kind::recovery_started).at;
  const TimePoint over = run.log.first(Kind::hold_ended).at;
  // The first SEND that is lost has eight time-outs of 4.096 us x 2^17, long before KATO is over.
  const TimePoint lost = run.log.first(Kind::attempt_sent, of_first() && since(fault)).at;
  CHECK(noticed == lost + 8 * rdma::ib_timeout(17));
  CHECK(over == noticed + 15001ms);
  std::set<std::uint64_t> held;
  for (const Entry& e : run.log.all(Kind::attempt_sent, of_first() && before(over)))
    held.insert(op_of(e));
  for (const Entry& e : run.log.all(Kind::attempt_done, of_first() && before(over)))
    held.erase(op_of(e));
  REQUIRE(held.size() == 8);
  for (const std::uint64_t op : held) {
    const auto sent =
        run.log.all(Kind::attempt_sent, [&](const Entry& e) { return op_of(e) == op; });
    REQUIRE(sent.size() == 2);
    CHECK(sent[1]["controller"] == 1);
    CHECK(sent[1].at >= over);
    CHECK(run.log.first(Kind::app_complete, with("op", op)).at >= over);
  }
  CHECK(run.log.count(Kind::attempt_abandoned, before(over)) == 0);
}

TEST_CASE("on rdma nothing of a stopped queue pair comes later", "[conformance][rdma]") {
  // The way is cut from 10 s to 20 s; mainline gives up in between. TCP would deliver the old
  // commands if its sockets lived on; a queue pair flushes them when it is stopped.
  json s = on_rdma(2, "linux-mainline");
  s["workloads"] = json::array({fio({{"rate_iops", 200}, {"iodepth", 8}, {"rw", "randwrite"}})});
  s["faults"] = json::array({blackhole("h1-s1", 10s)});
  s["faults"][0]["for"] = "10s";
  Run run(s);
  run.until(60s);
  CHECK(run.log.count(Kind::requests_cancelled, of_first()) == 1);
  CHECK(run.log.count(Kind::connected, of_first()) == 2);
  const TimePoint cancelled = run.log.first(Kind::requests_cancelled, of_first()).at;
  std::set<std::uint64_t> given_up;
  for (const Entry& e : run.log.all(Kind::attempt_abandoned))
    given_up.insert(e["token"]);
  CHECK(given_up.size() == 8);
  CHECK(run.log.count(
            Kind::command_fetched, since(cancelled) && [&](const Entry& e) {
              return given_up.count(e["token"]) != 0;
            }) == 0);
  // Each of them is settled when its stream runs dry, so nothing is exposed for long.
  CHECK(oracle::exposure_until(run.world.oracle, run.world.now()).longest == 0ns);
  CHECK(run.world.oracle.abandoned.first == sim::none<oracle::AttemptId>);
}

TEST_CASE("removal of an adapter re-opens the hole in every posted generation",
          "[conformance][ABA-4][rdma]") {
  for (const char* policy :
       {"linux-mainline", "tp4129-rfc1", "tp8028-rfc1", "tp8028-v2", "tp8028-v3", "tp8028-v4",
        "tp8028-v6", "cqt-only", "ccr+cqt+filter", "spec"}) {
    INFO(policy);
    json s = on_rdma(2, policy);
    s["workloads"] = json::array({rw_test_once(60s)});
    s["faults"] = {slow("write", 2s), removed(200ms)};
    Run run(s);
    run.until(100s);
    // Mainline as it was measured waits for the write; then there is nothing that could be sent
    // elsewhere.
    const bool drains = std::string(policy) == "linux-mainline";
    const bool closed = std::string(policy) == "spec" || drains;
    CHECK(run.log.count(Kind::stale_write) == (closed ? 0 : 1));
    CHECK(run.log.count(Kind::stale_read) == (closed ? 0 : 1));
    const TimePoint given_up = run.log.first(Kind::requests_cancelled, of_first()).at;
    const TimePoint landed = run.log.first(Kind::media_write, with("cntlid", 1)).at;
    CHECK((given_up < sim::epoch + 201ms) == !closed);
    CHECK((given_up >= landed) == closed);
    // The controller behind the other adapter stays.
    CHECK(run.log.count(Kind::controller_removed) == 1);
    CHECK(run.log.count(Kind::controller_removed, of_first()) == 1);
    CHECK(run.world.host.controllers[1].state == host::State::live);
  }
}

TEST_CASE("rdma and fc wait for a grace period where tcp does not",
          "[conformance][rdma][fc][TM-1]") {
  // Both machines count ticks of 4 ms from the beginning. The timeout work fires at a tick; where
  // the tag set does not block it acts 3 ticks later: one to be noticed, one to wait, one of the
  // wheel. So does the quiesce of the I/O queues of rdma that follows.
  std::vector<TimePoint> noticed;
  for (const char* transport : {"tcp", "rdma", "fc"}) {
    INFO(transport);
    json s = on_rdma(2, "linux-mainline");
    s["fabric"]["transport"] = transport;
    s["fabric"]["retries_for_ever"] = true;
    set_connect(s, "keep_alive_tmo", "120s");
    s["subsystems"][0].update({{"hz", "250"}, {"tick_phase", "0s"}});
    s["hosts"][0].update({{"hz", "250"}, {"tick_phase", "0s"}});
    s["workloads"] = json::array({fio({{"rate_iops", 1}})});
    s["faults"] = json::array({blackhole("h1-s1", 9500ms)});
    Run run(s);
    run.until(60s);
    noticed.push_back(run.log.first(Kind::request_timeout, of_first()).at);
    if (std::string(transport) == "fc")
      continue;
    const TimePoint began = run.log.first(Kind::recovery_started, of_first()).at;
    CHECK(began == noticed.back());
    const bool waits = std::string(transport) == "rdma";
    CHECK(run.log.first(Kind::requests_cancelled, of_first()).at == began + (waits ? 12ms : 0ms));
  }
  CHECK(noticed[1] == noticed[0] + 12ms);
  CHECK(noticed[2] == noticed[0] + 12ms);
}

TEST_CASE("late data lands only when requests are cancelled before the queue pair is stopped",
          "[conformance][rdma]") {
  for (const bool drains : {true, false}) {
    // A reset at 1.2 s cancels the second read, whose data is placed at 1.203 s.
    json s = on_rdma(2, "linux-mainline");
    s["hosts"][0]["rdma_drains_queue_pair"] = drains;
    s["workloads"] = json::array({fio({{"rw", "randread"}, {"rate_iops", 1}})});
    s["faults"] = {
        slow("read", 103ms),
        {{"type", "reset_controller"}, {"at", "1200ms"}, {"host", "h1"}, {"controller", "nvme0"}}};
    Run run(s);
    run.until(10s);
    REQUIRE(run.log.count(Kind::command_delayed) == 1);
    REQUIRE(run.log.count(Kind::attempt_abandoned, of_first()) == 1);
    CHECK(run.log.count(Kind::late_data) == (drains ? 0 : 1));
    CHECK(run.log.count(Kind::connected, of_first()) == 2);
  }
}

TEST_CASE("on rdma in-capsule data is limited to one page unless the target says otherwise",
          "[conformance][rdma]") {
  for (const auto& [inline_size, in_capsule] :
       {std::pair{"", 4096u}, {"16KiB", 16384u}, {"0B", 0u}}) {
    json s = on_rdma(1, "linux-mainline");
    if (*inline_size != 0)
      s["subsystems"][0]["inline_data_size"] = inline_size;
    Run run(s);
    run.until(1s);
    CHECK(run.world.host.controllers[0].in_capsule_bytes == in_capsule);
  }
  Run tcp(scenario_with(1));
  tcp.until(1s);
  CHECK(tcp.world.host.controllers[0].in_capsule_bytes == 16384);
}
