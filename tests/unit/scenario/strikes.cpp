// SPDX-License-Identifier: Apache-2.0
// What faults of groups and records of failures become together has a bound.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/scenario.hpp"
#include "tests/unit/temporary_folder.hpp"

using namespace holdfast;
using nlohmann::json;

namespace {

/// One host, and 1024 links besides that are one group.
json with_group() {
  json s = {
      {"name", "group"},
      {"duration", "10s"},
      {"fabric",
       {{"links",
         {{{"name", "l"}, {"ends", {"h1", "a0"}}},
          {{"count", 1024}, {"name", "g{i}"}, {"ends", {"x{i}", "h1"}}}}}}},
      {"subsystems", {{{"name", "sub"}, {"ports", {"a0"}}, {"namespaces", {{{"size", "1MiB"}}}}}}},
      {"hosts",
       {{{"name", "h1"}, {"connect", json::array({{{"subsystem", "sub"}, {"port", "a0"}}})}}}},
  };
  json group = {{"name", "all"}, {"links", json::array()}};
  for (int i = 0; i < 1024; ++i)
    group["links"].push_back("g" + std::to_string(i));
  s["fabric"]["groups"] = json::array({group});
  return s;
}

/// So many times the group goes, and so often it comes back.
json rows(int downs, int ups) {
  json out = json::array();
  for (int i = 0; i < downs + ups; ++i)
    out.push_back(
        {{"at", std::to_string(i) + "us"}, {"what", "all"}, {"state", i % 2 == 0 ? "down" : "up"}});
  return out;
}

void refused(const json& document, const std::string& pointer, const std::string& found,
             const std::string& source = "test") {
  try {
    scenario::from_json(document, source);
    FAIL("let through");
  } catch (const scenario::ScenarioError& error) {
    CHECK(error.parts().pointer == pointer);
    CHECK_THAT(error.parts().found, Catch::StartsWith(found));
    CHECK_THAT(error.parts().expected, Catch::StartsWith("at most"));
  }
}

}  // namespace

TEST_CASE("Faults of groups are as many as the groups have links", "[scenario][strikes]") {
  json s = with_group();
  json& faults = s["faults"];
  faults = json::array(
      {{{"copies", 511}, {"type", "link_down"}, {"at", "1s"}, {"for", "1s"}, {"link", "all"}}});
  // 511 x 1024 = 523,264; two more of the group would be 525,312, one more and one of a link are
  // 524,289 of 524,288.
  CHECK_NOTHROW(scenario::from_json(s, "test"));
  json one = faults[0];
  one.erase("copies");
  faults.push_back(one);
  CHECK_NOTHROW(scenario::from_json(s, "test"));
  one["link"] = "l";
  faults.push_back(one);
  refused(s, "/faults/2", "524289 failures");
}

TEST_CASE("A record of a group is as many failures as the group has links", "[scenario][strikes]") {
  json s = with_group();
  // 511 times 1024 links go, and 511 rows say that they are back: 523,775. Another row with its end
  // is 1025 more.
  s["faults"] = json::array({{{"type", "failure_trace"}, {"failures", rows(511, 511)}}});
  CHECK_NOTHROW(scenario::from_json(s, "test"));
  s["faults"][0]["failures"] = rows(512, 512);
  refused(s, "/faults/0", "524800 failures");
}

TEST_CASE("Copies of a record in a file are bounded while they are read", "[scenario][strikes]") {
  const holdfast::test::TemporaryFolder folder;
  {
    std::ofstream file(folder.path() / "night.csv");
    for (int i = 0; i < 100'000; ++i)
      file << i << (i % 2 == 0 ? "us,l,down\n" : "us,l,up\n");
  }
  json s = with_group();
  s["faults"] = json::array({{{"copies", 60}, {"type", "failure_trace"}, {"file", "night.csv"}}});
  // The sixth copy of 100,000 rows.
  refused(s, "/faults/0", "600000 failures", (folder.path() / "s.json").string());
}

TEST_CASE("The packets inside impairments are counted for each link of a group",
          "[scenario][strikes]") {
  json s = with_group();
  // 2048 packets x 2 directions x 1024 links = 4,194,304, the most there may be.
  s["faults"] = json::array(
      {{{"type", "impair"}, {"at", "1s"}, {"link", "all"}, {"delay", "1ms"}, {"limit", 2048}}});
  CHECK_NOTHROW(scenario::from_json(s, "test"));
  s["faults"][0]["limit"] = 2049;
  refused(s, "/faults/0/limit", "4196352 packets");
}
