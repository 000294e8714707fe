// SPDX-License-Identifier: Apache-2.0
// What the code and the specification say of Cross-Controller Reset in detail (protocol.md 3.2 to
// 3.12): whom nvmet finds, what its log keeps, when it sends the notice, whom a host asks first and
// what it takes for success.
#include "models/host/internal.hpp"
#include "models/target/internal.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr target::SubsystemId sub{0};

/// `paths` paths that stand, an nvmet of the series, no load.
json standing(const char* policy, int paths) {
  json s = scenario_with(paths);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["hosts"][0]["policy"] = policy;
  return s;
}

/// A write that controller 1 receives after `at` makes it fatal and stays in its backend for 2 s.
json fenced(const char* policy, int paths, Duration at = 50ms) {
  json s = standing(policy, paths);
  s["workloads"] = json::array({rw_test_once(60s)});
  s["faults"] = json::array({fopcode_write(2s, at)});
  return s;
}

target::ControllerId with_id(const Run& run, std::uint16_t cntlid) {
  return target::find_controller(run.world, sub, cntlid);
}

target::Controller& target_of(Run& run, std::uint16_t cntlid) {
  return run.world.target.controllers[with_id(run, cntlid)];
}

/// Asks controller `source` to reset `icid`, rightly named: status and DW0.
std::pair<std::uint64_t, std::uint64_t> ask(Run& run, std::uint16_t source, std::uint16_t icid) {
  const target::Controller impacted = target_of(run, icid);
  const auto& queues = target_of(run, source).queues;
  const auto admin = std::find_if(queues.begin(), queues.end(), [&](target::QueueId q) {
    return run.world.target.queues[q].qid == 0;
  });
  REQUIRE(admin != queues.end());
  const auto command = wire::make_cross_controller_reset(0, {icid, impacted.ciu, impacted.cirn});
  target::cross_controller_reset(run.world, *admin, command);
  const Entry answer = run.log.last(Kind::ccr_requested);
  return {answer["status"], answer["immediate"]};
}

const std::pair<std::uint64_t, std::uint64_t> accepted{0, 0};

std::vector<std::uint64_t> asked(const Run& run) {
  std::vector<std::uint64_t> out;
  for (const Entry& e : run.log.all(Kind::ccr_attempt))
    out.push_back(e["source"]);
  return out;
}

json property_set_cc(Duration at, const char* controller, std::uint32_t value) {
  return {{"type", "passthrough"}, {"at", text(at)}, {"host", "h1"},  {"controller", controller},
          {"opcode", 127},         {"cdw11", 20},    {"cdw12", value}};
}

}  // namespace

TEST_CASE("3.11 source controllers are asked in the order in which they connected",
          "[conformance][CCR-8][CCR-18]") {
  json s = fenced("tp8028-v3", 4, 100ms);
  // nvme1 is the last to connect, so it has CNTLID 4 and the last place in subsys->ctrls.
  s["hosts"][0]["connect"][1]["at"] = "20ms";
  SECTION("the first of them answers") {
    Run run(s);
    run.until(30s);
    CHECK(asked(run) == std::vector<std::uint64_t>{2});
    CHECK(run.log.count(Kind::ccr_succeeded) == 1);
  }
  SECTION("each is tried when those before it fail, and CNTLIDs rise") {
    s["subsystems"][0]["ccr_fails"] = true;
    Run run(s);
    run.until(30s);
    CHECK(asked(run) == std::vector<std::uint64_t>{2, 3, 1});
  }
  SECTION("who reconnects keeps its place, and its smaller CNTLID is skipped") {
    // nvme2 is reset at 50 ms and gets CNTLID 2 again; nvme3 has 3. The list stays 0, 2, 3, 1.
    s["faults"].push_back(
        {{"type", "reset_controller"}, {"at", "50ms"}, {"host", "h1"}, {"controller", "nvme2"}});
    s["subsystems"][0]["ccr_fails"] = true;
    Run run(s);
    run.until(30s);
    CHECK(asked(run) == std::vector<std::uint64_t>{2, 3, 1});
  }
}

