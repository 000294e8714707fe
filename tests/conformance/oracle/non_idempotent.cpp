// SPDX-License-Identifier: Apache-2.0
// Commands that are not plain writes when their path is lost (protocol.md 9.3): each bundled hazard
// with the policies that have it and those that have not, and what the target answers.
#include <fstream>
#include <sstream>

#include "models/oracle/linearizability.hpp"
#include "models/target/target.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json bundled(const std::string& name) {
  std::ifstream in("scenarios/" + name + ".json");
  REQUIRE(in);
  return json::parse(in);
}

Run run_to_end(const json& s) {
  Run run(s);
  run.until(sim::epoch + scenario::parse(s.dump(), "test").duration);
  return run;
}

json with_policy(json s, const json& policy) {
  for (json& h : s["hosts"])
    h["policy"] = policy;
  return s;
}

/// A script on the usual two paths, on a target that does all there is.
json script_on(const json& steps, const json& ns = json::object()) {
  json s = scenario_with(2);
  s["duration"] = "60s";
  s["subsystems"][0]["fused_commands"] = true;
  s["subsystems"][0]["namespaces"][0].update(ns);
  s["workloads"] = {{{"type", "script"}, {"host", "h1"}, {"start", "1s"}, {"steps", steps}}};
  return s;
}

std::vector<std::uint64_t> statuses(const Run& run) {
  std::vector<std::uint64_t> out;
  for (const Entry& e : run.log.all(Kind::app_complete))
    out.push_back(e["status"]);
  return out;
}

using Statuses = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("ABA-1 a late deallocation wipes newer data without a fence", "[conformance]") {
  const json s = bundled("late_deallocate");
  const Run bad = run_to_end(s);
  CHECK(bad.world.oracle.counts.stale_writes == 1);
  CHECK(bad.world.oracle.counts.torn_writes == 1);
  for (const char* policy : {"cqt-only", "tp8028-v3", "spec"}) {
    const Run good = run_to_end(with_policy(s, policy));
    CHECK_FALSE(good.world.oracle.counts.corrupt());
    CHECK(oracle::check_linearizable(good.world.oracle).ok);
    CHECK(good.world.workload.jobs[0].finished);
  }
}

TEST_CASE("an append lands twice unless it is not repeated, or was aborted", "[conformance]") {
  const json s = bundled("zone_append_twice");
  // A fence lets the old attempt end first; but it has appended by then.
  for (const char* policy : {"linux-mainline", "cqt-only", "tp8028-v3"}) {
    const Run bad = run_to_end(with_policy(s, policy));
    CHECK(bad.world.oracle.counts.duplicate_effects == 1);
    CHECK(bad.log.count(Kind::effect_applied) == 3);
  }
  const Run good = run_to_end(with_policy(s, "spec"));
  CHECK(good.world.oracle.counts.duplicate_effects == 0);
  CHECK(good.log.count(Kind::effect_applied) == 2);
  CHECK(statuses(good) == Statuses{0x371, 0, 0});

  json aborting = with_policy(s, "tp8028-v3");
  aborting["subsystems"][0]["in_flight"] = "abort";
  const Run stopped = run_to_end(aborting);
  CHECK_FALSE(stopped.world.oracle.counts.corrupt());
  CHECK(stopped.log.count(Kind::effect_applied) == 2);
  CHECK(statuses(stopped) == Statuses{0, 0, 0});
}

TEST_CASE("a late Compare and Write takes a lock again that was let go", "[conformance]") {
  const json s = bundled("compare_and_write_twice");
  const Run bad = run_to_end(s);
  CHECK(bad.world.oracle.counts.duplicate_effects == 1);
  CHECK(bad.world.oracle.counts.stale_writes == 1);
  CHECK(statuses(bad) == Statuses{0, 0, 0x4285});
  // With a fence only, the repeated pair finds the lock taken - by itself.
  const Run denied = run_to_end(with_policy(s, "tp8028-v3"));
  CHECK(denied.world.oracle.counts.duplicate_effects == 1);
  CHECK(denied.world.oracle.counts.stale_writes == 0);
  CHECK(statuses(denied)[0] == 0x4285);
  const Run good = run_to_end(with_policy(s, "spec"));
  CHECK_FALSE(good.world.oracle.counts.corrupt());
  CHECK(statuses(good) == Statuses{0x371, 0, 0});
}

