// SPDX-License-Identifier: Apache-2.0
// MP-1, MP-2: Asymmetric Namespace Access from the target's port to the host's path selection (log
// page 0Ch, its notice, 301h to 303h, ANATT; protocol.md 6.2), with the failover and failback of
// blktests nvme/057.
#include "models/target/internal.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using wire::AnaState;

namespace {

constexpr target::SubsystemId sub{0};

json begins(const char* port, const char* state) { return {{"port", port}, {"state", state}}; }

json ana_change(Duration at, const char* port, const char* state) {
  return {{"type", "ana_change"},
          {"at", text(at)},
          {"subsystem", "sub"},
          {"port", port},
          {"state", state}};
}

/// `paths` paths with one I/O every 10 ms from 1 s on.
json busy(int paths) {
  json s = scenario_with(paths);
  s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 100}})});
  return s;
}

std::size_t attempts(const Run& run, std::uint64_t controller, TimePoint from, TimePoint to) {
  return run.log.count(Kind::attempt_sent,
                       with("controller", controller) && since(from) && before(to));
}

TimePoint at(Duration d) { return sim::epoch + d; }

target::ControllerId target_controller(const World& w, std::uint16_t cntlid) {
  return target::find_controller(w, sub, cntlid);
}

}  // namespace

TEST_CASE("MP-2 round-robin ignores a non-optimized path while an optimized one is usable",
          "[conformance][MP-2]") {
  json s = busy(3);
  s["subsystems"][0]["ana_states"] = json::array({begins("a1", "non-optimized")});
  Run run(s);
  run.until(10s);
  REQUIRE(run.log.count(Kind::attempt_sent) > 100);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 1)) == 0);
  add_blackhole(run.world, 0, run.world.now());
  add_blackhole(run.world, 4, run.world.now());
  run.until(25s);
  REQUIRE(run.log.count(Kind::requests_cancelled) == 2);
  const TimePoint both = run.log.last(Kind::requests_cancelled).at;
  const auto after = run.log.all(Kind::attempt_sent, since(both));
  REQUIRE(after.size() > 100);
  for (const Entry& e : after)
    CHECK(e["controller"] == 1);
}

TEST_CASE("MP-2 a path in state inaccessible, persistent loss or change is never used",
          "[conformance][MP-2]") {
  for (const char* state : {"inaccessible", "persistent-loss", "change"}) {
    for (const char* policy : {"numa", "round-robin", "queue-depth"}) {
      json s = busy(2);
      s["hosts"][0]["iopolicy"] = policy;
      s["subsystems"][0]["ana_states"] = json::array({begins("a0", state)});
      Run run(s);
      run.until(3s);
      REQUIRE(run.log.count(Kind::attempt_sent) > 100);
      CHECK(run.log.count(Kind::attempt_sent, with("controller", 0)) == 0);
    }
  }
}

TEST_CASE("MP-2 a group other than 1 is inaccessible at a port until its state is set",
          "[conformance][MP-2]") {
  json s = busy(2);
  s["subsystems"][0]["namespaces"][0]["ana_group"] = 7;
  json change = ana_change(2s, "a1", "optimized");
  change["group"] = 7;
  s["faults"] = json::array({change});
  Run run(s);
  run.until(2s);
  CHECK(run.log.count(Kind::attempt_sent) == 0);
  CHECK(run.log.count(Kind::io_requeued) > 0);  // LIVE paths exist, so I/O waits for them
  run.until(3s);
  CHECK(attempts(run, 0, at(0s), at(3s)) == 0);
  CHECK(attempts(run, 1, at(2s), at(3s)) > 50);
  CHECK(run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; }) == 0);
}

TEST_CASE("MP-1 a command that meets 301h, 302h or 303h fails over and has the ANA log read again",
          "[conformance][MP-1]") {
  struct Case {
    AnaState state;
    std::uint64_t status;
  };
  for (const Case one : {Case{AnaState::persistent_loss, 0x301},
                         Case{AnaState::inaccessible, 0x302}, Case{AnaState::change, 0x303}}) {
    json s = busy(2);
    // The first path is long: a round trip of 20 ms against one I/O per ms.
    s["fabric"]["links"][0]["delay"] = "10ms";
    s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 1000}, {"iodepth", 64}})});
    Run run(s);
    run.until(2s);
    // The state changes and nobody is told.
    const transport::PortId port = run.world.target.subsystems[0].ports[0];
    const std::size_t reads = run.log.count(Kind::ana_log_read, with("controller", 0));
    target::init_ana_state(run.world, sub, {port, 1, one.state});
    run.until(3s);
    const Entry first = run.log.first(Kind::attempt_abandoned);
    CHECK(first["status"] == one.status);
    CHECK(first.at - at(2s) < 30ms);
    // From the first such answer on the path is out of use, before the log has been read.
    const Entry read = run.log.last(Kind::ana_log_read, with("controller", 0));
    CHECK(read.at - first.at >= 20ms);
    CHECK(attempts(run, 0, first.at, at(3s)) == 0);
    CHECK(attempts(run, 1, first.at, at(3s)) > 500);
    // The answers of one round trip ask for the log, but one read serves those that come meanwhile.
    CHECK(run.log.count(Kind::ana_log_read, with("controller", 0)) - reads == 2);
    for (const Entry& e : run.log.all(Kind::attempt_abandoned))
      CHECK(e["status"] == one.status);
    CHECK(run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; }) == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    // An answer settles the attempt: it cannot land any more.
    CHECK(run.world.oracle.exposure.intervals == 0);
    CHECK(run.log.count(Kind::stale_write) == 0);
  }
}

