// SPDX-License-Identifier: Apache-2.0
// KA-5: when a host notices that a path went silent. The phase of the fault is swept over a whole
// KATO; each detection must lie within the bounds of protocol.md 1.7 and, what is sharper, exactly
// where the keep-alive schedule before the fault puts it.
#include <map>

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using analysis::Interval;
using analysis::KeepAlive;
using analysis::Load;

namespace {

constexpr std::uint64_t rate_bps = 25'000'000'000;
constexpr Duration hop_delay = 2us;

struct Case {
  KeepAlive mode{};
  Load load{};
  Duration kato{};
  bool forward = true;
  bool backward = true;
};

json scenario_of(const Case& c) {
  json s = scenario_with(1);
  set_keep_alive(s, c.mode, c.kato);
  if (c.load == Load::busy) {
    // A hundred I/Os per KATO, so that every look of the host finds completions.
    s["workloads"] = json::array({fio({{"rate_iops", 100s / c.kato}, {"iodepth", 4}})});
  }
  return s;
}

/// The Keep Alive that will not be answered if the path dies at `fault`, from the looks before it:
/// nvme_keep_alive_work runs every period, counted from the last look, and skips a round when
/// something submitted since the last look has completed.
TimePoint fatal_keep_alive(const RecordLog& log, const Case& c, TimePoint fault) {
  const Duration period = analysis::look_period(c.mode, c.kato);
  TimePoint look{};
  TimePoint checked{};
  for (const Entry& e : log.entries) {
    if (e.kind == Kind::keep_alive_skipped)
      look = checked = e.at;
    if (e.kind == Kind::keep_alive_sent)
      look = e.at;
    if (e.kind == Kind::keep_alive_done)
      checked = e.at;
  }
  if (checked < look) {
    // One is under way. It is lost unless the fault spares its direction and it has passed.
    const Duration hop =
        analysis::serialisation_time(analysis::segment_bytes(72), rate_bps) + hop_delay;
    if (c.backward || look + hop > fault)
      return look;
  }
  bool seen = false;
  std::map<std::uint64_t, TimePoint> sent;
  for (const Entry& e : log.entries) {
    if (e.kind == Kind::attempt_sent)
      sent[e["token"]] = e.at;
    if (e.kind == Kind::attempt_done && sent.at(e["token"]) >= checked)
      seen = true;
  }
  const bool skips = c.mode == KeepAlive::traffic_based && seen;
  return look + period * (skips ? 2 : 1);
}

/// When the FIN that a target sends at `t` reaches the host, over two idle links.
TimePoint fin_arrives(TimePoint t) {
  return t + 2 * (analysis::serialisation_time(analysis::segment_bytes(0), rate_bps) + hop_delay);
}

/// Cuts the path of a branch of `base` now, and checks when its host notices. Returns how long it
/// took.
Duration check_detection(const Run& base, const Case& c) {
  const TimePoint fault = base.world.now();
  const TimePoint timeout = fatal_keep_alive(base.log, c, fault) + c.kato;
  Run run(base);
  run.log.entries.clear();
  add_blackhole(run.world, 0, fault, c.forward, c.backward);
  run.advance(2 * c.kato);
  TimePoint expected = timeout;
  // What the target has to say gets through if only the way to it is dead.
  const auto expired = run.log.all(Kind::keep_alive_expired);
  if (!c.backward && !expired.empty())
    expected = std::min(expected, fin_arrives(expired.front().at));
  const Entry started = run.log.first(Kind::recovery_started);
  INFO("kato " << c.kato.count() << " fault at " << sim::ns(fault) << " forward " << c.forward
               << " backward " << c.backward);
  CHECK(started.at == expected);
  if (expected == timeout) {
    const Entry noticed = run.log.first(Kind::request_timeout);
    CHECK(noticed.at == timeout);
    CHECK(noticed["opcode"] == 0x18);
  }
  return started.at - fault;
}

/// Sweeps the phase over one KATO. Whole-path and backward faults must be noticed within the
/// bounds; after a forward fault the target may speak first, so only the upper one holds.
void sweep(const Case& c) {
  constexpr int phases = 41;
  const Interval bounds = analysis::host_detection(c.mode, c.load, c.kato);
  Run base(scenario_of(c));
  Duration shortest = 10 * c.kato;
  Duration longest{};
  for (int i = 0; i < phases; ++i) {
    // Off the grid of the looks, which are KATO/2 or KATO/4 apart.
    base.until(2 * c.kato + c.kato * i / phases + 100us);
    auto& entries = base.log.entries;
    const auto old = std::find_if(entries.begin(), entries.end(), since(base.world.now() - c.kato));
    entries.erase(entries.begin(), old);
    const Duration took = check_detection(base, c);
    shortest = std::min(shortest, took);
    longest = std::max(longest, took);
    CHECK(took <= bounds.latest);
    if (c.backward)
      CHECK(took >= bounds.earliest);
  }
  if (!c.backward)
    return;
  // The sweep comes near both ends of the interval: within two steps of the phase, and on a busy
  // host also within the time between two completions or one more look.
  const Duration slack = 2 * c.kato / phases + (c.load == Load::busy ? c.kato / 100 : 0ns);
  CHECK(longest >= bounds.latest - slack);
  const bool two_looks = c.mode == KeepAlive::traffic_based && c.load == Load::busy;
  CHECK(shortest <= bounds.earliest + slack + (two_looks ? c.kato / 4 : 0ns));
}

void sweep_all(KeepAlive mode, Load load) {
  for (const Duration kato : {1s, 5s, 15s}) {
    sweep({mode, load, kato, true, true});
    sweep({mode, load, kato, false, true});
    sweep({mode, load, kato, true, false});
  }
}

}  // namespace

TEST_CASE("an idle command-based host notices a silent path after K to 1.5 K",
          "[conformance][KA-5]") {
  sweep_all(KeepAlive::command_based, Load::idle);
}

TEST_CASE("a busy command-based host notices a silent path after K to 1.5 K",
          "[conformance][KA-5]") {
  sweep_all(KeepAlive::command_based, Load::busy);
}

TEST_CASE("an idle traffic-based host notices a silent path after K to 1.25 K",
          "[conformance][KA-5]") {
  sweep_all(KeepAlive::traffic_based, Load::idle);
}

TEST_CASE("a busy traffic-based host notices a silent path after K to 1.5 K",
          "[conformance][KA-5]") {
  sweep_all(KeepAlive::traffic_based, Load::busy);
}

TEST_CASE("a fault that strikes while a Keep Alive is under way is noticed K after it was sent",
          "[conformance][KA-5]") {
  // A Keep Alive and its answer take about 9 us; the way out ends after 4 us, the way back at the
  // end. In steps of 1 us the fault walks over both.
  for (const auto& [forward, backward] : {std::pair{true, true}, {false, true}, {true, false}}) {
    const Case c{KeepAlive::traffic_based, Load::idle, 5s, forward, backward};
    Run base(scenario_of(c));
    base.until(12s);
    const TimePoint look = base.log.last(Kind::keep_alive_sent).at + c.kato / 4;
    for (int i = 0; i < 15; ++i) {
      base.until(look + i * 1us + 1ns);
      const Duration took = check_detection(base, c);
      if (backward && base.log.last(Kind::keep_alive_done).at < look)
        CHECK(took == c.kato - i * 1us - 1ns);
    }
  }
}
