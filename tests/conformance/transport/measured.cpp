// SPDX-License-Identifier: Apache-2.0
// What a Linux 6.12 host and target were measured to do on NVMe/RDMA and NVMe/FC, and with digests
// (docs/validity.md): each rule with its instant worked out by hand. Ticks are those of HZ 250 from
// the start of the run, so that a grace period asked for at a tick is over 12 ms later.
#include "models/transport/fc/fc.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr std::uint64_t aborted = 0x371;
constexpr std::uint64_t path_error = 0x370;
constexpr Duration grace = 12ms;
constexpr Duration moment = 1ms;

json on(const char* transport, int paths = 2) {
  json s = scenario_with(paths);
  s["fabric"]["transport"] = transport;
  set_connect(s, "keep_alive_tmo", "60s");
  s["subsystems"][0].update({{"hz", "250"}, {"tick_phase", "0s"}});
  s["hosts"][0].update({{"hz", "250"}, {"tick_phase", "0s"}, {"policy", "linux-mainline"}});
  s["hosts"][0]["iopolicy"] = "numa";
  return s;
}

json operated(const char* type, Duration at) {
  return {{"type", type}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
}

/// Writes of 3 s each, one a second: three are in flight.
json slow_writes() { return fio({{"rw", "write"}, {"rate_iops", 1}, {"iodepth", 8}}); }

json one_write(Duration at) {
  return {{"type", "script"},
          {"host", "h1"},
          {"start", text(at)},
          {"steps", json::array({{{"do", "write"}}})}};
}

json slow_medium(json s, const char* time) {
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", time}, {"write", time}};
  return s;
}

json damaged(const char* sender, const char* part, Duration at) {
  json f = operated("damage_pdu", at);
  f.update({{"sender", sender}, {"part", part}});
  return f;
}

json with_digests(const char* rw) {
  json s = on("tcp");
  set_connect(s, "hdr_digest", true);
  set_connect(s, "data_digest", true);
  s["workloads"] = json::array({fio({{"rw", rw}, {"bs", "4KiB"}, {"rate_iops", 10}})});
  return s;
}

std::size_t errors(const Run& run) {
  return run.log.count(Kind::app_complete, [](const Entry& e) { return e["status"] != 0; });
}

TimePoint first_at(const Run& run, Kind kind, TimePoint from) {
  return run.log.first(kind, of_first() && since(from)).at;
}

}  // namespace

TEST_CASE("a data digest error on a read costs the host a retry on the same path, no recovery",
          "[conformance][digest]") {
  for (const bool ends_with_data : {false, true}) {
    json s = with_digests("randread");
    set_connect(s, "disable_sqflow", ends_with_data);
    s["faults"] = json::array({damaged("target", "data", 2s)});
    Run run(s);
    run.until(10s);
    CHECK(run.log.count(Kind::digest_error, with("side", 0)) == 1);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    const Entry failed =
        run.log.first(Kind::attempt_done, [](const Entry& e) { return e["status"] != 0; });
    // What the driver noted is shifted as the status field of a response is, but not where the read
    // ended with its data.
    CHECK(failed["status"] == (ends_with_data ? 4u : 2u));
    const Entry again = run.log.first(Kind::attempt_sent, since(failed.at));
    CHECK(op_of(again) == op_of(failed));
    CHECK(again["controller"] == failed["controller"]);
    CHECK(again.at == failed.at);
    CHECK(errors(run) == 0);
  }
}

TEST_CASE("a read whose data is damaged each time fails after max_retries",
          "[conformance][digest]") {
  json s = with_digests("randread");
  s["workloads"][0]["rate_iops"] = 1;
  json f = damaged("target", "data", 2s);
  f["count"] = 6;
  s["faults"] = json::array({f});
  Run run(s);
  run.until(10s);
  CHECK(run.log.count(Kind::digest_error) == 6);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  CHECK(run.log.count(Kind::app_complete, with("status", 2)) == 1);
}

TEST_CASE("header digest errors, and data digest errors at the target, end the association",
          "[conformance][digest]") {
  struct Row {
    const char* sender;
    const char* part;
    const char* rw;
  };
  for (const Row& row : {Row{"target", "header", "randread"},
                         {"host", "header", "randread"},
                         {"host", "data", "randwrite"}}) {
    INFO(row.sender << " " << row.part);
    json s = with_digests(row.rw);
    s["faults"] = json::array({damaged(row.sender, row.part, 2s)});
    Run run(s);
    run.until(20s);
    const Entry error = run.log.first(Kind::digest_error);
    const Entry recovery = run.log.first(Kind::recovery_started);
    CHECK(recovery.at >= error.at);
    CHECK(recovery.at < error.at + moment);
    const bool at_target = row.sender == std::string("host");
    CHECK(run.log.count(Kind::controller_fatal, before(recovery.at + 1ns)) == (at_target ? 1 : 0));
    CHECK(run.log.count(Kind::connected, of_first()) == 2);
    // What was damaged has not been carried out: it is written once.
    CHECK(errors(run) == 0);
  }
}