TEST_CASE("a second Acquire answers Reservation Conflict although the first succeeded",
          "[conformance]") {
  const json s = bundled("reservation_twice");
  for (const char* policy : {"linux-mainline", "cqt-only", "tp8028-v3"}) {
    const Run bad = run_to_end(with_policy(s, policy));
    CHECK(bad.world.oracle.counts.duplicate_effects == 1);
    // Register, the refused Acquire, and a write that is allowed: this host holds the reservation.
    CHECK(statuses(bad) == Statuses{0, 0x4083, 0});
  }
  const Run good = run_to_end(with_policy(s, "spec"));
  CHECK_FALSE(good.world.oracle.counts.corrupt());
  CHECK(statuses(good) == Statuses{0, 0x371, 0});
}

TEST_CASE("a late copy reads a source that has changed meanwhile", "[conformance]") {
  const json s = bundled("late_copy");
  CHECK(run_to_end(s).world.oracle.counts.duplicate_effects == 1);
  for (const char* policy : {"cqt-only", "tp8028-v3", "spec"}) {
    const Run good = run_to_end(with_policy(s, policy));
    CHECK_FALSE(good.world.oracle.counts.corrupt());
    // Both attempts were carried out, with the same source.
    const auto effects = good.log.all(Kind::effect_applied);
    REQUIRE(effects.size() == 2);
    CHECK(effects[0]["value"] == effects[1]["value"]);
  }
}

TEST_CASE("zero copy: TCP repeats an old command with what the buffer holds by then",
          "[conformance]") {
  const json s = bundled("zero_copy");
  const Run bad = run_to_end(s);
  CHECK(bad.world.oracle.counts.mutated_writes == 1);
  CHECK(bad.world.oracle.counts.misplaced_writes == 1);
  // A probe after 2 ms, then 0.2 + 0.4 + 0.8 s: the third timeout, 0.4 s after the path is back,
  // brings the first segment. The target acknowledges it 40 ms later (a lone segment in a
  // dialogue), and only then the other two may follow.
  const Entry landed = bad.log.first(Kind::mutated_write);
  CHECK(landed.at > sim::epoch + 2s + 2ms + 1400ms + 40ms);
  CHECK(landed.at < sim::epoch + 2s + 2ms + 1400ms + 41ms);
  CHECK(landed["content"] >> 8 == 2);
  CHECK(landed["token"] >> 8 == 1);

  json copying = s;
  copying["hosts"][0]["zero_copy"] = false;
  const Run copied = run_to_end(copying);
  CHECK_FALSE(copied.world.oracle.counts.corrupt());
  CHECK(copied.world.oracle.counts.mutated_writes == 0);
  // The old command lands all the same, with its own data, over that of its repetition.
  CHECK(copied.log.count(Kind::media_write, with("lba", 0)) == 2);

  json closing = s;
  closing["hosts"][0]["socket_close_delay"] = "0s";
  const Run closed = run_to_end(closing);
  CHECK_FALSE(closed.world.oracle.counts.corrupt());
  CHECK(closed.log.count(Kind::media_write, with("lba", 0)) == 1);

  CHECK_FALSE(run_to_end(with_policy(s, "spec")).world.oracle.counts.corrupt());
}

TEST_CASE("a zero-copy write that nobody gave up carries its own data", "[conformance]") {
  // The capsule is repeated by TCP after 200 ms, before anyone notices.
  json s = bundled("zero_copy");
  s["faults"][0]["at"] = "1999ms";
  s["faults"][0]["for"] = "100ms";
  const Run run = run_to_end(s);
  CHECK(run.world.oracle.counts.mutated_writes == 0);
  CHECK_FALSE(run.world.oracle.counts.corrupt());
  CHECK(run.world.recovery.recoveries.empty());
}

