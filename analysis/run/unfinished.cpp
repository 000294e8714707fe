// SPDX-License-Identifier: Apache-2.0
// Counting what is still open.
#include "analysis/run/unfinished.hpp"

#include <algorithm>

namespace holdfast::analysis {

namespace {

/// A fault for ever, or one that repeats without end, is how the world is, and has no end to wait
/// for.
bool ends_later(const fault::Fault& fault, TimePoint now) {
  const bool repeats = fault.every != sim::Duration{};
  if (fault.until == sim::never || (repeats && fault.times == 0))
    return false;
  if (!repeats)
    return fault.until > now;
  // How many rounds have ended by now; the last one may be due after the end of time.
  const std::int64_t ended = now < fault.until ? 0 : (now - fault.until) / fault.every + 1;
  return ended < std::int64_t{fault.times};
}

}  // namespace

nlohmann::json unfinished_part(const World& w, const std::vector<IoStatistics>& io) {
  std::uint64_t out = 0;
  sim::Duration oldest{};
  for (const IoStatistics& one : io) {
    out += one.outstanding;
    oldest = std::max(oldest, one.oldest);
  }
  const auto& watches = w.recovery.watches;
  const auto& faults = w.fault.faults;
  const auto& jobs = w.workload.jobs;
  return {{"io", {{"count", out}, {"oldest_s", sim::seconds(oldest)}}},
          {"recoveries", std::count_if(watches.begin(), watches.end(),
                                       [](const auto& watch) { return watch.open != ~0U; })},
          {"faults",
           std::count_if(faults.begin(), faults.end(),
                         [&](const fault::Fault& fault) { return ends_later(fault, w.now()); })},
          {"workloads", std::count_if(jobs.begin(), jobs.end(),
                                      [](const workload::Job& job) { return !job.started; })}};
}

}  // namespace holdfast::analysis