TEST_CASE("rdma quiesces its I/O queues and then its admin queue, a grace period each",
          "[conformance][rdma][TM-1]") {
  for (const char* transport : {"tcp", "rdma"}) {
    INFO(transport);
    json s = on(transport);
    s["fabric"]["retries_for_ever"] = true;
    s["hosts"][0]["io_timeout"] = "2s";
    s["workloads"] = json::array({fio({{"rate_iops", 1}})});
    s["faults"] = json::array({blackhole("h1-s1", 2500ms)});
    Run run(s);
    run.until(20s);
    const Duration each = transport == std::string("rdma") ? grace : 0ms;
    const TimePoint began = run.log.first(Kind::recovery_started, of_first()).at;
    CHECK(run.log.first(Kind::requests_cancelled, of_first()).at == began + each);
    CHECK(run.log.first(Kind::reconnect_scheduled, of_first()).at == began + 2 * each);
  }
}

TEST_CASE("a reset on rdma tells the controller once the admin queue is quiesced",
          "[conformance][rdma][TM-1]") {
  json s = on("rdma");
  s["faults"] = json::array({operated("reset_controller", 3s)});
  Run run(s);
  run.until(5s);
  const TimePoint reset = sim::epoch + 3s;
  CHECK(first_at(run, Kind::requests_cancelled, reset) == reset + grace);
  // Property Set goes out then; when its effect has been seen, the admin queue is quiesced again.
  CHECK(first_at(run, Kind::command_sent, reset) == reset + 2 * grace);
  const TimePoint attempt = first_at(run, Kind::connect_attempt, reset);
  CHECK(attempt >= reset + 3 * grace);
  CHECK(attempt <= reset + 3 * grace + 4ms);
}

TEST_CASE("a single I/O queue has a scheduler, which a reconnect on rdma takes off and puts back",
          "[conformance][rdma][TM-1]") {
  for (const auto& [transport, queues, periods] :
       {std::tuple{"tcp", 1, 1}, {"rdma", 1, 3}, {"rdma", 2, 1}}) {
    INFO(transport << " " << queues);
    json s = on(transport);
    s["hosts"][0]["cpus"] = queues;
    s["faults"] = json::array({operated("reset_controller", 3s)});
    Run run(s);
    run.until(5s);
    // The attempt begins at a tick, and its queues are there microseconds later.
    const TimePoint attempt = first_at(run, Kind::connect_attempt, sim::epoch + 3s);
    const TimePoint tick = sim::epoch + (attempt - sim::epoch) / 4ms * 4ms;
    CHECK(first_at(run, Kind::connected, attempt) == tick + periods * grace);
  }
}

TEST_CASE("taking a disk down is a grace period more on rdma and fc", "[conformance][rdma][fc]") {
  // The write is done at 4 s and a few microseconds, at tick 1000.
  for (const auto& [transport, periods] : {std::pair{"rdma", 4}, {"fc", 3}}) {
    INFO(transport);
    json s = slow_medium(on(transport), "1s");
    s["workloads"] = json::array({fio({{"rw", "write"}, {"rate_iops", 1}})});
    s["workloads"][0]["start"] = "3s";
    s["faults"] = json::array({operated("delete_controller", 3500ms)});
    Run run(s);
    run.until(8s);
    const TimePoint done = run.log.first(Kind::app_complete).at;
    REQUIRE(done < sim::epoch + 4001ms);
    // Disk, I/O queues and admin queue; on rdma the shutdown of the controller is waited for, and
    // the admin queue quiesced once more.
    const TimePoint removed = first_at(run, Kind::controller_removed, done);
    CHECK(removed >= sim::epoch + 4s + periods * grace);
    CHECK(removed < sim::epoch + 4s + periods * grace + 4ms);
    CHECK(errors(run) == 0);
  }
}

TEST_CASE("a work request that fails at an rdma target ends the whole controller",
          "[conformance][rdma]") {
  // Nothing comes back to the host from 2.5 s on: the target's answers are repeated, and the eighth
  // time-out ends the controller, whose admin queue has nothing out.
  json s = on("rdma");
  s["fabric"]["ack_timeout"] = "100ms";
  s["workloads"] = json::array({fio({{"rw", "randread"}, {"rate_iops", 10}})});
  json back = blackhole("h1-s1", 2500ms);
  back["direction"] = "backward";
  s["faults"] = json::array({back});
  Run run(s);
  run.until(8s);
  const Entry fatal = run.log.first(Kind::controller_fatal, with("cntlid", 1));
  CHECK(fatal["cause"] == rdma::timed_out);
  CHECK(run.log.first(Kind::controller_freed, with("cntlid", 1)).at <= fatal.at + 2 * grace);
}