TEST_CASE("MP-1 a command that is refused for its ANA state is no sign of life",
          "[conformance][MP-1]") {
  // nvmet_req_init: what parsing rejects does not set reset_tbkas.
  Run run(scenario_with(1));
  run.until(1s);
  const target::ControllerId id = target_controller(run.world, 1);
  const transport::PortId port = run.world.target.subsystems[0].ports[0];
  target::Controller& c = run.world.target.controllers[id];
  const auto send = [&] {
    c.traffic_seen = false;
    wire::BlockRange range;
    range.nsid = 1;
    range.blocks = 1;
    const transport::TargetOwner queue{sim::index(c.queues[1])};
    run.world.transport.target.command(run.world, queue, wire::make_read(0, range, 4096), {});
    return run.world.target.controllers[id].traffic_seen;
  };
  CHECK(send());
  target::init_ana_state(run.world, sub, {port, 1, AnaState::inaccessible});
  CHECK_FALSE(send());
}

TEST_CASE("MP-2 a notice goes to the hosts of the port, once until the log page is read",
          "[conformance][MP-2]") {
  json s = scenario_with(2);
  s["fabric"]["links"][2]["delay"] = "10ms";
  // The second change comes while the host has not read the log for the first one.
  s["faults"] = {ana_change(2s, "a1", "non-optimized"), ana_change(2s + 1ms, "a1", "inaccessible"),
                 ana_change(3s, "a1", "optimized")};
  Run run(s);
  run.until(2s + 15ms);
  REQUIRE(run.log.count(Kind::event_sent) == 1);
  const Entry event = run.log.first(Kind::event_sent);
  CHECK(event["dw0"] == 0x000c0302);
  CHECK(event["cntlid"] == 2);
  CHECK(event.at == at(2s));
  run.until(2900ms);
  CHECK(run.log.count(Kind::event_sent) == 1);
  // One read tells the last state, and the change count of both.
  const Entry read = run.log.last(Kind::ana_log_read);
  CHECK(read["controller"] == 1);
  CHECK(read["change_count"] == 2);
  CHECK(run.world.host.heads[0].paths[1].ana == AnaState::inaccessible);
  CHECK(run.world.host.heads[0].paths[0].ana == AnaState::optimized);
  run.until(4s);
  CHECK(run.log.count(Kind::event_sent, with("cntlid", 2)) == 2);
  CHECK(run.log.count(Kind::event_sent, with("cntlid", 1)) == 0);
  CHECK(run.world.host.heads[0].paths[1].ana == AnaState::optimized);
}

TEST_CASE("MP-2 a reader that retains the event leaves the notice masked", "[conformance][MP-2]") {
  Run run(scenario_with(1));
  run.until(1s);
  const target::ControllerId id = target_controller(run.world, 1);
  std::uint32_t& masked = run.world.target.controllers[id].events_masked;
  std::vector<std::byte> page(128);
  wire::GetLogPage request;
  masked = wire::aec_ana_change | wire::aec_cross_controller_reset;
  request.retain_async_event = true;
  target::ana_log_page(run.world, id, page, request);
  CHECK((masked & wire::aec_ana_change) != 0);
  request.retain_async_event = false;
  target::ana_log_page(run.world, id, page, request);
  CHECK(masked == wire::aec_cross_controller_reset);
}

