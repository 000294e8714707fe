// SPDX-License-Identifier: Apache-2.0
// The machinery behind `holdfast conform`: what is derived from a trace, drawn scenarios,
// shrinking, verdicts, and the canary.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/campaign/matrix.hpp"
#include "analysis/conform/campaign/shrink.hpp"
#include "analysis/conform/campaign/swarm.hpp"
#include "analysis/conform/campaign/vary.hpp"
#include "analysis/conform/view/words.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::conform;
using namespace std::chrono_literals;
using nlohmann::json;

Subject subject(const char* policy, const char* target) {
  return make_subject(policy, policy, target, target);
}

const Requirement& requirement(const char* id) {
  const Requirement* found = find_requirement(id);
  REQUIRE(found != nullptr);
  return *found;
}

const Probe& probe(std::string_view name) {
  const auto found = std::find_if(probes().begin(), probes().end(),
                                  [&](const Probe& p) { return p.name == name; });
  REQUIRE(found != probes().end());
  return *found;
}

/// Looks at a probe's run under an implementation.
template <class Look>
void look_at(const char* name, const Subject& who, Look look) {
  judge(scenario::from_json(fill_in(probe(name).scenario, who), name), {},
        [&](const RunView& view, const Judgement&) { look(view); });
}

/// A matrix of one implementation; few drawn scenarios.
json matrix_of(const Subject& who, std::vector<const Requirement*> requirements,
               unsigned jobs = 1) {
  MatrixOptions options;
  options.subjects = {who};
  options.requirements = std::move(requirements);
  options.swarm = 4;
  options.jobs = jobs;
  return run_matrix(options);
}

std::string verdict_of(const json& matrix, const std::string& id) {
  for (const json& r : matrix["results"]) {
    if (r["requirement"] == id)
      return r["verdict"];
  }
  return "absent";
}

}  // namespace

