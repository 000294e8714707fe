// SPDX-License-Identifier: Apache-2.0
// CQT-6 to CQT-8, ABA-5 and ABA-6: the clock of Base 2.1 9.6.2 beside that of Linux, whose timer it
// multiplies, what a notice of the transport changes, and the retry classes of 9.6.3
// (protocol.md 2.6, 9.3).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::KeepAlive;

namespace {

json policy(std::initializer_list<std::pair<std::string, json>> knobs) {
  json out = {{"preset", "cqt-only"}};
  for (const auto& [knob, value] : knobs)
    out[knob] = value;
  return out;
}

/// The only path dies at 10.13 s; I/O at 200 per second, eight at a time. CQT 1 ms.
json lost_path(KeepAlive mode, const json& how) {
  json s = scenario_with(1);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = how;
  s["workloads"] = json::array({fio({{"rate_iops", 200}, {"iodepth", 8}})});
  s["faults"] = json::array({blackhole("h1-s1", 10130ms)});
  set_keep_alive(s, mode, 5s);
  return s;
}

Duration held(const Run& run) {
  return run.log.first(Kind::hold_ended).at - run.log.first(Kind::recovery_started).at;
}

/// rw_test over two paths; the first write makes controller 1 fatal, which closes its connections,
/// and lands 2 s later.
json late_write(const json& how, Duration cqt) {
  json s = scenario_with(2);
  s["subsystems"][0]["attr_cqt"] = text(cqt);
  s["hosts"][0]["policy"] = how;
  s["workloads"] = json::array({rw_test_once(30s)});
  s["faults"] = json::array({fopcode_write(2s)});
  return s;
}

}  // namespace

TEST_CASE("m x KATT counts from the last submission that the controller's timer counts",
          "[conformance][CQT-6]") {
  // A Keep Alive that is lost is noticed KATO = 5 s after its submission. Of the 2 x 5 s of a
  // command-based controller 5 s are left then, whatever I/O has been sent meanwhile; CQT comes on
  // top. A traffic-based one counts from the last of that I/O: 10 a second, so within 100 ms.
  for (const KeepAlive mode : {KeepAlive::command_based, KeepAlive::traffic_based}) {
    const json how = policy({{"hold_from", "last_submission"}, {"closes_first", true}});
    json s = lost_path(mode, how);
    s["workloads"] = json::array({fio({{"rate_iops", 10}, {"iodepth", 127}})});
    Run run(s);
    run.until(60s);
    const TimePoint began = run.log.first(Kind::recovery_started).at;
    const Entry keep_alive = run.log.last(Kind::keep_alive_sent, before(began));
    const Entry command = run.log.last(Kind::command_sent, before(began));
    CHECK(began - keep_alive.at == 5s);
    CHECK(began - command.at < 101ms);
    if (mode == KeepAlive::command_based) {
      CHECK(held(run) == 5001ms);
    } else {
      CHECK(held(run) == 15001ms - (began - command.at));
    }
  }
}

TEST_CASE("what a transport repeats counts as a submission with last_transmission",
          "[conformance][CQT-6]") {
  // TCP repeats the lost Keep Alive until the connection is closed. Whatever instant that was, the
  // hold ends 2 x 5 s + CQT after it, and no later than Linux's.
  const json how = policy({{"hold_from", "last_transmission"}, {"closes_first", true}});
  Run run(lost_path(KeepAlive::command_based, how), true);
  run.until(60s);
  const TimePoint began = run.log.first(Kind::recovery_started).at;
  TimePoint last{};
  for (const Entry& e : run.log.all(Kind::packet_dropped, before(began)))
    last = std::max(last, e.at);
  REQUIRE(last > run.log.last(Kind::keep_alive_sent, before(began)).at + 1s);
  const Duration early = run.log.first(Kind::hold_ended).at - (last + 10001ms);
  CHECK(early <= Duration{});
  CHECK(early > -1ms);  // it left the host on the way to where it was lost
  CHECK(held(run) < 10001ms);
}