TEST_CASE("fused commands are refused with Invalid Field and DNR unless the target has them",
          "[conformance]") {
  json s = script_on({{{"do", "compare_and_write"}, {"expects", "zeroes"}}});
  CHECK(statuses(run_to_end(s)) == Statuses{0});
  s["subsystems"][0]["fused_commands"] = false;
  const Run refused = run_to_end(s);
  CHECK(statuses(refused) == Statuses{0x4002});
  CHECK(refused.log.count(Kind::attempt_sent) == 1);  // DNR: not repeated
}

TEST_CASE("Compare and Write writes only what it expects, in one instant", "[conformance]") {
  for (const char* transport : {"tcp", "rdma", "fc"}) {
    for (const char* inline_data : {"16KiB", "0B"}) {  // data in the capsules, or fetched
      INFO(transport << ", " << inline_data);
      json s = script_on({{{"do", "write"}, {"lba", 3}, {"blocks", 2}},
                          {{"do", "compare_and_write"}, {"lba", 3}, {"expects", "zeroes"}},
                          {{"do", "compare_and_write"}, {"lba", 3}, {"blocks", 2}},
                          {{"do", "compare"}, {"lba", 3}, {"blocks", 2}},
                          {{"do", "write_zeroes"}, {"lba", 3}},
                          {{"do", "compare"}, {"lba", 3}, {"expects", "zeroes"}},
                          {{"do", "compare"}, {"lba", 4}, {"expects", "zeroes"}}});
      s["fabric"]["transport"] = transport;
      s["subsystems"][0]["inline_data_size"] = inline_data;
      const Run run = run_to_end(s);
      CHECK(statuses(run) == Statuses{0, 0x4285, 0, 0, 0, 0, 0x4285});
      CHECK(run.log.count(Kind::media_write) == 3);
      CHECK_FALSE(run.world.oracle.counts.corrupt());
      CHECK(run.world.transport.blobs.live() == 0);
    }
  }
}

TEST_CASE("half a fused pair ends with the other half, whatever refuses that", "[conformance]") {
  for (const char* transport : {"tcp", "rdma", "fc"}) {
    INFO(transport);
    json s = script_on({{{"do", "compare_and_write"}, {"expects", "zeroes"}}});
    s["fabric"]["transport"] = transport;
    s["hosts"][0]["iopolicy"] = "numa";
    json forced = s;
    forced["faults"] = {{{"type", "command_status"},
                         {"at", "0s"},
                         {"subsystem", "sub"},
                         {"controller", 1},
                         {"opcode", "write"},
                         {"status", "0x006"},
                         {"dnr", true}}};
    const Run answered = run_to_end(forced);
    CHECK(statuses(answered) == Statuses{0x4006});
    // Of the Compare: Command Aborted due to Failed Fused Command.
    CHECK(answered.log.count(Kind::response_sent, with("qid", 1) && with("status", 0x4009)) == 1);
    CHECK(answered.world.target.requests.live() == 0);

    // The port's access changes when the Compare is there and the Write is not.
    Run changed(s);
    const Filter half = with("opcode", wire::raw(wire::IoOpcode::compare));
    while (changed.log.count(Kind::command_fetched, half) == 0)
      REQUIRE(changed.world.calendar.step(changed.world, sim::epoch + 2s));
    REQUIRE(changed.world.target.requests.live() == 1);
    target::set_ana_state(changed.world, target::SubsystemId{0},
                          {transport::PortId{0}, 1, wire::AnaState::inaccessible});
    changed.until(2s);                        // no timeout ends it
    CHECK(statuses(changed) == Statuses{0});  // over the other path
    CHECK(changed.world.target.requests.live() == 0);
  }
}

