// SPDX-License-Identifier: Apache-2.0
// What a page of a run says in words.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/report/words.hpp"

using namespace holdfast;
using nlohmann::json;

TEST_CASE("faults are told in the order of their times", "[report]") {
  const json document = {{"recovery", json::array()}};
  const json faults = json::parse(R"([
    {"name": "blackhole link l1", "first_ns": 10100000000},
    {"name": "pause host h1"},
    {"name": "slow backend", "first_ns": 50000000},
    {"name": "reset nvme0", "first_ns": 10100000000}])");
  const std::vector<std::string> told = analysis::report::story(document, faults);
  REQUIRE(told.size() >= 3);
  CHECK(told[0] == "At 0.050000 s a fault strikes: slow backend.");
  CHECK(told[1] == "At 10.100000 s a fault strikes: blackhole link l1.");
  CHECK(told[2] == "At 10.100000 s a fault strikes: reset nvme0.");
}