TEST_CASE("MP-2 the ANA log tells the states of the reader's port, by group, NSIDs ascending",
          "[conformance][MP-2]") {
  json s = scenario_with(2);
  s["subsystems"][0]["namespaces"] = json::array();
  for (const auto& [nsid, group] : {std::pair{9, 3}, {2, 1}, {5, 3}})
    s["subsystems"][0]["namespaces"].push_back(
        {{"nsid", nsid}, {"ana_group", group}, {"size", "1MiB"}});
  json third = begins("a1", "persistent-loss");
  third["group"] = 3;
  s["subsystems"][0]["ana_states"] = {third, begins("a1", "non-optimized")};
  Run run(s);
  run.until(1s);
  const auto page_of = [&](std::uint16_t cntlid, std::uint8_t lsp, std::size_t bytes) {
    std::vector<std::byte> page(bytes);
    wire::GetLogPage request;
    request.lsp = lsp;
    target::ana_log_page(run.world, target_controller(run.world, cntlid), page, request);
    return page;
  };
  // Header 16; group 1 with NSID 2; group 3 with NSIDs 5 and 9: 16 + 36 + 40 = 92 bytes.
  const auto page = page_of(2, 0, 92);
  wire::AnaLogReader log(page);
  REQUIRE(log.groups() == 2);
  const auto first = log.next();
  REQUIRE(first.has_value());
  CHECK(first->group_id == 1);
  CHECK(first->state == AnaState::non_optimized);
  CHECK(log.nsid(0) == 2);
  const auto second = log.next();
  REQUIRE(second.has_value());
  CHECK(second->group_id == 3);
  CHECK(second->state == AnaState::persistent_loss);
  CHECK(second->namespaces == 2);
  CHECK(log.nsid(0) == 5);
  CHECK(log.nsid(1) == 9);
  // At the other port nothing was said: the default group optimized, the other one inaccessible.
  const auto other = page_of(1, wire::ana_lsp_groups_only, 16 + 32 + 32);
  wire::AnaLogReader there(other);
  CHECK(there.next()->state == AnaState::optimized);
  const auto last = there.next();
  CHECK(last->state == AnaState::inaccessible);
  CHECK(last->namespaces == 0);
}

TEST_CASE("MP-2 a group that stays in change for 2 x ANATT resets its controller",
          "[conformance][MP-2]") {
  json s = busy(2);
  s["subsystems"][0]["anatt"] = "4s";
  s["faults"] = json::array({ana_change(5s, "a0", "change")});
  Run run(s);
  run.until(22s);
  const Entry read = run.log.last(Kind::ana_log_read, with("controller", 0) && before(at(6s)));
  CHECK(read["in_change"] == 1);
  CHECK(read.at - at(5s) < few_round_trips);
  const auto fired = run.log.all(Kind::anatt_timeout);
  REQUIRE(fired.size() == 2);
  CHECK(fired[0]["controller"] == 0);
  CHECK(fired[0].at == read.at + 8s);
  CHECK(run.log.first(Kind::controller_state, with("controller", 0) && with("to", 5)).at ==
        fired[0].at);  // RESETTING
  // A reset reconnects at once, and set-up reads the log again: the next 2 x ANATT.
  const Entry again =
      run.log.first(Kind::ana_log_read, with("controller", 0) && since(fired[0].at));
  CHECK(again.at - fired[0].at < 20ms);
  const Entry last = run.log.last(Kind::ana_log_read, with("controller", 0) && before(fired[1].at));
  CHECK(fired[1].at == last.at + 8s);
  CHECK(attempts(run, 0, at(5s) + few_round_trips, at(22s)) == 0);
  CHECK(run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; }) == 0);
}

