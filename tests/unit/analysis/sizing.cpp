// SPDX-License-Identifier: Apache-2.0
// Whether the closed form is one, whether worlds that run agree with it, and whether a
// recommendation is what a scan of all settings would have come to.
#include "analysis/sizing/sizing.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/rare/rare.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using namespace std::chrono_literals;
using nlohmann::json;
using sizing::Point;

/// KATO 1 s, traffic based and busy: detection between 1.25 and 1.5 s, hold 3.5 s. 50 writes a
/// second, 2 % of them with a mean of 0.38 s, since 0.5 to 0.75 s.
scenario::Scenario rare_1e6() { return scenario::load("scenarios/rare_1e6.json"); }

/// The same by hand: an exponential averaged over two uniform times.
double by_hand(double mean) {
  const double executing =
      50 * 0.02 * mean * (1 - mean * (std::exp(-0.5 / mean) - std::exp(-0.75 / mean)) / 0.25);
  const double outlasts =
      std::exp(-3.5 / mean) * mean * (std::exp(-1.25 / mean) - std::exp(-1.5 / mean)) / 0.25;
  return -std::expm1(-executing * outlasts);
}

}  // namespace

TEST_CASE("the chain comes to the exposure that can be integrated", "[sizing]") {
  const sizing::Path path = sizing::path_of(rare_1e6());
  // A step of 1 ms is late by half a step on average: 0.0005 / 0.38 = 0.13 %.
  CHECK(sizing::exposure_of(path) == Approx(by_hand(0.38)).epsilon(0.005));
  CHECK(sizing::exposure_of(path, 100us) == Approx(by_hand(0.38)).epsilon(0.0005));
}

TEST_CASE("the release is uniform between its ends", "[sizing]") {
  const sizing::Path path = sizing::path_of(rare_1e6());
  CHECK(sizing::worst_stall(path) == 5s);
  const sizing::Law law = sizing::release_law(path, 10ms);
  CHECK(law.chance.sum() == Approx(1.0));
  CHECK(law.quantile_s(0.5) == Approx(4.875).margin(0.011));
  CHECK(law.quantile_s(1.0 - 1e-9) == Approx(5.0).margin(0.011));
  CHECK(law.quantile_s(0.01) == Approx(4.75).margin(0.021));
}

TEST_CASE("worlds that are split agree with the closed form", "[sizing][rare]") {
  rare::Options o;
  o.repetitions = 20;
  o.effort = 100;
  o.crude_part = 0.0;
  const rare::Outcome out = rare::rare(rare_1e6(), rare::event_of("exposure"), o);
  const double p = sizing::exposure_of(sizing::path_of(rare_1e6()));
  INFO(out.mean.value << " +- " << out.mean.error() << " for " << p);
  CHECK(std::abs(out.mean.value - p) < 3.0 * out.mean.error());
  CHECK(out.mean.error() < 0.3 * p);
}

