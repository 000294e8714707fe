// SPDX-License-Identifier: Apache-2.0
// Executions that are drawn at random: they keep to the bounds, are the same whoever walks them,
// and find what is there; and the likelihood of a corruption, by instant.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/run/run.hpp"
#include "analysis/search/likelihood.hpp"
#include "analysis/search/search.hpp"
#include "analysis/search/walk.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using nlohmann::json;
using search::Ended;
using search::Objective;
using search::Strategy;
using test::with;

/// Of three writes and a read, one write may take longer; the path is dead from 1 s on.
const json one_write = {{"deviations", 1}, {"losses", 0}, {"faults", json::array()}};

search::Outcome drawn(const scenario::Scenario& s, Strategy strategy, std::uint64_t worlds,
                      unsigned jobs = 1) {
  search::Options options;
  options.strategy = strategy;
  options.worlds = worlds;
  options.jobs = jobs;
  return search::search(s, options, Objective::corruption);
}

}  // namespace

TEST_CASE("walks keep to the bounds and are the same again", "[search]") {
  const search::Space space(with("spec", {{"deviations", 3}, {"losses", 2}, {"until", "3s"}}),
                            Objective::corruption);
  const search::Walker walker(space, {}, {3, 2, 1, 0}, std::nullopt);
  std::size_t longest = 0;
  std::size_t kinds = 0;
  for (std::uint64_t number = 0; number < 300; ++number) {
    const auto how = number % 2 == 0 ? search::Drawn::alike : search::Drawn::swarms;
    const search::Walk walk = walker.walk(number, how);
    REQUIRE(walk.done);
    CHECK(walker.walk(number, how).path == walk.path);
    longest = std::max(longest, walk.path.size());
    std::array<std::size_t, 5> of{};
    for (const search::Deviation& d : walk.path) {
      ++of.at(static_cast<std::size_t>(d.kind));
      kinds |= std::size_t{1} << static_cast<unsigned>(d.kind);
      const sim::Duration time{d.choice.value};
      if (d.kind == search::Kind::delay)
        CHECK((time > sim::Duration{d.own} && time <= std::chrono::seconds{12}));
      if (d.kind == search::Kind::fault_at)
        CHECK((time >= std::chrono::milliseconds{850} && time <= std::chrono::milliseconds{1200}));
      if (walk.within && d.made != sim::TimePoint{})
        CHECK((d.made >= space.from && d.made <= space.until));
    }
    CHECK(of.at(0) <= 2);
    CHECK(of.at(1) <= 1);
    CHECK(of.at(2) == 0);
    CHECK(of.at(3) <= 1);
    CHECK(of.at(4) <= 1);
  }
  CHECK(longest == 3);
  CHECK(kinds == 0b11011);  // all but packets that are held, which are not in the bounds
}

TEST_CASE("walks find a retry that comes too early, and shrink it", "[search]") {
  for (const Strategy strategy : {Strategy::random_walk, Strategy::swarm}) {
    const scenario::Scenario s = with("linux-mainline", {{"deviations", 3}});
    const search::Outcome out = drawn(s, strategy, 2'000);
    REQUIRE(out.ended == Ended::found);
    CHECK(out.walks > 0);
    REQUIRE(out.worst.has_value());
    CHECK(out.worst->deviations.size() == 1);  // a write that takes longer suffices
    CHECK(run(out.finding, RunOptions{})["integrity"]["verdict"] == "corrupt");
  }
}

TEST_CASE("walks exhaust nothing, and say so", "[search]") {
  const scenario::Scenario s = with("spec", one_write);
  const search::Outcome out = drawn(s, Strategy::random_walk, 200);
  CHECK(out.ended == Ended::budget);
  CHECK_FALSE(out.worst.has_value());
  CHECK(out.walks == 199);  // and the own run
  CHECK(search::document(s, out)["worlds"] == 200);
  CHECK(search::document(s, out)["exhausted"] == false);
  // A portfolio exhausts what the exhaustive search does, in as many worlds, and walks besides.
  const scenario::Scenario two =
      with("spec", {{"deviations", 2}, {"faults", json::array()}, {"until", "901ms"}});
  const search::Outcome all = drawn(two, Strategy::exhaustive, 0);
  const search::Outcome both = drawn(two, Strategy::portfolio, 0);
  CHECK(both.ended == Ended::exhausted);
  CHECK(both.walks == 2 * search::portfolio_walks);
  REQUIRE(both.levels.size() == all.levels.size());
  for (std::size_t i = 0; i < all.levels.size(); ++i)
    CHECK(both.levels[i].worlds == all.levels[i].worlds);
}

TEST_CASE("walks give the same answer for any number of threads", "[search]") {
  for (const Strategy strategy : {Strategy::random_walk, Strategy::swarm, Strategy::portfolio}) {
    for (const char* policy : {"linux-mainline", "spec"}) {
      const scenario::Scenario s =
          with(policy, {{"deviations", 2}, {"losses", 0}, {"until", "1s"}});
      const json once = search::document(s, drawn(s, strategy, 400, 1));
      CHECK(once == search::document(s, drawn(s, strategy, 400, 3)));
    }
  }
}

TEST_CASE("a corruption is inevitable from its only choice on", "[search]") {
  // One deviation is allowed, and the finding takes it: what follows cannot deviate any more.
  const scenario::Scenario s = with("linux-mainline", one_write);
  const search::Outcome out = drawn(s, Strategy::exhaustive, 0);
  REQUIRE(out.worst.has_value());
  REQUIRE(out.worst->deviations.size() == 1);
  const sim::TimePoint chosen = out.worst->deviations[0].made;
  REQUIRE(out.likelihood.size() > 3);
  CHECK(out.likelihood.front().at == sim::epoch);
  CHECK(out.likelihood.back().at == out.worst->seen);
  for (const search::Chance& chance : out.likelihood) {
    CHECK(chance.worlds == search::continuations);
    if (chance.at < chosen) {
      // Half of them deviate in nothing, and so are safe.
      CHECK(chance.corrupt < 70);
    } else {
      CHECK(chance.corrupt == chance.worlds);
    }
  }
  const json told = search::document(s, out)["worst"];
  CHECK(told["inevitable_s"] == told["deviations"][0]["made_s"]);
  CHECK(told["likelihood"].size() == out.likelihood.size());
}

TEST_CASE("walks come first without a word, and what they find is told in order", "[search]") {
  // A path that fails a moment later, and a write that takes longer.
  json s = scenario::read_document("scenarios/worst_case.json");
  s["hosts"][0]["policy"] = "linux-mainline";
  const scenario::Scenario late = scenario::from_json(s, "test");
  const search::Outcome out = search::search(late, {}, Objective::corruption);
  REQUIRE(out.ended == Ended::found);
  CHECK(out.walks > 0);
  CHECK(out.levels.size() == 2);  // none of the second one was needed
  REQUIRE(out.worst->deviations.size() == 2);
  CHECK(search::is_planned(out.worst->deviations[0].kind));
  CHECK(out.worst->deviations[1].kind == search::Kind::delay);
  search::Options options;
  options.strategy = Strategy::exhaustive;
  const search::Outcome levels = search::search(late, options, Objective::corruption);
  CHECK(levels.walks == 0);
  CHECK(levels.worst->deviations.size() == 2);
}
