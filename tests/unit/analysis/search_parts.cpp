// SPDX-License-Identifier: Apache-2.0
// A search that is done in parts says what one says that is done in one go, byte for byte, however
// many parts there are and whoever is done first; and what it says when some are not done.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/search/levels/gather.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using nlohmann::json;
using search::Done;
using search::Ended;
using search::Objective;
using search::Part;
using search::Strategy;
using test::with;

struct Asked {
  scenario::Scenario scenario;
  search::Options options;
  Objective objective = Objective::corruption;
};

json in_one_go(const Asked& asked) {
  return search::document(asked.scenario,
                          search::search(asked.scenario, asked.options, asked.objective));
}

/// The last part first; all of them as text, which others are given.
json in_parts(const Asked& asked, std::uint64_t shares) {
  const search::Question question(asked.scenario, asked.options, asked.objective);
  search::Gather gather(question, asked.options, shares);
  for (auto parts = gather.next(); !parts.empty(); parts = gather.next()) {
    for (std::size_t i = parts.size(); i-- > 0;) {
      const Part part = search::part_of(search::text_of(parts[i]));
      const Done done =
          search::do_part(asked.scenario, asked.options, asked.objective, part, gather.before());
      gather.take(i, search::done_of(search::text_of(done)));
    }
  }
  return search::document(asked.scenario, gather.finish(Ended::interrupted));
}

/// Three writes and a read of one block; a path that fails, and what may deviate.
Asked asked(const json& policy, const json& bounds, Objective objective, Strategy strategy) {
  json all = {{"deviations", 2}, {"losses", 0}, {"until", "1s"}};
  all.update(bounds);
  Asked out{with(policy, all), {}, objective};
  out.options.strategy = strategy;
  out.options.merge = false;
  return out;
}

const json short_hold = {{"preset", "cqt-only"}, {"hold_multiplier", 0.25}};
const json no_faults = {{"faults", json::array()}};
const json a_loss = {{"losses", 1}, {"until", "901ms"}, {"delay", "1s"}, {"faults", json::array()}};

}  // namespace

TEST_CASE("a search in parts says the same, byte for byte", "[search]") {
  std::vector<Asked> all = {
      asked("linux-mainline", no_faults, Objective::corruption, Strategy::exhaustive),
      asked(short_hold, json::object(), Objective::corruption, Strategy::exhaustive),
      asked("spec", a_loss, Objective::corruption, Strategy::exhaustive),
      asked("linux-mainline", a_loss, Objective::exposure, Strategy::exhaustive),
      asked("spec", a_loss, Objective::stall, Strategy::exhaustive),
      asked("spec", a_loss, Objective::stall, Strategy::portfolio),
      asked(short_hold, json::object(), Objective::corruption, Strategy::portfolio),
      asked(short_hold, json::object(), Objective::corruption, Strategy::exhaustive),
      asked("linux-mainline", json::object(), Objective::corruption, Strategy::random_walk),
      asked("linux-mainline", json::object(), Objective::exposure, Strategy::swarm),
  };
  all[7].options.against = scenario::policy_row("spec");
  all[8].options.worlds = 3000;
  all[9].options.worlds = 1500;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    const std::string whole = in_one_go(all[i]).dump();
    for (const std::uint64_t shares : {1u, 3u, 8u}) {
      CAPTURE(shares);
      CHECK(in_parts(all[i], shares).dump() == whole);
    }
  }
}

TEST_CASE("shares that merge come to the same verdict", "[search]") {
  for (const Objective objective : {Objective::corruption, Objective::stall}) {
    Asked one = asked("spec", {{"losses", 1}, {"until", "901ms"}, {"delay", "1s"}}, objective,
                      Strategy::exhaustive);
    one.options.merge = true;
    const json whole = in_one_go(one);
    const json parts = in_parts(one, 3);
    CHECK(parts["verdict"] == whole["verdict"]);
    CHECK(parts["exhausted"] == true);
    CHECK(parts["worst"] == whole["worst"]);
    CHECK(parts["merging"]["on"] == true);
    CHECK(parts["merging"]["distinct_count"] > 0);
    CHECK(parts["worlds"] >= whole["worlds"]);
  }
}

TEST_CASE("parts that are not done make a part of an answer", "[search]") {
  const Asked one = asked("spec", a_loss, Objective::stall, Strategy::exhaustive);
  const search::Question question(one.scenario, one.options, one.objective);
  const auto done = [&](const Part& part) {
    return search::do_part(one.scenario, one.options, one.objective, part, ~std::uint64_t{0});
  };
  search::Gather gather(question, one.options, 4);
  auto parts = gather.next();
  REQUIRE(parts.size() == 1);
  gather.take(0, done(parts[0]));
  parts = gather.next();
  REQUIRE(parts.size() == 4);
  const Done third = done(parts[2]);
  gather.take(2, third);
  const search::Outcome out = gather.finish(Ended::interrupted);
  CHECK(out.ended == Ended::interrupted);
  REQUIRE(out.levels.size() == 2);
  CHECK(out.levels[0].exhausted);
  CHECK_FALSE(out.levels[1].exhausted);
  CHECK(out.levels[1].worlds == third.units.size());
  CHECK(out.worst.has_value());
  // Nothing at all was done.
  search::Gather none(question, one.options, 4);
  CHECK(none.finish(Ended::interrupted).ended == Ended::interrupted);
}

TEST_CASE("a budget of worlds ends a search in parts", "[search]") {
  Asked one = asked("spec", a_loss, Objective::corruption, Strategy::exhaustive);
  one.options.worlds = 60;
  const json part = in_parts(one, 4);
  CHECK(part["ended"] == "budget");
  // Of 84. Each share gets 6 of the last 24 and ends behind the first deviation with which it has
  // them, below which no more than 6 are done.
  CHECK(part["worlds"] >= 60);
  CHECK(part["worlds"] <= 36 + 4 * 11);
  CHECK(part == in_parts(one, 4));
}

TEST_CASE("what is found first of all counts, not what is told first", "[search]") {
  const Asked one = asked("linux-mainline", no_faults, Objective::corruption, Strategy::exhaustive);
  const search::Question question(one.scenario, one.options, one.objective);
  search::Gather gather(question, one.options, 3);
  auto parts = gather.next();
  gather.take(0, search::do_part(one.scenario, one.options, one.objective, parts[0], 1));
  parts = gather.next();
  std::optional<std::uint64_t> least;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Done done =
        search::do_part(one.scenario, one.options, one.objective, parts[i], ~std::uint64_t{0});
    if (done.best)
      least = std::min(least.value_or(~std::uint64_t{0}), done.best_place);
    gather.take(i, done);
  }
  REQUIRE(least.has_value());
  CHECK(gather.before() == *least);
  // Nobody looks at what lies behind it any more.
  for (const Part& part : parts) {
    const Done done =
        search::do_part(one.scenario, one.options, one.objective, part, gather.before());
    CHECK_FALSE(done.best.has_value());
    CHECK(done.units.size() <= *least / 3 + 1);
  }
  CHECK(gather.finish(Ended::interrupted).ended == Ended::found);
}
