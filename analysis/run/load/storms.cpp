// SPDX-License-Identifier: Apache-2.0
// Refusals and changes, by arithmetic; see storms.hpp. Constants are those of runs with one such
// fault.
#include "analysis/run/load/storms.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <variant>

namespace holdfast::analysis {
namespace {

using namespace scenario;
using sim::seconds;

constexpr double seconds_per_namespace_told = 175e-9;
constexpr double shortest_s = 1e-6;
constexpr double bytes_per_refusal = 130;  // the attempt, as long as its I/O has no end
constexpr double events_per_queue = 40;    // that is set up again
constexpr double events_per_look = 10;     // at a namespace, by a controller that is back
constexpr std::uint16_t path_related = 3;  // status code type

Path path_of(const Paths& paths, const std::string& host) {
  const auto found = paths.find(host);
  return found == paths.end() ? Path{} : found->second;
}

double there_and_back(const Path& path) { return 2 * path.hops * std::min(path.delay_s, 1.0); }

double in_flight(const Fio& w) { return static_cast<double>(w.iodepth) * w.numjobs; }
double in_flight(const RwTest& w) { return w.writes; }
double in_flight(const Script&) { return 1; }

double bytes_of(const Fio& w) { return w.bs_bytes; }
template <class W>
double bytes_of(const W&) {
  return 4096;
}

bool is_path_error(const CommandStatus& f) {
  return !f.admin && !f.dnr && f.status >> 8 == path_related;
}

/// Whether some connection of a host leads to a controller that does not refuse.
bool has_another_path(const Scenario& s, const std::string& host, const std::string& subsystem) {
  std::set<std::uint16_t> refuse;
  for (const Fault& one : s.faults) {
    const auto* f = std::get_if<CommandStatus>(&one);
    if (f != nullptr && f->subsystem == subsystem && is_path_error(*f))
      refuse.insert(f->controller);
  }
  std::size_t connections = 0;
  for (const Host& one : s.hosts) {
    for (const Connect& c : one.connect)
      connections += one.name == host && c.subsystem == subsystem ? 1 : 0;
  }
  return connections > refuse.size();
}

/// A path error is no answer for an application: the I/O goes out again at once, by the same path
/// if there is no other.
Storm refusals_of(const Scenario& s, const CommandStatus& f, const Paths& paths) {
  Storm storm;
  for (const auto& one : s.workloads) {
    std::visit(
        [&](const auto& w) {
          if (w.subsystem != f.subsystem)
            return;
          const Path path = path_of(paths, w.host);
          double most = in_flight(w);
          if (!has_another_path(s, w.host, f.subsystem))
            most *= seconds(s.duration - f.at.low) / std::max(there_and_back(path), shortest_s);
          const double refused = f.count == 0 ? most : std::min<double>(f.count, most);
          Demand load;
          load.bytes = bytes_of(w);
          storm.events += refused * (packets_of(load, path) * path.hops + 2);
          storm.bytes += refused * bytes_per_refusal;
        },
        one);
  }
  return storm;
}

double namespaces_of(const Scenario& s, const std::string& subsystem) {
  double out = 0;
  for (const Subsystem& one : s.subsystems)
    out += one.name == subsystem ? static_cast<double>(one.namespaces.size()) : 0;
  return out;
}

/// A connection that is lost and set up again.
double set_up(const Scenario& s, const Host& host, const Connect& c) {
  return queues_of(host, c) * events_per_queue + namespaces_of(s, c.subsystem) * events_per_look;
}

/// Of all connections that `is_lost(host, connection)`.
template <class Lost>
Storm lost_once(const Scenario& s, Lost is_lost) {
  Storm storm;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect)
      storm.events += is_lost(host, c) ? set_up(s, host, c) : 0;
  }
  return storm;
}

