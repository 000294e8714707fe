// SPDX-License-Identifier: Apache-2.0
// Admin commands by passthrough, and the knobs that a fence of the specification needs: it closes
// the connections first, and an attempt to reset outlives neither the hold nor its source
// controller.
#include "tests/conformance/support.hpp"

namespace holdfast::conformance {

namespace {

json admin(Duration at, int opcode, std::uint32_t cdw10, std::uint32_t cdw11 = 0) {
  return {{"type", "passthrough"}, {"at", text(at)}, {"host", "h1"},   {"controller", "nvme0"},
          {"opcode", opcode},      {"cdw10", cdw10}, {"cdw11", cdw11}, {"data_size", "4KiB"}};
}

constexpr int set_features = 0x09;
constexpr int get_features = 0x0a;
constexpr int get_log_page = 0x02;
constexpr std::uint32_t keep_alive_timer = 0x0f;

/// The answer to the first command with that opcode byte that host controller 0 sent after `at`.
Entry answer(const RecordLog& log, int opcode, TimePoint at) {
  const Entry sent = log.first(
      Kind::command_sent, with("controller", 0) && since(at) && [opcode](const Entry& e) {
        return (e["sqe0"] & 0xff) == static_cast<std::uint64_t>(opcode);
      });
  const std::uint64_t cid = sent["sqe0"] >> 16 & 0xffff;
  return log.first(Kind::response_received, with("controller", 0) && with("cid", cid) && since(at));
}

/// What is lost in both directions of the first path, for ever.
json lost(Duration at) { return blackhole("h1-s1", at); }

/// nvme1 is asked at 1 s to reset nvme0 under that name.
json asks_for_reset(const std::string& names) {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["faults"] = {{{"type", "passthrough_ccr"},
                  {"at", "1s"},
                  {"host", "h1"},
                  {"controller", "nvme0"},
                  {"source", "nvme1"},
                  {"names", names}}};
  return s;
}

}  // namespace

TEST_CASE("Set Features by passthrough changes KATO at both ends", "[conformance][passthrough]") {
  json s = scenario_with(1);
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  s["faults"] = {admin(1s, set_features, keep_alive_timer, 1500),
                 admin(2s, get_features, keep_alive_timer)};
  Run run(s);
  run.until(20s);
  // nvmet rounds up to whole seconds, and the host to its own (nvme_update_keep_alive): 2 s.
  CHECK(answer(run.log, get_features, sim::epoch + 2s)["result"] == 2000);
  const auto sent = run.log.all(Kind::keep_alive_sent, since(sim::epoch + 3s));
  REQUIRE(sent.size() >= 10);
  for (std::size_t i = 1; i < sent.size(); ++i)
    CHECK(sent[i].at - sent[i - 1].at == 1s);
}

TEST_CASE("passthrough never goes out unless LIVE", "[conformance][passthrough]") {
  json s = scenario_with(2);
  s["hosts"][0]["policy"] = "cqt-only";
  s["subsystems"][0]["attr_cqt"] = "1s";
  s["faults"] = {lost(1s), admin(8s, get_log_page, 0x3ff001e), admin(80s, get_log_page, 0x3ff001e)};
  Run run(s);
  run.until(81s);
  // FENCING from 6 s at the earliest to 7.5 + 16 s: EBUSY; then it reconnects in vain: EBUSY again.
  const auto refused = run.log.all(Kind::operator_refused);
  REQUIRE(refused.size() == 2);
  CHECK(refused[0]["error"] == 16);
  CHECK(refused[1]["error"] == 16);
}

TEST_CASE("a reset that names another instance resets nobody",
          "[conformance][passthrough][CCR-2]") {
  const auto names = GENERATE(as<std::string>{}, "own_id", "unknown_id", "wrong_ciu", "wrong_cirn");
  Run run(asks_for_reset(names));
  run.until(2s);
  CHECK(run.log.count(Kind::controller_fatal) == 0);
  const Entry asked = run.log.first(Kind::ccr_requested);
  INFO(names);
  // protocol.md 3.6: its own id is refused (002h and DNR), whom it does not know is gone already.
  CHECK(asked["status"] == (names == "own_id" ? 0x4002U : 0U));
  CHECK(asked["immediate"] == (names == "own_id" ? 0U : 1U));
}

TEST_CASE("a wrong CIU is the one that the next instance will have",
          "[conformance][passthrough][CCR-2]") {
  const unsigned ciu = GENERATE(1U, 7U, 254U, 255U);
  Run run(asks_for_reset("wrong_ciu"));
  run.until(999ms);
  host::Controller& impacted = run.world.host.controllers[0];
  impacted.ciu = static_cast<std::uint8_t>(ciu);
  run.until(2s);
  const Entry sent =
      run.log.first(Kind::command_sent, with("controller", 1) && since(sim::epoch + 1s));
  CHECK(sent["cdw10"] == (impacted.cntlid | (ciu == 255 ? 1U : ciu + 1) << 16U));
}

TEST_CASE("a log page that is longer than any is refused", "[conformance][passthrough]") {
  json s = scenario_with(1);
  // NUMDL of 65,536 double words and of 1,024; 02h is SMART.
  s["faults"] = {admin(1s, get_log_page, 0xffff0002), admin(2s, get_log_page, 0x03ff0002)};
  Run run(s);
  run.until(3s);
  CHECK(answer(run.log, get_log_page, sim::epoch + 1s)["status"] == 0x4002);
  CHECK(answer(run.log, get_log_page, sim::epoch + 2s)["status"] == 0);
}

TEST_CASE("a triple of the association before resets nobody",
          "[conformance][passthrough][CCR-10]") {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  const json reset = {
      {"type", "reset_controller"}, {"at", "1s"}, {"host", "h1"}, {"controller", "nvme0"}};
  s["faults"] = {reset,
                 {{"type", "passthrough_ccr"},
                  {"at", "3s"},
                  {"host", "h1"},
                  {"controller", "nvme0"},
                  {"source", "nvme1"},
                  {"names", "previous"}}};
  Run run(s);
  run.until(4s);
  CHECK(run.log.first(Kind::ccr_requested)["immediate"] == 1);
  CHECK(run.log.count(Kind::controller_fatal) == 0);
}

TEST_CASE("a fence that closes its connections first repeats nothing", "[conformance][CQT-3]") {
  struct Row {
    json policy;
    bool closes;
  };
  // The RFC of TP4129 frees its I/O queues and its admin queue before it holds (patch 7/7).
  const auto [policy, closes] = GENERATE(
      Row{{{"preset", "cqt-only"}}, false},
      Row{{{"preset", "cqt-only"}, {"closes_first", true}}, true},
      Row{{{"preset", "spec"}, {"hold_from", "recovery_start"}}, true}, Row{"tp4129-rfc1", true});
  INFO(policy);
  json s = scenario_with(2);
  set_keep_alive(s, analysis::KeepAlive::traffic_based, 5s);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy;
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"iodepth", 2}, {"rate_iops", 20}})});
  s["faults"] = json::array({lost(2s)});
  Run run(s);
  run.until(40s);
  const Entry started = run.log.first(Kind::recovery_started);
  // The connections of nvme0 are closed 8 ms after the shutdown, and else only after the hold.
  const Entry ended = run.log.first(Kind::hold_ended);
  CHECK(ended.at - started.at == 15001ms);
  const auto closed = run.log.all(Kind::tcp_state, [&](const Entry& e) {
    return e["side"] == 0 &&
           e["state"] == static_cast<std::uint64_t>(transport::TcpState::closed) &&
           e.at > started.at;
  });
  REQUIRE(closed.size() >= 2);
  const TimePoint from = closes ? started.at : ended.at;
  CHECK(closed[0].at == from + 8ms);
  CHECK(closed[1].at == from + 8ms);
  // What was held went out again after the hold, in either case.
  const Entry cancelled = run.log.first(Kind::requests_cancelled);
  CHECK(cancelled.at == ended.at);
  CHECK(cancelled["count"] == 2);
}

