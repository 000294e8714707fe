// SPDX-License-Identifier: Apache-2.0
// Keep alive of targets other than nvmet: limits of KATO (KA-3), a watchdog that polls (KA-1 for
// SPDK), a timer that belongs to an enabled controller (KA-6), and a KATT that the host does not
// know of.
#include "models/target/internal.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

const Filter keep_alives = with("qid", 0) && with("opcode", 0x18);

json profile(const char* name, Duration kato) {
  json s = scenario_with(1);
  set_connect(s, "keep_alive_tmo", text(kato));
  s["subsystems"][0]["profile"] = name;
  return s;
}

/// The target takes an admin command as if the host had sent it; what it sends back in that instant
/// is this completion. The host is cut off first, so that it does not hear of it.
void check_answer(Run& run, const wire::Command& command, wire::Status status, std::uint32_t dw0) {
  add_blackhole(run.world, 0, run.world.now());
  run.advance(1ns);
  const auto id = target::find_controller(run.world, target::SubsystemId{0}, 1);
  const target::QueueId queue = run.world.target.controllers[id].queues[0];
  run.world.transport.target.command(run.world, transport::TargetOwner{sim::index(queue)}, command,
                                     {});
  wire::Completion completion;
  completion.set_result64(dw0);
  completion.cid = command.cid;
  completion.status = status;
  const auto message = transport::nvme_tcp::make_message(wire::encode_capsule_resp(completion));
  const Entry sent = run.log.last(Kind::pdu_sent, with("side", 1));
  CHECK(sent.at == run.world.now());
  CHECK(sent["head"] == transport::head_word(message));
}

Duration katt(const Run& run) {
  const auto id = target::find_controller(run.world, target::SubsystemId{0}, 1);
  return run.world.target.controllers[id].katt;
}

constexpr auto invalid = wire::StatusCode::keep_alive_timeout_invalid;

json scenario_file(const char* name) { return scenario::read_document(name); }

std::size_t stale_writes(const json& s) {
  Run run(s);
  run.until(90s);
  REQUIRE(run.world.workload.jobs[0].finished);
  REQUIRE(run.log.count(Kind::command_delayed) <= 1);
  return run.log.count(Kind::stale_write);
}

}  // namespace

TEST_CASE("KA-3 a KATO above the maximum is refused and changes nothing", "[conformance]") {
  json s = profile("nvmet-mainline", 5s);
  s["subsystems"][0]["kato_max"] = "4999ms";
  Run refused(s);
  refused.until(1s);
  CHECK(refused.log.count(Kind::controller_created) == 0);
  CHECK(refused.log.first(Kind::connect_failed)["error"] == wire::raw(invalid));

  s["subsystems"][0]["kato_max"] = "5s";
  Run run(s, true);
  run.until(1s);
  REQUIRE(katt(run) == 5s);
  check_answer(run, wire::make_set_kato(7, 5001), invalid, 0);
  CHECK(katt(run) == 5s);
  // Rounded up to a second; nvmet answers in seconds.
  check_answer(run, wire::make_set_kato(8, 3001), {}, 4);
  CHECK(katt(run) == 4s);
}

