// SPDX-License-Identifier: Apache-2.0
// Whether `holdfast search` looks at all that it says: small spaces whose size can be counted by
// hand or by other means, findings that replay, and answers that do not depend on threads.
#include "analysis/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/run/run.hpp"
#include "analysis/search/explore.hpp"
#include "analysis/search/shrink.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using nlohmann::json;
using search::Ended;
using search::Objective;
using test::with;
using test::worst_case;

/// No holds barred, and quickly through.
const json one_delay = {{"deviations", 1}, {"losses", 0}, {"faults", json::array()}};

search::Outcome found(const scenario::Scenario& s, unsigned jobs = 1) {
  search::Options options;
  options.jobs = jobs;
  return search::search(s, options, Objective::corruption);
}

std::uint64_t worlds_of(const search::Outcome& out) {
  std::uint64_t worlds = 0;
  for (const search::Level& level : out.levels)
    worlds += level.worlds;
  return worlds;
}

}  // namespace

TEST_CASE("a host that retries at once is caught with one delay", "[search]") {
  const search::Outcome out = found(with("linux-mainline", one_delay));
  REQUIRE(out.ended == Ended::found);
  REQUIRE(out.worst.has_value());
  REQUIRE(out.worst->deviations.size() == 1);
  CHECK(out.worst->deviations[0].kind == search::Kind::delay);
  CHECK(worlds_of(out) < 100);
  // The stale write comes right before the newer one, so if that takes longer it is harmless.
  REQUIRE(out.aftermath.has_value());
  CHECK(out.aftermath->safe > 0);
  CHECK(out.aftermath->first_safe->kind == search::Kind::delay);
  // On both kernels, record by record, with the hash that the search told.
  RunOptions options;
  options.kernel = Kernel::both;
  const json replayed = run(out.finding, options);
  CHECK(replayed["integrity"]["verdict"] == "corrupt");
  CHECK(replayed["trace_hash"] == search::document(out.finding, out)["worst"]["trace_hash"]);
  CHECK(replayed["expect"][0]["verdict"] == "pass");
}

TEST_CASE("nothing corrupts the own policy of the scenario within one deviation", "[search]") {
  const search::Outcome out = found(with("spec", {{"deviations", 1}}));
  CHECK(out.ended == Ended::exhausted);
  CHECK_FALSE(out.worst.has_value());
  REQUIRE(out.levels.size() == 2);
  CHECK(out.levels[0].worlds == 1);
  CHECK(out.levels[1].worlds > 100);
  CHECK(out.levels[1].exhausted);
}

namespace {

/// The packets that come through the first link between two instants, in their order.
class Hops : public sim::Sink {
 public:
  void on_record(const sim::Record& r) override {
    const bool first_link = r.word[0] < 2;
    if (static_cast<Kind>(r.kind) != Kind::packet_hop || !first_link)
      return;
    const std::uint64_t ordinal = next[r.word[0]]++;
    if (r.time_ns >= from && r.time_ns <= until)
      seen.emplace_back(r.word[0], ordinal);
  }
  std::int64_t from = 890'000'000, until = 950'000'000;
  std::array<std::uint64_t, 2> next{};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
};

Hops hops_of(World w) {
  Hops hops;
  w.trace.attach(&hops);
  w.calendar.run_until(w, sim::epoch + std::chrono::seconds{5});
  return hops;
}

}  // namespace

TEST_CASE("every loss within the bounds is tried, alone and in pairs", "[search]") {
  // Some writes, of which any packet may be lost, in both directions. Counted without the explorer:
  // by what comes through the link in the own run, and after each first loss.
  const json bounds = {{"deviations", 2},   {"losses", 2},      {"delays", 0},
                       {"from", "890ms"},   {"until", "950ms"}, {"faults", json::array()},
                       {"links", {"h1-s1"}}};
  const scenario::Scenario s = with("spec", bounds);
  const Hops own = hops_of(scenario::build(s));
  REQUIRE(own.seen.size() > 4);
  std::size_t pairs = 0;
  for (const auto& lost : own.seen) {
    scenario::Scenario other = s;
    other.choices.emplace();
    const char* way = lost.first == 0 ? "fwd" : "back";
    other.choices->push_back(
        {fmt::format("link h1-s1 {}/loss", way), lost.second, true, std::nullopt});
    const Hops after = hops_of(scenario::build(other));
    const auto first = std::find(after.seen.begin(), after.seen.end(), lost);
    REQUIRE(first != after.seen.end());
    pairs += static_cast<std::size_t>(after.seen.end() - first) - 1;
  }
  const search::Outcome out = found(s);
  REQUIRE(out.ended == Ended::exhausted);
  CHECK(out.levels[1].worlds == own.seen.size());
  CHECK(out.levels[2].worlds == pairs);
}

