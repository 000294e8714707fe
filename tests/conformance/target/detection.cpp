// SPDX-License-Identifier: Apache-2.0
// KA-1, KA-2, KA-9: when a controller notices that its host went silent, exactly, over a sweep of
// the phase of the fault; KA-3: how it rounds KATO; KA-6, KA-7: when its timer runs, and what its
// expiry ends.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::Interval;
using analysis::KeepAlive;

namespace {

constexpr std::uint64_t keep_alive_opcode = 0x18;

json scenario_of(KeepAlive mode, Duration kato, bool busy) {
  json s = scenario_with(1);
  set_keep_alive(s, mode, kato);
  if (busy)
    s["workloads"] = json::array({fio({{"rate_iops", 100s / kato}, {"iodepth", 4}})});
  return s;
}

/// The expiry that follows from what the controller fetched, by the rules of protocol.md 1.4 and
/// nvmet_keep_alive_timer: enabling and Keep Alive restart the timer; traffic based, a window in
/// which something was fetched is followed by another.
TimePoint predicted_expiry(const RecordLog& log, KeepAlive mode, Duration katt) {
  std::vector<std::pair<TimePoint, bool>> fetched;  // when, and does it restart the timer
  for (const Entry& e : log.entries) {
    if (e.kind == Kind::controller_ready)
      fetched.emplace_back(e.at, true);
    if (e.kind == Kind::command_fetched)
      fetched.emplace_back(e.at, e["qid"] == 0 && e["opcode"] == keep_alive_opcode);
  }
  REQUIRE_FALSE(fetched.empty());
  TimePoint armed = sim::epoch;
  bool seen = false;
  for (const auto& [at, restarts] : fetched) {
    // Checks between the last command and this one.
    while (armed + katt < at && mode == KeepAlive::traffic_based && seen) {
      armed += katt;
      seen = false;
    }
    seen = true;
    if (restarts)
      armed = at;
  }
  return armed + katt * (mode == KeepAlive::traffic_based && seen ? 2 : 1);
}

struct Sweep {
  Duration shortest{};
  Duration longest{};
};

/// Cuts the path at 41 phases of a KATO and compares each expiry with the prediction. The answer
/// is the range of (expiry - last qualifying command).
Sweep sweep(KeepAlive mode, Duration kato, bool busy, bool forward, bool backward) {
  constexpr int phases = 41;
  const Interval bounds = analysis::target_expiry(mode, kato);
  Run base(scenario_of(mode, kato, busy));
  Sweep result{10 * kato, Duration{}};
  for (int i = 0; i < phases; ++i) {
    base.until(2 * kato + kato * i / phases + 100us);
    Run run(base);
    add_blackhole(run.world, 0, run.world.now(), forward, backward);
    run.advance(4 * kato);
    const Filter keep_alive = with("qid", 0) && with("opcode", keep_alive_opcode);
    const Entry last = run.log.last(Kind::command_fetched,
                                    mode == KeepAlive::command_based ? keep_alive : Filter{});
    const auto expired = run.log.all(Kind::keep_alive_expired);
    INFO("kato " << kato.count() << " phase " << i << " busy " << busy);
    REQUIRE(expired.size() == 1);
    CHECK(expired[0].at == predicted_expiry(run.log, mode, kato));
    const Duration took = expired[0].at - last.at;
    CHECK(bounds.contains(took));
    if (last["opcode"] == keep_alive_opcode && last["qid"] == 0)
      CHECK(took == analysis::expiry_after_keep_alive(mode, kato));
    result.shortest = std::min(result.shortest, took);
    result.longest = std::max(result.longest, took);
  }
  return result;
}

/// After a backward fault a mainline host ends the association with a FIN that gets through, so
/// that no timer fires; that direction has a test of its own below.
void sweep_directions(KeepAlive mode, Duration kato, bool busy) {
  sweep(mode, kato, busy, true, true);
  sweep(mode, kato, busy, true, false);
}

}  // namespace

