// SPDX-License-Identifier: Apache-2.0
// in_flight "quiesce": what executes when a controller ends may land for the quiesce time, and then
// no more; admin stalls, which expire a host that behaves; and log page 1Fh.
#include "models/target/internal.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

/// Two paths to an array that takes `quiesce` to stop what executes; a write makes controller 1
/// fatal and would stay in its backend for `backend`.
json fenced_array(const char* policy, Duration quiesce, Duration cqt, Duration backend) {
  json s = scenario_with(2);
  json& sub = s["subsystems"][0];
  sub["profile"] = "array";
  sub["quiesce_time"] = text(quiesce);
  sub["attr_cqt"] = text(cqt);
  s["hosts"][0]["policy"] = policy;
  s["workloads"] = json::array({rw_test_once(100s)});
  s["faults"] = json::array({fopcode_write(backend)});
  return s;
}

}  // namespace

TEST_CASE("what executes is stopped when the quiesce time is over", "[conformance][quiesce]") {
  Run run(fenced_array("spec", 3s, 3s, 40s));
  run.until(60s);
  const Entry delayed = run.log.first(Kind::command_delayed);
  const TimePoint fatal = run.log.first(Kind::controller_fatal).at;
  CHECK(run.log.count(Kind::media_write, with("token", delayed["token"])) == 0);
  const Entry stopped = run.log.first(Kind::commands_stopped);
  CHECK(stopped.at == fatal + 3s);
  CHECK(stopped["count"] == 1);
  CHECK(run.log.first(Kind::controller_freed).at == fatal + 3s);
  // Cross-Controller Reset is complete only then (CCR-7).
  CHECK(run.log.first(Kind::ccr_completed).at == fatal + 3s);
  CHECK(run.log.count(Kind::stale_write) == 0);
  CHECK(run.world.target.requests.live() == 0);
}

TEST_CASE("what ends within the quiesce time lands, and the controller is gone with it",
          "[conformance][quiesce]") {
  Run run(fenced_array("spec", 3s, 3s, 2s));
  run.until(60s);
  const Entry delayed = run.log.first(Kind::command_delayed);
  const Entry landed = run.log.first(Kind::media_write, with("token", delayed["token"]));
  CHECK(landed.at == delayed.at + 2s + 20us);
  CHECK(run.log.first(Kind::controller_freed).at == landed.at);
  CHECK(run.log.count(Kind::commands_stopped) == 0);
}

TEST_CASE("with an honest CQT no backend is slow enough to corrupt a quiescing array",
          "[conformance][ABA-2]") {
  // nvmet drains, so a backend slower than m x KATO + CQT corrupts (ABA-2). An array that stops
  // what executes within CQT does not, however slow its backend is.
  for (const Duration backend : {900ms, 9000ms, 11000ms, 12000ms, 30000ms, 90000ms}) {
    for (const auto& [in_flight, most] : {std::pair{"quiesce", 0u}, {"drain", 1u}}) {
      json s = fenced_array("cqt-only", 1s, 1s, backend);
      s["subsystems"][0]["in_flight"] = in_flight;
      Run run(s);
      run.until(250s);
      const bool late = in_flight == std::string("drain") && backend > 11s;
      CHECK(run.log.count(Kind::stale_write) == (late ? most : 0u));
      CHECK(run.log.count(Kind::commands_stopped) ==
            (in_flight == std::string("quiesce") && backend > 1s ? 1u : 0u));
    }
  }
}

TEST_CASE("a queue that loses its connection quiesces by itself", "[conformance][quiesce][KA-11]") {
  json s = scenario_with(1);
  s["subsystems"][0]["profile"] = "array";
  s["subsystems"][0]["quiesce_time"] = "2s";
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"rw", "randwrite"}})});
  json slow = fopcode_write(30s);
  slow["type"] = "delay_command";
  s["faults"] = json::array({slow});
  Run run(s);
  run.until(3s);
  REQUIRE(run.log.count(Kind::command_delayed) == 1);
  add_blackhole(run.world, 0, run.world.now());
  const target::QueueId io = run.world.target.controllers[target::ControllerId{0}].queues[1];
  run.world.transport.target.lost(run.world, transport::TargetOwner{sim::index(io)}, 104);
  const TimePoint lost = run.world.now();
  run.advance(2s);
  CHECK(run.log.first(Kind::queue_released).at == lost + 2s);
  CHECK(run.log.first(Kind::queue_released)["qid"] == 1);
  CHECK(run.log.count(Kind::controller_freed) == 0);
}