TEST_CASE("half a fused pair ends with any other command that is refused", "[conformance]") {
  // FC repeats no frame: the Write is lost, and next comes a Read that a fault answers.
  json s = script_on({{{"do", "compare_and_write"}, {"expects", "zeroes"}}});
  s["fabric"]["transport"] = "fc";
  s["hosts"][0]["iopolicy"] = "numa";
  s["workloads"].push_back({{"type", "script"},
                            {"host", "h1"},
                            {"start", "2s"},
                            {"steps", {{{"do", "read"}, {"lba", 9}}}}});
  s["faults"] = {{{"type", "drop_capsule"},
                  {"at", "500ms"},
                  {"host", "h1"},
                  {"controller", "nvme0"},
                  {"opcode", "write"}},
                 {{"type", "command_status"},
                  {"at", "0s"},
                  {"subsystem", "sub"},
                  {"opcode", "read"},
                  {"status", "0x006"},
                  {"dnr", true}}};
  Run run(s);
  run.until(1900ms);
  REQUIRE(run.world.target.requests.live() == 1);
  run.until(2100ms);
  CHECK(statuses(run) == Statuses{0x4006});
  // Of the Compare: Command Aborted due to Missing Fused Command.
  CHECK(run.log.count(Kind::response_sent, with("qid", 1) && with("status", 0x400a)) == 1);
  CHECK(run.world.target.requests.live() == 0);
}

TEST_CASE("zones that nobody wrote take no memory", "[conformance][oracle]") {
  // 2^32 zones; a table of their write pointers alone would be 32 GiB.
  const json zoned = {{"size", "64TiB"}, {"zoned", {{"zone_size", "16KiB"}}}};
  const Run run =
      run_to_end(script_on({{{"do", "zone_append"}, {"zone", 4294967295U}, {"blocks", 2}}}, zoned));
  const auto& written = run.world.target.namespaces[0].written;
  CHECK(written.size() == std::size_t{1} << 32U);
  CHECK(written[written.size() - 1] == 2);
  // A page, its directory, and 2^32 / 512^2 places of directories.
  CHECK(written.bytes_in_use() == 512 * (8 + 8) + (8U << 14U));
}

TEST_CASE("zones are written at their write pointer and begin anew after a reset",
          "[conformance]") {
  const json zoned = {{"size", "256KiB"}, {"zoned", {{"zone_size", "16KiB"}}}};  // 4 blocks each
  const Run run = run_to_end(script_on({{{"do", "zone_append"}, {"zone", 2}},
                                        {{"do", "zone_append"}, {"zone", 2}, {"blocks", 2}},
                                        {{"do", "write"}, {"lba", 8}},
                                        {{"do", "write"}, {"lba", 11}},
                                        {{"do", "zone_append"}, {"zone", 2}},
                                        {{"do", "zone_reset"}, {"zone", 2}},
                                        {{"do", "zone_append"}, {"zone", 2}, {"blocks", 4}},
                                        {{"do", "read"}, {"lba", 8}}},
                                       zoned));
  // 1BCh Zone Invalid Write, 1B9h Zone Is Full, each with DNR.
  CHECK(statuses(run) == Statuses{0, 0, 0x41bc, 0, 0x41b9, 0, 0, 0});
  const auto done = run.log.all(Kind::app_complete);
  CHECK(done[0]["version"] == 8);
  CHECK(done[1]["version"] == 9);
  CHECK(done[6]["version"] == 8);
  CHECK(done[7]["version"] >> 8 == 7);
  CHECK_FALSE(run.world.oracle.counts.corrupt());
  CHECK(oracle::check_linearizable(run.world.oracle).ok);
}

TEST_CASE("the first Zone Append may land far beyond what was ever written", "[conformance]") {
  const json zoned = {{"size", "4MiB"}, {"zoned", {{"zone_size", "16KiB"}}}};
  const Run run = run_to_end(script_on({{{"do", "zone_append"}, {"zone", 255}}}, zoned));
  CHECK(statuses(run) == Statuses{0});
  CHECK(run.log.all(Kind::app_complete)[0]["version"] == 1020);
}