TEST_CASE("a risk that no double holds is still a number", "[sizing]") {
  // Ten minutes of KATO: e to the power of -1800 s / 0.38 s.
  const sizing::Sizing found = sizing::size(rare_1e6(), {0.5, 20'000s});
  REQUIRE(found.best.has_value());
  CHECK(found.best->risk == 1e-300);
  CHECK(found.risk_slack_ratio == Approx(0.5e300));
  CHECK(sizing::document(rare_1e6(), found)["slack"]["risk_ratio"].is_number());
}

TEST_CASE("a recommendation is the longest KATO that a scan finds", "[sizing]") {
  for (const auto& [risk, stall] :
       {std::pair{1e-9, sim::Duration{20s}}, std::pair{1e-9, sim::Duration{9500ms}},
        std::pair{1e-3, sim::Duration{40s}}}) {
    const sizing::Sizing found = sizing::size(rare_1e6(), {risk, stall});
    REQUIRE(found.best.has_value());
    CHECK(found.evaluations <= 40);
    CHECK(found.best->risk <= risk);
    CHECK(found.best->stall <= stall);
    sim::Duration longest{};
    for (std::int64_t k = 1; k <= 30; ++k) {
      for (const KeepAlive mode : {KeepAlive::traffic_based, KeepAlive::command_based}) {
        sizing::Path path = sizing::path_of(rare_1e6());
        path.mode = mode;
        path.kato = std::chrono::seconds{k};
        path.multiplier = static_cast<double>(hold_multiplier(mode));
        path.cqt = 1ms;
        const sim::Duration left = stall - sizing::worst_stall(path);
        if (left < sim::Duration{})
          continue;
        path.cqt += left / 1ms * 1ms;  // all that there is room for
        if (sizing::exposure_of(path) <= risk)
          longest = std::max(longest, path.kato);
      }
    }
    CHECK(found.best->kato == longest);
  }
}

TEST_CASE("a host that does not hold by the rule is not sized", "[sizing]") {
  const auto pointer_of = [](const std::vector<std::pair<const char*, json>>& changes) {
    json document = scenario::read_document("scenarios/rare_1e6.json");
    for (const auto& [path, value] : changes)
      scenario::apply_set(document, path, value, "test");
    try {
      sizing::size(scenario::from_json(document, "rare_1e6"), {1e-9, 20s});
    } catch (const scenario::ScenarioError& error) {
      return error.parts().pointer;
    }
    return std::string("taken");
  };
  const char* const policy = "/hosts/0/policy";
  CHECK(pointer_of({{policy, "cqt-only"}}) == "taken");
  CHECK(pointer_of({{"/subsystems/0/kas", "500ms"}}) == "taken");
  for (const char* name : {"linux-mainline", "tp8028-v4"})
    CHECK(pointer_of({{policy, name}}) == policy);
  CHECK(pointer_of({{policy, {{"preset", "cqt-only"}, {"hold", "none"}}}}) == policy);
  CHECK(pointer_of({{policy, {{"preset", "cqt-only"}, {"hold_multiplier", 1}}}}) ==
        "/hosts/0/policy/hold_multiplier");
  CHECK(pointer_of({{policy, "spec"}}) == "/hosts/0/policy/hold_from");
  CHECK(pointer_of({{"/subsystems/0/attr_cqt", "0s"}}) == "/subsystems/0/attr_cqt");
  CHECK(pointer_of({{"/subsystems/0/kas", "10s"}}) == "/hosts/0/connect/0/keep_alive_tmo");
  CHECK(pointer_of({{"/subsystems/0/kato_min", "4s"}}) == "/hosts/0/connect/0/keep_alive_tmo");
  CHECK(pointer_of({{"/hosts/0/suspicion", {{"keep_alive_late", "50ms"}}}}) ==
        "/hosts/0/suspicion");
  CHECK(pointer_of({{"/hosts/0/clock_fast_ppm", 100}}) == "/hosts/0/clock_fast_ppm");
  CHECK(pointer_of({{"/hosts/0/clock_slow_ppm", 100}}) == "/hosts/0/clock_slow_ppm");
}

TEST_CASE("KATO comes in steps that Linux and the target both take", "[sizing]") {
  json document = scenario::read_document("scenarios/rare_1e6.json");
  scenario::apply_set(document, "/subsystems/0/kas", "2500ms", "test");
  scenario::apply_set(document, "/subsystems/0/kato_min", "6s", "test");
  scenario::apply_set(document, "/hosts/0/connect/*/keep_alive_tmo", "10s", "test");
  // 2.5 s and whole seconds meet at each 5 s, and 10 s is the first that is not below 6 s.
  const sizing::Sizing found =
      sizing::size(scenario::from_json(document, "rare_1e6"), {1e-9, 100s});
  REQUIRE(found.best.has_value());
  CHECK(found.best->kato % 5s == 0s);
  REQUIRE(found.frontier.size() > 1);
  CHECK(found.frontier[0].kato == 10s);
  CHECK(found.frontier[1].kato == 15s);
  CHECK(found.rule.kato == 10s);
}

TEST_CASE("what cannot be is said, with what would do", "[sizing]") {
  const sizing::Goal goal{1e-9, 3s};
  const sizing::Sizing none = sizing::size(rare_1e6(), goal);
  CHECK_FALSE(none.best.has_value());
  REQUIRE(none.stall_needed.has_value());
  CHECK(sizing::size(rare_1e6(), {1e-9, *none.stall_needed}).best.has_value());
  CHECK_FALSE(sizing::size(rare_1e6(), {1e-9, *none.stall_needed - 1ms}).best.has_value());
  CHECK_THROWS_AS(sizing::path_of(scenario::load("scenarios/quickstart.json")),
                  scenario::ScenarioError);
}
