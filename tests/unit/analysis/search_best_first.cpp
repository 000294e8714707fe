// SPDX-License-Identifier: Apache-2.0
// Best-first tries the executions that the exhaustive strategy tries, in another order.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/search/search.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using nlohmann::json;
using search::Ended;
using search::Objective;
using search::Strategy;

search::Outcome searched(const scenario::Scenario& s, Strategy strategy, Objective objective,
                         unsigned jobs = 1, std::uint64_t worlds = 0) {
  search::Options options;
  options.strategy = strategy;
  options.merge = false;
  options.jobs = jobs;
  options.worlds = worlds;
  return search::search(s, options, objective);
}

const json bounds = {
    {"deviations", 2},
    {"until", "901ms"},
    {"delay", "3s"},
    {"faults", json::array({{{"fault", 0}, {"for", {"1s", "3s"}}}})},
};

}  // namespace

TEST_CASE("best-first tries all that the exhaustive strategy tries", "[search]") {
  for (const Objective objective : {Objective::corruption, Objective::stall}) {
    const scenario::Scenario s = test::with("spec", bounds);
    const search::Outcome all = searched(s, Strategy::exhaustive, objective);
    const search::Outcome best = searched(s, Strategy::best_first, objective);
    REQUIRE(all.ended == Ended::exhausted);
    CHECK(best.ended == Ended::exhausted);
    REQUIRE(best.levels.size() == all.levels.size());
    for (std::size_t d = 0; d < all.levels.size(); ++d) {
      CAPTURE(d);
      CHECK(best.levels[d].worlds == all.levels[d].worlds);
      CHECK(best.levels[d].exhausted);
    }
    REQUIRE(best.worst.has_value() == all.worst.has_value());
    if (all.worst)
      CHECK(best.worst->value == all.worst->value);
    CHECK(best.own_value == all.own_value);
  }
}

TEST_CASE("best-first finds a corruption, the same one for any number of threads", "[search]") {
  json two = bounds;
  two["faults"] = json::array();
  const scenario::Scenario s = test::with("linux-mainline", two);
  const search::Outcome one = searched(s, Strategy::best_first, Objective::corruption);
  REQUIRE(one.ended == Ended::found);
  CHECK(one.worst->deviations.size() == 1);
  CHECK(search::document(s, searched(s, Strategy::best_first, Objective::corruption, 2)) ==
        search::document(s, one));
}

TEST_CASE("a budget ends best-first with what it has", "[search]") {
  const search::Outcome part =
      searched(test::with("spec", bounds), Strategy::best_first, Objective::stall, 1, 50);
  CHECK(part.ended == Ended::budget);
  CHECK(part.worst.has_value());
  CHECK(std::none_of(part.levels.begin(), part.levels.end(),
                     [](const search::Level& level) { return level.exhausted; }));
}
