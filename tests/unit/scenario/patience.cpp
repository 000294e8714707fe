// SPDX-License-Identifier: Apache-2.0
// Whoever waits for a large scenario is called while it is copied and read, and may end it.
#include "models/scenario/reading/patience.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/scenario/scenario.hpp"

using namespace holdfast;

namespace {

unsigned called = 0;

nlohmann::json fleet() {
  nlohmann::json document = scenario::read_document("scenarios/fleet.json");
  document["hosts"][0]["count"] = 600;
  document["fabric"]["links"][0]["count"] = 1200;
  document["workloads"][0]["count"] = 600;
  return document;
}

}  // namespace

TEST_CASE("who waits for a scenario is called once in 256 objects", "[scenario]") {
  called = 0;
  scenario::while_reading([] { ++called; });
  const scenario::Scenario one = scenario::from_json(fleet(), "fleet");
  scenario::while_reading(nullptr);
  REQUIRE(one.hosts.size() == 600);
  // 600 hosts, 2,400 connections, 1,200 links and 600 workloads, which are copied and read.
  const unsigned objects = 2 * (600 + 2400 + 1200 + 600);
  CHECK(called >= objects / 256);
  CHECK(called <= objects / 256 + 40);  // the rest: fields that are objects themselves
  called = 0;
  scenario::from_json(fleet(), "fleet");
  CHECK(called == 0);
}

TEST_CASE("who waits for a scenario may end that", "[scenario]") {
  called = 0;
  scenario::while_reading([] {
    if (++called == 2)
      throw std::runtime_error("that is enough");
  });
  CHECK_THROWS_WITH(scenario::from_json(fleet(), "fleet"), "that is enough");
  scenario::while_reading(nullptr);
  CHECK(called == 2);
}
