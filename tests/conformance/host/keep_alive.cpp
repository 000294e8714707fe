// SPDX-License-Identifier: Apache-2.0
// KA-4: the cadence of the host's keep-alive, and which completions spare a Keep Alive
// (nvme_keep_alive_work, nvme_keep_alive_end_io, nvme_complete_rq; protocol.md 1.7).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

/// One read at `at`, which the target holds back for `delay`.
json one_read(json s, Duration at, Duration delay) {
  s["workloads"] =
      json::array({fio({{"rw", "randread"}, {"start", text(at)}, {"runtime", "1ns"}})});
  s["faults"] = {{{"type", "delay_command"},
                  {"at", "0s"},
                  {"subsystem", "sub"},
                  {"opcode", "read"},
                  {"count", 0},
                  {"delay", text(delay)}}};
  return s;
}

/// Instants of the looks after `from`, and whether each sent a Keep Alive.
std::vector<std::pair<TimePoint, bool>> looks(const RecordLog& log, TimePoint from) {
  std::vector<std::pair<TimePoint, bool>> found;
  for (const Entry& e : log.entries) {
    const bool sent = e.kind == Kind::keep_alive_sent;
    if ((sent || e.kind == Kind::keep_alive_skipped) && e.at > from)
      found.emplace_back(e.at, sent);
  }
  return found;
}

}  // namespace

TEST_CASE("an idle host sends a Keep Alive every K/2, or K/4 traffic based, round trip included",
          "[conformance][KA-4]") {
  for (const Duration kato : {1s, 5s, 15s}) {
    for (const KeepAlive mode : {KeepAlive::command_based, KeepAlive::traffic_based}) {
      json s = scenario_with(1);
      set_keep_alive(s, mode, kato);
      Run run(s);
      run.until(10 * kato);
      const auto sent = run.log.all(Kind::keep_alive_sent);
      const Duration period = mode == KeepAlive::command_based ? kato / 2 : kato / 4;
      CHECK(analysis::look_period(mode, kato) == period);
      REQUIRE(static_cast<std::int64_t>(sent.size()) >= 10 * kato / period - 2);
      for (std::size_t i = 1; i < sent.size(); ++i)
        CHECK(sent[i].at - sent[i - 1].at == period);
      CHECK(run.log.count(Kind::recovery_started) == 0);
    }
  }
}

TEST_CASE("a busy host sends no Keep Alive traffic based, and all of them command based",
          "[conformance][KA-4]") {
  json s = scenario_with(1);
  s["workloads"] = json::array({fio({{"rate_iops", 50}})});
  set_keep_alive(s, KeepAlive::traffic_based, 5s);
  Run traffic(s);
  traffic.until(30s);
  const auto skips = traffic.log.all(Kind::keep_alive_skipped);
  CHECK(traffic.log.count(Kind::keep_alive_sent) == 0);
  REQUIRE(skips.size() >= 22);
  for (std::size_t i = 1; i < skips.size(); ++i)
    CHECK(skips[i].at - skips[i - 1].at == 1250ms);

  set_keep_alive(s, KeepAlive::command_based, 5s);
  Run commands(s);
  commands.until(30s);
  CHECK(commands.log.count(Kind::keep_alive_skipped) == 0);
  CHECK(commands.log.count(Kind::keep_alive_sent) >= 10);
}

TEST_CASE("a round trip longer than the period is followed by the next Keep Alive at once",
          "[conformance][KA-4]") {
  // Four hops of 150 ms: the answer takes 0.6 s, the period is K/2 = 0.5 s, and K = 1 s is not yet
  // over, so the path counts as alive. The set-up would not survive it: from CC.EN to the first
  // Keep Alive it takes more than one K. So the path slows down afterwards.
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::command_based, 1s);
  Run run(s);
  run.until(10s);
  for (net::Channel& channel : run.world.net.channels)
    channel.delay = 150ms;
  run.until(60s);
  const auto sent = run.log.all(Kind::keep_alive_sent, since(sim::epoch + 30s));
  const auto done = run.log.all(Kind::keep_alive_done, since(sent[0].at + 1ns));
  REQUIRE(sent.size() > 10);
  REQUIRE(done.size() + 1 >= sent.size());
  for (std::size_t i = 1; i < sent.size(); ++i) {
    CHECK(sent[i].at == done[i - 1].at);
    CHECK(sent[i].at - sent[i - 1].at > 600ms);
  }
  CHECK(run.log.count(Kind::recovery_started) == 0);
}

