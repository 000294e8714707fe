// SPDX-License-Identifier: Apache-2.0
// Whether `holdfast timers` says what runs do: the phase of a silent path is swept over the looks
// of the keep-alive and the ticks of both machines; what happens lies within each line of the
// timeline, and some phase comes near each of its ends.
#include <map>

#include "analysis/timers/spans.hpp"
#include "analysis/timers/timers.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::Interval;
using analysis::KeepAlive;
using analysis::timers::Line;
using analysis::timers::Timeline;

namespace {

constexpr int phases = 24;

struct Case {
  std::string policy = "linux-mainline";
  std::string kernel = "6.12";
  std::string transport = "tcp";
  KeepAlive mode = KeepAlive::traffic_based;
  Duration kato = 5s;
  std::uint32_t hz = 0;
  bool busy = false;
  int paths = 1;
  std::string profile = "nvmet-mainline";
  json knobs = json::object();  ///< of the policy
  json host = json::object(), target = json::object();
};

std::string told(const Case& c) {
  return fmt::format("{} {} {} {} KATO {} s, {} Hz, {}, {} paths", c.profile, c.kernel, c.policy,
                     c.transport, c.kato / 1s, c.hz, c.busy ? "busy" : "idle", c.paths);
}

json scenario_of(const Case& c) {
  json s = scenario_with(c.paths);
  s["fabric"]["transport"] = c.transport;
  s["subsystems"][0]["profile"] = c.profile;
  s["subsystems"][0]["attr_cqt"] = "1ms";
  set_keep_alive(s, c.mode, c.kato);
  set_connect(s, "reconnect_delay", "2s");
  set_connect(s, "ctrl_loss_tmo", "7s");
  s["hosts"][0]["policy"] = {{"preset", c.policy}};
  s["hosts"][0]["policy"].update(c.knobs);
  s["hosts"][0]["kernel"] = c.kernel;
  s["hosts"][0].update(c.host);
  s["subsystems"][0].update(c.target);
  if (c.hz != 0)
    s["hosts"][0]["hz"] = s["subsystems"][0]["hz"] = std::to_string(c.hz);
  if (c.busy)
    s["workloads"] = json::array({fio({{"rate_iops", 100s / c.kato}, {"iodepth", 1}})});
  return s;
}

/// When the things of a timeline happened to the first controller after the path was cut.
std::map<std::string, Duration> happened(const Run& run, TimePoint fault) {
  std::map<std::string, Duration> at;
  const auto first = [&](const char* name, Kind kind, const Filter& filter) {
    for (const Entry& e : run.log.all(kind, filter)) {
      at.emplace(name, e.at - fault);
      break;
    }
  };
  first("host_detects", Kind::recovery_started, of_first());
  first("target_detects", Kind::keep_alive_expired, with("cntlid", 1));
  first("hold_ends", Kind::hold_ended, of_first());
  first("released", Kind::requests_cancelled, of_first());
  first("controller_removed", Kind::controller_removed, of_first());
  std::uint64_t nth = 0;
  for (const Entry& e : run.log.all(Kind::queue_opened, of_first() && with("qid", 0)))
    at.emplace(fmt::format("attempt_{}", ++nth), e.at - fault);
  nth = 0;
  for (const Entry& e : run.log.all(Kind::connect_failed, of_first()))
    at.emplace(fmt::format("attempt_{}_fails", ++nth), e.at - fault);
  return at;
}

struct Seen {
  Interval at{Duration::max(), Duration::min()};
  int times = 0;
  void take(Duration d) {
    at = {std::min(at.earliest, d), std::max(at.latest, d)};
    ++times;
  }
};

/// What the phases gave, by the name of the line: since the fault, and since what it counts from.
struct Sweep {
  Timeline timeline;
  std::map<std::string, Seen> since_fault;
  std::map<std::string, Seen> span;
};

const Interval& of_case(const analysis::timers::Span& span, const Case& c) {
  return c.hz == 0 ? span.exact : span.ticks;
}

/// The last command that the controller fetched, which its timer counts.
Duration since_last_command(const Run& run, const Case& c, TimePoint fault, Duration expiry) {
  const Filter keep_alive = with("qid", 0) && with("opcode", 0x18);
  const bool all = c.mode == KeepAlive::traffic_based;
  const Filter mine = before(fault + expiry) && with("cntlid", 1);
  return fault + expiry - run.log.last(Kind::command_fetched, all ? mine : mine && keep_alive).at;
}

void check_phase(Sweep& sweep, const Case& c, const Run& base, TimePoint fault) {
  Run run(base);
  run.until(fault);
  const std::vector<Entry> before_fault = run.log.entries;
  run.log.entries.clear();
  add_blackhole(run.world, 0, fault);
  const Line& last = sweep.timeline.lines.back();
  run.advance(of_case(*last.at, c).latest + 1s);
  const auto at = happened(run, fault);
  run.log.entries.insert(run.log.entries.begin(), before_fault.begin(), before_fault.end());
  INFO("fault at " << sim::ns(fault) << " ns");
  for (const Line& line : sweep.timeline.lines) {
    const auto found = at.find(line.name);
    if (found == at.end())
      continue;
    INFO(line.name);
    sweep.since_fault[line.name].take(found->second);
    const auto from = at.find(line.after);
    if (from != at.end() || line.after == analysis::timers::fault)
      sweep.span[line.name].take(found->second - (from == at.end() ? Duration{} : from->second));
  }
  if (at.count("target_detects") != 0) {
    sweep.span["target_expiry"].take(since_last_command(run, c, fault, at.at("target_detects")));
  }
}

/// Cuts the path at phases of a look, and with ticks at phases of both tick counters.
Sweep sweep_of(const Case& c) {
  Sweep sweep;
  json s = scenario_of(c);
  const std::uint32_t hz = c.hz == 0 ? 250 : c.hz;
  sweep.timeline = analysis::timers::timelines(scenario::parse(s.dump(), "test"), hz).front();
  const Duration look =
      2 * analysis::timers::period(c.hz, analysis::look_period(c.mode, c.kato), true);
  for (int tick = 0; tick < (c.hz == 0 ? 1 : 3); ++tick) {
    if (c.hz != 0) {
      // Any tick counter, in relation to the wheel's levels and within a tick.
      s["hosts"][0]["tick_phase"] = text(tick * 1337ms + tick * 1ms);
      s["subsystems"][0]["tick_phase"] = text(tick * 777ms + tick * 2ms);
    }
    const Run base(s);
    for (int i = 0; i < phases; ++i)
      check_phase(sweep, c, base, sim::epoch + 4 * c.kato + look * i / phases + 100us);
  }
  return sweep;
}

/// Everything within its line, and the lines of `must` were seen at all.
void check_within(const Sweep& sweep, const Case& c, const std::vector<std::string>& must) {
  INFO(told(c));
  for (const Line& line : sweep.timeline.lines) {
    INFO(line.name);
    if (const auto span = sweep.span.find(line.name); span != sweep.span.end()) {
      CHECK(span->second.at.earliest >= of_case(line.span, c).earliest);
      CHECK(span->second.at.latest <= of_case(line.span, c).latest);
    }
    if (const auto at = sweep.since_fault.find(line.name); at != sweep.since_fault.end()) {
      REQUIRE(line.at.has_value());
      CHECK(at->second.at.earliest >= of_case(*line.at, c).earliest);
      CHECK(at->second.at.latest <= of_case(*line.at, c).latest);
    }
  }
  for (const std::string& name : must) {
    INFO(name);
    CHECK(sweep.since_fault.count(name) != 0);
  }
}

/// Some phase comes near both ends of what `name` takes, within `slack`.
void check_reached(const Sweep& sweep, const Case& c, const std::string& name, Duration slack) {
  INFO(told(c) << ", " << name);
  const auto& lines = sweep.timeline.lines;
  const auto line =
      std::find_if(lines.begin(), lines.end(), [&](const Line& l) { return l.name == name; });
  REQUIRE(line != lines.end());
  const auto seen = sweep.span.find(name);
  REQUIRE(seen != sweep.span.end());
  CHECK(seen->second.at.earliest <= of_case(line->span, c).earliest + slack);
  CHECK(seen->second.at.latest >= of_case(line->span, c).latest - slack);
}

const std::vector<std::string> all_steps = {
    "host_detects", "released",        "attempt_1", "attempt_1_fails",
    "attempt_2",    "attempt_2_fails", "attempt_4", "controller_removed"};

constexpr const char* policies[] = {"linux-mainline", "tp4129-rfc1", "tp8028-rfc1", "tp8028-v2",
                                    "tp8028-v3",      "tp8028-v4",   "tp8028-v6",   "cqt-only",
                                    "ccr+cqt+filter", "spec"};

}  // namespace

