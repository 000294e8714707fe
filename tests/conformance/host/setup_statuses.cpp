// SPDX-License-Identifier: Apache-2.0
// What becomes of an attempt to connect whose command is answered with an error status, with and
// without Do Not Retry (nvme_init_ctrl_finish, nvmf_should_reconnect).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr int identify = 0x06;
constexpr int get_log_page = 0x02;
constexpr int set_features = 0x09;
constexpr int fabrics = 0x7f;
constexpr std::uint64_t internal_error = 0x006;
constexpr std::uint64_t do_not_retry = 0x4000;
constexpr std::uint64_t error_io = 5;
constexpr std::uint64_t error_no_memory = 12;

/// Admin commands with that opcode are refused from `at` on, `count` of them.
json refused(int opcode, bool dnr, Duration at, int count = 1) {
  return {{"type", "command_status"}, {"at", text(at)},   {"subsystem", "sub"},
          {"controller", 1},          {"opcode", opcode}, {"admin", true},
          {"status", "0x006"},        {"dnr", dnr},       {"count", count}};
}

/// The connections of a path end at 10 s. Its next attempt, at 20 s, meets the refusal; the one
/// after it, another 10 s later, would not.
Run reconnecting(int opcode, bool dnr, const char* kernel = "6.12") {
  json s = scenario_with(1);
  s["hosts"][0]["kernel"] = kernel;
  s["faults"] = {
      refused(opcode, dnr, 9s),
      {{"type", "kill_sockets"}, {"at", "10s"}, {"host", "h1"}, {"controller", "nvme0"}}};
  Run run(s);
  run.until(35s);
  return run;
}

/// The attempt at 20 s failed with that error; the one of 30 s succeeds, or there is none.
void check_failed(const Run& run, std::uint64_t error, bool removed) {
  const Entry failed = run.log.first(Kind::connect_failed);
  CHECK(failed.at - (sim::epoch + 20s) < few_round_trips);
  CHECK(failed["error"] == error);
  CHECK(run.log.count(Kind::controller_removed) == (removed ? 1 : 0));
  CHECK(run.log.count(Kind::connected) == (removed ? 1 : 2));
  if (!removed)
    CHECK(run.log.last(Kind::connected)["attempt"] == 2);
}

}  // namespace

TEST_CASE("any status of Set Features means no queues, and the host goes on trying",
          "[conformance][setup]") {
  const bool dnr = GENERATE(false, true);
  check_failed(reconnecting(set_features, dnr), error_no_memory, false);
}

TEST_CASE("a status of Identify is an I/O error, and the host goes on trying",
          "[conformance][setup]") {
  const bool dnr = GENERATE(false, true);
  check_failed(reconnecting(identify, dnr), error_io, false);
}

TEST_CASE("a status of the ANA log or of a property ends the attempt, with DNR all of them",
          "[conformance][setup]") {
  const int opcode = GENERATE(get_log_page, fabrics);
  check_failed(reconnecting(opcode, false), internal_error, false);
  check_failed(reconnecting(opcode, true), internal_error | do_not_retry, true);
}

TEST_CASE("Linux 6.1 does not look at the status of an attempt", "[conformance][setup]") {
  check_failed(reconnecting(get_log_page, true, "6.1"), internal_error | do_not_retry, false);
}

TEST_CASE("a first connect goes on without the effects log and the SMART log",
          "[conformance][setup]") {
  // Get Log Page of a first connect: effects, ANA, SMART.
  json s = scenario_with(1);
  s["faults"] = json::array({refused(get_log_page, true, 0s)});
  Run without_effects(s);
  without_effects.until(1s);
  CHECK(without_effects.log.count(Kind::setup_refused) == 1);
  CHECK(without_effects.log.count(Kind::connected) == 1);
  s["faults"] = json::array({refused(get_log_page, true, 0s, 2)});
  Run without_ana(s);
  without_ana.until(1s);
  CHECK(without_ana.log.count(Kind::setup_refused) == 2);
  CHECK(without_ana.log.count(Kind::connected) == 0);
  CHECK(without_ana.log.first(Kind::connect_failed)["error"] == (internal_error | do_not_retry));
}

TEST_CASE("an effects log that nobody answers stops the queue for what follows",
          "[conformance][setup]") {
  // It times out after 2.5 s and its status does not matter. The ANA log then finds a queue that is
  // not LIVE and ends with 370h (nvme_fail_nonready_command).
  json s = scenario_with(1);
  s["hosts"][0]["admin_timeout"] = "2500ms";
  s["faults"] = json::array({{{"type", "drop_capsule"},
                              {"at", "0s"},
                              {"host", "h1"},
                              {"controller", "nvme0"},
                              {"opcode", get_log_page},
                              {"admin", true},
                              {"transmissions", 0}}});
  Run run(s);
  run.until(10s);
  const Entry timeout = run.log.first(Kind::request_timeout);
  CHECK(timeout["opcode"] == get_log_page);
  const auto refused = run.log.all(Kind::setup_refused);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0]["status"] == 0x371);
  CHECK(refused[1]["status"] == 0x370);
  CHECK(run.log.first(Kind::connect_failed).at == timeout.at);
  CHECK(run.log.first(Kind::connect_failed)["error"] == 0x370);
}
