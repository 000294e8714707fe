// SPDX-License-Identifier: Apache-2.0
// MP-1, MP-2: what a completion status leads to, which path an I/O takes, and the order in which a
// failed path's I/O moves on (nvme_decide_disposition, nvme_find_path, nvme_failover_req).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr int dnr = 0x4000;

/// Two paths to a target that keeps every write for ever, so that a test can answer in its place.
json mute_scenario() {
  json s = scenario_with(2);
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"start", "1s"}, {"runtime", "1ns"}})});
  for (const int cntlid : {1, 2}) {
    s["faults"].push_back({{"type", "delay_command"},
                           {"at", "0s"},
                           {"subsystem", "sub"},
                           {"controller", cntlid},
                           {"opcode", "write"},
                           {"count", 0},
                           {"delay", "1000s"}});
  }
  return s;
}

/// Hands the host a completion for an attempt, as if it came from its transport.
void answer(Run& run, const Entry& attempt, int status, unsigned generations_back = 0) {
  const host::Controller& c = run.world.host.controllers[attempt["controller"]];
  wire::Completion completion;
  auto cid = wire::CommandId::unpack(static_cast<std::uint16_t>(attempt["cid"]));
  cid.generation = static_cast<std::uint8_t>((cid.generation - generations_back) & 0xfu);
  completion.cid = cid.packed();
  completion.status = wire::Status(static_cast<std::uint16_t>(status));
  const transport::HostOwner queue{
      static_cast<std::uint32_t>(c.first_io_queue + attempt["qid"] - 1)};
  run.world.transport.host.completed(run.world, queue, completion);
  run.advance(1ms);
}

std::vector<std::uint64_t> controllers_of(const std::vector<Entry>& attempts) {
  std::vector<std::uint64_t> ids;
  for (const Entry& e : attempts)
    ids.push_back(e["controller"]);
  return ids;
}

}  // namespace

TEST_CASE("a path-related status without DNR fails over, at once and without limit",
          "[conformance][MP-1]") {
  // All statuses of type 3.
  for (const int status : {0x300, 0x301, 0x302, 0x303, 0x360, 0x370, 0x371}) {
    Run run(mute_scenario());
    run.until(1100ms);
    REQUIRE(run.log.count(Kind::attempt_sent) == 1);
    for (int i = 0; i < 8; ++i)
      answer(run, run.log.last(Kind::attempt_sent), status);
    const auto path = controllers_of(run.log.all(Kind::attempt_sent));
    REQUIRE(path.size() == 9);
    // nvme_failover_req forgets the current path, so selection starts over with the first one: the
    // status alone does not disable a path.
    CHECK(run.log.count(Kind::attempt_abandoned) == 8);
    CHECK(run.log.count(Kind::app_complete) == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    answer(run, run.log.last(Kind::attempt_sent), 0);
    CHECK(run.log.first(Kind::app_complete)["status"] == 0);
  }
}

TEST_CASE("another status without DNR is retried five times on the same path",
          "[conformance][MP-1]") {
  for (const int status : {0x006, 0x021, 0x082, 0x280}) {
    Run run(mute_scenario());
    run.until(1100ms);
    const std::uint64_t first = run.log.first(Kind::attempt_sent)["controller"];
    for (int i = 0; i < 5; ++i) {
      answer(run, run.log.last(Kind::attempt_sent), status);
      CHECK(run.log.count(Kind::app_complete) == 0);
    }
    answer(run, run.log.last(Kind::attempt_sent), status);
    CHECK(controllers_of(run.log.all(Kind::attempt_sent)) == std::vector<std::uint64_t>(6, first));
    CHECK(run.log.first(Kind::app_complete)["status"] == static_cast<std::uint64_t>(status));
  }
}

TEST_CASE("DNR stops retry and failover alike", "[conformance][MP-1]") {
  for (const int code : {0x006, 0x080, 0x302, 0x370, 0x371}) {
    const int status = code | dnr;
    Run run(mute_scenario());
    run.until(1100ms);
    answer(run, run.log.last(Kind::attempt_sent), status);
    CHECK(run.log.count(Kind::attempt_sent) == 1);
    CHECK(run.log.first(Kind::app_complete)["status"] == static_cast<std::uint64_t>(status));
  }
}

TEST_CASE("a completion of an older use of the tag starts error recovery", "[conformance][MP-1]") {
  // The generation counter in the command id (nvme_find_rq): "genctr mismatch", "got bad
  // cqe.command_id". The request that uses the tag now must not be completed by it.
  Run run(mute_scenario());
  run.until(1100ms);
  const Entry sent = run.log.first(Kind::attempt_sent);
  answer(run, sent, 0, 1);
  CHECK(run.log.count(Kind::app_complete) == 0);
  CHECK(run.log.count(Kind::attempt_done) == 0);
  const Entry started = run.log.first(Kind::recovery_started);
  CHECK(started["controller"] == sent["controller"]);
  CHECK(run.log.first(Kind::attempt_abandoned)["status"] == 0x371);
  CHECK(run.log.last(Kind::attempt_sent)["controller"] != sent["controller"]);
}

TEST_CASE("round-robin alternates between the paths", "[conformance][MP-2]") {
  for (const int paths : {2, 3}) {
    json s = scenario_with(paths);
    s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 100}})});
    Run run(s);
    run.until(3s);
    const auto path = controllers_of(run.log.all(Kind::attempt_sent));
    REQUIRE(path.size() > 100);
    for (std::size_t i = 1; i < path.size(); ++i)
      CHECK(path[i] == (path[i - 1] + 1) % static_cast<std::uint64_t>(paths));
  }
}