TEST_CASE("the timeline of settings is that of runs, for each policy", "[conformance][timers]") {
  for (const char* policy : policies) {
    for (const KeepAlive mode : {KeepAlive::traffic_based, KeepAlive::command_based}) {
      Case c;
      c.policy = policy;
      c.mode = mode;
      check_within(sweep_of(c), c, all_steps);
      c.busy = true;
      check_within(sweep_of(c), c, all_steps);
    }
  }
}

TEST_CASE("the timeline of a kernel is that of its runs", "[conformance][timers]") {
  for (const char* kernel : {"6.1", "7.2", "7.3"}) {
    for (const char* policy : policies) {
      Case c;
      c.kernel = kernel;
      c.policy = policy;
      // What its recovery waits for on 6.1 would pass its hold by.
      if (c.policy == "tp4129-rfc1" && c.kernel == "6.1") {
        CHECK_THROWS_WITH(Run(scenario_of(c)), Catch::Matchers::Contains("tp4129-rfc1 was posted"));
        continue;
      }
      check_within(sweep_of(c), c, all_steps);
      c.busy = true;
      check_within(sweep_of(c), c, all_steps);
    }
  }
}

TEST_CASE("with a path that can reset the other, requests are released between both ends",
          "[conformance][timers]") {
  for (const char* policy : policies) {
    Case c;
    c.policy = policy;
    c.paths = 2;
    c.profile = "nvmet-tp8028";
    check_within(sweep_of(c), c, all_steps);
  }
}

