// SPDX-License-Identifier: Apache-2.0
// TR-4 and what "gone" means at a target: what was received executes to its end, what was not is
// never executed, and only then is the controller free (protocol.md 1.8).
#include <set>

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json fopcode(Duration at, Duration delay) {
  return {{"type", "fopcode"}, {"at", text(at)},    {"subsystem", "sub"},
          {"controller", 1},   {"opcode", "write"}, {"delay", text(delay)}};
}

std::set<std::uint64_t> tokens(const std::vector<Entry>& entries) {
  std::set<std::uint64_t> found;
  for (const Entry& e : entries)
    found.insert(e["token"]);
  return found;
}

}  // namespace

TEST_CASE("a write in the medium when its controller expires is drained, not aborted",
          "[conformance][drain]") {
  json s = scenario_with(2);
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"rw", "randwrite"}, {"iodepth", 4}})});
  json slow = fopcode(8s, 40s);
  slow["type"] = "delay_command";
  s["faults"] = {slow, blackhole("h1-s1", 9s)};
  Run run(s);
  run.until(60s);
  const Entry delayed = run.log.first(Kind::command_delayed);
  const Entry expired = run.log.first(Kind::keep_alive_expired);
  const Entry fatal = run.log.first(Kind::controller_fatal);
  const Entry landed = run.log.first(Kind::media_write, with("token", delayed["token"]));
  const Entry freed = run.log.first(Kind::controller_freed, with("cntlid", 1));
  const Entry admin = run.log.first(Kind::queue_released, with("cntlid", 1) && with("qid", 0));
  const Entry io = run.log.first(Kind::queue_released, with("cntlid", 1) && with("qid", 1));
  CHECK(expired.at < sim::epoch + 20s);
  CHECK(fatal.at == expired.at);
  // The admin queue had nothing to drain; the I/O queue waits for its write.
  CHECK(admin.at == expired.at);
  CHECK(landed.at == delayed.at + 40s + 20us);
  CHECK(landed.at > expired.at + 20s);
  CHECK(io.at == landed.at);
  CHECK(freed.at == landed.at);
  const auto position = [&](const Entry& e) {
    return std::find_if(run.log.entries.begin(), run.log.entries.end(),
                        [&](const Entry& other) {
                          return other.kind == e.kind && other.at == e.at && other.word == e.word;
                        }) -
           run.log.entries.begin();
  };
  CHECK(position(expired) < position(fatal));
  CHECK(position(fatal) < position(admin));
  CHECK(position(admin) < position(landed));
  CHECK(position(landed) < position(io));
  CHECK(position(io) < position(freed));
}

TEST_CASE("capsules that a failing target has not read are never executed", "[conformance][TR-4]") {
  // 32 writes at a time over a path of 1 ms each way, so that many are under way when the first
  // one makes the controller fatal.
  json s = scenario_with(2);
  for (json& link : s["fabric"]["links"])
    link["delay"] = "500us";
  s["hosts"][0]["cpus"] = 2;
  s["subsystems"][0]["namespaces"][0]["media"]["write"] = "5ms";
  s["workloads"] = json::array(
      {fio({{"rw", "randwrite"}, {"iodepth", 16}, {"numjobs", 2}, {"rate_iops", 3000}})});
  s["faults"] = json::array({fopcode(2s, 2s)});
  Run run(s, true);
  run.until(6s);
  const TimePoint fatal = run.log.first(Kind::controller_fatal).at;
  const Filter dead = with("cntlid", 1) && before(sim::epoch + 10s);
  const auto fetched =
      tokens(run.log.all(Kind::command_fetched, dead && before(fatal + 1ns) && with("opcode", 1)));
  // Nothing is fetched after the shutdown, although it arrives.
  CHECK(run.log.count(Kind::command_fetched, dead && since(fatal + 1ns)) == 0);
  const auto sent = tokens(run.log.all(Kind::attempt_sent, with("controller", 0)));
  std::size_t unread = 0;
  for (const std::uint64_t token : sent)
    unread += fetched.count(token) == 0 ? 1 : 0;
  CHECK(unread > 0);
  // All that was fetched lands, also what was executing at the shutdown; nothing else does.
  const auto landed = tokens(run.log.all(Kind::media_write, dead));
  CHECK(landed == fetched);
  CHECK(run.log.count(Kind::media_write, dead && since(fatal)) > 1);
}