TEST_CASE("the answer is the same for any number of threads", "[search]") {
  for (const char* policy : {"linux-mainline", "tp8028-v4", "spec"}) {
    const json bounds = {{"deviations", 2}, {"faults", json::array()}, {"until", "1s"}};
    const scenario::Scenario s = with(policy, bounds);
    const json once = search::document(s, found(s, 1));
    CHECK(once == search::document(s, found(s, 2)));
    CHECK(once == search::document(s, found(s, 5)));
  }
}

TEST_CASE("a finding cannot be shrunk twice", "[search]") {
  const scenario::Scenario s = with("linux-mainline", {{"deviations", 2}});
  const search::Space space(s, Objective::corruption);
  const auto any = [](const std::vector<search::Deviation>&) { return true; };
  // A loss that does nothing, and a delay that does it all.
  search::Options plain;
  plain.shrink = false;
  const search::Outcome out =
      search::search(with("linux-mainline", one_delay), plain, Objective::corruption);
  REQUIRE(out.worst.has_value());
  search::Finding padded = *out.worst;
  padded.deviations.push_back({search::Kind::loss,
                               {space.watched.front().stream, 0, 1},
                               space.watched.front().name,
                               0,
                               sim::epoch});
  std::uint64_t runs = 0;
  const search::Finding small = search::shrink(space, padded, any, runs);
  CHECK(small.deviations.size() == 1);
  CHECK(small.deviations[0].choice.value <= padded.deviations[0].choice.value);
  CHECK(runs <= search::most_shrink_runs);
  std::uint64_t again = 0;
  CHECK(search::shrink(space, small, any, again).deviations == small.deviations);
  // One nanosecond less and it does not happen.
  search::Finding less = small;
  less.deviations[0].choice.value -= 1;
  World w = space.root(less.deviations);
  CHECK(space.finish(w) == 0);
}

TEST_CASE("a budget ends a search with a part of the answer", "[search]") {
  search::Options options;
  options.worlds = 20;
  const scenario::Scenario s = with("spec", {{"deviations", 2}});
  const search::Outcome out = search::search(s, options, Objective::corruption);
  CHECK(out.ended == Ended::budget);
  CHECK_FALSE(out.worst.has_value());
  CHECK(worlds_of(out) >= 20);
  CHECK_FALSE(out.levels.back().exhausted);
  const std::atomic<bool> stop{true};
  options = {};
  options.stop = &stop;
  CHECK(search::search(s, options, Objective::corruption).ended == Ended::interrupted);
}

TEST_CASE("stall and exposure come as the worst of all executions", "[search]") {
  const scenario::Scenario s = with("linux-mainline", one_delay);
  const search::Outcome stall = search::search(s, {}, Objective::stall);
  CHECK(stall.ended == Ended::exhausted);
  REQUIRE(stall.worst.has_value());
  CHECK(stall.worst->value >= stall.own_value);
  const json replayed = run(stall.finding, RunOptions{});
  CHECK(replayed["io"]["longest_stall_s"].get<double>() ==
        Approx(static_cast<double>(stall.worst->value) / 1e9));
  const search::Outcome exposure = search::search(s, {}, Objective::exposure);
  REQUIRE(exposure.worst.has_value());
  CHECK(run(exposure.finding, RunOptions{})["exposure"]["max_s"].get<double>() ==
        Approx(static_cast<double>(exposure.worst->value) / 1e9));
}

TEST_CASE("what fails under one policy is held against another with the same choices", "[search]") {
  search::Options options;
  options.against = scenario::policy_row("spec");
  const search::Outcome out =
      search::search(with("linux-mainline", one_delay), options, Objective::corruption);
  REQUIRE(out.worst.has_value());
  CHECK(out.against == "spec");
  scenario::Scenario safe = out.finding;
  safe.hosts[0].policy = scenario::policy_row("spec");
  CHECK(run(safe, RunOptions{})["integrity"]["verdict"] == "ok");
  // What is safe under it is never found against itself.
  options.against = scenario::policy_row("linux-mainline");
  CHECK_FALSE(search::search(with("linux-mainline", one_delay), options, Objective::corruption)
                  .worst.has_value());
}

TEST_CASE("losses of the own run stay in the worlds of a search", "[search]") {
  json s = worst_case();
  s["fabric"]["links"][2]["loss"] = "20%";
  s["adversary"] = one_delay;
  const scenario::Scenario lossy = scenario::from_json(s, "test");
  const search::Space space(lossy, Objective::stall);
  World own = space.root({});
  own.calendar.run_until(own, space.end);
  World plain = scenario::build(lossy);
  plain.calendar.run_until(plain, space.end);
  CHECK(own.trace.hashes() == plain.trace.hashes());
  CHECK_FALSE(space.answers_of({}).empty());
}