TEST_CASE("some phase comes near both ends of each line with exact timers",
          "[conformance][timers]") {
  for (const Duration kato : {2s, 5s}) {
    for (const KeepAlive mode : {KeepAlive::traffic_based, KeepAlive::command_based}) {
      Case c;
      c.mode = mode;
      c.kato = kato;
      c.policy = "cqt-only";
      const Sweep sweep = sweep_of(c);
      // One step of the phase, and what is on the wire.
      const Duration step = 2 * analysis::look_period(mode, kato) / phases + 1ms;
      check_reached(sweep, c, "host_detects", step);
      for (const char* name : {"hold_ends", "released", "attempt_1", "attempt_1_fails", "attempt_2",
                               "controller_removed"})
        check_reached(sweep, c, name, 0ns);
      c.busy = true;
      check_reached(sweep_of(c), c, "host_detects",
                    step + analysis::look_period(mode, kato) + kato / 100);
    }
  }
  // An idle host sends Keep Alives only, which are good for two windows of nvmet and one of a timer
  // that they alone restart; the poller of SPDK may be late by a whole one.
  Case c;
  c.mode = KeepAlive::command_based;
  check_reached(sweep_of(c), c, "target_expiry", 0ns);
  c.mode = KeepAlive::traffic_based;
  c.busy = true;
  check_reached(sweep_of(c), c, "target_expiry", c.kato / 10);
}

TEST_CASE("the timeline in ticks is that of runs in ticks", "[conformance][timers]") {
  for (const char* policy : {"linux-mainline", "cqt-only", "tp4129-rfc1", "spec"}) {
    for (const std::uint32_t hz : {100u, 250u, 1000u}) {
      for (const Duration kato : {5s, 10s}) {
        Case c;
        c.policy = policy;
        c.hz = hz;
        c.kato = kato;
        check_within(sweep_of(c), c, all_steps);
      }
    }
  }
  for (const KeepAlive mode : {KeepAlive::traffic_based, KeepAlive::command_based}) {
    Case c;
    c.policy = "cqt-only";
    c.mode = mode;
    c.hz = 250;
    c.busy = true;
    check_within(sweep_of(c), c, all_steps);
    c.busy = false;
    const Sweep sweep = sweep_of(c);
    // The wheel rounds what is set at a tick: a granule of the level less one tick may be missing.
    check_reached(sweep, c, "hold_ends", 1024ms);
    check_reached(sweep, c, "attempt_1_fails", 100ms);
    // An idle nvmet adds its second window every time.
    c.busy = mode == KeepAlive::traffic_based;
    check_reached(sweep_of(c), c, "target_expiry", 600ms);
  }
}