TEST_CASE("a Keep Alive behind slow admin work expires a command-based controller",
          "[conformance][KA-1]") {
  const Filter keep_alive = with("cntlid", 1) && with("qid", 0) && with("opcode", 0x18);
  json s = scenario_with(2);
  set_keep_alive(s, KeepAlive::command_based, 5s);
  s["faults"] = {{{"type", "admin_stall"},
                  {"at", "9s"},
                  {"for", "4s"},
                  {"subsystem", "sub"},
                  {"controller", 1}}};
  SECTION("exactly KATT after the last one that was executed") {
    Run run(s);
    run.until(20s);
    const Entry executed =
        run.log.last(Kind::command_fetched, keep_alive && before(sim::epoch + 9s));
    CHECK(run.log.first(Kind::command_held, keep_alive).at > sim::epoch + 9s);
    const auto expired = run.log.all(Kind::keep_alive_expired);
    REQUIRE(expired.size() == 1);
    CHECK(expired[0]["cntlid"] == 1);
    CHECK(expired[0].at == executed.at + 5s);
    // The host had one Keep Alive out, for less than KATO: it learns of it from the connection.
    CHECK(run.log.count(Kind::request_timeout) == 0);
    CHECK(run.log.first(Kind::recovery_started).at - expired[0].at < 1ms);
  }
  SECTION("a stall that ends in time is executed late, and counts from then") {
    s["faults"][0]["for"] = "2s";
    Run run(s);
    run.until(11s + 1ms);
    CHECK(run.log.count(Kind::keep_alive_done, with("controller", 0) && since(sim::epoch + 9s)) ==
          1);
    const TimePoint done = run.log.last(Kind::keep_alive_done, with("controller", 0)).at;
    CHECK(done > sim::epoch + 11s);
    add_blackhole(run.world, 0, run.world.now());
    run.advance(10s);
    CHECK(run.log.first(Kind::keep_alive_expired).at == sim::epoch + 11s + 5s);
  }
  SECTION("with traffic-based keep alive what was fetched is enough") {
    s["subsystems"][0]["traffic_based_keep_alive"] = true;
    s["faults"][0]["for"] = "4900ms";
    Run run(s);
    run.until(60s);
    CHECK(run.log.count(Kind::command_held) > 0);
    CHECK(run.log.count(Kind::keep_alive_expired) == 0);
    CHECK(run.log.count(Kind::recovery_started) == 0);
  }
  SECTION("a stall that outlasts its controller leaves nothing behind") {
    s["faults"][0]["for"] = "30s";
    Run run(s);
    run.until(38s);
    CHECK(run.log.first(Kind::controller_freed).at == run.log.first(Kind::keep_alive_expired).at);
    run.until(100s);
    CHECK(run.world.host.controllers[0].state == host::State::live);
  }
}

