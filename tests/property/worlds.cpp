// SPDX-License-Identifier: Apache-2.0
// What must hold for every run: a world is a value, its randomness belongs to names and ordinals,
// and what was chosen can be chosen again. On random scenarios, at random instants.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/run/result.hpp"
#include "models/net/fabric.hpp"
#include "models/oracle/linearizability.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/random.hpp"
#include "tests/property/closing.hpp"
#include "tests/property/drawn.hpp"

namespace {

using namespace holdfast;
using drawn::end_of;
using drawn::instant;
using scenario::Scenario;

constexpr std::uint64_t scenarios = 60;

void run_to_end(World& w, const Scenario& s) { invariants::run_until(w, end_of(s)); }

/// All that a run answers when it has ended, the three hashes included.
std::string answer_of(const World& w, const Scenario& s) {
  return analysis::result_document(s, w, "native").dump();
}

std::string result_of(World& w, const Scenario& s) {
  run_to_end(w, s);
  return answer_of(w, s);
}

std::string fresh_result(const Scenario& s) {
  World w = scenario::build(s);
  return result_of(w, s);
}

}  // namespace

TEST_CASE("the same scenario gives the same result again, another seed another", "[property]") {
  int differ = 0;
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    INFO("scenario " << seed);
    Scenario s = drawn::scenario_of(seed);
    World w = scenario::build(s);
    const std::string once = result_of(w, s);
    REQUIRE(once == fresh_result(s));
    ++s.seed;
    World other = scenario::build(s);
    run_to_end(other, s);
    differ += w.trace.hashes() == other.trace.hashes() ? 0 : 1;
  }
  // Some scenarios draw nothing; most do.
  CHECK(differ > static_cast<int>(scenarios) / 2);
}

TEST_CASE("a copy made at any instant ends as the uninterrupted run does", "[property]") {
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    INFO("scenario " << seed);
    const Scenario s = drawn::scenario_of(seed);
    const std::string expected = fresh_result(s);
    World world = scenario::build(s);
    invariants::run_until(world, instant(s, seed));
    const World before = world;
    World twin = world;
    REQUIRE(result_of(twin, s) == expected);
    // The run of the copy left the original where it was.
    REQUIRE(world.trace.hashes() == before.trace.hashes());
    REQUIRE(world.now() == before.now());
    REQUIRE(result_of(world, s) == expected);
    // Assigning over a world that is elsewhere is copying as well.
    twin = before;
    REQUIRE(result_of(twin, s) == expected);
  }
}

TEST_CASE("what happens to a copy does not disturb the original", "[property]") {
  int disturbed = 0;
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    INFO("scenario " << seed);
    const Scenario s = drawn::scenario_of(seed);
    const std::string expected = fresh_result(s);
    World world = scenario::build(s);
    invariants::run_until(world, instant(s, seed));
    World twin = world;
    for (std::uint32_t link = 0; link < twin.net.links.size(); ++link)
      net::take_down(twin, net::LinkId{link});
    // In turns, so that each writes to pages that both still share.
    const sim::Duration step = (end_of(s) - world.now()) / 7;
    for (int i = 0; i < 7; ++i) {
      invariants::run_until(twin, twin.now() + step);
      invariants::run_until(world, world.now() + step);
    }
    disturbed += result_of(twin, s) == expected ? 0 : 1;
    REQUIRE(result_of(world, s) == expected);
  }
  // Links going down is seen by the copies, or this would prove nothing.
  CHECK(disturbed > static_cast<int>(scenarios) / 2);
}

TEST_CASE("a run can be replayed from its choices with other dice", "[property]") {
  int needed = 0;
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    INFO("scenario " << seed);
    Scenario s = drawn::scenario_of(seed);
    World recorded;
    recorded.choices.start_recording();
    scenario::build(recorded, s);
    run_to_end(recorded, s);
    World plain = scenario::build(s);
    run_to_end(plain, s);
    REQUIRE(plain.trace.hashes() == recorded.trace.hashes());  // recording changes nothing

    s.seed += 17;
    World replayed;
    replayed.choices.replay(recorded.choices.record());
    scenario::build(replayed, s);
    run_to_end(replayed, s);
    REQUIRE(replayed.trace.hashes() == recorded.trace.hashes());
    World other = scenario::build(s);
    run_to_end(other, s);
    needed += other.trace.hashes() == recorded.trace.hashes() ? 0 : 1;
  }
  CHECK(needed > static_cast<int>(scenarios) / 2);
}

