// SPDX-License-Identifier: Apache-2.0
// SM-7 to SM-9 and SM-11: what still happens on a path that is FENCING (protocol.md 4.3, 4.4, 4.6).
// Its sockets are open: answers count, what was accepted leaves, data that is asked for is sent.
#include "models/host/internal.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr std::uint64_t host_path_error = 0x370;
constexpr std::uint64_t fencing = static_cast<std::uint64_t>(host::State::fencing);

/// Two paths, CQT-only hold of 3 x 5 s + 1 s, and an I/O timeout of 500 ms on the first one, which
/// starts the fence while the network is as it was.
json impatient(const json& steps) {
  json s = scenario_with(2);
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["hosts"][0]["policy"] = "cqt-only";
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["connect"][0]["io_timeout"] = "500ms";
  s["workloads"] = {{{"type", "script"}, {"host", "h1"}, {"start", "1s"}, {"steps", steps}}};
  return s;
}

json slow_write(Duration delay) {
  json late = fopcode_write(delay);
  late["type"] = "delay_command";
  late["count"] = 1;
  return late;
}

json hole(Duration at, Duration length, const char* direction) {
  json out = blackhole("h1-s1", at);
  out["for"] = text(length);
  out["direction"] = direction;
  return out;
}

TimePoint fence_start(const Run& run) { return run.log.first(Kind::fence_started).at; }
TimePoint released(const Run& run) { return run.log.first(Kind::hold_ended).at; }

}  // namespace

TEST_CASE("SM-7 an answer that arrives in FENCING completes its request", "[conformance][SM-7]") {
  json s = impatient({{{"do", "write"}}});
  s["faults"] = json::array({slow_write(2s)});
  SECTION("a good one") {
    Run run(s);
    run.until(30s);
    CHECK(fence_start(run) == sim::epoch + 1500ms);
    const Entry done = run.log.first(Kind::app_complete);
    CHECK(done["status"] == 0);
    CHECK(done.at - (sim::epoch + 3s) < few_round_trips);
    CHECK(run.log.first(Kind::requests_cancelled)["count"] == 0);
    CHECK(released(run) == fence_start(run) + 16s);
  }
  SECTION("also with an error") {
    Run run(s);
    run.until(2s);
    REQUIRE(run.world.host.controllers[0].state == host::State::fencing);
    const Entry sent = run.log.last(Kind::attempt_sent);
    wire::Completion completion;
    completion.cid = static_cast<std::uint16_t>(sent["cid"]);
    completion.status = wire::Status(wire::StatusCode::lba_out_of_range).with_dnr();
    const auto owner = host::io_queue(run.world.host.controllers[0], 0);
    host::on_completed(run.world, transport::HostOwner{sim::index(owner)}, completion);
    const Entry done = run.log.first(Kind::app_complete);
    CHECK(done["status"] == completion.status.value);
    CHECK(done.at == sim::epoch + 2s);
  }
}

TEST_CASE("SM-7 an R2T that arrives in FENCING is answered", "[conformance][SM-7]") {
  // 64 KiB are asked for with an R2T. It is lost on its way until 1.7 s; the fence starts at 1.5 s.
  json s = impatient({{{"do", "write"}, {"blocks", 16}}});
  s["faults"] = json::array({hole(1s - 1ms, 701ms, "backward")});
  Run run(s, true);
  run.until(30s);
  CHECK(fence_start(run) == sim::epoch + 1500ms);
  const auto data = with("type", 6) && with("side", 0);
  CHECK(run.log.count(Kind::pdu_sent, data && before(fence_start(run))) == 0);
  CHECK(run.log.count(Kind::pdu_sent, data && before(released(run))) == 1);
  CHECK(run.log.first(Kind::media_write).at < released(run));
  CHECK(run.log.first(Kind::app_complete).at < released(run));
}