TEST_CASE("only a completion of something submitted since the last look spares a Keep Alive",
          "[conformance][KA-4]") {
  // KATO 5 s traffic based: looks every 1.25 s.
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::traffic_based, 5s);
  Run idle(s);
  idle.until(20s);
  const TimePoint look = idle.log.first(Kind::keep_alive_sent, since(sim::epoch + 10s)).at;
  const Duration start = look - sim::epoch;

  SECTION("a short read after the look spares the next one") {
    Run run(one_read(s, start + 100ms, 1ms));
    run.until(look + 3s);
    REQUIRE(run.log.count(Kind::attempt_done) == 1);
    const auto found = looks(run.log, look);
    CHECK(found[0] == std::pair{look + 1250ms, false});
    CHECK(found[1] == std::pair{look + 2500ms, true});
  }
  SECTION("a read that was submitted before the look and completes after it does not") {
    Run run(one_read(s, start - 100ms, 500ms));
    run.until(look + 3s);
    const Entry done = run.log.first(Kind::attempt_done);
    REQUIRE(done.at > look);
    REQUIRE(done.at < look + 1250ms);
    const auto found = looks(run.log, look);
    CHECK(found[0] == std::pair{look + 1250ms, true});
    CHECK(found[1] == std::pair{look + 2500ms, true});
  }
  SECTION("a read that is still out at the look does not spare that one either") {
    Run run(one_read(s, start - 100ms, 500ms));
    run.until(look);
    CHECK(run.log.count(Kind::attempt_done) == 0);
    CHECK(run.log.last(Kind::keep_alive_sent).at == look);
  }
}

TEST_CASE("a Keep Alive that fails is not armed again", "[conformance][KA-4]") {
  // While FENCING the host sends nothing: the due Keep Alive ends with Host Path Error (370h) and
  // is the last one until the controller has been reconnected.
  json s = scenario_with(1);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = "cqt-only";
  s["hosts"][0]["io_timeout"] = "1s";
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"rw", "randwrite"}})});
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  Run run(s);
  run.until(40s);
  // The I/O timeout of 1 s strikes before any Keep Alive is out.
  const Entry fencing = run.log.first(Kind::fence_started);
  REQUIRE(fencing.at < sim::epoch + 14s);
  CHECK(run.log.count(Kind::keep_alive_sent, since(fencing.at)) == 0);
  const auto failed = run.log.all(Kind::keep_alive_done, since(fencing.at));
  REQUIRE(failed.size() == 1);
  CHECK(failed[0]["status"] == 0x370);
  CHECK(failed[0].at < fencing.at + 2500ms);
}

TEST_CASE("keep-alive runs from the end of Identify, before the I/O queues exist",
          "[conformance][KA-4]") {
  // Sixteen I/O queues over 20 ms hops: two round trips of 80 ms each to open, and one to Connect.
  // Without looks in these 3.8 s nobody would notice a loss.
  json s = scenario_with(1);
  set_keep_alive(s, KeepAlive::traffic_based, 1s);
  s["hosts"][0]["cpus"] = 16;
  for (json& link : s["fabric"]["links"])
    link["delay"] = "20ms";
  Run run(s);
  run.until(60s);
  const Entry connected = run.log.first(Kind::connected);
  const Entry first = run.log.first(Kind::keep_alive_skipped);
  CHECK(first.at < connected.at - 3s);
  const std::size_t looks = run.log.count(Kind::keep_alive_skipped, before(connected.at)) +
                            run.log.count(Kind::keep_alive_sent, before(connected.at));
  CHECK(looks >= 15);
  CHECK(run.log.count(Kind::connect_failed) == 0);
}

TEST_CASE("a Keep Alive that is answered with an error is not armed again", "[conformance][KA-4]") {
  // nvme_keep_alive_end_io only logs; the controller stays LIVE, and its target expires it.
  json s = scenario_with(1);
  s["faults"] = {{{"type", "command_status"},
                  {"at", "4s"},
                  {"subsystem", "sub"},
                  {"controller", 1},
                  {"opcode", 0x18},
                  {"admin", true},
                  {"status", "0x021"}}};
  Run run(s);
  run.until(9s);
  const Entry failed =
      run.log.first(Kind::keep_alive_done, [](const Entry& e) { return e["status"] != 0; });
  CHECK(failed.at > sim::epoch + 4s);
  CHECK(run.log.count(Kind::keep_alive_sent, since(failed.at)) == 0);
  CHECK(run.world.host.controllers[0].state == host::State::live);
  // Two windows of 5 s after the last one that counted.
  run.until(20s);
  CHECK(run.log.count(Kind::keep_alive_expired) == 1);
}
