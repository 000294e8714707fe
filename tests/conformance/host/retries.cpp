// SPDX-License-Identifier: Apache-2.0
// MP-1 end to end: the target answers commands with a status, and the host retries, delays, fails
// over or gives up (nvme_decide_disposition, nvme_retry_req; protocol.md 6.3 - 6.5). The
// queue-depth policy (6.1), which counts what is in flight, is here as well.
#include <map>

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Two paths and one write at 1 s.
json one_write() {
  json s = scenario_with(2);
  s["subsystems"][0]["crdt"] = {"100ms", "300ms", "2s"};
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"start", "1s"}, {"runtime", "1ns"}})});
  return s;
}

json answer(int cntlid, const char* status, int count, int crd = 0, bool dnr = false) {
  return {{"type", "command_status"},
          {"at", "0s"},
          {"subsystem", "sub"},
          {"controller", cntlid},
          {"opcode", "write"},
          {"status", status},
          {"crd", crd},
          {"dnr", dnr},
          {"count", count}};
}

/// The same on both controllers, so that it does not matter which path is taken first.
void answer_both(json& s, const char* status, int count, int crd = 0, bool dnr = false) {
  s["faults"].push_back(answer(1, status, count, crd, dnr));
  s["faults"].push_back(answer(2, status, count, crd, dnr));
}

}  // namespace

TEST_CASE("MP-1 a retry waits for the Command Retry Delay that the status names",
          "[conformance][MP-1]") {
  const std::array<Duration, 4> delays = {0ms, 100ms, 300ms, 2s};
  for (int crd = 0; crd < 4; ++crd) {
    json s = one_write();
    answer_both(s, "0x006", 0, crd);
    Run run(s);
    run.until(20s);
    const auto sent = run.log.all(Kind::attempt_sent);
    const auto done = run.log.all(Kind::attempt_done);
    REQUIRE(sent.size() == 6);  // nvme_max_retries is 5
    REQUIRE(done.size() == 6);
    for (std::size_t i = 1; i < sent.size(); ++i) {
      CHECK(sent[i]["controller"] == sent[0]["controller"]);
      CHECK(sent[i].at - done[i - 1].at == delays[static_cast<std::size_t>(crd)]);
    }
    const auto status = static_cast<std::uint64_t>(0x006 | crd << 11);
    CHECK(run.log.first(Kind::app_complete)["status"] == status);
    CHECK(run.log.count(Kind::media_write) == 0);
  }
}

TEST_CASE("MP-1 a retry that is answered well ends the I/O", "[conformance][MP-1]") {
  json s = one_write();
  answer_both(s, "0x082", 5, 1);
  Run run(s);
  run.until(5s);
  CHECK(run.log.count(Kind::attempt_sent) == 6);
  CHECK(run.log.first(Kind::app_complete)["status"] == 0);
  CHECK(run.log.count(Kind::media_write) == 1);
  CHECK(run.world.oracle.exposure.intervals == 0);
}

