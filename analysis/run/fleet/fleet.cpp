// SPDX-License-Identifier: Apache-2.0
// Distributions over hosts and paths, and cut lists; see fleet.hpp.
#include "analysis/run/fleet/fleet.hpp"

#include <algorithm>
#include <vector>

#include "analysis/run/io_statistics.hpp"

namespace holdfast::analysis {

namespace {

using nlohmann::json;
using sim::Duration;
using sim::TimePoint;

/// In seconds; nearest rank. Of nothing there is no distribution.
void put_distribution(json& out, const char* key, std::vector<Duration> values) {
  if (values.empty())
    return;
  std::sort(values.begin(), values.end());
  const auto at = [&](double fraction) { return sim::seconds(percentile(values, fraction)); };
  out[key] = {{"p50", at(0.50)}, {"p99", at(0.99)}, {"max", sim::seconds(values.back())}};
}

/// The worst of the jobs of each host that has any.
std::vector<Duration> stalls_of_hosts(const World& w, Patience* patience) {
  const std::vector<Stall> by_job = longest_stalls(w, patience);
  std::vector<Duration> by_host(w.host.hosts.size(), Duration{-1});
  for (std::size_t i = 0; i < by_job.size(); ++i) {
    const host::Head& head = w.host.heads[sim::index(w.workload.jobs[i].head)];
    Duration& worst = by_host[sim::index(head.host)];
    worst = std::max(worst, by_job[i].length);
  }
  by_host.erase(std::remove(by_host.begin(), by_host.end(), Duration{-1}), by_host.end());
  return by_host;
}

std::size_t most_within(std::vector<TimePoint> at, Duration span) {
  std::sort(at.begin(), at.end());
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < at.size(); ++last) {
    while (at[last] - at[first] >= span)
      ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

}  // namespace

json fleet_part(const World& w, Patience* patience) {
  json out = {{"hosts_count", w.host.hosts.size()}, {"paths_count", w.host.controllers.size()}};
  put_distribution(out, "longest_stall_s", stalls_of_hosts(w, patience));
  std::vector<Duration> detection, fence, back;
  for (const oracle::Recovery& r : w.recovery.recoveries) {
    if (r.fault != sim::never && r.detected != sim::never)
      detection.push_back(r.detected - r.fault);
    if (r.detected != sim::never && r.released != sim::never)
      fence.push_back(r.released - r.detected);
    if (r.detected != sim::never && r.reconnected != sim::never)
      back.push_back(r.reconnected - r.detected);
  }
  put_distribution(out, "detection_s", std::move(detection));
  put_distribution(out, "fence_s", std::move(fence));
  put_distribution(out, "reconnect_s", std::move(back));
  if (const fault::Fault* fault = first_fault(w)) {
    std::vector<TimePoint> associations;
    std::copy_if(w.recovery.associations.begin(), w.recovery.associations.end(),
                 std::back_inserter(associations), [&](TimePoint at) { return at >= fault->at; });
    out["reconnects_peak_per_ms"] =
        most_within(std::move(associations), std::chrono::milliseconds{1});
  }
  return out;
}

void cut_rows(json& document, std::size_t most) {
  json left_out = json::object();
  for (const char* place : {"/hosts", "/recovery", "/exposure/windows", "/integrity/incidents"}) {
    const json::json_pointer at(place);
    if (!document.contains(at) || document[at].size() <= most)
      continue;
    json& list = document[at];
    left_out[place] = {{"count", list.size() - most}};
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(most), list.end());
  }
  if (!left_out.empty())
    document["rows_left_out"] = left_out;
}

}  // namespace holdfast::analysis