TEST_CASE("answers of choice points are checked like the rest of a scenario", "[search]") {
  json s = worst_case();
  s["choices"] = {{{"point", "link h1-s1 fwd/los"}, {"ordinal", 3}, {"happens", true}}};
  CHECK_THROWS_WITH(scenario::build(scenario::from_json(s, "test")),
                    Catch::Contains("/choices/0/point") &&
                        Catch::Contains("did you mean \"link h1-s1 fwd/loss\""));
  s["choices"][0]["time"] = "1s";
  CHECK_THROWS_WITH(scenario::from_json(s, "test"), Catch::Contains("expected one of them"));
  s = worst_case();
  s["adversary"]["links"] = {"h1-s3"};
  CHECK_THROWS_WITH(scenario::from_json(s, "test"), Catch::Contains("/adversary/links/0"));
  s = worst_case();
  s["adversary"]["faults"] = {{{"fault", 1}, {"at", {"1s", "2s"}}}};
  CHECK_THROWS_WITH(scenario::from_json(s, "test"), Catch::Contains("/adversary/faults/0/fault"));
  s["adversary"]["faults"] = {{{"fault", 0}, {"at", {"2s", "1s"}}}};
  CHECK_THROWS_WITH(scenario::from_json(s, "test"), Catch::Contains("the earlier one first"));
}

TEST_CASE("a packet that is held while its path is dead lands behind a retry", "[search]") {
  const json one_packet = {{"deviations", 1},
                           {"losses", 0},
                           {"delays", 0},
                           {"packet_delay", "10s"},
                           {"faults", json::array()}};
  json s = worst_case();
  // The first write is one packet. The path is dead from 0.9 to 3.9 s, the host notices at 3.0 s,
  // and its third write is done at 3.2 s; the target expires at 4.0 s. So a copy that is let go
  // between 3.9 and 4.0 s lands, and nothing else does: the socket that would repeat it was closed.
  for (json& link : s["fabric"]["links"])
    link["mtu"] = 9000;
  s["hosts"][0]["zero_copy"] = false;  // a late copy has the data of its own time
  s["faults"][0]["at"] = "900ms";
  s["faults"][0]["for"] = "3s";
  s["hosts"][0]["policy"] = "linux-mainline";
  s["adversary"].update(one_packet);
  const search::Outcome out = found(scenario::from_json(s, "test"));
  REQUIRE(out.ended == Ended::found);
  REQUIRE(out.worst->deviations.size() == 1);
  CHECK(out.worst->deviations[0].kind == search::Kind::held);
  CHECK(search::told(out.worst->deviations[0]).find("of link h1-s1 fwd is held for") !=
        std::string::npos);
  const std::int64_t let_go =
      sim::ns(out.worst->deviations[0].made) + out.worst->deviations[0].choice.value;
  CHECK(let_go >= 3'900'000'000 - 10'000);
  CHECK(let_go <= 4'000'060'000);
  RunOptions options;
  options.kernel = Kernel::both;
  CHECK(run(out.finding, options)["integrity"]["verdict"] == "corrupt");
  // Nothing that may still happen keeps it from landing: its path is silent until then.
  REQUIRE(out.aftermath.has_value());
  CHECK(out.aftermath->from == sim::epoch + sim::Duration{900'000'000});
  CHECK(out.aftermath->worlds > 1000);
  CHECK(out.aftermath->safe == 0);
  const json told = search::document(out.finding, out)["worst"];
  CHECK(told["aftermath"]["critical"] == true);
  CHECK(told["story"]["timeline"].size() > 5);
  // Nobody may be held: there is nothing to find.
  s["adversary"]["packet_delays"] = 0;
  CHECK(found(scenario::from_json(s, "test")).ended == Ended::exhausted);
}

TEST_CASE("A notice that never comes is found, and is the run in which it is lost", "[search]") {
  // The array fails over at 20 s, a1 for a0. a0 answers 302h, which tells as much as its notice. Of
  // a1 nothing else tells, until a reset at 60 s: a stall of 40 s.
  scenario::Scenario s = scenario::load("scenarios/operators/lost_ana_notice.json");
  s.subsystems[0].ana_event_lost = false;
  s.adversary = scenario::Adversary{};
  s.adversary->deviations = 1;
  s.adversary->losses = 0;
  const auto longest = [&] { return search::search(s, search::Options{}, Objective::stall); };
  const search::Outcome without = longest();
  CHECK(without.ended == Ended::exhausted);
  CHECK(worlds_of(without) == 1);
  s.adversary->notices = 1;
  const search::Outcome out = longest();
  CHECK(out.ended == Ended::exhausted);
  CHECK(worlds_of(out) == 3);  // its own, and each of the two lost
  REQUIRE(out.worst.has_value());
  REQUIRE(out.worst->deviations.size() == 1);
  CHECK(out.worst->deviations[0].kind == search::Kind::notice);
  CHECK(search::told(out.worst->deviations[0]) ==
        "at 20 s notice 0 of subsystem store never comes");
  CHECK(std::abs(static_cast<double>(out.worst->value) - 40e9) < 0.1e9);
  RunOptions options;
  options.kernel = Kernel::both;
  CHECK(run(out.finding, options)["io"]["longest_stall_s"].get<double>() ==
        static_cast<double>(out.worst->value) / 1e9);
}