TEST_CASE("the timelines of rdma and fc are those of runs", "[conformance][timers]") {
  const std::vector<std::string> until_release = {"host_detects", "released"};
  for (const char* policy : {"linux-mainline", "cqt-only", "spec"}) {
    for (const std::uint32_t hz : {0u, 250u}) {
      for (const bool busy : {false, true}) {
        Case c;
        c.policy = policy;
        c.hz = hz;
        c.busy = busy;
        c.transport = "rdma";
        check_within(sweep_of(c), c, all_steps);
        c.transport = "fc";
        check_within(sweep_of(c), c, until_release);
      }
    }
  }
}

TEST_CASE("knobs of a policy are in the timeline", "[conformance][timers]") {
  for (const json& knobs : {json{{"keep_alive_polls_half", true}}, json{{"hold_multiplier", 1.5}},
                            json{{"hold_from", "last_submission"}}}) {
    for (const std::uint32_t hz : {0u, 250u}) {
      Case c;
      c.policy = "cqt-only";
      c.knobs = knobs;
      c.hz = hz;
      check_within(sweep_of(c), c, all_steps);
    }
  }
}

TEST_CASE("clocks that run fast or slow are in the timeline", "[conformance][timers]") {
  const json fast = {{"clock_fast_ppm", 100'000}}, slow = {{"clock_slow_ppm", 100'000}};
  for (const auto& [host, target] : {std::pair{fast, slow}, {slow, fast}, {slow, json::object()}}) {
    Case c;
    c.policy = "cqt-only";
    c.host = host;
    c.target = target;
    for (const std::uint32_t hz : {0u, 250u}) {
      c.hz = hz;
      check_within(sweep_of(c), c, all_steps);
    }
    c.hz = 0;
    check_reached(sweep_of(c), c, "hold_ends", 1us);
  }
  // Its ticks are slow, too: 4,000, which the wheel rounds to 64; of 4,082 it would make 4,608.
  const json slightly = {{"clock_slow_ppm", 20'000}};
  const Case c{.mode = KeepAlive::command_based, .kato = 16s, .hz = 250, .target = slightly};
  check_within(sweep_of(c), c, {"target_detects"});
}

TEST_CASE("a reset is waited for as long as whoever is asked may take to answer",
          "[conformance][timers]") {
  const auto deadline = [](const char* admin_timeout) {
    Case c;
    c.policy = "tp8028-v3";
    c.paths = 2;
    c.profile = "nvmet-tp8028";
    json s = scenario_of(c);
    s["hosts"][0]["connect"][1]["admin_timeout"] = admin_timeout;
    const auto lines = analysis::timers::timelines(scenario::parse(s.dump(), "test")).front().lines;
    const auto line = std::find_if(lines.begin(), lines.end(),
                                   [](const Line& l) { return l.name == "ccr_deadline"; });
    REQUIRE(line != lines.end());
    return line->span.exact.latest;
  };
  // 3 x KATO + CQT, then KATO for an attempt that began right before that, and its command.
  CHECK(deadline("60s") == 3 * 5s + 1ms + 5s + 60s);
  CHECK(deadline("90s") == 3 * 5s + 1ms + 5s + 90s);
}

TEST_CASE("a poller and a rounded KATO are in the timeline", "[conformance][timers]") {
  // KATO 5 s is raised to 10 s there. Traffic that a look has found is good for two more of them.
  using Row = std::tuple<KeepAlive, const char*, Duration, Duration>;
  for (const auto& [mode, after, earliest, latest] :
       {Row{KeepAlive::command_based, "the last Keep Alive fetched", 10s + 1ns, 20s},
        Row{KeepAlive::traffic_based, "the last command fetched", 20s, 30s}}) {
    for (const bool busy : {false, true}) {
      Case c;
      c.profile = "spdk-like";
      c.mode = mode;
      c.busy = busy;
      const Sweep sweep = sweep_of(c);
      check_within(sweep, c, {"host_detects"});
      CHECK(sweep.span.at("target_expiry").at.latest > latest - 10s);
      const auto& lines = sweep.timeline.lines;
      const auto expiry = std::find_if(lines.begin(), lines.end(),
                                       [](const Line& l) { return l.name == "target_expiry"; });
      REQUIRE(expiry != lines.end());
      CHECK(expiry->after == after);
      CHECK(expiry->span.exact.earliest == earliest);
      CHECK(expiry->span.exact.latest == latest);
    }
  }
}
