// SPDX-License-Identifier: Apache-2.0
// The headline numbers, a second time, by a small and slow program that knows only the records.
#include <algorithm>
#include <catch2/catch.hpp>

#include "analysis/run/io_statistics.hpp"
#include "models/scenario/builder/builder.hpp"
#include "tests/property/drawn.hpp"
#include "tests/property/laws_worlds.hpp"
#include "tests/property/second_opinion.hpp"

namespace {

using namespace holdfast;
using second_opinion::Window;

void compare_exposure(const oracle::Exposure& first, const std::vector<Window>& second) {
  std::int64_t total = 0;
  std::int64_t longest = 0;
  for (const auto& [token, from, to] : second) {
    total += to - from;
    longest = std::max(longest, to - from);
  }
  CHECK(first.intervals == second.size());
  CHECK(first.total.count() == total);
  CHECK(first.longest.count() == longest);
  if (first.windows.size() == first.intervals) {
    std::vector<Window> windows;
    for (const auto& one : first.windows) {
      windows.emplace_back(static_cast<std::uint64_t>(one.token), sim::ns(one.released),
                           sim::ns(one.settled));
    }
    std::sort(windows.begin(), windows.end());
    CHECK(windows == second);
  }
}

void compare(const scenario::Scenario& s, sim::TimePoint end) {
  World w;
  second_opinion::Listener listener;
  scenario::build(w, s);
  w.trace.attach(&listener);
  w.calendar.run_until(w, end);
  const second_opinion::Opinion second = listener.opinion(sim::ns(end));
  const oracle::Exposure first = oracle::exposure_until(w.oracle, end);

  compare_exposure(first, second.exposure);
  CHECK(analysis::longest_stall(w).length.count() == second.longest_stall_ns);
  const oracle::Counts& counts = w.oracle.counts;
  CHECK(counts.stale_writes == second.stale_writes);
  CHECK(counts.lost_writes == second.lost_writes);
  CHECK(counts.misplaced_writes == second.misplaced_writes);
  CHECK(counts.stale_reads == second.stale_reads);
  CHECK(counts.duplicate_effects == second.duplicate_effects);
  const bool corrupt = second.stale_writes + second.lost_writes + second.misplaced_writes +
                           second.stale_reads + second.duplicate_effects !=
                       0;
  CHECK(counts.corrupt() == corrupt);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("the headline numbers follow from the records of drawn scenarios",
                       "[property][opinion]", ((std::uint64_t batch), batch), 0, 1) {
  for (std::uint64_t seed = 1 + 200 * batch; seed <= 200 * (batch + 1); ++seed) {
    INFO("scenario " << seed);
    const auto s = drawn::scenario_of(seed);
    compare(s, drawn::end_of(s));
  }
}

TEMPLATE_TEST_CASE_SIG("the headline numbers follow from the records of bundled scenarios",
                       "[property][opinion]", ((std::size_t half), half), 0, 1) {
  const auto all = laws::bundled();
  for (std::size_t i = half; i < all.size(); i += 2) {
    INFO(all[i].first);
    const auto s = scenario::from_json(all[i].second, all[i].first);
    compare(s, sim::epoch + s.duration);
  }
}