TEST_CASE("lists of the host are in Linux's order, not in that of the file",
          "[conformance][CCR-18]") {
  json s = standing("linux-mainline", 3);
  s["hosts"][0]["connect"][0]["at"] = "30ms";
  s["hosts"][0]["connect"][2]["at"] = "20ms";
  s["subsystems"][0]["namespaces"] = {{{"nsid", 7}, {"size", "16MiB"}},
                                      {{"nsid", 3}, {"size", "16MiB"}}};
  Run run(s);
  run.until(60ms);
  const host::Host& h = run.world.host.hosts[0];
  const std::vector<host::ControllerId> connected{host::ControllerId{1}, host::ControllerId{2},
                                                  host::ControllerId{0}};
  CHECK(h.controllers == connected);
  CHECK(run.world.host.controllers[0].listed == 3);
  CHECK(run.world.host.controllers[1].listed == 1);
  // nvme_ns_add_to_ctrl_list sorts by NSID; paths lie in their head in the order of scanning.
  REQUIRE(h.heads.size() == 2);
  CHECK(host::head_of(run.world, h.heads[0]).nsid == 3);
  const auto& paths = host::head_of(run.world, h.heads[0]).paths;
  REQUIRE(paths.size() == 3);
  CHECK(paths[0].controller == host::ControllerId{1});
  CHECK(paths[2].controller == host::ControllerId{0});
}