TEST_CASE("an attempt to reset ends with its source, or with the hold", "[conformance][CCR-9]") {
  const bool bounded = GENERATE(false, true);
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1s";
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  s["hosts"][0]["policy"] = {{"preset", "tp8028-v3"}, {"ccr_command_bounded", bounded}};
  // The second path is lost before its own Keep Alive, sent at 12.5 s, can tell; the first one was
  // lost 4 s earlier and is given up at 15 s.
  s["faults"] = {lost(8s), blackhole("h1-s2", 12s)};
  Run run(s);
  run.until(60s);
  const Entry first = run.log.first(Kind::recovery_started, with("controller", 0));
  const Entry second = run.log.first(Kind::recovery_started, with("controller", 1));
  REQUIRE(run.log.first(Kind::ccr_attempt)["source"] == 1);
  CHECK(second.at - first.at == 2500ms);
  const Entry over = run.log.first(Kind::requests_cancelled, with("controller", 0));
  if (bounded) {
    CHECK(run.log.first(Kind::ccr_attempt_failed).at == second.at);
    CHECK(over.at - first.at == 11s);  // 2 x KATO + CQT
  } else {
    // The command is stuck in the fence of its source: 2.5 s longer.
    CHECK(over.at - first.at == 13500ms);
  }
}

}  // namespace holdfast::conformance
