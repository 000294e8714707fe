// SPDX-License-Identifier: Apache-2.0
// Whether worlds that are split come to the probability that can be worked out, or counted; and
// whether what is told of them can be run again.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/rare/rare.hpp"
#include "analysis/run/run.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/distributions.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using namespace std::chrono_literals;
using nlohmann::json;

/// Two writes of one block, one after the other; the path fails while the first one executes. It
/// takes 20 us, and with a chance of 2 % an exponential time of `rare` on average longer.
json one_write(const std::string& mean) {
  json s = scenario::read_document("scenarios/rare_1e6.json");
  s["duration"] = "20s";
  s["subsystems"][0]["namespaces"][0]["media"]["write"]["rare"] = mean;
  s["workloads"] = json::parse(R"([{"type": "script", "host": "h1", "start": "2s", "steps": [
      {"do": "write", "lba": 0}, {"do": "write", "lba": 0}]}])");
  s["faults"][0]["at"] = "2000015us";
  return s;
}

/// When a write of the block landed.
sim::TimePoint landed(const World& w, std::size_t nth) {
  return w.target.namespaces[0].history[nth].applied;
}

/// The probability that the first write lands after the second one has.
double exact(const std::string& mean_text, double mean_s) {
  json s = one_write(mean_text);
  s["choices"] = json::parse(R"([{"point": "", "ordinal": 0, "time": "15s"}])");
  const World named = scenario::build(scenario::from_json(one_write(mean_text), "test"));
  s["choices"][0]["point"] = named.choices.name(named.target.namespaces[0].write_choice);
  const scenario::Scenario late = scenario::from_json(s, "test");
  World w = scenario::build(late);
  w.calendar.run_until(w, sim::epoch + late.duration);
  // The first write is repeated, then comes the second one, and last the first one's original.
  REQUIRE(w.target.namespaces[0].history.size() == 3);
  REQUIRE(w.oracle.counts.stale_writes == 1);
  const sim::TimePoint began = landed(w, 2) - 15s;
  const double wait_s = sim::seconds(landed(w, 1) - began) - 20e-6;
  return 0.02 * std::exp(-wait_s / mean_s);
}

rare::Options options(rare::Method method, std::size_t repetitions, std::size_t effort) {
  rare::Options o;
  o.method = method;
  o.repetitions = repetitions;
  o.effort = effort;
  o.crude_part = 0.0;
  return o;
}

}  // namespace

TEST_CASE("splitting comes to the probability that one write has by hand", "[rare]") {
  // The original waits for 4.9 s or so; 0.02 * exp(-4.9 / 0.3) is 1.6e-9.
  for (const auto& [text, mean_s] : {std::pair{"500ms", 0.5}, std::pair{"300ms", 0.3}}) {
    const double p = exact(text, mean_s);
    const scenario::Scenario s = scenario::from_json(one_write(text), "test");
    for (const rare::Method method :
         {rare::Method::restart, rare::Method::fixed_effort, rare::Method::adaptive}) {
      const rare::Outcome out = rare::rare(s, {}, options(method, 20, 150));
      INFO(rare::name_of(method) << " " << text << ": " << out.mean.value << " for " << p);
      CHECK(std::abs(out.mean.value - p) < 3.0 * out.mean.error());
      CHECK(out.mean.error() < 0.5 * p);
    }
  }
}

TEST_CASE("crude Monte Carlo and splitting agree where both can reach", "[rare]") {
  const scenario::Scenario s = scenario::from_json(one_write("1500ms"), "test");
  rare::Options o = options(rare::Method::restart, 20, 100);
  o.crude_part = 5.0;
  const rare::Outcome out = rare::rare(s, {}, o);
  REQUIRE(out.crude.hits >= 5);
  CHECK(out.crude.low < out.mean.high);
  CHECK(out.mean.low < out.crude.high);
  CHECK(rare::warnings_of(out).empty());
}

TEST_CASE("an answer does not depend on threads, and its worlds can be run again", "[rare]") {
  const scenario::Scenario s = scenario::load("scenarios/rare_1e4.json");
  rare::Options o = options(rare::Method::restart, 4, 50);
  const rare::Outcome one = rare::rare(s, {}, o);
  o.jobs = 2;
  CHECK(rare::document(s, one) == rare::document(s, rare::rare(s, {}, o)));
  REQUIRE(!one.examples.empty());
  for (const rare::Example& example : one.examples) {
    // Written and read, as whoever runs it does.
    const scenario::Scenario again =
        scenario::from_json(scenario::to_json(example.scenario), "test");
    World w = scenario::build(again);
    w.calendar.run_until(w, sim::epoch + again.duration);
    CHECK(w.oracle.counts.corrupt());
    CHECK(w.trace.hashes().full == example.trace_hash);
  }
}

TEST_CASE("stalls and exposure are rare events too", "[rare]") {
  // The first write stalls until the hold is over: detection after 1.25 to 1.5 s, 3.5 s of hold.
  const scenario::Scenario s = scenario::from_json(one_write("500ms"), "test");
  const auto chance = [&](const char* of) {
    return rare::rare(s, rare::event_of(of), options(rare::Method::restart, 10, 100)).mean.value;
  };
  CHECK(chance("stall>4s") == 1.0);
  // A longer one is a retry that takes its time in turn: 0.02 * exp(-(6 - 4.75 to 5) / 0.5).
  CHECK(chance("stall>6s") > 0.0010);
  CHECK(chance("stall>6s") < 0.0040);
  // Exposed is whoever executes still when the retry is released: a little more often than it
  // corrupts, since that is before the second write lands.
  const double exposed = chance("exposure");
  CHECK(exposed > 0.0);
  CHECK(exposed < 10.0 * exact("500ms", 0.5));
  CHECK_THROWS_AS(rare::event_of("stall"), std::invalid_argument);
  CHECK_THROWS_AS(rare::event_of("corruption>1s"), std::invalid_argument);
  CHECK(rare::name_of(rare::event_of("exposure>2s")) == "exposure>2s");
}

TEST_CASE("a budget ends the pilot and the crude runs too", "[rare]") {
  const scenario::Scenario s = scenario::from_json(one_write("500ms"), "test");
  rare::Options o = options(rare::Method::restart, 20, 100);
  o.crude_part = 5.0;
  o.deadline = std::chrono::steady_clock::now();
  const rare::Outcome out = rare::rare(s, {}, o);
  CHECK(out.ended == rare::Ended::budget);
  CHECK_FALSE(out.pilot.complete);
  CHECK(out.values.empty());
  CHECK(out.crude.runs == 0);
}