TEST_CASE("the target lists controllers as they connected, whatever CNTLID they got",
          "[conformance][CCR-18]") {
  json s = standing("linux-mainline", 3);
  s["faults"].push_back(
      {{"type", "reset_controller"}, {"at", "50ms"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(200ms);
  std::vector<std::uint16_t> ids;
  for (const target::ControllerId id : run.world.target.subsystems[0].controllers)
    ids.push_back(run.world.target.controllers[id].cntlid);
  CHECK(ids == std::vector<std::uint16_t>{2, 3, 1});
}

TEST_CASE("3.6 nvmet resets a controller of another host if it is named rightly",
          "[conformance][CCR-11]") {
  for (const char* profile : {"nvmet-tp8028", "array"}) {
    INFO(profile);
    json s = standing("linux-mainline", 2);
    s["subsystems"][0]["profile"] = profile;
    Run run(s);
    run.until(20ms);
    target_of(run, 1).hostnqn = std::string_view("nqn.2014-08.org.nvmexpress:host:other");
    const bool compares = profile == std::string("array");
    // Not found is "already gone": Immediate Reset Successful.
    CHECK(ask(run, 2, 1) == std::pair<std::uint64_t, std::uint64_t>{0, compares ? 1 : 0});
    run.without_invariants("the host NQN was changed by hand").advance(10ms);
    CHECK(run.log.count(Kind::controller_fatal) == (compares ? 0 : 1));
  }
}

TEST_CASE("3.6 the limit is tested before the full log, and neither sets DNR",
          "[conformance][CCR-4]") {
  json s = standing("linux-mainline", 6);
  s["subsystems"][0]["ccr_delay"] = "10s";  // so that operations stay pending
  Run run(s);
  run.until(20ms);
  for (std::uint16_t impacted = 1; impacted <= 4; ++impacted)
    CHECK(ask(run, 6, impacted) == accepted);
  auto& entries = target_of(run, 6).ccr_entries;
  while (entries.size() < 511)
    entries.push_back({9, 1, sim::none<target::ControllerId>});
  CHECK(ask(run, 6, 5).first == 0x141);
  // One of the four is over: the log is as full as before.
  entries[0].impacted = sim::none<target::ControllerId>;
  CHECK(ask(run, 6, 5).first == 0x140);
  CHECK(ask(run, 6, 6).first == 0x4002);
  CHECK(ask(run, 6, 2).first == 0x413f);
}

TEST_CASE("3.2 CIU 255 is followed by 1", "[conformance][CCR-12]") {
  Run run(standing("linux-mainline", 1));
  run.until(20ms);
  target_of(run, 1).ciu = 255;
  target::renew_instance(run.world, with_id(run, 1));
  CHECK(target_of(run, 1).ciu == 1);
}

TEST_CASE("3.6 a source that becomes ready again keeps what is pending and drops the rest",
          "[conformance][CCR-13]") {
  json s = standing("linux-mainline", 3);
  // An administrator writes CC.EN = 0 and 1 behind the back of the kernel.
  s["faults"] = {property_set_cc(100ms, "nvme1", 0x460000),
                 property_set_cc(101ms, "nvme1", 0x460001)};
  Run run(s);
  run.until(90ms);
  const target::Controller before = target_of(run, 2);
  target_of(run, 2).ccr_entries = {{1, 7, sim::none<target::ControllerId>},
                                   {3, 9, with_id(run, 3)}};
  run.until(110ms);
  const target::Controller& after = target_of(run, 2);
  REQUIRE(after.cirn != before.cirn);
  REQUIRE(after.ccr_entries.size() == 1);
  CHECK(after.ccr_entries[0].icid == 3);
  CHECK(after.ready);
}

TEST_CASE("3.10 the entries of a source controller go with it, and nobody is told",
          "[conformance][CCR-13]") {
  json s = standing("tp8028-v3", 3);
  s["subsystems"][0]["ccr_delay"] = "100ms";
  Run run(s);
  run.until(20ms);
  CHECK(ask(run, 2, 3) == accepted);
  target::fatal_error(run.world, with_id(run, 2), 0);
  run.without_invariants("nobody asked for it").until(1s);
  REQUIRE(run.log.count(Kind::controller_freed, with("cntlid", 3)) == 1);
  CHECK(run.log.count(Kind::ccr_completed) == 0);
  CHECK(run.log.count(Kind::event_sent) == 0);
}

TEST_CASE("3.9 the notice is on before any Set Features, and one that omits bit 20 turns it off",
          "[conformance][CCR-14]") {
  SECTION("on from Connect on, at nvmet") {
    for (const bool nvmet : {true, false}) {
      json s = standing("linux-mainline", 1);
      s["subsystems"][0]["profile"] = nvmet ? "nvmet-tp8028" : "array";
      Run run(s);
      while (run.log.count(Kind::controller_ready) == 0)
        run.advance(1us);
      CHECK(target_of(run, 1).events_enabled == (nvmet ? 0x100900u : 0u));
    }
  }
  SECTION("off for a host that does not know it, though the entry is there") {
    json s = standing("linux-mainline", 2);
    s["faults"].push_back({{"type", "passthrough_ccr"},
                           {"at", "30ms"},
                           {"host", "h1"},
                           {"controller", "nvme0"},
                           {"source", "nvme1"}});
    Run run(s);
    run.until(100ms);
    REQUIRE(run.log.count(Kind::ccr_completed) == 1);
    CHECK(run.log.count(Kind::event_sent) == 0);
    CHECK(target_of(run, 2).ccr_entries.size() == 1);
  }
}

TEST_CASE("3.12 an entry that ended as failed is success for the RFC, and for nobody after it",
          "[conformance][CCR-15]") {
  for (const char* policy : {"tp8028-rfc1", "tp8028-v2", "tp8028-v3", "tp8028-v4", "tp8028-v6"}) {
    INFO(policy);
    json s = fenced(policy, 2);
    s["subsystems"][0]["ccr_reports_failure"] = true;
    Run run(s);
    run.until(70s);
    const Duration held =
        run.log.first(Kind::requests_cancelled).at - run.log.first(Kind::fence_started).at;
    const bool taken = policy == std::string("tp8028-rfc1");
    CHECK(run.log.count(Kind::ccr_succeeded) == (taken ? 1 : 0));
    CHECK(run.log.count(Kind::ccr_attempt_failed) == (taken ? 0 : 1));
    // The write is still in the backend of the controller that was not reset.
    const bool lets_go = taken || policy == std::string("tp8028-v4");
    CHECK(run.log.count(Kind::stale_write) == (lets_go ? 1 : 0));
    if (lets_go) {
      CHECK(held < few_round_trips);
    } else {
      CHECK(held == 3 * 5s + 1s);
    }
  }
}

TEST_CASE("3.13 a notice that comes after the wait shortens no hold", "[conformance][CCR-16]") {
  // Accepted at once, drained after 10 s; v6 waits KATO = 5 s, and then the hold ends at 15 s + 1
  // s.
  json s = standing("tp8028-v6", 2);
  s["workloads"] = json::array({rw_test_once(60s)});
  s["faults"] = json::array({fopcode_write(10s)});
  Run run(s);
  run.until(30s);
  const TimePoint start = run.log.first(Kind::fence_started).at;
  CHECK(run.log.first(Kind::ccr_attempt_failed).at - start < 5s + few_round_trips);
  CHECK(run.log.first(Kind::ccr_completed).at - start < 10s + few_round_trips);
  CHECK(run.log.first(Kind::hold_ended).at == start + 16s);
  CHECK(run.log.first(Kind::requests_cancelled).at == start + 16s);
}
