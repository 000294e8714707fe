// SPDX-License-Identifier: Apache-2.0
// Matrices against each other and against the expected one.
#include "analysis/conform/report/compare.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "tests/unit/conform/support.hpp"

using namespace holdfast::conform;
using namespace conform_support;
using Catch::Matchers::Contains;

namespace {

/// What a check says of a document; nothing if it is content.
template <class Check>
std::string complaint(Check check, const json& document) {
  try {
    check(document);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

json expected() {
  return json::parse(R"({
    "schema_version": 1, "policies": ["linux-mainline", "spec"], "targets": ["array"],
    "requirements": {
      "HOLD-1": {"verdicts": {"linux-mainline": "fail", "spec": "pass"},
                 "reasons": [{"for": "linux-mainline", "why": "neither holds nor fences"}]},
      "HOLD-2": {"verdicts": {"linux-mainline": "n/e", "spec": "n/a"}}}
  })");
}

/// Verdict before and after of one cell; is the difference worse?
bool worse(const std::string& before, const std::string& after) {
  json old = matrix(), now = matrix();
  at(old, "spec", "HOLD-1") = result("spec", "array", "HOLD-1", before);
  at(now, "spec", "HOLD-1") = result("spec", "array", "HOLD-1", after);
  const auto found = compare(old, now);
  REQUIRE(found.size() == 1);
  CHECK(found[0].before == before);
  CHECK(found[0].after == after);
  return found[0].worse;
}

}  // namespace

TEST_CASE("a matrix does not differ from itself", "[conform]") {
  CHECK(compare(matrix(), matrix()).empty());
  CHECK(text_of({}, "Against it") == "Against it: no difference\n");
}

TEST_CASE("worse is what fails now, or is a pass no more", "[conform]") {
  CHECK(worse("pass", "fail"));
  CHECK(worse("not exercised", "fail"));
  CHECK(worse("not applicable", "fail"));
  CHECK(worse("pass", "not exercised"));
  CHECK_FALSE(worse("pass", "not applicable"));
  CHECK_FALSE(worse("fail", "pass"));
  CHECK_FALSE(worse("fail", "not exercised"));
  CHECK_FALSE(worse("not exercised", "pass"));
}

TEST_CASE("a change is held against its baseline, place by place", "[conform]") {
  json m = matrix();
  const auto found = compare_baseline(m, {"linux-mainline", false});
  REQUIRE(found.size() == 2);  // the canary does not count
  CHECK(found[0].policy == "spec");
  CHECK(found[0].requirement == "HOLD-1");
  CHECK(found[0].before == "fail");
  CHECK(found[0].after == "pass");
  CHECK_FALSE(found[0].worse);
  // The other way round it is worse.
  const auto back = compare_baseline(m, {"spec", false});
  REQUIRE(back.size() == 2);
  CHECK(back[0].policy == "linux-mainline");
  CHECK(back[0].worse);
  // Targets: the same policy on another one.
  m["results"].push_back(result("spec", "mine", "HOLD-1", "fail"));
  const auto targets = compare_baseline(m, {"array", true});
  REQUIRE(targets.size() == 1);
  CHECK(targets[0].policy == "spec");
  CHECK(targets[0].target == "mine");
  CHECK(targets[0].before == "pass");
  CHECK(targets[0].worse);
  // On a target that the baseline was not run on there is nothing to compare.
  CHECK(compare_baseline(m, {"linux-mainline", false}).size() == 2);
}

TEST_CASE("regressions come first, the canary does not count", "[conform]") {
  json now = matrix();
  at(now, "linux-mainline", "HOLD-1") = result("linux-mainline", "array", "HOLD-1", "pass");
  at(now, "spec", "HOLD-1") = result("spec", "array", "HOLD-1", "fail");
  at(now, "spec", "CANARY") = result("spec", "array", "CANARY", "pass");
  const auto found = compare(matrix(), now);
  REQUIRE(found.size() == 2);
  CHECK(found[0].policy == "spec");
  CHECK(found[0].worse);
  CHECK_FALSE(found[1].worse);
  CHECK(text_of(found, "Against it") ==
        "Against it: 1 worse, 1 other difference\n"
        "  worse  HOLD-1  spec on array            was pass, is fail\n"
        "         HOLD-1  linux-mainline on array  was fail, is pass\n");
  CHECK(to_json(found)[0] == json({{"policy", "spec"},
                                   {"target", "array"},
                                   {"requirement", "HOLD-1"},
                                   {"before", "pass"},
                                   {"after", "fail"},
                                   {"worse", true}}));
}

TEST_CASE("only what was asked for is compared", "[conform]") {
  json old = matrix(), now = matrix();
  // Another implementation and another requirement of the catalogue were in the old one: no matter.
  old["results"].push_back(result("spec", "spdk-like", "HOLD-1", "pass"));
  old["results"].push_back(result("spec", "array", "HOLD-3", "pass"));
  CHECK(compare(old, now).empty());
  // A requirement that the catalogue has no more is gone; it matters if it passed.
  old["results"].push_back(result("spec", "array", "GONE-1", "pass"));
  old["results"].push_back(result("linux-mainline", "array", "GONE-1", "fail"));
  const auto found = compare(old, now);
  REQUIRE(found.size() == 2);
  CHECK(found[0].before == "pass");
  CHECK(found[0].after == "absent");
  CHECK(found[0].worse);
  CHECK_FALSE(found[1].worse);
  // What is new is worse only if it fails.
  old = matrix();
  old["results"].erase(0);
  CHECK(compare(old, now)[0].worse);
}

TEST_CASE("what is no matrix of this version is told", "[conform]") {
  CHECK(complaint(check_matrix, matrix()).empty());
  json m = matrix();
  m["schema_version"] = 7;
  CHECK(complaint(check_matrix, m) == "is a matrix document of schema version 7, expected 1");
  CHECK_THAT(complaint(check_matrix, json::array()), Contains("is no matrix document"));
  CHECK_THAT(complaint(check_matrix, json::object()), Contains("is no matrix document"));
  for (const char* key : {"results", "requirements"}) {
    m = matrix();
    m.erase(key);
    CHECK_THAT(complaint(check_matrix, m), Contains(key));
  }
  m = matrix();
  m["results"][1]["verdict"] = "perhaps";
  CHECK_THAT(complaint(check_matrix, m), Contains("one of its results"));
  m = matrix();
  m["requirements"][0] = 5;
  CHECK_THAT(complaint(check_matrix, m), Contains("a requirement"));
  const std::vector<std::pair<const char*, json>> wrong = {
      {"/seed", "1"},
      {"/swarm", -1},
      {"/policies", 5},
      {"/summary", json::array()},
      {"/requirements/0/title", 5},
      {"/results/0/why", json::array()},
      {"/results/0/failure", "x"},
  };
  for (const auto& [place, value] : wrong) {
    m = matrix();
    m[json::json_pointer(place)] = value;
    INFO(place);
    CHECK_THAT(complaint(check_matrix, m), Contains("found ") && Contains(", expected "));
  }
}

TEST_CASE("a matrix that says one thing twice is none", "[conform]") {
  json m = matrix();
  m["results"].push_back(m["results"][0]);
  CHECK_THAT(complaint(check_matrix, m), Contains("twice"));
  m = matrix();
  m["requirements"].push_back(m["requirements"][0]);
  CHECK_THAT(complaint(check_matrix, m), Contains("twice"));
}

TEST_CASE("differences from the expected matrix, for the better and the worse", "[conform]") {
  CHECK(compare_expected(expected(), matrix()).empty());
  json now = matrix();
  at(now, "linux-mainline", "HOLD-1") = result("linux-mainline", "array", "HOLD-1", "pass");
  auto found = compare_expected(expected(), now);
  REQUIRE(found.size() == 1);
  CHECK(found[0].before == "fail");
  CHECK(found[0].after == "pass");
  CHECK_FALSE(found[0].worse);
  // Regressions come first.
  at(now, "spec", "HOLD-1")["verdict"] = "fail";
  found = compare_expected(expected(), now);
  REQUIRE(found.size() == 2);
  CHECK(found[0].after == "fail");
  CHECK(found[0].worse);
  // A requirement or an implementation that it does not have differs as well.
  json less = expected();
  less["requirements"].erase("HOLD-2");
  found = compare_expected(less, matrix());
  REQUIRE(found.size() == 2);
  CHECK(found[0].before == "absent");
  now = matrix();
  at(now, "spec", "HOLD-1")["target"] = "mine";
  CHECK(compare_expected(expected(), now).size() == 1);
}

TEST_CASE("reasons go by policies and targets", "[conform]") {
  json e = expected();
  e["targets"] = {"array", "spdk-like"};
  e["requirements"].erase("HOLD-2");
  json& hold = e["requirements"]["HOLD-1"];
  hold["verdicts"] = {{"linux-mainline", "fail fail"}, {"spec", "pass fail"}};
  hold["reasons"] = json::parse(R"([{"for": "linux-mainline on array", "why": "one"},
                                    {"for": "spec, linux-mainline on spdk-like", "why": "two"}])");
  CHECK(complaint(check_expected, e).empty());
  CHECK(expected_reason(e, "HOLD-1", "linux-mainline", "array") == "one");
  CHECK(expected_reason(e, "HOLD-1", "linux-mainline", "spdk-like") == "two");
  CHECK(expected_reason(e, "HOLD-1", "spec", "array").empty());
  CHECK(expected_reason(e, "HOLD-9", "spec", "array").empty());
  hold["reasons"] = json::parse(R"([{"for": "all on spdk-like", "why": "one"},
                                    {"for": "linux-mainline", "why": "two"}])");
  CHECK(complaint(check_expected, e).empty());
  CHECK(expected_reason(e, "HOLD-1", "spec", "spdk-like") == "one");
  for (const char* scope : {"all", "all but nobody", "all on all"}) {
    hold["reasons"] = {{{"for", scope}, {"why", "one"}}};
    const bool stranger = std::string(scope) == "all but nobody";
    CHECK(complaint(check_expected, e).empty() != stranger);
  }
  hold["reasons"] = json::parse(R"([{"for": "all but spec", "why": "one"},
                                    {"for": "all on all but array", "why": "two"}])");
  CHECK(complaint(check_expected, e).empty());
  CHECK(expected_reason(e, "HOLD-1", "linux-mainline", "spdk-like") == "one");
  CHECK(expected_reason(e, "HOLD-1", "spec", "spdk-like") == "two");
  CHECK(expected_reason(e, "HOLD-1", "spec", "array").empty());
}