TEST_CASE("a copy holds what its source held, a deallocation reads as zeroes", "[conformance]") {
  const Run run = run_to_end(script_on({{{"do", "write"}, {"blocks", 2}},
                                        {{"do", "copy"}, {"from", 0}, {"lba", 8}, {"blocks", 2}},
                                        {{"do", "deallocate"}, {"blocks", 5}, {"ranges", 3}},
                                        {{"do", "compare"}, {"expects", "zeroes"}, {"blocks", 5}},
                                        {{"do", "compare"}, {"lba", 8}, {"blocks", 2}}}));
  CHECK(statuses(run) == Statuses{0, 0, 0, 0, 0});
  // Five blocks over three descriptors: 1, 2 and 2.
  const auto pieces = run.log.all(Kind::media_write, [](const Entry& e) { return op_of(e) == 3; });
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0]["blocks"] == 1);
  CHECK(pieces[1]["lba"] == 1);
  CHECK(pieces[2]["lba"] == 3);
  CHECK(pieces[2]["blocks"] == 2);
  CHECK_FALSE(run.world.oracle.counts.corrupt());
}

TEST_CASE("a reservation keeps other hosts from writing until it is released or preempted",
          "[conformance]") {
  json s = script_on({{{"do", "register"}},
                      {{"do", "acquire"}},
                      {{"do", "write"}},
                      {{"do", "wait"}, {"for", "2s"}},
                      {{"do", "write"}},  // thrown out by then
                      {{"do", "release"}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  s["hosts"].push_back(other);
  for (const char* sw : {"s1", "s2"})
    s["fabric"]["links"].push_back({{"name", std::string("h2-") + sw}, {"ends", {"h2", sw}}});
  s["workloads"].push_back({{"type", "script"},
                            {"host", "h2"},
                            {"start", "2s"},
                            {"steps",
                             {{{"do", "write"}},
                              {{"do", "read"}},
                              {{"do", "acquire"}, {"key", 2}},
                              {{"do", "register"}, {"key", 2}},
                              {{"do", "acquire"}, {"key", 2}},
                              {{"do", "preempt"}, {"key", 2}, {"victim", 1}},
                              {{"do", "write"}},
                              {{"do", "wait"}, {"for", "3s"}},
                              {{"do", "release"}, {"key", 2}},
                              {{"do", "release"}, {"key", 2}}}}});
  const Run run = run_to_end(s);
  std::vector<Statuses> by_job(2);
  for (const Entry& e : run.log.all(Kind::app_complete)) {
    const auto& op = run.world.oracle.operations[e["op"] - 1];
    by_job[op.job].push_back(e["status"]);
  }
  CHECK(by_job[0] == Statuses{0, 0, 0, 0x4083, 0x4083});
  // Not registered, then not the holder, then preempted; the second Release finds nothing to do.
  CHECK(by_job[1] == Statuses{0x4083, 0, 0x4083, 0, 0x4083, 0, 0, 0, 0x4083});
  CHECK_FALSE(run.world.oracle.counts.corrupt());
}

TEST_CASE("a Compare need not wait for the fence, half of a fused pair does", "[conformance]") {
  // The way back of path 1 is lost while the command is in its backend. Reads and compares move on
  // when it is noticed, the pair when the hold is over.
  for (const auto& [what, waits] : {std::pair{"compare", false}, {"compare_and_write", true}}) {
    json s = script_on({{{"do", what}, {"expects", "zeroes"}}});
    s["hosts"][0]["policy"] = "ccr+cqt+filter";
    s["hosts"][0]["iopolicy"] = "numa";
    s["subsystems"][0]["attr_cqt"] = "1s";
    s["faults"] = json::array({blackhole("h1-s1", 999ms)});
    const Run run = run_to_end(s);
    const Entry detected = run.log.first(Kind::recovery_started);
    const Entry released = run.log.first(Kind::requests_cancelled);
    const Entry done = run.log.first(Kind::app_complete);
    CHECK(released.at > detected.at + 15s);
    CHECK((done.at > released.at) == waits);
    CHECK(done["status"] == 0);
    // Both halves are still in flight a second into the hold, or nothing is.
    Run held(s);
    held.until(detected.at + 1s);
    const host::Controller& c = held.world.host.controllers[0];
    CHECK(held.world.host.queues[c.first_io_queue].tags.in_flight() == (waits ? 2 : 0));
  }
}