TEST_CASE("a command-based controller expires exactly K after the last Keep Alive, I/O or not",
          "[conformance][KA-1]") {
  for (const Duration kato : {1s, 5s, 15s}) {
    sweep_directions(KeepAlive::command_based, kato, false);
    sweep_directions(KeepAlive::command_based, kato, true);
  }
}

TEST_CASE("a busy traffic-based controller expires K to 2 K after the last command it fetched",
          "[conformance][KA-2]") {
  for (const Duration kato : {1s, 5s, 15s}) {
    sweep_directions(KeepAlive::traffic_based, kato, true);
    const Sweep s = sweep(KeepAlive::traffic_based, kato, true, true, true);
    // The sweep comes near both ends: a command just before a check, and one just after it. The
    // I/Os are a hundredth of KATO apart, the phases a forty-first.
    CHECK(s.shortest < kato + kato / 20);
    CHECK(s.longest > 2 * kato - kato / 20);
  }
}

TEST_CASE("nvmet expires a host that sends only Keep Alives two windows after the last one",
          "[conformance][KA-9]") {
  for (const Duration kato : {1s, 5s, 15s}) {
    const Sweep s = sweep(KeepAlive::traffic_based, kato, false, true, true);
    CHECK(s.shortest == 2 * kato);
    CHECK(s.longest == 2 * kato);
  }
}

TEST_CASE("by the specification it expires one window after the last one", "[conformance][KA-10]") {
  // An idle host looks every KATO/4. Its last Keep Alive before the loss starts an interval in
  // which nothing more is fetched.
  json s = scenario_of(KeepAlive::traffic_based, 5s, false);
  s["subsystems"][0]["keep_alive_starts_interval"] = true;
  Run run(s);
  run.until(12s);
  add_blackhole(run.world, 0, run.world.now());
  run.advance(30s);
  const Entry last = run.log.last(Kind::command_fetched,
                                  with("opcode", keep_alive_opcode) && before(sim::epoch + 12s));
  CHECK(run.log.first(Kind::keep_alive_expired).at == last.at + 5s);
  // Set Features with a KATO starts one as well: sent 300 ms after that Keep Alive, at which no
  // other one is due.
  s["faults"] = json::array({{{"type", "passthrough"},
                              {"at", text(last.at - sim::epoch + 300ms)},
                              {"host", "h1"},
                              {"controller", "nvme0"},
                              {"opcode", 9},
                              {"cdw10", 0x0f},
                              {"cdw11", 5000}}});
  Run again(s);
  again.until(last.at + 400ms);
  add_blackhole(again.world, 0, again.world.now());
  again.advance(30s);
  const Entry set = again.log.last(Kind::command_fetched, with("opcode", 9));
  REQUIRE(set.at > last.at + 300ms);
  CHECK(again.log.first(Kind::keep_alive_expired).at == set.at + 5s);
}

TEST_CASE("a controller that cannot answer lives on commands until the host stops sending",
          "[conformance][KA-2]") {
  // Backward blackhole: what the host sends arrives. A fencing host keeps its sockets for 3 K, so
  // the controller expires on its own, counted from the last command and not from the fault.
  json s = scenario_of(KeepAlive::traffic_based, 5s, false);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = "cqt-only";
  Run run(s);
  run.until(12s);
  const TimePoint fault = run.world.now();
  add_blackhole(run.world, 0, fault, false, true);
  run.advance(30s);
  const Entry last =
      run.log.last(Kind::command_fetched, with("opcode", keep_alive_opcode) && before(fault + 15s));
  CHECK(last.at > fault);
  CHECK(run.log.first(Kind::keep_alive_expired).at == last.at + 10s);
}

