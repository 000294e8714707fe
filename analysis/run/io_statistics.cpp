// SPDX-License-Identifier: Apache-2.0
// Latencies and stalls from the oracle's history.
#include "analysis/run/io_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace holdfast::analysis {

using oracle::Operation;
using sim::Duration;

namespace {

double microseconds(Duration d) { return static_cast<double>(d.count()) * 1e-3; }

void look(Patience* patience) {
  if (patience != nullptr)
    patience->look();
}

/// Sorting that nobody would wait for: looking up at each comparison would double its cost.
constexpr std::size_t sorted_at_once = 1U << 20;

/// When an I/O was submitted or completed, as one number that sorts well: completions before
/// submissions of the same instant, because an application that answers a completion with the next
/// I/O has not stalled.
using Step = std::int64_t;
constexpr Step submission(TimePoint at) { return 2 * sim::ns(at) + 1; }
constexpr Step completion(TimePoint at) { return 2 * sim::ns(at); }

Stall longest_stall_of(std::span<Step> steps, TimePoint now, Patience* patience) {
  if (patience == nullptr || steps.size() <= sorted_at_once) {
    std::sort(steps.begin(), steps.end());
  } else {
    std::sort(steps.begin(), steps.end(), [&](Step a, Step b) {
      patience->look();
      return a < b;
    });
  }
  Stall longest;
  std::int64_t outstanding = 0;
  TimePoint since{};
  const auto lasted_until = [&](TimePoint end) {
    if (end - since > longest.length)
      longest = {since, end - since};
  };
  for (const Step step : steps) {
    look(patience);
    const TimePoint at{Duration{step >> 1}};
    if ((step & 1) == 0) {
      // An I/O that is submitted and done at one instant ends no wait, but maybe a pause.
      if (outstanding > 0)
        lasted_until(at);
      since = at;
      --outstanding;
      continue;
    }
    // <= 0: an I/O that is submitted and done at one instant is sorted the other way round.
    if (outstanding++ <= 0)
      since = at;
  }
  if (outstanding > 0)
    lasted_until(now);
  return longest;
}

template <class Counts>
IoStatistics statistics_of(const World& w, Patience* patience, Counts counts) {
  IoStatistics out;
  std::vector<Duration> latencies;
  latencies.reserve(w.oracle.operations.size());  // growing would hold them twice for a while
  TimePoint first = sim::never;
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const Operation& op = w.oracle.operations[i];
    look(patience);
    if (!counts(static_cast<host::IoKind>(op.kind)))
      continue;
    if (first == sim::never)
      first = op.submitted;
    const bool is_out = op.completed == sim::never;
    const Duration took = (is_out ? w.now() : op.completed) - op.submitted;
    out.slowest = std::max(out.slowest, took);
    if (is_out) {
      ++out.outstanding;
      out.oldest = std::max(out.oldest, took);
      continue;
    }
    ++out.count;
    if (op.status != 0) {
      ++out.errors;
    } else {
      latencies.push_back(op.completed - op.submitted);
    }
  }
  if (latencies.empty())
    return out;
  const auto count = static_cast<double>(latencies.size());
  if (w.now() > first)
    out.iops = count / sim::seconds(w.now() - first);
  try {
    if (patience == nullptr || latencies.size() <= sorted_at_once) {
      std::sort(latencies.begin(), latencies.end());
    } else {
      std::sort(latencies.begin(), latencies.end(), [patience](Duration a, Duration b) {
        patience->look();
        return a < b;
      });
    }
  } catch (const OutOfPatience&) {
    return out;
  }
  out.has_latencies = true;
  const Duration sum = std::accumulate(latencies.begin(), latencies.end(), Duration{});
  out.mean_us = microseconds(sum) / count;
  out.p50_us = microseconds(percentile(latencies, 0.50));
  out.p99_us = microseconds(percentile(latencies, 0.99));
  out.p999_us = microseconds(percentile(latencies, 0.999));
  out.max_us = microseconds(latencies.back());
  return out;
}

std::vector<std::uint32_t> block_bytes_of_disks(const World& w) {
  std::vector<std::uint32_t> out(w.oracle.disks.size());
  for (const target::Namespace& n : w.target.namespaces)
    out[sim::index(n.disk)] = n.block_bytes;
  return out;
}

}  // namespace

const fault::Fault* first_fault(const World& w) {
  const auto& faults = w.fault.faults;
  const auto first = std::min_element(faults.begin(), faults.end(),
                                      [](const auto& a, const auto& b) { return a.at < b.at; });
  return first != faults.end() && first->at < w.now() ? &*first : nullptr;
}

Throughput throughput(const World& w, TimePoint from, TimePoint to, Patience* patience) {
  Throughput out{from, to, 0, 0};
  const auto block_bytes = block_bytes_of_disks(w);
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const Operation& op = w.oracle.operations[i];
    const host::IoKind kind = op.kind;
    look(patience);
    const bool counts = kind == host::IoKind::read || kind == host::IoKind::write;
    if (!counts || op.status != 0 || op.completed < from || op.completed >= to)
      continue;
    ++out.count;
    out.bytes += std::uint64_t{op.blocks} * block_bytes[sim::index(op.disk)];
  }
  return out;
}

std::optional<Throughput> throughput_before_fault(const World& w, Patience* patience) {
  const fault::Fault* fault = first_fault(w);
  if (fault == nullptr || w.oracle.operations.size() == 0)
    return std::nullopt;
  const TimePoint from = w.oracle.operations[0].submitted;
  if (from >= fault->at)
    return std::nullopt;
  return throughput(w, from, fault->at, patience);
}

std::optional<Throughput> throughput_during_fault(const World& w, Patience* patience) {
  const fault::Fault* fault = first_fault(w);
  if (fault == nullptr)
    return std::nullopt;
  const bool ends = fault->until != sim::never && fault->until < w.now();
  return throughput(w, fault->at, ends ? fault->until : w.now(), patience);
}

IoStatistics io_statistics(const World& w, host::IoKind kind, Patience* patience) {
  return statistics_of(w, patience, [kind](host::IoKind one) { return one == kind; });
}

IoStatistics other_statistics(const World& w, Patience* patience) {
  return statistics_of(w, patience, [](host::IoKind one) {
    return one != host::IoKind::read && one != host::IoKind::write;
  });
}

Duration percentile(const std::vector<Duration>& sorted, double fraction) {
  const auto rank =
      static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<Stall> longest_stalls(const World& w, Patience* patience) {
  // Job after job in one block, which is as large as it has to be.
  std::vector<std::size_t> begin(w.workload.jobs.size() + 1, 0);
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const Operation& op = w.oracle.operations[i];
    look(patience);
    begin[op.job + 1] += op.completed != sim::never ? 2 : 1;
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<Step> steps(begin.back());
  std::vector<std::size_t> end(begin.begin(), begin.end() - 1);
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const Operation& op = w.oracle.operations[i];
    look(patience);
    steps[end[op.job]++] = submission(op.submitted);
    if (op.completed != sim::never)
      steps[end[op.job]++] = completion(op.completed);
  }
  std::vector<Stall> out;
  for (std::size_t job = 0; job < end.size(); ++job) {
    const std::span<Step> own(steps.data() + begin[job], end[job] - begin[job]);
    out.push_back(longest_stall_of(own, w.now(), patience));
  }
  return out;
}

Stall longest_stall(const World& w, Patience* patience) {
  Stall longest;
  for (const Stall& one : longest_stalls(w, patience)) {
    if (one.length > longest.length)
      longest = one;
  }
  return longest;
}

}  // namespace holdfast::analysis