TEST_CASE("spans are told to the microsecond, unless they would look rounder", "[conform]") {
  CHECK(text(Duration{7'800'537'160}) == "7.800537 s");
  CHECK(text(Duration{15'001'000'000}) == "15.001 s");
  CHECK(text(Duration{9'999'999'999}) == "9.999999999 s");
  CHECK(text(Duration{10'000'000'001}) == "10.000000001 s");
  CHECK(text(Duration{2'500'000}) == "2.5 ms");
  CHECK(text(Duration{2'500'400}) == "2.5004 ms");
  CHECK(text(Duration{123'456'789}) == "123.457 ms");
  CHECK(text(Duration{145'777}) == "145.777 us");
  CHECK(text(Duration{}) == "0 s");
}

TEST_CASE("every requirement has a check and every check a requirement", "[conform]") {
  std::set<std::string> ids, checked;
  for (const Requirement& r : catalogue()) {
    INFO(r.id);
    CHECK(ids.insert(r.id).second);
    CHECK_FALSE(r.title.empty());
    CHECK(r.text.size() > 20);
    CHECK_FALSE(r.source.empty());
    CHECK((r.confidence == "V" || r.confidence == "D" || r.confidence == "UNVERIFIED"));
    for (const std::string& transport : r.transports)
      CHECK((transport == "tcp" || transport == "rdma" || transport == "fc"));
    CHECK_NOTHROW(why_not(r, subject("spec", "array")));
  }
  for (const Check& c : checks())
    CHECK(checked.insert(std::string(c.id)).second);
  CHECK(ids == checked);
}

TEST_CASE("the view of a run has what the wires showed", "[conform]") {
  look_at("hold_silent_path", subject("tp4129-rfc1", "nvmet-mainline"), [](const RunView& v) {
    REQUIRE(v.controllers.size() == 2);
    CHECK(v.name_of(1) == "h1/nvme1");
    REQUIRE(v.recoveries.size() == 1);
    const Recovery& r = v.recoveries.front();
    const Association& a = v.associations[r.association];
    CHECK(a.controller == 0);
    CHECK(a.cntlid == 1);
    CHECK(a.kato(v.exchanges) == 5s);
    CHECK(a.identity.traffic_based_keep_alive());
    CHECK(RunView::multiplier(a) == 3);
    CHECK(r.fenced == never);
    // The RFC holds for 3 x 5 s; nvmet reports CQT 0.
    CHECK(r.cancelled - r.started == 15s);
    REQUIRE_FALSE(r.in_flight.empty());
    for (const std::uint32_t i : r.in_flight) {
      CHECK(v.attempts[i].controller == 0);
      CHECK(v.attempts[i].sent < r.started);
      CHECK(v.attempts[i].ended >= r.cancelled);
    }
    // The path is back 30 s after it was lost at 8 s, and so is the controller.
    CHECK(v.healed == sim::epoch + 38s);
    CHECK(v.of_controller[0].size() >= 2);
    CHECK(v.associations[v.of_controller[0].back()].live > v.healed);
  });
}

TEST_CASE("a fence is over when the host has seen a reset succeed, not before", "[conform]") {
  look_at("hold_late_write", subject("tp8028-v3", "nvmet-tp8028"), [](const RunView& v) {
    REQUIRE(v.recoveries.size() == 1);
    const Recovery& r = v.recoveries.front();
    REQUIRE(v.ccrs.size() == 1);
    const Ccr& ccr = v.ccrs.front();
    CHECK(ccr.impacted == r.association);
    CHECK(ccr.source == 1);
    CHECK_FALSE(ccr.by_operator);
    // nvmet drains: the write that takes 2 s is what the reset waits for.
    CHECK(ccr.seen >= r.started + 1900ms);
    CHECK(ccr.seen <= r.started + 2100ms);
    CHECK(r.fenced == ccr.seen);
    CHECK(r.cancelled >= r.fenced);
  });
}

TEST_CASE("a healed fabric is told from one with a fault that stays", "[conform]") {
  const Subject who = subject("spec", "array");
  json document = probe("hold_silent_path").scenario;
  document["faults"][0].erase("for");
  judge(scenario::from_json(fill_in(document, who), "test"), {},
        [](const RunView& v, const Judgement&) { CHECK(v.healed == never); });
}

TEST_CASE("variations of probes are valid, differ, and heal before they end", "[conform]") {
  const Subject who = subject("tp8028-v3", "array");
  for (const Probe& p : probes()) {
    std::set<std::string> texts;
    const auto longest_delay = [](const json& document) {
      Duration out{};
      for (const json& f : document.value("faults", json::array())) {
        if (f["type"] == "delay_command" && f["delay"].is_string())
          out = std::max(out, scenario::parse_duration(f["delay"].get<std::string>()).value);
      }
      return out;
    };
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const json document = vary(p, 1, seed);
      CHECK(document == vary(p, 1, seed));
      texts.insert(document.dump());
      INFO(document.dump(1));
      scenario::Scenario read;
      REQUIRE_NOTHROW(read = scenario::from_json(fill_in(document, who), p.name));
      CHECK(read.duration >= 106s);
      for (const auto& f : document["faults"]) {
        if (f["type"] == "blackhole")
          CHECK(f.contains("for"));
      }
      // Not longer than in the probe, where an honest target keeps its word.
      CHECK(longest_delay(document) <= longest_delay(p.scenario));
    }
    CHECK(texts.size() == 40);
  }
}

TEST_CASE("what chance does not come to is varied until it was met often enough", "[conform]") {
  const Subject who = subject("spec", "array");
  MatrixOptions options;
  options.subjects = {who};
  options.requirements = {&requirement("CCRT-16"), &requirement("CCRT-17")};
  const auto drawn = [&](std::uint32_t swarm) {
    options.swarm = swarm;
    std::map<std::string, std::uint64_t> out;
    const json matrix = run_matrix(options);
    for (const json& r : matrix["results"])
      out[r["requirement"]] = r["drawn_scenarios"];
    return out;
  };
  auto found = drawn(0);
  CHECK(found["CCRT-16"] == 0);
  CHECK(found["CCRT-17"] == 0);
  // One in twelve.
  found = drawn(24);
  CHECK(found["CCRT-16"] >= 2);
  CHECK(found["CCRT-17"] >= 2);
}

TEST_CASE("drawn scenarios are valid, differ, and heal before they end", "[conform]") {
  const Subject who = subject("tp8028-v3", "array");
  std::set<std::string> texts, transports;
  std::set<std::size_t> faults, hosts;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const json document = swarm_scenario(1, seed);
    CHECK(document == swarm_scenario(1, seed));
    texts.insert(document.dump());
    transports.insert(document["fabric"]["transport"].get<std::string>());
    faults.insert(document["faults"].size());
    hosts.insert(document["hosts"].size());
    const auto s = scenario::from_json(fill_in(document, who), "drawn");
    for (const json& f : document["faults"]) {
      // Whatever lasts ends; the calm after it is longer than any time-out, hold and reconnect.
      const bool lasts = f["type"] == "blackhole" || f["type"] == "link_down" ||
                         f["type"] == "loss" || f["type"] == "node" || f["type"] == "impair" ||
                         f["type"] == "admin_stall" || f["type"] == "port_removed";
      if (lasts)
        CHECK(f.contains("for"));
    }
    CHECK(s.duration >= 100s);
  }
  CHECK(texts.size() == 200);
  CHECK(transports == std::set<std::string>{"fc", "rdma", "tcp"});
  CHECK(faults == std::set<std::size_t>{1, 2, 3, 4});
  CHECK(hosts == std::set<std::size_t>{1, 2});
}

TEST_CASE("campaigns with different seeds have no drawn scenario in common", "[conform]") {
  const auto nameless = [](json document) {
    document.erase("name");
    return document.dump();
  };
  const Probe& p = probe("hold_silent_path");
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    // Numbers that a seed times a million, plus a number, would confuse.
    for (const std::uint64_t number : {0u, 1u, 2u, 999'999u, 1'000'000u, 1'000'001u, 2'000'000u}) {
      texts.insert(nameless(swarm_scenario(seed, number)));
      texts.insert(nameless(vary(p, seed, number)));
    }
  }
  CHECK(texts.size() == std::size_t{2} * 4 * 7);
}

TEST_CASE("a failing scenario is shrunk to what it takes", "[conform]") {
  const Subject who = subject("linux-mainline", "nvmet-mainline");
  const Requirement& held = requirement("HOLD-1");
  json document = probe("hold_silent_path").scenario;
  // Things that have nothing to do with it.
  document["faults"].push_back(
      {{"type", "loss"}, {"at", "1s"}, {"for", "1s"}, {"link", "h1-s1"}, {"probability", "1%"}});
  document["faults"].push_back(
      {{"type", "blackhole"}, {"at", "50s"}, {"for", "1s"}, {"link", "s1-a1"}});
  document["fabric"]["links"].push_back({{"name", "h2-s0"}, {"ends", {"h2", "s0"}}});
  json second = document["hosts"][0];
  second["name"] = "h2";
  second["connect"].erase(1);
  document["hosts"].push_back(second);
  document["workloads"].push_back(
      {{"type", "fio"}, {"host", "h2"}, {"rw", "read"}, {"rate_iops", 5}, {"size", "64KiB"}});
  REQUIRE(fails(document, who, held));
  const json small = shrink(document, who, held);
  CHECK(fails(small, who, held));
  CHECK(small["faults"].size() == 1);
  CHECK(small["faults"][0]["link"] == "h1-s0");
  CHECK(small["hosts"].size() == 1);
  CHECK(small["workloads"].size() == 1);
  // A busy host notices within 1.5 x KATO: at 15.5 s at the latest.
  CHECK(scenario::from_json(fill_in(small, who), "small").duration <= 17s);
}

TEST_CASE("what does not fail is not shrunk into something that does", "[conform]") {
  const Subject who = subject("spec", "array");
  const json document = probe("hold_silent_path").scenario;
  CHECK_FALSE(fails(document, who, requirement("HOLD-1")));
}

TEST_CASE("a requirement that no run comes to is not exercised, and never a pass", "[conform]") {
  // v4 without anybody to reset and without CQT: no exchange ends in a fence, for there is none.
  const json matrix = matrix_of(subject("tp8028-v4", "nvmet-mainline"),
                                {&requirement("TR-11"), &requirement("HOLD-4")});
  CHECK(verdict_of(matrix, "TR-11") == "not exercised");
  CHECK(verdict_of(matrix, "HOLD-4") == "not applicable");
  CHECK(matrix["summary"]["pass"] == 0);
}

TEST_CASE("the canary fails in every matrix, and a matrix without it is told", "[conform]") {
  json matrix = matrix_of(subject("spec", "array"), {&requirement("HOLD-1")});
  CHECK(verdict_of(matrix, "CANARY") == "fail");
  CHECK(checker_is_alive(matrix));
  CHECK(matrix["summary"]["fail"] == 0);
  for (json& r : matrix["results"]) {
    if (r["requirement"] == "CANARY")
      r["verdict"] = "not exercised";
  }
  CHECK_FALSE(checker_is_alive(matrix));
}

TEST_CASE("the matrix does not depend on the number of threads", "[conform]") {
  const Subject who = subject("tp8028-v4", "array");
  std::vector<const Requirement*> all;
  for (const Requirement& r : catalogue())
    all.push_back(&r);
  CHECK(matrix_of(who, all, 1) == matrix_of(who, all, 3));
}

TEST_CASE("knobs of one's own are read as a scenario reads them", "[conform]") {
  const json policy = {{"preset", "cqt-only"}, {"hold_multiplier", 1}};
  const Subject mine =
      make_subject("mine", policy, "slow", {{"profile", "array"}, {"attr_cqt", "2s"}});
  CHECK(mine.host_knobs.hold_multiplier == 1.0);
  CHECK(mine.target_knobs.attr_cqt == 2s);
  // Half of what 2 x KATO asks for.
  CHECK(verdict_of(matrix_of(mine, {&requirement("HOLD-3")}), "HOLD-3") == "fail");
  CHECK_THROWS_AS(make_subject("mine", {{"presett", "spec"}}, "array", "array"),
                  scenario::ScenarioError);
  CHECK_THROWS_AS(make_subject("spec", "spec", "mine", {{"ports", {"a0"}}}),
                  scenario::ScenarioError);
  CHECK_THROWS_AS(make_subject("spec", "spec", "mine", 3), scenario::ScenarioError);
}