TEST_CASE("a write whose data did not arrive completely is never executed", "[conformance][TR-4]") {
  // 64 KiB is beyond the 16 KiB of in-capsule data: the target fetches the command, asks for the
  // data and becomes fatal before it has come.
  json s = scenario_with(2);
  for (json& link : s["fabric"]["links"])
    link["delay"] = "500us";
  s["workloads"] = json::array(
      {fio({{"rw", "randwrite"}, {"bs", "64KiB"}, {"iodepth", 4}, {"rate_iops", 2000}})});
  s["faults"] = json::array({fopcode(2s, 1s)});
  Run run(s);
  run.until(6s);
  const TimePoint fatal = run.log.first(Kind::controller_fatal).at;
  const Filter dead = with("cntlid", 1);
  const auto fetched = tokens(run.log.all(Kind::command_fetched, dead && with("opcode", 1)));
  const auto landed = tokens(run.log.all(Kind::media_write, dead && before(fatal + 9s)));
  std::size_t dropped = 0;
  for (const std::uint64_t token : fetched)
    dropped += landed.count(token) == 0 ? 1 : 0;
  // The fatal one itself waits for its data, too, so it is among them.
  CHECK(dropped > 0);
  CHECK(landed.count(run.log.first(Kind::command_delayed)["token"]) == 0);
  CHECK(run.log.first(Kind::controller_freed, with("cntlid", 1)).at < fatal + 1s);
  // No I/O is lost: the host sends it again over the other path.
  for (const Entry& e : run.log.all(Kind::app_complete))
    CHECK(e["status"] == 0);
}

TEST_CASE("losing one connection does not end a controller", "[conformance][drain]") {
  json s = scenario_with(1);
  s["hosts"][0]["cpus"] = 3;
  Run run(s);
  run.until(12s);
  // The host is cut off first: it would answer the loss of one connection by closing them all.
  add_blackhole(run.world, 0, run.world.now());
  run.advance(1us);
  const auto id = target::ControllerId{0};
  REQUIRE(run.world.target.controllers[id].queues.size() == 4);
  const target::QueueId second = run.world.target.controllers[id].queues[2];
  run.world.transport.target.lost(run.world, transport::TargetOwner{sim::index(second)}, 104);
  const TimePoint lost = run.world.now();
  CHECK(run.log.first(Kind::queue_released)["qid"] == 2);
  CHECK(run.world.target.controllers[id].queues.size() == 3);
  run.advance(3s);
  CHECK(run.log.count(Kind::queue_released) == 1);
  CHECK(run.log.count(Kind::controller_freed) == 0);
  // The keep-alive timer is what ends it. Tearing down the queue counted as traffic, which changes
  // nothing here: the last Keep Alive had already bought a second window.
  run.advance(10s);
  const Entry expired = run.log.first(Kind::keep_alive_expired);
  const Entry last = run.log.last(Kind::command_fetched);
  CHECK(last.at < lost);
  CHECK(expired.at == last.at + 10s);
  CHECK(run.log.count(Kind::queue_released) == 4);
  CHECK(run.log.first(Kind::controller_freed).at == expired.at);
}

TEST_CASE("the release of a queue counts as traffic for the controller that lives on",
          "[conformance][drain]") {
  json s = scenario_with(1);
  s["hosts"][0]["cpus"] = 2;
  Run run(s);
  run.until(12s);
  add_blackhole(run.world, 0, run.world.now());
  const Entry last = run.log.last(Kind::command_fetched);
  // In the second window after the last Keep Alive nothing else is fetched.
  run.until(last.at + 7s);
  const target::QueueId queue = run.world.target.controllers[target::ControllerId{0}].queues[1];
  run.world.transport.target.lost(run.world, transport::TargetOwner{sim::index(queue)}, 104);
  run.advance(20s);
  CHECK(run.log.first(Kind::keep_alive_expired).at == last.at + 15s);
}