TEST_CASE("KA-3 KATO 0 switches nvmet's timer off and is refused by others", "[conformance]") {
  const json s = profile("nvmet-mainline", 5s);
  Run nvmet(s, true);
  nvmet.until(1s);
  check_answer(nvmet, wire::make_set_kato(7, 0), {}, 0);
  CHECK(katt(nvmet) == 0s);
  nvmet.advance(100s);
  CHECK(nvmet.log.count(Kind::keep_alive_expired) == 0);

  for (const char* name : {"spdk-like", "array"}) {
    Run run(profile(name, 10s), true);
    run.until(1s);
    check_answer(run, wire::make_set_kato(7, 0), invalid, 0);
    CHECK(katt(run) == 10s);
    // Others answer in milliseconds.
    check_answer(run, wire::make_set_kato(8, 20'000), {}, 20'000);
    CHECK(katt(run) == 20s);
  }
  target::Profile p;
  CHECK(target::accepts_kato(p, 0, true));
  p.kato_zero = target::KatoZero::set_features_refused;
  CHECK(target::accepts_kato(p, 0, true));
  CHECK_FALSE(target::accepts_kato(p, 0, false));
  p.kato_zero = target::KatoZero::refused;
  CHECK_FALSE(target::accepts_kato(p, 0, true));
}

TEST_CASE("KA-3 spdk-like raises KATO to 10 s, then rounds up to 10 s", "[conformance]") {
  for (const auto& [asked, effective] :
       {std::pair{1s, 10s}, {5s, 10s}, {10s, 10s}, {11s, 20s}, {20s, 20s}}) {
    Run run(profile("spdk-like", asked));
    run.until(1s);
    CHECK(katt(run) == effective);
    CHECK(run.world.host.controllers[0].kato == asked);
  }
}

TEST_CASE("KA-1 a poller finds the loss at the first look that is more than KATT later",
          "[conformance]") {
  // KATO 7 s becomes 10 s, so that Keep Alives (every 3.5 s) meet the looks at many phases.
  constexpr Duration period = 10s;
  constexpr int phases = 11;
  const analysis::Interval bounds =
      analysis::polled_expiry(analysis::KeepAlive::command_based, period);
  Run base(profile("spdk-like", 7s));
  Duration shortest = 3 * period;
  Duration longest{};
  for (int i = 0; i < phases; ++i) {
    base.until(20s + 7s * i);
    Run run(base);
    add_blackhole(run.world, 0, run.world.now());
    run.advance(4 * period);
    // The poller starts when the controller is enabled.
    const TimePoint started = run.log.first(Kind::controller_ready).at;
    const TimePoint last = run.log.last(Kind::command_fetched, keep_alives).at;
    TimePoint look = started;
    while (look <= last + period)
      look += period;
    const Entry expired = run.log.first(Kind::keep_alive_expired);
    CHECK(expired.at == look);
    const Duration took = expired.at - last;
    CHECK(bounds.contains(took));
    shortest = std::min(shortest, took);
    longest = std::max(longest, took);
  }
  CHECK(shortest < period + period / 5);
  CHECK(longest > 2 * period - period / 5);
}

TEST_CASE("KA-1 a Keep Alive right at a look is good for two periods", "[conformance]") {
  Run run(profile("spdk-like", 10s));
  run.until(1s);
  const TimePoint started = run.log.first(Kind::controller_ready).at;
  add_blackhole(run.world, 0, run.world.now());
  run.until(started + 10s);
  const auto id = target::find_controller(run.world, target::SubsystemId{0}, 1);
  target::keep_alive_received(run.world, id);
  run.advance(30s);
  CHECK(run.log.first(Kind::keep_alive_expired).at == started + 30s);
}

TEST_CASE("KA-6 by the specification the timer runs while the controller is enabled",
          "[conformance]") {
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["subsystems"][0]["keep_alive_from"] = "enable";
  Run run(s, true);
  while (run.log.count(Kind::controller_created) == 0)
    run.advance(1us);

  SECTION("a host that dies before it enables the controller is never expired") {
    REQUIRE(run.log.count(Kind::controller_ready) == 0);
    add_blackhole(run.world, 0, run.world.now());
    run.advance(100s);
    CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  }
  SECTION("disabling and shutting down stop the timer, enabling starts it in full") {
    run.until(1s);
    wire::Configuration off;
    wire::Configuration on;
    on.enable = true;
    wire::Configuration shut = on;
    shut.shn = wire::ShutdownRequest::normal;
    for (const wire::Configuration& cc : {off, shut}) {
      check_answer(run, wire::make_property_set(7, wire::Property::cc, cc.encode()), {}, 0);
      run.advance(100s);
      CHECK(run.log.count(Kind::keep_alive_expired) == 0);
      check_answer(run, wire::make_property_set(8, wire::Property::cc, off.encode()), {}, 0);
      check_answer(run, wire::make_property_set(9, wire::Property::cc, on.encode()), {}, 0);
    }
    const TimePoint enabled = run.world.now();
    run.advance(20s);
    CHECK(run.log.first(Kind::keep_alive_expired).at == enabled + 5s);
    CHECK(run.log.count(Kind::controller_freed) == 1);
  }
  SECTION("one that was disabled or shut down, and not enabled again, is gone two minutes later") {
    wire::Configuration cc;
    cc.enable = GENERATE(false, true);
    cc.shn = cc.enable ? wire::ShutdownRequest::normal : wire::ShutdownRequest::none;
    run.until(1s);
    check_answer(run, wire::make_property_set(7, wire::Property::cc, cc.encode()), {}, 0);
    const TimePoint left = run.world.now();
    run.advance(200s);
    CHECK(run.log.first(Kind::controller_freed).at == left + 120s);
    CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  }
}

// `make wild` found a write that waited for its data for ever.
TEST_CASE("KA-6 a connection whose end was lost does not outlive a deletion", "[conformance]") {
  json s = scenario_with(1);
  s["subsystems"][0]["keep_alive_from"] = GENERATE("connect", "enable");
  s["subsystems"][0]["inline_data_size"] = "512B";
  s["hosts"][0]["policy"] = "tp8028-v4";
  s["workloads"].push_back(fio({{"rw", "randwrite"}, {"start", "1s"}, {"runtime", "1ms"}}));
  const Filter writes = with("qid", 1) && with("opcode", 1);
  Run undisturbed(s);
  const TimePoint fetched = undisturbed.until(2s).log.first(Kind::command_fetched, writes).at;

  s["faults"].push_back(blackhole("h1-s1", fetched - sim::epoch));
  s["faults"].back().update({{"host", "h1"}, {"controller", "nvme0"}, {"queue", 1}});
  s["faults"].push_back(
      {{"type", "delete_controller"}, {"at", "2s"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(3s);
  CHECK(run.log.count(Kind::controller_removed) == 1);
  CHECK(run.log.count(Kind::queue_released) == 1);
  CHECK(run.world.target.requests.live() == 1);
  run.until(140s);
  CHECK(run.world.target.requests.live() == 0);
  CHECK(run.world.target.controllers.live() == 0);
}

TEST_CASE("a KATT larger than the host's KATO lets a hold of 2 x KATO corrupt",
          "[conformance][ABA-1]") {
  json s = scenario_file("scenarios/katt_larger_than_kato.json");
  CHECK(stale_writes(s) == 1);
  // The same target without the minimum of 10 s: KATT is KATO, and the write is never accepted.
  s["subsystems"][0]["kato_min"] = "0s";
  s["subsystems"][0]["kas"] = "1s";
  CHECK(stale_writes(s) == 0);
}

TEST_CASE("a command that outlives its controller is exposed until it lands", "[conformance]") {
  // SPDK lets the controller go at once: that its queue was released proves nothing.
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "spdk-like";
  s["workloads"] = json::array({rw_test_once(20s)});
  s["faults"] = json::array({fopcode_write(3s)});
  Run run(s);
  run.until(40s);
  const Entry delayed = run.log.first(Kind::command_delayed);
  CHECK(run.log.first(Kind::controller_freed).at - delayed.at < 1ms);
  CHECK(run.log.first(Kind::media_write, with("token", delayed["token"])).at ==
        delayed.at + 3s + 20us);
  CHECK(run.log.count(Kind::stale_write) == 1);
  const Duration exposed = oracle::exposure_until(run.world.oracle, run.world.now()).longest;
  CHECK(exposed > 3s - 1ms);
  CHECK(exposed < 3s + 1ms);
}

TEST_CASE("a quiesce time beyond the reported CQT corrupts, the honest CQT does not",
          "[conformance][ABA-2]") {
  json s = scenario_file("scenarios/cqt_under_reported.json");
  CHECK(stale_writes(s) == 1);
  s["subsystems"][0]["attr_cqt"] = "12s";
  CHECK(stale_writes(s) == 0);
}
