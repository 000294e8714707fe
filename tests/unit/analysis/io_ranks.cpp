// SPDX-License-Identifier: Apache-2.0
// Stalls and percentiles of histories drawn at random, against the plainest way to find them: all
// instants of a job sorted, all latencies sorted.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "analysis/run/io_statistics.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace holdfast;
using sim::Duration;

constexpr std::int64_t end_ns = 10'000;

class RankDice {
 public:
  explicit RankDice(std::uint64_t seed) : seed_(seed) {}
  std::int64_t below(std::uint64_t bound) {
    return static_cast<std::int64_t>(
        sim::uniform_below(sim::random_bits(seed_, 7, next_++), bound));
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

/// Reads and writes of three jobs. Some take no time, some overtake others, some never end.
World history(std::uint64_t seed) {
  RankDice dice(seed);
  World w;
  w.workload.jobs.resize(3);
  std::int64_t now = 0;
  const std::int64_t count = dice.below(60);
  for (std::int64_t i = 0; i < count; ++i) {
    now += dice.below(3) == 0 ? dice.below(200) : 0;
    oracle::Operation op;
    op.job = static_cast<std::uint16_t>(dice.below(3));
    op.kind = dice.below(2) == 0 ? host::IoKind::read : host::IoKind::write;
    op.submitted = sim::TimePoint{Duration{now}};
    const std::int64_t took = dice.below(4) == 0 ? 0 : dice.below(400);
    if (dice.below(10) != 0)
      op.completed = op.submitted + Duration{took};
    if (dice.below(12) == 0)
      op.status = 6;
    w.oracle.operations.push_back(op);
  }
  w.calendar.advance_to(sim::TimePoint{Duration{end_ns}});
  return w;
}

/// An instant, completions before submissions; and what it is.
using Step = std::pair<std::int64_t, int>;

Duration stall_by_sorting(const World& w, std::uint16_t job) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const oracle::Operation& op = w.oracle.operations[i];
    if (op.job != job)
      continue;
    steps.emplace_back(sim::ns(op.submitted), 1);
    if (op.completed != sim::never)
      steps.emplace_back(sim::ns(op.completed), 0);
  }
  std::sort(steps.begin(), steps.end());
  std::int64_t out = 0, since = 0, longest = 0;
  for (const auto& [at, submits] : steps) {
    if (submits == 1) {
      since = out <= 0 ? at : since;
      ++out;
    } else {
      longest = out > 0 ? std::max(longest, at - since) : longest;
      since = at;
      --out;
    }
  }
  return Duration{out > 0 ? std::max(longest, end_ns - since) : longest};
}

}  // namespace

TEST_CASE("the longest stall of each job is what sorting all instants finds", "[analysis]") {
  std::size_t stalls = 0;
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    const World w = history(seed);
    const auto found = analysis::longest_stalls(w);
    REQUIRE(found.size() == 3);
    for (std::uint16_t job = 0; job < 3; ++job) {
      INFO("history " << seed << ", job " << job);
      REQUIRE(found[job].length == stall_by_sorting(w, job));
      stalls += found[job].length > Duration{} ? 1 : 0;
    }
  }
  CHECK(stalls > 5'000);
}

TEST_CASE("percentiles are those of the sorted latencies", "[analysis]") {
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    const World w = history(seed);
    std::vector<double> took_us;
    for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
      const oracle::Operation& op = w.oracle.operations[i];
      if (op.kind == host::IoKind::read && op.completed != sim::never && op.status == 0)
        took_us.push_back(static_cast<double>((op.completed - op.submitted).count()) * 1e-3);
    }
    std::sort(took_us.begin(), took_us.end());
    const auto s = analysis::io_statistics(w, host::IoKind::read);
    INFO("history " << seed);
    REQUIRE(s.has_latencies == !took_us.empty());
    if (took_us.empty())
      continue;
    // Nearest rank: the least that is no less than that share of all.
    const auto rank = [&](double share) {
      const auto count = static_cast<double>(took_us.size());
      return took_us[static_cast<std::size_t>(std::max(1.0, std::ceil(share * count))) - 1];
    };
    REQUIRE(s.p50_us == rank(0.5));
    REQUIRE(s.p99_us == rank(0.99));
    REQUIRE(s.p999_us == rank(0.999));
    REQUIRE(s.max_us == took_us.back());
  }
}
