// SPDX-License-Identifier: Apache-2.0
// Several changes of one document: what one sets, another may not set again under another spelling.
#include "models/scenario/changes.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "models/scenario/scenario.hpp"

using namespace holdfast::scenario;
using nlohmann::json;

namespace {

json base() { return read_document("scenarios/rw_test_mainline.json"); }

/// The error of the last of some changes, or nothing.
std::string error_of(const std::vector<std::string>& assignments) {
  json document = base();
  Changes changes(document);
  for (std::size_t i = 0; i + 1 < assignments.size(); ++i)
    changes.set(assignments[i]);
  try {
    changes.set(assignments.back());
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("Two spellings of one path are told, with the place and both of them", "[scenario]") {
  CHECK(error_of({"hosts.h1.policy=spec", "/hosts/0/policy=spec"}) ==
        "--set: at /hosts/0/policy/preset: found \"/hosts/0/policy\" after \"hosts.h1.policy\", "
        "both of which set this value, expected one of them");
  CHECK_THAT(error_of({"seed=5", "/seed=6"}), Catch::Contains("at /seed: "));
  CHECK_THAT(error_of({"seed=5", "seed=5"}), Catch::Contains("at /seed: "));
  CHECK_THAT(error_of({"/hosts/*/cpus=2", "hosts.0.cpus=3"}), Catch::Contains("at /hosts/0/cpus"));
  CHECK_THAT(error_of({"hosts.0.cpus=2", "/hosts/*/cpus=3"}), Catch::Contains("at /hosts/0/cpus"));
  // A preset's name is short for an object with that key.
  CHECK_THAT(error_of({"hosts.0.policy=spec", "hosts.0.policy.preset=cqt-only"}),
             Catch::Contains("at /hosts/0/policy/preset"));
  CHECK_THAT(error_of({R"(hosts.0.policy={"preset": "spec", "hold_multiplier": 2})",
                       "/hosts/h1/policy/hold_multiplier=3"}),
             Catch::Contains("at /hosts/0/policy/hold_multiplier"));
}

TEST_CASE("What replaces an earlier change with all around it is told, too", "[scenario]") {
  CHECK_THAT(error_of({"hosts.0.policy.hold_multiplier=2", "hosts.0.policy=spec"}),
             Catch::Contains("at /hosts/0/policy/hold_multiplier"));
  CHECK_THAT(error_of({"faults.0.at=2s", "faults=[]"}), Catch::Contains("at /faults/0/at"));
  CHECK_THAT(error_of({"expect={}", "/expect={}"}), Catch::Contains("at /expect"));
  // A plain value where an object may stand: the second change replaced it on its way down.
  CHECK_THAT(error_of({"faults.0.at=2s", "/faults/0/at/uniform=[\"1s\", \"2s\"]"}),
             Catch::Contains("at /faults/0/at"));
}

TEST_CASE("Changes beside each other, or from the whole to its parts, are no mistake",
          "[scenario]") {
  CHECK(error_of({"hosts.0.policy=spec", "hosts.h1.policy.hold_multiplier=2"}).empty());
  CHECK(error_of({"expect={}", "expect.stale_writes.max=0"}).empty());
  CHECK(error_of({"hosts.0.cpus=2", "hosts.0.iopolicy=numa"}).empty());
  CHECK(error_of({"/hosts/0/connect/0/keep_alive_tmo=2s", "/hosts/0/connect/1/keep_alive_tmo=3s"})
            .empty());
  CHECK(error_of({R"(hosts.0.policy={"preset": "spec"})", "hosts.0.policy.hold_multiplier=2"})
            .empty());
  CHECK(error_of(
            {R"(faults.0={"type": "blackhole", "at": "2s", "link": "h1-s1"})", "/faults/0/for=1s"})
            .empty());
  CHECK(error_of({"/duration=30s", "/seed=1"}).empty());
}

TEST_CASE("A path leads into the form of a value that the document has", "[scenario]") {
  json document = base();
  Changes changes(document);
  const std::string write = "/subsystems/0/namespaces/0/media/write";
  changes.set(write + R"(={"usual": "20us", "rare": "380ms", "chance": "2%"})");
  Changes more(document);
  more.set(write + "/rare=300ms");
  CHECK(document.at(json::json_pointer(write + "/rare")) == "300ms");
  CHECK_THROWS_AS(more.set(write + "/mean=1ms"), ScenarioError);
}

TEST_CASE("A path of a setting has one spelling of an index and two escapes", "[scenario]") {
  json document = base();
  CHECK_THROWS_WITH(apply_set(document, "/hosts/00/cpus=1"),
                    Catch::Contains("at /hosts/00: found no element \"00\""));
  CHECK_THROWS_WITH(apply_set(document, "hosts.+0.cpus=1"), Catch::Contains("no element"));
  CHECK_THROWS_WITH(apply_set(document, "/hosts/~2/cpus=1"),
                    Catch::Contains("found the path \"/hosts/~2/cpus\", expected ~0 for ~"));
  CHECK_THROWS_WITH(apply_set(document, "/hosts/~=1"), Catch::Contains("~1 for /"));
  CHECK_THROWS_WITH(apply_set(document, "/hosts/~1x/cpus=1"), Catch::Contains("element \"/x\""));
  CHECK_THROWS_WITH(apply_set(document, "/hosts/~01/cpus=1"), Catch::Contains("element \"~1\""));
  CHECK(document == base());
}