TEST_CASE("the controller's KATT is read and multiplied, not the host's KATO",
          "[conformance][CQT-6]") {
  // A controller that takes no KATO below 10 s: a host that multiplies its 5 s holds too short.
  for (const bool reads : {false, true}) {
    json s = lost_path(KeepAlive::command_based, policy({{"holds_katt", reads}}));
    s["subsystems"][0]["kato_min"] = "10s";
    Run run(s);
    run.until(60s);
    const auto is_get_features = [](const Entry& e) {
      return (e["sqe0"] & 0xff) == wire::raw(wire::AdminOpcode::get_features);
    };
    CHECK(run.log.count(Kind::command_sent, is_get_features) == (reads ? 1 : 0));
    CHECK(held(run) == (reads ? 20001ms : 10001ms));
  }
}

TEST_CASE("once the controller has ended the connections CQT alone is waited for",
          "[conformance][CQT-8]") {
  for (const bool notices : {false, true}) {
    Run run(late_write(policy({{"notice_ends_wait", notices}}), 2500ms));
    run.until(60s);
    CHECK(held(run) >= (notices ? 2500ms : 17500ms));
    CHECK(held(run) <= (notices ? 2500ms : 17500ms) + few_round_trips);
    CHECK(run.world.oracle.counts.stale_writes == 0);
  }
  // CQT has to cover the drain: this controller needs 2 s and says 1 ms.
  Run dishonest(late_write(policy({{"notice_ends_wait", true}}), 1ms));
  dishonest.until(60s);
  CHECK(dishonest.world.oracle.counts.stale_writes == 1);
}

TEST_CASE("the end of one connection says nothing of what is in flight on another",
          "[conformance][CQT-8]") {
  // The admin connection is the first that the controller ends, and the host closes the others at
  // once: of the write it has no notice.
  Run run(late_write(policy({{"notice_ends_wait", true}, {"closes_first", true}}), 1ms));
  run.until(60s);
  CHECK(held(run) == 15001ms);
}

TEST_CASE("a write that is sent again early is reported when the fence is over",
          "[conformance][ABA-6]") {
  Run run(late_write(policy({{"early_resubmission", true}}), 1ms));
  run.until(60s);
  const TimePoint began = run.log.first(Kind::recovery_started).at;
  const TimePoint over = run.log.first(Kind::hold_ended).at;
  const Entry again = run.log.first(Kind::attempt_sent, since(began));
  CHECK(again["controller"] == 1);
  CHECK(again.at == began);
  CHECK(run.log.first(Kind::attempt_done, since(began)).at < began + 1ms);
  const std::uint64_t op = serial_of(Token{again["token"]});
  const auto is_it = [op](const Entry& e) { return e["op"] == op; };
  CHECK(run.log.first(Kind::app_complete, is_it).at == over);
  // The original lands after the retry, before the report: what it overwrites is its own data.
  const auto landed = run.log.all(
      Kind::media_write, [&](const Entry& e) { return serial_of(Token{e["token"]}) == op; });
  REQUIRE(landed.size() == 2);
  CHECK(landed[0].at < landed[1].at);
  CHECK(landed[1].at < over);
  CHECK(run.world.oracle.counts.stale_writes == 0);
  CHECK(oracle::exposure_until(run.world.oracle, run.world.now()).intervals == 0);
}