namespace {

/// Which packets of each channel were lost: the ordinals of "yes" by choice point.
std::map<std::uint64_t, std::vector<std::uint64_t>> losses_of(const World& w) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> out;
  for (const net::Channel& c : w.net.channels)
    out[sim::hash_name(w.choices.name(c.loss_choice))];
  for (const sim::Choice& c : w.choices.record()) {
    const auto at = out.find(c.stream);
    if (at != out.end())
      at->second.push_back(c.ordinal);
  }
  return out;
}

World run_recorded(const Scenario& s) {
  World w;
  w.choices.start_recording();
  scenario::build(w, s);
  run_to_end(w, s);
  return w;
}

}  // namespace

TEST_CASE("two policies with one seed lose the same packets of each link", "[property]") {
  // The outage makes the policies part ways; it draws nothing, so each packet that arrives at the
  // end of a channel is one draw of that channel.
  Scenario s = scenario::load("scenarios/lossy_path.json");
  scenario::LinkDown outage;
  outage.at.low = std::chrono::seconds{3};
  outage.until_after = std::chrono::seconds{20};
  outage.link = "h1-s1";
  s.faults.emplace_back(outage);
  s.subsystems[0].attr_cqt = std::chrono::seconds{1};
  s.duration = std::chrono::seconds{40};
  const World mainline = run_recorded(s);
  s.hosts[0].policy.preset = "cqt-only";
  s.hosts[0].policy.hold = scenario::RecoveryPolicy::Hold::kato_plus_cqt;
  s.hosts[0].policy.waits = scenario::RecoveryPolicy::Waits::fencing;
  const World holding = run_recorded(s);
  REQUIRE_FALSE(mainline.trace.hashes() == holding.trace.hashes());

  const auto one = losses_of(mainline);
  const auto other = losses_of(holding);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < mainline.net.channels.size(); ++i) {
    const net::Channel& c = mainline.net.channels[i];
    const std::uint64_t stream = sim::hash_name(mainline.choices.name(c.loss_choice));
    const std::uint64_t both = std::min(c.packets, holding.net.channels[i].packets);
    const auto within = [&](std::vector<std::uint64_t> ordinals) {
      ordinals.erase(std::lower_bound(ordinals.begin(), ordinals.end(), both), ordinals.end());
      return ordinals;
    };
    INFO(mainline.choices.name(c.loss_choice));
    CHECK(within(one.at(stream)) == within(other.at(stream)));
    compared += within(one.at(stream)).size();
  }
  // 1 % of some ten thousand packets.
  CHECK(compared > 50);
}

TEST_CASE("what the oracle finds in order is linearizable", "[property]") {
  int sound = 0;
  int corrupt = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const Scenario s = drawn::scenario_of(seed);
    World w = scenario::build(s);
    run_to_end(w, s);
    const bool ok = !w.oracle.counts.corrupt();
    ++(ok ? sound : corrupt);
    const auto report = oracle::check_linearizable(w.oracle);
    INFO("scenario " << seed << ": disk " << sim::index(report.disk) << " block " << report.lba
                     << " operations " << report.first_serial << " and " << report.second_serial);
    if (ok)
      CHECK(report.ok);
  }
  CHECK(sound > 300);
  // Some are corrupt, so "in order" is a verdict and not a constant.
  CHECK(corrupt >= 5);
}

TEMPLATE_TEST_CASE_SIG("every drawn scenario is live again once everything has healed",
                       "[property]", ((std::uint64_t batch), batch), 0, 1, 2, 3) {
  int recovered = 0;
  int given_up = 0;
  for (std::uint64_t seed = 1 + 150 * batch; seed <= 150 * (batch + 1); ++seed) {
    INFO("scenario " << seed);
    const Scenario s = drawn::scenario_of(seed);
    World w = scenario::build(s);
    invariants::Watcher watcher;
    w.trace.attach(&watcher);
    run_to_end(w, s);
    invariants::close(w, watcher);
    recovered += w.recovery.recoveries.empty() ? 0 : 1;
    given_up += std::any_of(w.host.controllers.begin(), w.host.controllers.end(),
                            [](const host::Controller& c) { return c.state != host::State::live; })
                    ? 1
                    : 0;
  }
  // Most had something to come back from, and few paths were given up.
  CHECK(recovered > 100);
  CHECK(given_up < 75);
}
