// SPDX-License-Identifier: Apache-2.0
// The reports on a matrix document: what they say, and that nothing in a name or a text can break
// them.
#include "analysis/conform/report/report.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <pugixml.hpp>
#include <sstream>
#include <string>

#include "analysis/conform/campaign/story.hpp"
#include "analysis/conform/report/grid.hpp"
#include "tests/unit/conform/support.hpp"

using namespace holdfast::conform;
using namespace conform_support;
using Catch::Matchers::Contains;

namespace {

pugi::xml_document parsed(const std::string& text) {
  pugi::xml_document out;
  const auto outcome = out.load_buffer(text.data(), text.size());
  INFO(outcome.description());
  REQUIRE(outcome);
  return out;
}

/// The JSON of the page, as a browser would find it.
json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  return json::parse(page.substr(from, page.find("</script>", from) - from));
}

/// Nine policies on four targets, all of which pass but one.
json many() {
  json out = matrix();
  out["results"] = json::array();
  for (int p = 0; p < 9; ++p) {
    for (int t = 0; t < 4; ++t) {
      for (const char* id : {"HOLD-1", "HOLD-2", "CANARY"}) {
        const bool fails = std::string(id) == "CANARY" || (std::string(id) == "HOLD-1" && p == 3);
        out["results"].push_back(result("policy-number-" + std::to_string(p),
                                        "target-" + std::to_string(t), id,
                                        fails ? "fail" : "pass"));
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the names of failing scenarios are names of files and of scenarios", "[conform]") {
  json one = result("ccr+cqt+filter", "my target/x", "HOLD-1", "fail");
  CHECK(failure_file(one) == "failures/HOLD-1_ccr-cqt-filter_my-target-x.json");
  CHECK(replay_command(one) == "holdfast run failures/HOLD-1_ccr-cqt-filter_my-target-x.json");
  CHECK(incident_name("A-1", "..", "\xc3\xa9") == "A-1_.._--");
  // File systems take 255 bytes, and two long names are two files.
  const std::string many(250, 'm');
  CHECK(incident_name("A-1", many + "a", "t").size() == 217);
  CHECK(incident_name("A-1", many + "a", "t") != incident_name("A-1", many + "b", "t"));
}

TEST_CASE("the text says what failed, where, and what is not known", "[conform]") {
  const std::string text = text_report(matrix(), "out");
  CHECK_THAT(text, Contains("2 requirements, 2 implementations; 9 probes and 60 drawn scenarios"));
  CHECK_THAT(text, Contains("linux-mainline on array: 0 pass, 1 fail, 0 not applicable, "
                            "1 not exercised"));
  CHECK_THAT(text, Contains("spec on array: 1 pass, 0 fail, 1 not applicable, 0 not exercised"));
  CHECK_THAT(text, Contains("FAIL  HOLD-1  Nothing is retried before fence or hold (in 10 of 11 "
                            "scenarios)"));
  CHECK_THAT(text, Contains("write 3 was let go"));
  CHECK_THAT(text, Contains("holdfast run out/failures/HOLD-1_linux-mainline_array.json"));
  // The command works where it is read, whatever the folder is called.
  CHECK_THAT(
      text_report(matrix(), "my out", "../it's/holdfast"),
      Contains(R"('../it'\''s/holdfast' run 'my out/failures/HOLD-1_linux-mainline_array.json')"));
  CHECK_THAT(text, Contains("not exercised, so nothing is known:\n        HOLD-2\n"));
  CHECK_THAT(text, Contains("failed for every implementation: the checker is alive"));
  CHECK(count_of(text, "CANARY") == 0);
  // Without a folder there is nothing to run.
  CHECK_THAT(text_report(matrix()), !Contains("holdfast run"));
}

TEST_CASE("the text of many implementations is a matrix within its columns", "[conform]") {
  const std::string text = text_report(many());
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    longest = std::max(longest, line.size());
    CHECK((line.empty() || line.back() != ' '));
  }
  CHECK(longest <= 120);
  CHECK_THAT(text, Contains("a policy-number-0"));
  CHECK_THAT(text, Contains("...F....."));
  CHECK(count_of(text, "...F.....") == 4);
  CHECK_THAT(text, Contains("policy-number-3 on all targets"));
  CHECK_THAT(text, Contains("68 pass, 4 fail, 0 not applicable, 0 not exercised"));
  // Narrow terminals get the targets below each other.
  const std::string narrow = text_report(many(), "", "holdfast", 80);
  CHECK(count_of(narrow, "...F.....") == 4);
  CHECK(count_of(narrow, "\nHOLD-1") > 1);
}

TEST_CASE("a few policies stand over their columns by name", "[conform]") {
  json few = many();
  for (json& one : few["results"]) {
    const std::string name = one["policy"];
    if (name.back() > '3')
      one = nullptr;
  }
  few["results"].erase(std::remove(few["results"].begin(), few["results"].end(), json()),
                       few["results"].end());
  const std::string text = text_report(few);
  const std::string block(23, ' ');
  const auto over = [&](std::string one) {
    const std::string two = one.append(block, 0, block.size() - one.size());
    return "  " + two + one.substr(0, one.find_last_not_of(' ') + 1);
  };
  CHECK_THAT(text, Contains(over("target-0").substr(0, 12)));
  CHECK_THAT(text, Contains(over("policy-number-0")));
  CHECK_THAT(text, Contains(over("| policy-number-1")));
  CHECK_THAT(text, Contains(over("| | | policy-number-3")));
  CHECK_THAT(text, Contains(over(". . . F")));
  CHECK_THAT(text, !Contains("a policy-number-0"));
}

TEST_CASE("every report says what it was compared with", "[conform]") {
  json m = matrix();
  m["baseline"] = {{"policy", "tp8028|v3"}};
  m["against_baseline"] = json::array();
  m["against"] = {{{"policy", "spec"},
                   {"target", "array"},
                   {"requirement", "HOLD-1"},
                   {"before", "pass"},
                   {"after", "fail"},
                   {"worse", true}}};
  const std::string text = markdown_report(m);
  CHECK_THAT(text, Contains("## Against tp8028\\|v3\n\nNo difference.\n"));
  CHECK_THAT(text, Contains("## Against the earlier matrix\n"));
  CHECK_THAT(text, !Contains("expected matrix"));
  const json data = data_of(html_report(m));
  REQUIRE(data["comparisons"].size() == 2);
  CHECK(data["comparisons"][0]["with"] == "tp8028|v3");
  CHECK(data["comparisons"][0]["differences"].empty());
  CHECK(data["comparisons"][1]["with"] == "the earlier matrix");
  CHECK(data["comparisons"][1]["differences"][0]["worse"] == true);
}

TEST_CASE("a canary that does not sing is told by every report", "[conform]") {
  json dead = matrix();
  at(dead, "spec", "CANARY") = result("spec", "array", "CANARY", "pass");
  CHECK_THAT(text_report(dead), Contains("do not believe this report"));
  CHECK_THAT(markdown_report(dead), Contains("do not believe this report"));
  CHECK(data_of(html_report(dead))["canary"] == "dead");
  const auto xml = parsed(junit_report(dead));
  CHECK(xml.child("testsuites").attribute("errors").as_int() == 1);
  CHECK(xml.select_nodes("//testcase[starts-with(@name, 'CANARY')]/error").size() == 1);
  CHECK(xml.select_nodes("//testcase[contains(@name, 'failed, as it must')]").size() == 1);
}

TEST_CASE("what was stopped says so, and shows what there is", "[conform]") {
  json stopped = matrix();
  stopped["complete"] = false;
  stopped["results"][0]["failure"].erase("document");
  stopped["results"][0]["failure"].erase("timeline");
  CHECK_THAT(text_report(stopped, "out"), Contains("Stopped before the end"));
  CHECK_THAT(text_report(stopped, "out"), !Contains("holdfast run"));
  CHECK_THAT(markdown_report(stopped), Contains("stopped before its end"));
  parsed(junit_report(stopped));
  CHECK(data_of(html_report(stopped))["complete"] == false);
  stopped["results"] = json::array();
  CHECK_THAT(text_report(stopped), Contains("0 implementations"));
  CHECK_THAT(markdown_report(stopped), Contains("no result of the canary"));
  parsed(junit_report(stopped));
}

TEST_CASE("the Markdown has the matrix, and for each failure how to see it", "[conform]") {
  const std::string text = markdown_report(matrix());
  CHECK_THAT(text,
             Contains("| HOLD-1 | Nothing is retried before fence or hold | **FAIL** | pass |"));
  CHECK_THAT(text, Contains("| HOLD-2 | 3 x KATO with traffic-based keep-alive | ? | n/a |"));
  CHECK_THAT(text,
             Contains("- Source: TP4129, 9.6.2 (shall, to be kept by the host; confidence V)"));
  CHECK_THAT(text, Contains("- Broken by: linux-mainline on array"));
  CHECK_THAT(text,
             Contains("1 host, 11 s of simulated time, blackhole link l0 at 3.803937 s for 8 s"));
  CHECK_THAT(text, Contains("- Replay, in the folder of this report: `holdfast run "
                            "failures/HOLD-1_linux-mainline_array.json`"));
  CHECK_THAT(text,
             Contains("```\n        0.500000 s  h0/nvme0     is connected, as controller 1\n"));
  CHECK_THAT(text, Contains(">>     10.500000 s  BREACH       write 3 was let go\n```"));
  CHECK_THAT(markdown_report(many()), Contains("| **`FFFF`** |"));
}

TEST_CASE("Markdown stays what it is, whatever a text says", "[conform]") {
  json m = matrix();
  m["requirements"][0]["title"] = "a|b <i> *x* [y] `z`";
  explain(m["results"][0], "``` ends |no| block");
  const std::string text = markdown_report(m);
  CHECK_THAT(text, Contains("| a\\|b \\<i\\> \\*x\\* \\[y\\] \\`z\\` |"));
  CHECK_THAT(text, Contains("\n````\n"));
}

TEST_CASE("JUnit has a suite for each implementation and a case for each requirement",
          "[conform]") {
  const auto xml = parsed(junit_report(matrix()));
  const auto root = xml.child("testsuites");
  CHECK(root.attribute("tests").as_int() == 6);
  CHECK(root.attribute("failures").as_int() == 1);
  const auto suite = root.find_child_by_attribute("testsuite", "name", "linux-mainline on array");
  CHECK(suite.attribute("tests").as_int() == 3);
  CHECK(suite.attribute("failures").as_int() == 1);
  CHECK(suite.attribute("skipped").as_int() == 1);
  const auto property = [&](const char* name) {
    return std::string(suite.child("properties")
                           .find_child_by_attribute("property", "name", name)
                           .attribute("value")
                           .value());
  };
  CHECK(property("HOLD-1.id") == "HOLD-1");
  CHECK(property("HOLD-1.kind") == "shall");
  CHECK(property("HOLD-1.source") == "TP4129, 9.6.2");
  CHECK(property("HOLD-1.confidence") == "V");
  CHECK(property("HOLD-1.party") == "host");
  CHECK(property("CANARY.id").empty());
  const auto failure = suite.child("testcase").child("failure");
  CHECK(std::string(failure.attribute("message").value()) == "write 3 was let go");
  CHECK_THAT(failure.text().get(),
             Contains("Replay, in the folder of the report: holdfast run failures/HOLD-1_linux"));
  CHECK_THAT(failure.text().get(), Contains(">>     10.500000 s  BREACH"));
  CHECK(xml.select_nodes("//skipped[starts-with(@message, 'not exercised')]").size() == 1);
  CHECK(xml.select_nodes("//skipped[starts-with(@message, 'not applicable')]").size() == 1);
}

TEST_CASE("JUnit is XML, whatever a text says", "[conform]") {
  json m = matrix();
  // The last three: a control character, a byte that is no UTF-8, a surrogate as bytes.
  explain(m["results"][0], "<a> & \"b\" 'c' ]]> \x01 \xff \xed\xa0\x80 \xc3\xa9");
  m["requirements"][0]["title"] = "a < b & \"c\"";
  at(m, "linux-mainline", "HOLD-1")["policy"] = "p<&\">";
  const std::string text = junit_report(m);
  const auto xml = parsed(text);
  const std::string bad = "\xef\xbf\xbd";
  const auto found = xml.select_node("//failure").node();
  CHECK(std::string(found.attribute("message").value()) ==
        "<a> & \"b\" 'c' ]]> " + bad + " " + bad + " " + bad + bad + bad + " \xc3\xa9");
  CHECK_THAT(found.parent().attribute("name").value(), Contains("a < b & \"c\""));
  CHECK_THAT(found.parent().attribute("classname").value(), Contains("p<&\">"));
  CHECK(text.find('\x01') == std::string::npos);
  CHECK(text.find("&#") == std::string::npos);
}

TEST_CASE("the page holds the data, packed, and nothing in it ends the script", "[conform]") {
  json m = matrix();
  const std::string nasty = "</script><script>alert(1)</script><!-- {{data}} {{report.css}}";
  explain(m["results"][0], nasty);
  const std::string page = html_report(m);
  CHECK(page.find("{{data}} {{report.css}}") != std::string::npos);
  CHECK(page.find("alert(1)</script>") == std::string::npos);
  CHECK(page.find("src=") == std::string::npos);
  CHECK(page.find("@import") == std::string::npos);
  const json data = data_of(page);
  CHECK(data["incidents"][0]["text"] == nasty);
  CHECK(data["implementations"] ==
        json::parse(R"([["linux-mainline", "array"], ["spec", "array"]])"));
  CHECK(data["requirements"].size() == 2);
  // fail, 17 occasions, 11 scenarios, 10 of them failed, incident 0; pass; not exercised; why not.
  CHECK(data["cells"] == json({{{1, 17, 11, 10, 0}, {0, 17, 11}}, {{3, 0, 0}, {2, 0}}}));
  CHECK(data["texts"][0] == "applies only if the host uses Cross-Controller Reset");
}

TEST_CASE("failures that share a scenario share it on the page", "[conform]") {
  json m = matrix();
  for (const char* policy : {"linux-mainline", "spec"}) {
    for (const char* id : {"HOLD-1", "HOLD-2"}) {
      at(m, policy, id) = result(policy, "array", id, "fail");
      explain(at(m, policy, id));
    }
  }
  const json data = data_of(html_report(m));
  CHECK(data["incidents"].size() == 4);
  CHECK(data["documents"].size() == 1);
  CHECK(data["timelines"].size() == 1);
  CHECK(data["incidents"][3]["fill"]["policy"] == "spec");
  CHECK(!data["documents"][0]["hosts"][0].contains("policy"));
}