TEST_CASE("MP-2 each read that finds a group in change starts 2 x ANATT anew, one without ends it",
          "[conformance][MP-2]") {
  json s = busy(2);
  s["subsystems"][0]["anatt"] = "4s";
  SECTION("anew") {
    s["faults"] = {ana_change(5s, "a0", "change"), ana_change(10s, "a0", "change")};
    Run run(s);
    run.until(20s);
    const Entry second = run.log.last(Kind::ana_log_read, with("controller", 0) && before(at(11s)));
    CHECK(second.at - at(10s) < few_round_trips);
    CHECK(run.log.first(Kind::anatt_timeout).at == second.at + 8s);
  }
  SECTION("ended") {
    s["faults"] = {ana_change(5s, "a0", "change"), ana_change(12900ms, "a0", "non-optimized")};
    Run run(s);
    run.until(30s);
    CHECK(run.log.count(Kind::anatt_timeout) == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
  }
  SECTION("a controller that is deleted has no timer") {
    s["faults"] = {
        ana_change(5s, "a0", "change"),
        {{"type", "delete_controller"}, {"at", "9s"}, {"host", "h1"}, {"controller", "nvme0"}}};
    Run run(s);
    run.until(20s);
    CHECK(run.log.count(Kind::anatt_timeout) == 0);
  }
}

TEST_CASE("MP-2 what changed between the log read of set-up and LIVE is read after the scan",
          "[conformance][MP-2]") {
  json s = scenario_with(1);
  s["fabric"]["links"][0]["delay"] = "10ms";
  Run probe(s);
  probe.until(2s);
  // Set-up reads the log; the host asks for events only after LIVE. nvmet has them on before that,
  // and keeps the notice until there is a request for it (3.9).
  const TimePoint live = probe.log.first(Kind::connected).at;
  REQUIRE(probe.log.count(Kind::ana_log_read, before(live)) == 1);
  s["faults"] = json::array({ana_change(live - sim::epoch, "a0", "non-optimized")});
  for (const bool on : {false, true}) {
    s["subsystems"][0]["notices_on"] = on;
    Run run(s);
    run.until(2s);
    CHECK(run.log.count(Kind::event_sent) == (on ? 1 : 0));
    CHECK(run.world.host.heads[0].paths[0].ana == AnaState::non_optimized);
  }
}

TEST_CASE("CCR-8 an inaccessible path is a source controller like any other",
          "[conformance][CCR-8]") {
  json s = scenario_with(3);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["subsystems"][0]["ana_states"] = json::array({begins("a1", "inaccessible")});
  s["hosts"][0]["policy"] = "tp8028-v3";
  s["workloads"] = json::array({rw_test_once(20s)});
  s["faults"] = json::array({fopcode_write(1s)});
  Run run(s);
  run.until(15s);
  const Entry asked = run.log.first(Kind::ccr_attempt);
  CHECK(asked["controller"] == 0);
  CHECK(asked["source"] == 1);
  CHECK(run.log.first(Kind::ccr_succeeded)["source"] == 1);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 1)) == 0);
}

TEST_CASE("nvme/057 ANA failover and failback over four ports loses no I/O",
          "[conformance][MP-1][MP-2]") {
  for (const char* policy : {"numa", "round-robin", "queue-depth"}) {
    json s = scenario_with(4);
    s["hosts"][0]["iopolicy"] = policy;
    // Ports 0 and 1 serve, 2 and 3 stand by; then the other way round; then back.
    s["subsystems"][0]["ana_states"] = {begins("a2", "inaccessible"), begins("a3", "inaccessible")};
    s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 500}, {"iodepth", 8}})});
    for (const char* port : {"a0", "a1"})
      s["faults"].push_back(ana_change(5s, port, "inaccessible"));
    for (const char* port : {"a2", "a3"})
      s["faults"].push_back(ana_change(5s + 500ms, port, "optimized"));
    for (const char* port : {"a2", "a3"})
      s["faults"].push_back(ana_change(10s, port, "inaccessible"));
    for (const char* port : {"a0", "a1"})
      s["faults"].push_back(ana_change(10s + 500ms, port, "optimized"));
    Run run(s);
    run.until(15s);
    INFO(policy);
    CHECK(run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; }) == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    CHECK(run.log.count(Kind::stale_write) + run.log.count(Kind::stale_read) == 0);
    const auto through = [&](std::uint64_t first, TimePoint from, TimePoint to) {
      return attempts(run, first, from, to) + attempts(run, first + 1, from, to);
    };
    const TimePoint failed_over = at(5s + 500ms) + few_round_trips;
    const TimePoint failed_back = at(10s + 500ms) + few_round_trips;
    CHECK(through(2, at(0s), at(5s)) == 0);
    CHECK(through(0, at(1s), at(5s)) > 1500);
    // With no path to use I/O waits, and goes on when one is there.
    CHECK(through(0, at(5s) + few_round_trips, at(5s + 500ms)) == 0);
    CHECK(through(2, at(5s) + few_round_trips, at(5s + 500ms)) == 0);
    CHECK(through(0, failed_over, at(10s)) == 0);
    CHECK(through(2, failed_over, at(10s)) > 1500);
    CHECK(through(2, failed_back, at(15s)) == 0);
    CHECK(through(0, failed_back, at(15s)) > 1500);
  }
}

TEST_CASE("MP-2 numa goes back to the nearest path when it is optimized again",
          "[conformance][MP-2]") {
  // nvme_mpath_set_live looks for the nearest path although the present one would do.
  json s = busy(2);
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["connect"][1]["numa_node"] = 1;
  s["faults"] = {ana_change(3s, "a0", "non-optimized"), ana_change(6s, "a0", "optimized")};
  Run run(s);
  run.until(9s);
  CHECK(attempts(run, 1, at(1s), at(3s)) == 0);
  CHECK(attempts(run, 0, at(3s) + few_round_trips, at(6s)) == 0);
  CHECK(attempts(run, 1, at(6s) + few_round_trips, at(9s)) == 0);
  CHECK(attempts(run, 0, at(6s) + few_round_trips, at(9s)) > 100);
}
