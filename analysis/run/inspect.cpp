// SPDX-License-Identifier: Apache-2.0
// Reading a world without touching it.
#include "analysis/run/inspect.hpp"

#include <string>

#include "models/host/host.hpp"

namespace holdfast::analysis {

using nlohmann::json;

namespace {

json host_controllers(const World& w) {
  json out = json::array();
  for (const host::Controller& c : w.host.controllers) {
    out.push_back({{"host", w.host.hosts[sim::index(c.host)].name},
                   {"controller", c.name},
                   {"state", host::state_name(c.state)},
                   {"cntlid", c.cntlid},
                   {"kato_s", sim::seconds(c.kato)},
                   {"cqt_s", static_cast<double>(c.cqt_ms) / 1e3},
                   {"io_in_flight", io_in_flight(w, c)},
                   {"reconnect_attempts", c.attempts}});
  }
  return out;
}

json target_controllers(const World& w) {
  json out = json::array();
  for (std::size_t i = 0; i < w.target.subsystems.size(); ++i) {
    for (const target::ControllerId id : w.target.subsystems[i].controllers) {
      const target::Controller& c = w.target.controllers[id];
      std::uint64_t executing = 0;
      for (const target::QueueId q : c.queues)
        executing += w.target.queues[q].executing;
      out.push_back({{"subsystem", w.target.nqns[i]},
                     {"cntlid", c.cntlid},
                     {"ready", c.ready},
                     {"fatal", c.fatal},
                     {"katt_s", sim::seconds(c.katt)},
                     {"executing", executing}});
    }
  }
  return out;
}

json applications(const World& w) {
  json out = json::array();
  for (const workload::Job& job : w.workload.jobs) {
    out.push_back({{"name", job.name},
                   {"started", job.started},
                   {"finished", job.finished},
                   {"errors", job.errors}});
  }
  return out;
}

}  // namespace

std::uint64_t io_in_flight(const World& w, const host::Controller& c) {
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; i < c.io_queues; ++i)
    count += w.host.queues[c.first_io_queue + i].tags.in_flight();
  return count;
}

json inspect(const World& w) {
  const oracle::Counts& c = w.oracle.counts;
  const oracle::Exposure exposure = oracle::exposure_until(w.oracle, w.now());
  return {{"now_s", sim::seconds(w.now())},
          {"events", w.calendar.fired()},
          {"pending_events", w.calendar.pending()},
          {"packets_in_flight", w.net.packets.live()},
          {"io_in_flight", w.host.ios.live()},
          {"host_controllers", host_controllers(w)},
          {"target_controllers", target_controllers(w)},
          {"applications", applications(w)},
          {"recoveries", w.recovery.recoveries.size()},
          {"integrity",
           {{"writes", c.writes},
            {"reads", c.reads},
            {"stale_writes", c.stale_writes},
            {"stale_reads", c.stale_reads},
            {"lost_writes", c.lost_writes},
            {"corrupt", c.corrupt()}}},
          {"exposure_max_s", sim::seconds(exposure.longest)}};
}

}  // namespace holdfast::analysis