TEST_CASE("an expected matrix with a hole is refused", "[conform]") {
  CHECK(complaint(check_expected, expected()).empty());
  const auto with = [](const char* pointer, const json& value) {
    json out = expected();
    out[json::json_pointer(pointer)] = value;
    return complaint(check_expected, out);
  };
  CHECK_THAT(with("/schema_version", 2), Contains("schema version 2, expected 1"));
  CHECK_THAT(with("/requirements/HOLD-1/reasons", json::array()),
             Contains("no reason why HOLD-1 fails for linux-mainline on array"));
  CHECK_THAT(with("/requirements/HOLD-1/reasons/0/why", ""), Contains("without \"why\""));
  CHECK_THAT(with("/requirements/HOLD-1/reasons/0/for", "spec"), Contains("where nothing fails"));
  CHECK_THAT(with("/requirements/HOLD-1/reasons/0/for", "linux-mainline, me"),
             Contains("the policy \"me\""));
  CHECK_THAT(with("/requirements/HOLD-1/reasons/0/for", "all on you"),
             Contains("where nothing fails") || Contains("the target \"you\""));
  CHECK_THAT(with("/requirements/HOLD-1/verdicts/spec", "good"), Contains("found \"good\""));
  CHECK_THAT(with("/requirements/HOLD-1/verdicts/spec", "pass pass"),
             Contains("a word for each of"));
  CHECK_THAT(with("/requirements/HOLD-1/verdicts/who", "pass"), Contains("HOLD-1, who"));
  CHECK_THAT(with("/requirements/NONE-1", json::object()), Contains("NONE-1"));
  CHECK_THAT(with("/policies", json::array()), Contains("\"policies\""));
  CHECK_THAT(complaint(check_expected, json::array()), Contains("is no expected matrix"));
}
