// SPDX-License-Identifier: Apache-2.0
// Whatever the declaration allows is run to its end: no invariant breaks, both kernels do the same,
// and what heals becomes live. A batch here; a million with `make wild`.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "analysis/run/run.hpp"
#include "models/scenario/builder/builder.hpp"
#include "tests/wild/draw.hpp"
#include "tests/wild/recover.hpp"

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

/// A run is over after so many events, and its healing after so many more.
constexpr std::uint64_t most_events = 6000;
constexpr std::uint64_t most_healing = 100'000;
/// A document is run with so many seeds: to find one that the loader accepts takes as long as that.
constexpr std::uint64_t seeds = 4;

/// What came of some worlds.
struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t on_both = 0;
  std::uint64_t cut = 0;   ///< ended by the bound on events
  std::uint64_t live = 0;  ///< healed, and everything came back
  std::uint64_t refusals = 0;
  std::uint64_t events = 0;
  wild::Keys keys;
};

/// What is wrong with a run on the native kernel, or nothing.
std::string run_natively(const wild::Drawn& drawn, bool checked, Tally& tally) {
  World w = scenario::build(drawn.scenario);
  invariants::Watcher watcher;
  w.trace.attach(&watcher);
  std::optional<std::string> stuck;
  const bool whole = wild::run_until(w, sim::epoch + drawn.scenario.duration, most_events, checked);
  if (whole && drawn.ordinary)
    stuck = wild::recover(w, watcher, most_healing, checked);
  if (!whole || (drawn.ordinary && !stuck))
    ++tally.cut;
  if (stuck)
    ++tally.live;
  std::string wrong = stuck.value_or("");
  tally.events += w.calendar.fired();
  if (wrong.empty())
    wrong = watcher.broken();
  return wrong.empty() ? invariants::broken(w) : wrong;
}

void run_on_both(const wild::Drawn& drawn, Tally& tally) {
  analysis::RunOptions options;
  options.kernel = analysis::Kernel::both;
  options.max_events = most_events;
  scenario::Scenario unjudged = drawn.scenario;
  unjudged.expect.requirements.clear();
  analysis::run(unjudged, options);
  ++tally.on_both;
}

/// One world in `both` runs on both kernels first, and one run in eight has its invariants checked.
void try_world(std::uint64_t seed, std::uint64_t both, Tally& tally) {
  INFO("world " << seed);
  wild::Drawn drawn = wild::draw(seed);
  CHECK_THAT(drawn.wrong, Catch::Equals(""));
  tally.refusals += drawn.refusals;
  tally.keys.merge(wild::keys_of(drawn.document));
  std::string wrong;
  for (std::uint64_t run = 0; run < seeds && wrong.empty(); ++run, ++drawn.scenario.seed) {
    ++tally.runs;
    try {
      if (run == 0 && seed % both == 0)
        run_on_both(drawn, tally);
      wrong = run_natively(drawn, (seed + run) % 8 == 0, tally);
    } catch (const std::exception& error) {
      wrong = error.what();
    }
  }
  if (!wrong.empty()) {
    drawn.document["seed"] = drawn.scenario.seed - 1;
    FAIL_CHECK(wrong << '\n' << drawn.document.dump());
  }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("a batch of 50 worlds of any keys does as it is told", "[wild]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3) {
  Tally tally;
  for (std::uint64_t i = 0; i < 50; ++i)
    try_world(batch * 50 + i, 5, tally);
  // Few are cut short, and most of the others are asked whether they come back.
  CHECK(tally.cut < 80);
  CHECK(tally.live > 50);
}

TEST_CASE("every key that is declared comes up in some world", "[wild]") {
  const wild::Keys declared = wild::declared_keys();
  wild::Keys seen;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    seen.merge(wild::keys_of(wild::draw(seed).document));
    if (seed % 100 == 0 &&
        std::includes(seen.begin(), seen.end(), declared.begin(), declared.end()))
      break;
  }
  for (const std::string& key : declared) {
    INFO(key);
    CHECK(seen.count(key) == 1);
  }
}

// For tools/wild.py, which asks for the worlds [FIRST, FIRST + COUNT), one in BOTH of them on both
// kernels, and reads the line that this prints.
TEST_CASE("worlds that the environment asks for", "[.wild-run]") {
  const char* asked = std::getenv("HOLDFAST_WILD");
  REQUIRE(asked != nullptr);
  std::istringstream words(asked);
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t both = 0;
  REQUIRE(words >> first >> count >> both);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    try_world(seed, both, tally);
  std::printf(
      "wild: %llu runs, %llu on both, %llu cut, %llu live, %llu refusals, %llu events\n",
      static_cast<unsigned long long>(tally.runs), static_cast<unsigned long long>(tally.on_both),
      static_cast<unsigned long long>(tally.cut), static_cast<unsigned long long>(tally.live),
      static_cast<unsigned long long>(tally.refusals),
      static_cast<unsigned long long>(tally.events));
  for (const std::string& key : wild::declared_keys()) {
    if (tally.keys.count(key) == 0)
      std::printf("unseen: %s\n", key.c_str());
  }
}