TEST_CASE("SM-8 what the driver accepted before FENCING still leaves, and is held",
          "[conformance][SM-8]") {
  // 8 KiB in the capsule each; the socket takes 64 KiB, the rest waits in the driver. Nothing gets
  // through until 1.7 s, and no answer comes back until 10 s.
  json s = impatient({{{"do", "wait"}, {"for", "1s"}}});
  s["fabric"]["send_buffer"] = "64KiB";
  s["hosts"][0]["io_timeout"] = "60s";
  s["workloads"] = json::array({fio({{"rw", "randwrite"},
                                     {"bs", "8KiB"},
                                     {"iodepth", 32},
                                     {"start", "1s"},
                                     {"runtime", "100ms"}})});
  s["faults"] = json::array({hole(1s - 1ms, 701ms, "forward"), hole(1s - 1ms, 9s, "backward")});
  Run run(s, true);
  run.until(30s);
  const std::uint64_t first = run.log.first(Kind::attempt_sent, of_first())["connection"];
  const auto capsules = with("type", 4) && with("side", 0) && with("connection", first);
  const auto in_fence = since(fence_start(run)) && before(released(run));
  CHECK(run.log.count(Kind::pdu_sent, capsules && in_fence) > 0);
  CHECK(run.log.count(Kind::attempt_abandoned, before(released(run))) == 0);
  // Accepted means submitted to the driver: no command is after the fence has started.
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 0) && in_fence) == 0);
}

TEST_CASE("SM-9 a command that meets a closed socket in FENCING ends at once, the others are held",
          "[conformance][SM-9]") {
  json s = impatient({{{"do", "write"}}});
  s["faults"] = json::array({slow_write(20s)});
  Run run(s);
  run.until(2s);
  REQUIRE(run.world.host.controllers[0].state == host::State::fencing);
  const host::QueueId admin = run.world.host.controllers[0].admin;
  const auto& queue = run.world.host.queues[sim::index(admin)];
  const auto connection = transport::connection_of(run.world, queue.transport);
  tcp::kill(run.world, connection, transport::Side::host);
  host::Request r;
  r.purpose = host::Purpose::events;
  r.command = wire::make_set_async_event_config(0, 0);
  const std::uint16_t tag =
      wire::CommandId::unpack(host::send_request(run.world, admin, r, 60s)).tag;
  CHECK(host::request_at(run.world, admin, tag) != nullptr);
  run.advance(1ns);
  CHECK(host::request_at(run.world, admin, tag) == nullptr);
  CHECK(run.world.host.controllers[0].state == host::State::fencing);
  run.until(17s);
  CHECK(run.log.count(Kind::attempt_abandoned) == 0);  // the write waits for the end of the hold
  run.until(18s);
  CHECK(run.log.first(Kind::attempt_abandoned).at == fence_start(run) + 16s);
}

TEST_CASE("4.6 a Keep Alive that is due in FENCING is refused and not armed again",
          "[conformance][CQT-4][KA-4]") {
  json s = impatient({{{"do", "write"}}});
  s["faults"] = json::array({slow_write(20s)});
  Run run(s);
  run.until(17s);
  const auto done = run.log.all(Kind::keep_alive_done, of_first() && since(fence_start(run)));
  REQUIRE(done.size() == 1);
  CHECK(done[0]["status"] == host_path_error);
  // Looks are 1.25 s apart, and one may be spared by what was completed before.
  CHECK(done[0].at - fence_start(run) <= 2500ms);
  CHECK(run.log.count(Kind::keep_alive_sent, of_first() && since(fence_start(run))) == 0);
}

TEST_CASE("SM-11 an error in a set-up goes past the fence", "[conformance][SM-11]") {
  json s = impatient({{{"do", "write"}}});
  s["hosts"][0]["policy"] = "tp8028-v6";
  s["workloads"] = json::array();
  s["faults"] = json::array({blackhole("h1-s1", 0s)});
  Run run(s);
  run.until(30s);
  REQUIRE(run.log.count(Kind::connect_failed, of_first()) == 1);
  CHECK(run.log.count(Kind::controller_state, of_first() && with("to", fencing)) == 0);
}

TEST_CASE("16 the I/O timeout of one controller changes nothing on another",
          "[conformance][MP-4]") {
  json s = impatient({{{"do", "write"}}});
  s["hosts"][0]["io_timeout"] = "4s";
  for (const int cntlid : {1, 2}) {
    json late = slow_write(20s);
    late["controller"] = cntlid;
    s["faults"] = json::array({late});
    s["hosts"][0]["connect"][0]["numa_node"] = cntlid == 1 ? 0 : 1;
    Run run(s);
    run.until(10s);
    CHECK(fence_start(run) == sim::epoch + 1s + (cntlid == 1 ? 500ms : 4s));
  }
}
