// SPDX-License-Identifier: Apache-2.0
// Parts of a scenario that each may be there, and not together.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"

using namespace holdfast;
using Catch::Contains;
using nlohmann::json;

namespace {

scenario::Scenario changed(const char* path, const json& value) {
  json document = scenario::read_document("scenarios/quickstart.json");
  scenario::apply_set(document, path, value, "test");
  return scenario::from_json(document, "quickstart");
}

json duplicating(double share, const char* at, const char* lasts) {
  return {{"type", "impair"}, {"link", "h1-s1"}, {"at", at}, {"for", lasts}, {"duplicate", share}};
}

}  // namespace

TEST_CASE("a choice is answered once", "[scenario]") {
  const json one = {{"point", "link h1-s1 fwd/loss"}, {"ordinal", 3}, {"happens", true}};
  json other = one;
  other["ordinal"] = 4;
  CHECK_NOTHROW(changed("/choices", json::array({one, other})));
  other = one;
  other["happens"] = false;
  CHECK_THROWS_WITH(changed("/choices", json::array({one, other})),
                    Contains("at /choices/1: found a second answer to choice 3 of \"link h1-s1"));
}

TEST_CASE("an answer that no choice point asks for is known before a run", "[scenario]") {
  const json answer = {{"point", "link h1-s1 fwd/los"}, {"ordinal", 0}, {"happens", true}};
  const scenario::Scenario one = changed("/choices", json::array({answer}));
  CHECK_THROWS_WITH(scenario::check_choices(one),
                    Contains("/choices/0/point") && Contains("link h1-s1 fwd/loss"));
  CHECK_NOTHROW(scenario::check_choices(scenario::load("scenarios/quickstart.json")));
}

TEST_CASE("a count has bounds that a whole number meets", "[scenario]") {
  CHECK_NOTHROW(changed("/expect/io_errors", 2));
  CHECK_NOTHROW(changed("/expect/io_errors", {{"min", 0.5}, {"max", 1.0}}));
  CHECK_NOTHROW(changed("/expect/hold_s", 0.5));
  CHECK_THROWS_WITH(changed("/expect/io_errors", 0.5), Contains("a whole number"));
  CHECK_THROWS_WITH(changed("/expect/recoveries", {{"min", 1.2}, {"max", 1.8}}),
                    Contains("a whole number between"));
}

TEST_CASE("impairments of one link do not multiply without a bound", "[scenario]") {
  json six = json::array();
  for (int i = 0; i < 6; ++i)  // 2^6 = 64 copies
    six.push_back(duplicating(1.0, "1s", "1s"));
  CHECK_NOTHROW(changed("/faults", six));
  json seven = six;
  seven.push_back(duplicating(1.0, "1s", "1s"));
  CHECK_THROWS_WITH(changed("/faults", seven),
                    Contains("at /faults/6/duplicate: found 128 copies of each packet"));
  // Not if it begins when the others have ended, or impairs the other way.
  seven[6] = duplicating(1.0, "2s", "1s");
  CHECK_NOTHROW(changed("/faults", seven));
  for (json& one : seven)
    one["direction"] = "forward";
  seven[6] = duplicating(1.0, "1s", "1s");
  seven[6]["direction"] = "backward";
  CHECK_NOTHROW(changed("/faults", seven));
}