TEST_CASE("a write that was answered in FENCING waits for its early copy all the same",
          "[conformance][ABA-6]") {
  // The path is well, only slow: the original is answered 2 s after its submission, in the hold
  // that its timeout of 1 s has begun. Its copy takes 3 s and must not land behind later writes.
  json s = scenario_with(2);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy({{"early_resubmission", true}});
  s["hosts"][0]["io_timeout"] = "1s";
  s["workloads"] = json::array({rw_test_once(30s)});
  const auto slow = [](int controller, const char* delay) {
    return json{{"type", "delay_command"},  {"at", "50ms"},      {"subsystem", "sub"},
                {"controller", controller}, {"opcode", "write"}, {"delay", delay}};
  };
  s["faults"] = json::array({slow(1, "2s"), slow(2, "900ms")});
  s["faults"][1]["at"] = "1050ms";
  Run run(s);
  run.until(60s);
  const TimePoint began = run.log.first(Kind::recovery_started).at;
  const auto done = run.log.all(Kind::attempt_done, since(began));
  const TimePoint reported = run.log.first(Kind::app_complete, since(began)).at;
  CHECK(reported == std::max(done[0].at, done[1].at));
  CHECK(run.world.oracle.counts.stale_writes == 0);
}

TEST_CASE("the filter lets Unrestricted Retry go, by opcode and by the effects log",
          "[conformance][ABA-5]") {
  const auto waited = [](const json& load, const json& lbcc) {
    json s = scenario_with(2);
    s["subsystems"][0]["attr_cqt"] = "1ms";
    s["subsystems"][0]["effects_lbcc"] = lbcc;
    s["hosts"][0]["policy"] = policy({{"release_idempotent", true}});
    s["hosts"][0]["iopolicy"] = "numa";
    s["workloads"] = json::array({load});
    s["faults"] = json::array({blackhole("h1-s1", 10s)});
    Run run(s);
    run.until(60s);
    return run.log.first(Kind::attempt_abandoned).at - run.log.first(Kind::recovery_started).at;
  };
  const auto one = [](const char* rw) {
    return fio({{"rw", rw}, {"iodepth", 1}, {"rate_iops", 100}});
  };
  CHECK(waited(one("randread"), json::array()) == 0s);
  CHECK(waited(one("randread"), json::array({"read"})) == 15001ms);
  CHECK(waited(one("randwrite"), json::array()) == 15001ms);
  // nvmet's log names no effect of a deallocation; it is held all the same.
  const json trim = {{"type", "script"},
                     {"host", "h1"},
                     {"start", "10001ms"},
                     {"steps", {{{"do", "deallocate"}}}}};
  CHECK(waited(trim, json::array()) == 15001ms);
}

TEST_CASE("a write that another host answers to is safe neither early nor held",
          "[conformance][ABA-6]") {
  // Base 2.1 Annex B.6.4: such a write is a signal, and State-Dependent. Host h2 reads it, answers
  // with a write of its own to the same block, and finds its answer gone: early because the
  // original lands behind it (3 s), held because the retry does (16 s).
  for (const bool early : {true, false}) {
    json s = late_write(policy({{"early_resubmission", early}}), 1ms);
    s["fabric"]["links"].push_back({{"name", "h2-s2"}, {"ends", {"h2", "s2"}}});
    s["hosts"].push_back(
        {{"name", "h2"}, {"cpus", 1}, {"connect", {{{"subsystem", "sub"}, {"port", "a1"}}}}});
    const auto script = [](const char* host, const char* start, json steps) {
      return json{
          {"type", "script"}, {"host", host}, {"start", start}, {"steps", std::move(steps)}};
    };
    const json look = {{"do", "read"}};
    const json answer = {{"do", "write"}};
    s["workloads"] = {
        script("h1", "1s", json::array({answer})),
        script("h2", early ? "2s" : "5s", {look, answer, {{"do", "wait"}, {"for", "20s"}}, look})};
    s["hosts"][0]["iopolicy"] = "numa";
    s["faults"][0]["at"] = "900ms";
    Run run(s);
    run.until(60s);
    const auto reads = run.log.all(Kind::media_read);
    REQUIRE(reads.size() == 2);
    CHECK(serial_of(Token{reads[0]["version"]}) == 1);  // the write of h1, which is still held
    CHECK(serial_of(Token{reads[1]["version"]}) == 1);  // and again, in place of the answer
    CHECK(run.log.all(Kind::app_complete, with("op", 3)).at(0)["status"] == 0);
  }
}