TEST_CASE("MP-1 a path error of the target moves the I/O to the other path at once",
          "[conformance][MP-1]") {
  for (const char* status : {"0x300", "0x360"}) {
    json s = one_write();
    answer_both(s, status, 1, 3);
    Run run(s);
    run.until(5s);
    const auto sent = run.log.all(Kind::attempt_sent);
    REQUIRE(sent.size() >= 2);
    const auto abandoned = run.log.all(Kind::attempt_abandoned);
    CHECK(sent[1].at == abandoned[0].at);  // no delay, whatever CRD says
    CHECK(run.log.first(Kind::app_complete)["status"] == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    CHECK(run.world.oracle.exposure.intervals == 0);
  }
}

TEST_CASE("MP-1 DNR from the target ends the I/O, path error or not", "[conformance][MP-1]") {
  for (const char* status : {"0x006", "0x302", "0x371"}) {
    json s = one_write();
    answer_both(s, status, 0, 1, true);
    Run run(s);
    run.until(5s);
    CHECK(run.log.count(Kind::attempt_sent) == 1);
    CHECK((run.log.first(Kind::app_complete)["status"] & 0x4000) != 0);
  }
}

TEST_CASE("MP-1 a failover starts the count of retries anew", "[conformance][MP-1]") {
  // Four retries, then a path error; on the path that is taken next five more.
  json s = one_write();
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["connect"][1]["numa_node"] = 1;
  s["faults"] = {answer(1, "0x006", 4), answer(1, "0x300", 1), answer(1, "0x006", 5)};
  Run run(s);
  run.until(5s);
  CHECK(run.log.count(Kind::attempt_sent) == 11);
  CHECK(run.log.first(Kind::app_complete)["status"] == 0);
}

TEST_CASE("MP-1 I/O that waits for its delay moves on if its path is gone by then",
          "[conformance][MP-1]") {
  json s = one_write();
  s["hosts"][0]["iopolicy"] = "numa";
  s["faults"] = {answer(1, "0x006", 1, 3), blackhole("h1-s1", 2s)};
  set_connect(s, "keep_alive_tmo", "1s");
  s["subsystems"][0]["crdt"] = {"0s", "0s", "20s"};
  Run run(s);
  run.until(30s);
  const auto sent = run.log.all(Kind::attempt_sent);
  REQUIRE(sent.size() == 2);
  CHECK(sent[1]["controller"] == 1);
  CHECK(sent[1].at == run.log.first(Kind::attempt_done).at + 20s);
  CHECK(run.log.first(Kind::app_complete)["status"] == 0);
}

TEST_CASE("MP-2 queue-depth sends each I/O where least is in flight", "[conformance][MP-2]") {
  json s = scenario_with(3);
  s["hosts"][0]["iopolicy"] = "queue-depth";
  s["fabric"]["links"][0]["delay"] = "1ms";
  s["fabric"]["links"][2]["delay"] = "200us";
  s["workloads"] = json::array({fio({{"start", "1s"}, {"iodepth", 16}, {"runtime", "100ms"}})});
  Run run(s);
  run.until(2s);
  std::map<std::uint64_t, std::uint64_t> depth, used;
  for (const Entry& e : run.log.entries) {
    if (e.kind == Kind::attempt_done)
      --depth[e["controller"]];
    if (e.kind != Kind::attempt_sent)
      continue;
    // The first of the shallowest in list order, which is that of the scans.
    const auto& paths = run.world.host.heads[0].paths;
    std::uint64_t best = sim::index(paths[0].controller);
    for (const host::Path& p : paths) {
      if (depth[sim::index(p.controller)] < depth[best])
        best = sim::index(p.controller);
    }
    REQUIRE(e["controller"] == best);
    ++depth[best];
    ++used[best];
  }
  // What a path gets is what it can take: the slower, the less.
  CHECK(used[0] > 0);
  CHECK(used[0] < used[1]);
  CHECK(used[1] < used[2]);
  for (const host::Controller& c : run.world.host.controllers)
    CHECK(c.active == 0);
}

TEST_CASE("MP-2 queue-depth uses the shallowest non-optimized path only when no other is usable",
          "[conformance][MP-2]") {
  json s = scenario_with(3);
  s["hosts"][0]["iopolicy"] = "queue-depth";
  s["subsystems"][0]["ana_states"] = {{{"port", "a0"}, {"state", "non-optimized"}},
                                      {{"port", "a1"}, {"state", "non-optimized"}}};
  s["workloads"] = json::array({fio({{"start", "1s"}, {"iodepth", 8}, {"rate_iops", 1000}})});
  s["faults"] = {{{"type", "ana_change"},
                  {"at", "2s"},
                  {"subsystem", "sub"},
                  {"port", "a2"},
                  {"state", "inaccessible"}}};
  Run run(s);
  run.until(2s);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 2)) ==
        run.log.count(Kind::attempt_sent));
  run.advance(1ms);
  const TimePoint moved = run.world.now();
  run.until(3s);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 2) && since(moved)) == 0);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 0) && since(moved)) > 100);
}

TEST_CASE("MP-2 the active count is kept for queue-depth only, and survives failover",
          "[conformance][MP-2]") {
  for (const char* policy : {"round-robin", "numa", "queue-depth"}) {
    json s = scenario_with(2);
    s["hosts"][0]["iopolicy"] = policy;
    // 1,000 I/Os per second that take 10 ms each: about ten in flight.
    s["subsystems"][0]["namespaces"][0]["media"] = {{"read", "10ms"}, {"write", "10ms"}};
    s["workloads"] = json::array(
        {fio({{"start", "1s"}, {"iodepth", 64}, {"rate_iops", 1000}, {"runtime", "10s"}})});
    set_connect(s, "keep_alive_tmo", "1s");
    s["faults"] = json::array({blackhole("h1-s1", 2s)});
    s["faults"][0]["for"] = "5s";
    Run run(s);
    run.until(1500ms);
    const auto& all = run.world.host.controllers;
    CHECK((all[0].active + all[1].active > 0) == (std::string(policy) == "queue-depth"));
    run.until(60s);
    CHECK(run.log.count(Kind::connected, with("controller", 0)) == 2);
    CHECK(all[0].active == 0);
    CHECK(all[1].active == 0);
  }
}