TEST_CASE("fc quiesces before it aborts, I/O before admin, and then associates anew",
          "[conformance][fc][TM-1]") {
  json s = slow_medium(on("fc"), "3s");
  s["workloads"] = json::array({slow_writes()});
  s["faults"] = json::array({operated("reset_controller", 2500ms)});
  Run run(s);
  run.until(2600ms);
  const TimePoint reset = sim::epoch + 2500ms;
  CHECK(first_at(run, Kind::requests_cancelled, reset) == reset + grace);
  const Entry given_up = run.log.first(Kind::attempt_abandoned, of_first());
  CHECK(given_up["status"] == aborted);
  CHECK(given_up.at >= reset + grace);
  CHECK(given_up.at < reset + grace + moment);
  // The aborts took a moment, so the next grace period ends at the third tick after that one.
  CHECK(first_at(run, Kind::connect_attempt, reset) >= reset + 2 * grace);
  CHECK(first_at(run, Kind::connect_attempt, reset) < reset + 2 * grace + moment);
}

TEST_CASE("an fc target ends the queues of an association one after the other",
          "[conformance][fc][TM-1]") {
  // The host disconnects, and nothing executes: no command finds the queues any more after one
  // grace period, the I/O queue is gone after the second, the admin queue after the third.
  json s = on("fc");
  s["faults"] = json::array({operated("reset_controller", 2500ms)});
  Run run(s);
  run.until(3s);
  const TimePoint told =
      run.log.first(Kind::iu_received, with("side", 1) && since(sim::epoch + 2524ms)).at;
  const TimePoint tick = sim::epoch + (told - sim::epoch) / 4ms * 4ms;
  const auto released = run.log.all(Kind::queue_released, with("cntlid", 1));
  REQUIRE(released.size() == 2);
  CHECK(released[0]["qid"] == 1);
  CHECK(released[0].at == tick + 2 * grace);
  CHECK(released[1].at == tick + 3 * grace);
  CHECK(run.log.first(Kind::controller_freed, with("cntlid", 1)).at == tick + 3 * grace);
}

TEST_CASE("an exchange that is refused on an online port is an error of the application",
          "[conformance][fc]") {
  // Two writes are in flight when the port goes at 2.5 s; the first is done at 4 s. It is retried
  // while the controller is LIVE still, over the path that the policy likes best, and the adapter
  // refuses it, which is final. Then the association is reset.
  for (const char* type : {"target_port_lost", "port_removed"}) {
    INFO(type);
    json s = slow_medium(on("fc"), "3s");
    s["workloads"] = json::array({one_write(1s), one_write(2s)});
    s["faults"] =
        json::array({{{"type", type}, {"at", "2500ms"}, {"subsystem", "sub"}, {"port", "a0"}}});
    Run run(s);
    run.until(12s);
    const Entry first = run.log.first(Kind::attempt_abandoned, of_first());
    CHECK(first["status"] == path_error);
    CHECK(first.at >= sim::epoch + 4s);
    CHECK(first.at < sim::epoch + 4s + moment);
    CHECK(run.log.first(Kind::recovery_started, of_first()).at == first.at);
    const bool refuses = type == std::string("target_port_lost");
    CHECK((errors(run) > 0) == refuses);
    // Attempts fail at once: the adapter refuses, or the port rejects.
    const Entry failed = run.log.first(Kind::connect_failed, of_first());
    CHECK(failed["error"] == (refuses ? transport::fc::refused : transport::fc::rejected));
    CHECK(failed.at < first.at + 3 * grace);
  }
}

TEST_CASE("a command that is dropped on fc is stuck, and its ABTS is answered",
          "[conformance][fc]") {
  json s = on("fc");
  s["hosts"][0]["io_timeout"] = "2s";
  s["workloads"] = json::array({fio({{"rw", "write"}, {"rate_iops", 1}, {"start", "1s"}})});
  s["faults"] = json::array({operated("drop_capsule", 2500ms)});
  Run run(s);
  run.until(10s);
  const Entry timeout = run.log.first(Kind::request_timeout);
  CHECK(timeout.at > sim::epoch + 5s);
  const Entry given_up = run.log.first(Kind::attempt_abandoned);
  CHECK(given_up["status"] == aborted);
  CHECK(given_up.at < timeout.at + moment);
  CHECK(run.log.count(Kind::command_fetched, with("token", given_up["token"])) == 0);
  CHECK(run.log.first(Kind::attempt_gone)["token"] == given_up["token"]);
}

TEST_CASE("queues that take processor time to build put off the commands on them",
          "[conformance][rdma]") {
  json s = on("rdma");
  const auto connected = [](const json& scenario) {
    Run run(scenario);
    run.until(3s);
    return std::pair{run.log.first(Kind::controller_created, with("cntlid", 1)).at,
                     run.log.first(Kind::connected, of_first()).at};
  };
  const auto [created, live] = connected(s);
  set_connect(s, "admin_queue_time", "10ms");
  set_connect(s, "io_queue_time", "20ms");
  const auto [later, live_later] = connected(s);
  // Where the packets fall on the ticks of nothing else makes a difference of nanoseconds.
  CHECK(std::chrono::abs(later - created - 10ms) < 1us);
  CHECK(std::chrono::abs(live_later - live - 30ms) < 1us);
}