TEST_CASE("numa stays on the nearest path until it is lost, then uses the next nearest",
          "[conformance][MP-2]") {
  json s = scenario_with(3);
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["connect"][0]["numa_node"] = 1;
  s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 100}})});
  s["faults"] = json::array({blackhole("h1-s2", 5s)});
  Run run(s);
  run.until(30s);
  const TimePoint moved = run.log.first(Kind::requests_cancelled).at;
  for (const Entry& e : run.log.all(Kind::attempt_sent))
    CHECK(e["controller"] == (e.at < moved ? 1u : 2u));
  // With both near paths gone, the far one is better than none.
  add_blackhole(run.world, 4, run.world.now());
  run.advance(20s);
  CHECK(run.log.last(Kind::attempt_sent)["controller"] == 0);
}

TEST_CASE("I/O of a lost path moves on in tag order, not in the order of submission",
          "[conformance][MP-1]") {
  json s = scenario_with(2);
  s["hosts"][0]["cpus"] = 2;
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", {{"uniform", {"50us", "5ms"}}}},
                                                  {"write", {{"uniform", {"50us", "5ms"}}}}};
  s["workloads"] = json::array({fio({{"start", "1s"}, {"iodepth", 16}, {"numjobs", 2}})});
  s["faults"] = json::array({blackhole("h1-s1", 3s)});
  Run run(s);
  run.until(3s);
  // The second path must stay idle enough to see the order, hence only the records of the failover.
  const TimePoint from = run.world.now();
  run.until(12s);
  const auto abandoned = run.log.all(Kind::attempt_abandoned, with("controller", 0));
  REQUIRE(abandoned.size() >= 8);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;
  std::vector<std::uint64_t> ops;
  for (const Entry& e : abandoned) {
    const Entry sent = run.log.first(Kind::attempt_sent, with("token", e["token"]));
    tags.emplace_back(sent["qid"], sent["cid"] & 0xfff);
    ops.push_back(op_of(e));
  }
  CHECK(std::is_sorted(tags.begin(), tags.end()));
  CHECK_FALSE(std::is_sorted(ops.begin(), ops.end()));
  // Resubmission takes the requeue list from its front.
  std::vector<std::uint64_t> again;
  for (const Entry& e : run.log.all(Kind::attempt_sent, since(from) && with("controller", 1))) {
    if (std::find(ops.begin(), ops.end(), op_of(e)) != ops.end())
      again.push_back(op_of(e));
  }
  CHECK(again == ops);
}
