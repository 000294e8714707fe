// SPDX-License-Identifier: Apache-2.0
// Latencies and stalls from the oracle's history.
#include "analysis/run/io_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
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

/// Work that nobody would wait for: looking up at each comparison would double its cost.
constexpr std::size_t done_at_once = 1U << 20;

std::size_t rank_of(double fraction, std::size_t count) {
  const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(count)));
  return std::max<std::size_t>(rank, 1) - 1;
}

/// Follows the I/O of a job in the order in which it was submitted, and finds its longest stall.
class StallFinder {
 public:
  void take(const Operation& op) {
    if (op.submitted != now_)
      go_to(op.submitted);
    ++submitted_now_;
    if (op.completed == sim::never)
      return;
    // Most I/O completes in the order in which it was submitted.
    if (next_ >= 1024 && 2 * next_ >= in_order_.size()) {
      in_order_.erase(in_order_.begin(), in_order_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    if (next_ == in_order_.size() || op.completed >= in_order_.back()) {
      in_order_.push_back(op.completed);
    } else {
      early_.push_back(op.completed);
      std::push_heap(early_.begin(), early_.end(), std::greater<>());
    }
  }
  Stall finish(TimePoint end) {
    go_to(sim::never);
    complete_until(TimePoint::max());
    if (outstanding_ > 0)
      lasted_until(end);
    return longest_;
  }

 private:
  /// All that was submitted at one instant comes together, after what completed then: an
  /// application that answers a completion with the next I/O has not stalled.
  void go_to(TimePoint next) {
    complete_until(now_);
    // <= 0: of I/O that was submitted and done at one instant the end was seen first.
    for (; submitted_now_ != 0; --submitted_now_) {
      if (outstanding_++ <= 0)
        since_ = now_;
    }
    now_ = next;
  }
  void complete_until(TimePoint end) {
    for (;;) {
      while (next_ != in_order_.size() && in_order_[next_] <= end &&
             (early_.empty() || in_order_[next_] <= early_.front()))
        complete(in_order_[next_++]);
      if (early_.empty() || early_.front() > end)
        return;
      const TimePoint at = early_.front();
      std::pop_heap(early_.begin(), early_.end(), std::greater<>());
      early_.pop_back();
      complete(at);
    }
  }
  void complete(TimePoint at) {
    // An I/O that is submitted and done at one instant ends no wait, but maybe a pause.
    if (outstanding_-- > 0)
      lasted_until(at);
    since_ = at;
  }
  void lasted_until(TimePoint end) {
    if (end - since_ > longest_.length)
      longest_ = {since_, end - since_};
  }

  // When what was submitted before completes.
  std::vector<TimePoint> in_order_;  ///< rising; from `next_` on
  std::size_t next_ = 0;
  std::vector<TimePoint> early_;  ///< a heap of what completes before one submitted earlier
  TimePoint now_ = sim::never;
  std::size_t submitted_now_ = 0;
  std::int64_t outstanding_ = 0;
  TimePoint since_{};
  Stall longest_;
};

/// Latencies of which no more is asked than a few ranks: exact, and without sorting all of them.
class Ranks {
 public:
  Ranks(std::vector<Duration>& all, Patience* patience) : all_(all), patience_(patience) {}

  /// Nearest rank. Fractions must be asked for in rising order.
  Duration at(double fraction) {
    const std::size_t rank = rank_of(fraction, all_.size());
    const auto from = all_.begin() + static_cast<std::ptrdiff_t>(before_);
    const auto place = all_.begin() + static_cast<std::ptrdiff_t>(rank);
    if (patience_ == nullptr || all_.size() <= done_at_once) {
      std::nth_element(from, place, all_.end());
    } else {
      std::nth_element(from, place, all_.end(), [this](Duration a, Duration b) {
        patience_->look();
        return a < b;
      });
    }
    before_ = rank;
    return *place;
  }

 private:
  std::vector<Duration>& all_;
  Patience* patience_;
  std::size_t before_ = 0;  ///< no later one is smaller than what is there
};

template <class Counts>
IoStatistics statistics_of(const World& w, Patience* patience, Counts counts) {
  IoStatistics out;
  std::vector<Duration> latencies;
  latencies.reserve(w.oracle.operations.size());  // growing would hold them twice for a while
  TimePoint first = sim::never;
  w.oracle.operations.for_each([&](const Operation& op) {
    look(patience);
    if (!counts(op.kind))
      return;
    if (first == sim::never)
      first = op.submitted;
    const bool is_out = op.completed == sim::never;
    const Duration took = (is_out ? w.now() : op.completed) - op.submitted;
    out.slowest = std::max(out.slowest, took);
    if (is_out) {
      ++out.outstanding;
      out.oldest = std::max(out.oldest, took);
      return;
    }
    ++out.count;
    if (op.status != 0) {
      ++out.errors;
    } else {
      latencies.push_back(op.completed - op.submitted);
    }
  });
  if (latencies.empty())
    return out;
  const auto count = static_cast<double>(latencies.size());
  if (w.now() > first)
    out.iops = count / sim::seconds(w.now() - first);
  try {
    Ranks ranks(latencies, patience);
    out.p50_us = microseconds(ranks.at(0.50));
    out.p99_us = microseconds(ranks.at(0.99));
    out.p999_us = microseconds(ranks.at(0.999));
    out.max_us = microseconds(ranks.at(1.0));
  } catch (const OutOfPatience&) {
    return out;
  }
  out.has_latencies = true;
  const Duration sum = std::accumulate(latencies.begin(), latencies.end(), Duration{});
  out.mean_us = microseconds(sum) / count;
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
  w.oracle.operations.for_each([&](const Operation& op) {
    const host::IoKind kind = op.kind;
    look(patience);
    const bool counts = kind == host::IoKind::read || kind == host::IoKind::write;
    if (!counts || op.status != 0 || op.completed < from || op.completed >= to)
      return;
    ++out.count;
    out.bytes += std::uint64_t{op.blocks} * block_bytes[sim::index(op.disk)];
  });
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
  return sorted[rank_of(fraction, sorted.size())];
}

std::vector<Stall> longest_stalls(const World& w, Patience* patience) {
  std::vector<StallFinder> jobs(w.workload.jobs.size());
  w.oracle.operations.for_each([&](const Operation& op) {
    look(patience);
    jobs[op.job].take(op);
  });
  std::vector<Stall> out;
  for (StallFinder& job : jobs)
    out.push_back(job.finish(w.now()));
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
