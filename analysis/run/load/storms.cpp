// SPDX-License-Identifier: Apache-2.0
// Refusals and changes, by arithmetic; see storms.hpp. Constants are those of runs with one such
// fault.
#include "analysis/run/load/storms.hpp"

#include <algorithm>
#include <variant>

namespace holdfast::analysis {
namespace {

using namespace scenario;
using sim::seconds;

constexpr double seconds_per_namespace_told = 175e-9;
constexpr double shortest_s = 1e-6;
constexpr std::uint16_t path_related = 3;  // status code type

Path path_of(const Paths& paths, const std::string& host) {
  const auto found = paths.find(host);
  return found == paths.end() ? Path{} : found->second;
}

double there_and_back(const Path& path) { return 2 * path.hops * std::min(path.delay_s, 1.0); }

double lasting(const Scenario& s, const Lasting& fault) {
  const double left = seconds(s.duration - fault.at.low);
  return fault.until_after ? std::min(left, seconds(*fault.until_after)) : left;
}

double in_flight(const Fio& w) { return static_cast<double>(w.iodepth) * w.numjobs; }
double in_flight(const RwTest& w) { return w.writes; }
double in_flight(const Script&) { return 1; }

double bytes_of(const Fio& w) { return w.bs_bytes; }
template <class W>
double bytes_of(const W&) {
  return 4096;
}

/// A path error is no answer for an application: the I/O goes out again at once, by the same path
/// if there is no other.
Storm storm_of(const Scenario& s, const CommandStatus& f, const Paths& paths) {
  Storm storm;
  if (f.admin || f.dnr || f.status >> 8 != path_related)
    return storm;
  for (const auto& one : s.workloads) {
    std::visit(
        [&](const auto& w) {
          if (w.subsystem != f.subsystem)
            return;
          const Path path = path_of(paths, w.host);
          const double most = in_flight(w) * seconds(s.duration - f.at.low) /
                              std::max(there_and_back(path), shortest_s);
          Demand load;
          load.bytes = bytes_of(w);
          storm.events += (f.count == 0 ? most : std::min<double>(f.count, most)) *
                          (packets_of(load, path) * path.hops + 2);
        },
        one);
  }
  return storm;
}

/// Attempts of a connection that is refused at once, in a time.
double attempts_of(const Connect& c, const Path& path, double time_s) {
  if (c.ctrl_loss_tmo >= Duration{})
    time_s = std::min(time_s, seconds(c.ctrl_loss_tmo));
  return time_s / std::max(seconds(c.reconnect_delay) + there_and_back(path), shortest_s);
}

Storm storm_of(const Scenario& s, const PortRemoved& f, const Paths& paths) {
  Storm storm;
  for (const Host& host : s.hosts) {
    const Path path = path_of(paths, host.name);
    for (const Connect& c : host.connect) {
      if (c.subsystem == f.subsystem && c.port == f.port)
        storm.events += attempts_of(c, path, lasting(s, f)) * (2 * path.hops + 2);
    }
  }
  return storm;
}

Storm storm_of(const Scenario& s, const NoRoute& f, const Paths& paths) {
  Storm storm;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (host.name == f.host && c.port == f.port)
        storm.events += 3 * attempts_of(c, path_of(paths, host.name), lasting(s, f));
    }
  }
  return storm;
}

/// An event, a log page with all namespaces, and a look at each of them.
Storm storm_of(const Scenario& s, const AnaChange& f, const Paths& paths) {
  double namespaces = 0;
  for (const Subsystem& one : s.subsystems)
    namespaces += one.name == f.subsystem ? static_cast<double>(one.namespaces.size()) : 0;
  Demand log;
  log.bytes = 16 + 32 + 4 * namespaces;  // header, a group, its namespaces
  Storm storm;
  for (const Host& host : s.hosts) {
    const Path path = path_of(paths, host.name);
    for (const Connect& c : host.connect) {
      if (c.subsystem != f.subsystem || c.port != f.port)
        continue;
      storm.events += (packets_of(log, path) + 3) * path.hops + 6;
      storm.seconds += namespaces * seconds_per_namespace_told;
    }
  }
  return storm;
}

template <class F>
Storm storm_of(const Scenario&, const F&, const Paths&) {
  return {};
}

}  // namespace

Storm storm_of(const Scenario& s, const Fault& fault, const Paths& paths) {
  return std::visit([&](const auto& one) { return storm_of(s, one, paths); }, fault);
}

}  // namespace holdfast::analysis