namespace {

constexpr std::uint32_t notice = 0x001FF502;

/// Three paths of one host, and one of another, to an array; every host listens for the notice.
Run listening() {
  json s = scenario_with(3);
  s["subsystems"][0]["profile"] = "array";
  s["fabric"]["links"].push_back({{"name", "h2-s2"}, {"ends", {"h2", "s2"}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  other["connect"] = {{{"subsystem", "sub"}, {"port", "a1"}, {"at", "500ms"}}};
  s["hosts"].push_back(other);
  Run run(s);
  run.until(12s);
  for (std::uint32_t i = 0; i < 4; ++i) {
    run.world.target.controllers[target::ControllerId{i}].events_enabled |=
        wire::aec_lost_host_communication;
  }
  return run;
}

std::vector<wire::LostHostEntry> read_log(Run& run, std::uint16_t cntlid, bool retain) {
  const auto id = target::find_controller(run.world, target::SubsystemId{0}, cntlid);
  std::vector<std::byte> page(wire::lost_host_log_bytes(8));
  wire::GetLogPage request;
  request.lid = wire::LogId::lost_host_communication;
  request.retain_async_event = retain;
  target::lost_host_log_page(run.world, id, page, request);
  std::vector<wire::LostHostEntry> entries;
  while (const auto e = wire::lost_host_entry(page, static_cast<std::uint16_t>(entries.size())))
    entries.push_back(*e);
  return entries;
}

}  // namespace

TEST_CASE("a controller that lost its host says so on the others of that host",
          "[conformance][lost-host]") {
  Run run = listening();
  const auto ciu = [&](std::uint32_t i) {
    return run.world.target.controllers[target::ControllerId{i}].ciu;
  };
  const std::uint8_t first = ciu(0);
  const std::uint8_t third = ciu(2);
  add_blackhole(run.world, 0, run.world.now());
  run.advance(6s);
  const TimePoint expired = run.log.first(Kind::keep_alive_expired).at;
  // On 2 and 3, the other controllers of the host; not on 4, which is another host's.
  const auto sent = run.log.all(Kind::event_sent, with("dw0", notice));
  REQUIRE(sent.size() == 2);
  CHECK(sent[0]["cntlid"] == 2);
  CHECK(sent[1]["cntlid"] == 3);
  CHECK(sent[0].at == expired);
  const wire::LostHostEntry lost{1, wire::LostHostCause::keep_alive_timeout, first};
  CHECK(read_log(run, 2, true) == std::vector{lost});
  CHECK(read_log(run, 4, true).empty());

  // A second loss before the page is read: another entry, no other notice.
  const target::QueueId admin = run.world.target.controllers[target::ControllerId{2}].queues[0];
  run.world.transport.target.lost(run.world, transport::TargetOwner{sim::index(admin)}, 104);
  CHECK(run.log.count(Kind::event_sent, with("dw0", notice)) == 2);
  const wire::LostHostEntry dropped{3, wire::LostHostCause::connection_lost, third};
  CHECK(read_log(run, 2, false) == std::vector{lost, dropped});
  // Read without RAE: the page is empty and the next notice may go out.
  CHECK(read_log(run, 2, true).empty());
}

TEST_CASE("log page 1Fh is nothing that nvmet has", "[conformance][lost-host]") {
  json s = scenario_with(2);
  Run run(s);
  run.until(12s);
  run.world.target.controllers[target::ControllerId{1}].events_enabled |=
      wire::aec_lost_host_communication;
  add_blackhole(run.world, 0, run.world.now());
  run.advance(15s);
  CHECK(run.log.count(Kind::keep_alive_expired) == 1);
  CHECK(run.log.count(Kind::lost_host) == 0);
  CHECK(run.log.count(Kind::event_sent) == 0);
}

TEST_CASE("a host that has shut its controller down is not lost", "[conformance][lost-host]") {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "array";
  const bool shut = GENERATE(false, true);
  Run run(s);
  run.until(1s);
  const target::QueueId admin = run.world.target.controllers[target::ControllerId{1}].queues[0];
  const transport::TargetOwner owner{sim::index(admin)};
  wire::Configuration cc;
  cc.enable = true;
  cc.shn = shut ? wire::ShutdownRequest::normal : wire::ShutdownRequest::none;
  add_blackhole(run.world, 0, run.world.now());
  run.advance(1ns);
  run.world.transport.target.command(
      run.world, owner, wire::make_property_set(7, wire::Property::cc, cc.encode()), {});
  run.world.transport.target.lost(run.world, owner, 104);
  CHECK(run.log.count(Kind::lost_host) == (shut ? 0U : 1U));
}