/// Of the connection that has that name at its host.
Storm device_lost(const Scenario& s, const Device& device) {
  return lost_once(s, [&](const Host& host, const Connect& c) {
    const auto place = static_cast<std::size_t>(&c - host.connect.data());
    return host.name == device.host && device.controller == "nvme" + std::to_string(place);
  });
}
Storm storm_of(const Scenario& s, const OperatorAction& f, const Paths&) {
  return f.kind == OperatorAction::Kind::reset ? device_lost(s, f) : Storm{};
}
Storm storm_of(const Scenario& s, const KillSockets& f, const Paths&) { return device_lost(s, f); }
Storm storm_of(const Scenario& s, const HostDown& f, const Paths&) {
  return lost_once(s, [&](const Host& host, const Connect&) { return host.name == f.host; });
}
/// nvmet ends the associations of the subsystem.
Storm storm_of(const Scenario& s, const SetAttrCqt& f, const Paths&) {
  return lost_once(s, [&](const Host&, const Connect& c) { return c.subsystem == f.subsystem; });
}

/// Attempts of a connection that ends at once, in a time; one that got through sets up its queues
/// one after the other.
double attempts_of(const Host& host, const Connect& c, const Path& path, double time_s,
                   bool got_through) {
  if (c.ctrl_loss_tmo >= Duration{} && !got_through)
    time_s = std::min(time_s, seconds(c.ctrl_loss_tmo));
  const double trips = got_through ? 1 + 2 * queues_of(host, c) : 1;
  return time_s / std::max(seconds(c.reconnect_delay) + trips * there_and_back(path), shortest_s);
}

/// Each of the connections of a subsystem is set up again and again from then on.
Storm lost_always(const Scenario& s, const std::string& subsystem, double time_s,
                  const Paths& paths) {
  Storm storm;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (c.subsystem == subsystem)
        storm.events +=
            set_up(s, host, c) * attempts_of(host, c, path_of(paths, host.name), time_s, true);
    }
  }
  return storm;
}

/// An admin command that is refused each time, such as the Connect, can end each set-up.
Storm storm_of(const Scenario& s, const CommandStatus& f, const Paths& paths) {
  if (is_path_error(f))
    return refusals_of(s, f, paths);
  if (!f.admin || f.count != 0)
    return {};
  return lost_always(s, f.subsystem, seconds(s.duration - f.at.low), paths);
}
/// And so can a command that the controller does not survive.
Storm storm_of(const Scenario& s, const CommandFault& f, const Paths& paths) {
  if (!f.fatal || f.count != 0)
    return {};
  return lost_always(s, f.subsystem, seconds(s.duration - f.at.low), paths);
}

Storm storm_of(const Scenario& s, const PortRemoved& f, const Paths& paths) {
  Storm storm = lost_once(s, [&](const Host&, const Connect& c) {
    return c.subsystem == f.subsystem && c.port == f.port;
  });
  for (const Host& host : s.hosts) {
    const Path path = path_of(paths, host.name);
    for (const Connect& c : host.connect) {
      if (c.subsystem == f.subsystem && c.port == f.port)
        storm.events += attempts_of(host, c, path, lasting(s, f), false) * (2 * path.hops + 2);
    }
  }
  return storm;
}

Storm storm_of(const Scenario& s, const NoRoute& f, const Paths& paths) {
  Storm storm;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (host.name == f.host && c.port == f.port)
        storm.events += 3 * attempts_of(host, c, path_of(paths, host.name), lasting(s, f), false);
    }
  }
  return storm;
}

/// An event, a log page with all namespaces, and a look at each of them.
Storm storm_of(const Scenario& s, const AnaChange& f, const Paths& paths) {
  const double namespaces = namespaces_of(s, f.subsystem);
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

double events_of_impairments(const Scenario& s, double healthy) {
  struct Way {
    double stages = 0;
    double copies = 1;
  };
  std::map<std::string, Way> ways;
  for (const Fault& one : s.faults) {
    const auto* impair = std::get_if<Impair>(&one);
    if (impair == nullptr)
      continue;
    const double part = lasting(s, *impair) / std::max(seconds(s.duration), shortest_s);
    Way& way = ways[impair->link];
    way.stages += part / 2;
    way.copies *= 1 + impair->duplicate * part;
    if (impair->direction == Direction::both)
      way.copies *= 1 + impair->duplicate * part;
  }
  double added = 0;
  for (const auto& [link, way] : ways)
    added += healthy * ((1 + way.stages) * way.copies - 1);
  return added;
}

Storm storm_of(const Scenario& s, const Fault& fault, const Paths& paths) {
  return std::visit([&](const auto& one) { return storm_of(s, one, paths); }, fault);
}

}  // namespace holdfast::analysis
