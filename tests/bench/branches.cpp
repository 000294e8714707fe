// SPDX-License-Identifier: Apache-2.0
// Branching at choice points, as the search does it.
#include "tests/bench/branches.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/search/alike/form.hpp"
#include "analysis/search/alike/met.hpp"
#include "analysis/search/explore.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/memory.hpp"
#include "tests/bench/measure.hpp"

namespace holdfast::bench {

namespace {

namespace search = analysis::search;
using nlohmann::json;

/// Enough of them for about a second.
constexpr std::uint64_t enough_worlds = 100'000;
constexpr std::uint64_t enough_runs = 5'000;

scenario::Scenario two_commands(const std::filesystem::path& path) {
  json document = scenario::read_document(path);
  json& steps = document["workloads"][0]["steps"];
  steps = json::array({steps[0], steps[1]});
  document["faults"][0]["at"] = "1s";
  document["adversary"] = {{"deviations", 2}, {"losses", 2},      {"delays", 0},
                           {"from", "899ms"}, {"until", "999ms"}, {"faults", json::array()}};
  return scenario::from_json(document, path.string());
}

std::uint64_t asked(const search::Space& space, const World& w) {
  std::uint64_t made = 0;
  for (const search::Watched& watched : space.watched)
    made += w.choices.made(watched.id);
  return made;
}

/// Through the event that makes the choice in which the world differs, and on to the next choice.
void to_next_choice(const search::Space& space, World& w) {
  const std::uint64_t before = asked(space, w);
  while (asked(space, w) < before + 2 && w.calendar.step(w, space.end)) {
  }
}

/// Hands on each world with one or two losses; false: no more of them are wanted.
template <class Use>
bool for_each_world_once(const search::Space& space, Use use) {
  const auto any = [](const std::vector<search::Deviation>&) { return true; };
  const auto always = [](const search::Yield&) { return true; };
  bool more = true;
  search::Node top;
  top.left = {2, 2, 0, 0};
  search::Explorer first(space, always, any);
  first.children(std::move(top), [&](search::Node&& one) {
    search::Explorer second(space, always, any);
    second.children(std::move(one), [&](search::Node&& two) { return more = use(*two.world); });
    return more;
  });
  return more;
}

/// The same, over and over until there were enough.
template <class Use>
void for_each_world(const search::Space& space, std::uint64_t enough, Use use) {
  std::uint64_t count = 0;
  while (for_each_world_once(space, [&](World& w) {
    use(w);
    return ++count < enough;
  })) {
  }
}

/// Worlds are remembered for as long as they are different ones.
void remember(const search::Space& space, BranchSample& out) {
  search::alike::Former former(space.base(), space.end, space.objective, space.thrown());
  const Stopwatch remembering;
  std::uint64_t looked_at = 0;
  while (looked_at < enough_worlds) {
    search::alike::Met met;
    for_each_world_once(space, [&](World& w) {
      to_next_choice(space, w);
      const search::alike::Hash hash = search::alike::hash_of(former.of(w));
      if (!met.covers(hash, {}, w.time()))
        met.add(*search::alike::remembered(hash, {}, w.time()));
      return ++looked_at < enough_worlds;
    });
    out.distinct += met.size();
  }
  out.again = looked_at - out.distinct;
  out.remember_cpu_s = remembering.cpu_s();
}

}  // namespace

BranchSample branch(const std::filesystem::path& worst_case) {
  const search::Space space(two_commands(worst_case), search::Objective::corruption);
  sim::keep_freed_memory();
  BranchSample out;
  const Stopwatch branching;
  for_each_world(space, enough_worlds, [&](World& w) {
    to_next_choice(space, w);
    ++out.worlds;
  });
  out.cpu_s = branching.cpu_s();
  remember(space, out);
  const Stopwatch running;
  for_each_world(space, enough_runs, [&](World& w) {
    space.finish(w);
    ++out.runs;
  });
  out.runs_cpu_s = running.cpu_s();
  return out;
}

}  // namespace holdfast::bench