TEST_CASE("KATO is raised to the minimum, then rounded up to the granularity",
          "[conformance][KA-3]") {
  struct Row {
    Duration asked, minimum, kas, effective;
  };
  // nvmet: no minimum, whole seconds. SPDK: minimum and granularity of 10 s. The third and the last
  // tell "raise, then round" from "round, then raise".
  const Row rows[] = {{5s, 0s, 1s, 5s},     {5s, 10s, 10s, 10s},  {5s, 7s, 2s, 8s},
                      {12s, 10s, 10s, 20s}, {10s, 10s, 10s, 10s}, {1s, 0s, 100ms, 1s},
                      {1s, 1s, 3s, 3s},     {4s, 5s, 3s, 6s}};
  for (const Row& row : rows) {
    json s = scenario_with(1);
    set_keep_alive(s, KeepAlive::traffic_based, row.asked);
    s["subsystems"][0]["kas"] = text(row.kas);
    s["subsystems"][0]["kato_min"] = text(row.minimum);
    CHECK(analysis::effective_kato(row.asked, row.minimum, row.kas) == row.effective);
    Run run(s);
    run.until(2 * row.asked);
    const Duration effective{
        static_cast<std::int64_t>(run.log.first(Kind::controller_created)["kato_ns"])};
    CHECK(effective == row.effective);
    // The host does not read the value back: it goes on with its own (protocol.md 1.2).
    CHECK(run.world.host.controllers[0].kato == row.asked);
    add_blackhole(run.world, 0, run.world.now());
    run.advance(3 * row.effective);
    const Entry last = run.log.last(Kind::command_fetched);
    CHECK(run.log.first(Kind::keep_alive_expired).at == last.at + 2 * row.effective);
  }
}

TEST_CASE("nvmet's timer runs from Admin Connect on, not from CC.EN", "[conformance][KA-6]") {
  // The specification starts it when the controller is enabled. nvmet starts it when it allocates
  // the controller, so that a host that dies in between is cleaned up (nvmet_alloc_ctrl), and
  // starts it again in full when CC.EN is set (nvmet_start_ctrl).
  Run run(scenario_with(1));
  while (run.log.count(Kind::controller_created) == 0)
    run.advance(1us);
  const TimePoint created = run.log.first(Kind::controller_created).at;

  SECTION("a host that dies right after Connect is expired one window later") {
    // Connect came before there was a controller to mark, so no traffic is on its books.
    add_blackhole(run.world, 0, run.world.now());
    run.advance(20s);
    CHECK(run.log.count(Kind::controller_ready) == 0);
    CHECK(run.log.count(Kind::command_fetched) == 0);
    CHECK(run.log.first(Kind::keep_alive_expired).at == created + 5s);
  }
  SECTION("enabling the controller starts a full window") {
    while (run.log.count(Kind::controller_ready) == 0)
      run.advance(100ns);
    const TimePoint ready = run.log.first(Kind::controller_ready).at;
    REQUIRE(ready > created);
    add_blackhole(run.world, 0, run.world.now());
    run.advance(20s);
    CHECK(run.log.first(Kind::keep_alive_expired).at == ready + 10s);
  }
}

TEST_CASE("an expiry drops all connections of its controller and of no other",
          "[conformance][KA-7]") {
  json s = scenario_with(2);
  s["hosts"][0]["cpus"] = 3;
  Run run(s);
  run.until(12s);
  add_blackhole(run.world, 0, run.world.now());
  run.advance(10s);
  const Entry expired = run.log.first(Kind::keep_alive_expired);
  CHECK(expired["cntlid"] == 1);
  CHECK(run.log.count(Kind::keep_alive_expired) == 1);
  // CSTS.CFS, then the admin queue and three I/O queues, in accept order and at once.
  const Entry fatal = run.log.first(Kind::controller_fatal);
  CHECK(fatal["cntlid"] == 1);
  CHECK(fatal.at == expired.at);
  const auto released = run.log.all(Kind::queue_released);
  REQUIRE(released.size() == 4);
  for (std::size_t i = 0; i < released.size(); ++i) {
    CHECK(released[i].at == expired.at);
    CHECK(released[i]["cntlid"] == 1);
    CHECK(released[i]["qid"] == i);
  }
  CHECK(run.log.first(Kind::controller_freed)["cntlid"] == 1);
  CHECK(run.world.host.controllers[1].state == host::State::live);
}
