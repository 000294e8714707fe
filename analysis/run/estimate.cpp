// SPDX-License-Identifier: Apache-2.0
// Arithmetic of what is asked for; see estimate.hpp. The constants are peak memory and processor
// time of two runs that differ in one number only (more seconds, more packets), by that difference.
#include "analysis/run/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "analysis/run/load/load.hpp"
#include "analysis/run/load/storms.hpp"
#include "models/footprint.hpp"

namespace holdfast::analysis {
namespace {

using namespace scenario;
using sim::seconds;

constexpr double bytes_of_program = 40e6;
constexpr double bytes_per_host = 30e3;
constexpr double bytes_per_queue = 5e3;
constexpr double bytes_per_namespace = 500;  // as one host knows it
constexpr double bytes_per_write = 170;      // its operation, its version, its latency
constexpr double bytes_per_read = 225;       // likewise, with what it knew
constexpr double bytes_per_block_known = 8;
constexpr double bytes_per_block_landed = 32;  // its version, for ever; that of the first is above
constexpr double seconds_per_block = 50e-9;
constexpr double bytes_per_queued_packet = 140;
constexpr double bytes_per_delayed_packet = 290;  // an event of its own
constexpr double bytes_per_strike = 560;          // a fault of one link and its two events
constexpr double seconds_per_event = 150e-9;
// What an event touches has left the caches when its host is next in a world beyond them: by runs
// of 64 to 10,000 hosts.
constexpr double seconds_of_misses = 700e-9;
constexpr double cache_bytes = 8e6;
constexpr double seconds_per_io = 500e-9;
constexpr double frame_bytes = 38;  // preamble, Ethernet header, check sequence, gap

/// Links from each node to the nearest port of a subsystem.
std::map<std::string, double> hops_to_ports(const Scenario& s) {
  std::multimap<std::string, std::string> neighbours;
  for (const Link& link : s.fabric.links) {
    neighbours.emplace(link.ends[0], link.ends[1]);
    neighbours.emplace(link.ends[1], link.ends[0]);
  }
  std::map<std::string, double> hops;
  std::deque<std::string> next;
  for (const Subsystem& one : s.subsystems) {
    for (const std::string& port : one.ports) {
      if (hops.emplace(port, 0.0).second)
        next.push_back(port);
    }
  }
  for (; !next.empty(); next.pop_front()) {
    const auto [first, last] = neighbours.equal_range(next.front());
    for (auto link = first; link != last; ++link) {
      if (hops.emplace(link->second, hops.at(next.front()) + 1).second)
        next.push_back(link->second);
    }
  }
  return hops;
}

/// Of each node, in one pass over the links.
Paths paths_of(const Scenario& s) {
  Paths paths;
  std::set<std::string> hosts;
  for (const Host& host : s.hosts)
    hosts.insert(host.name);
  std::uint32_t between = 65535;  // switches and ports
  for (const Link& link : s.fabric.links) {
    for (const std::string& end : link.ends) {
      Path& path = paths[end];
      path.bits_per_s += static_cast<double>(link.rate_bps);
      path.delay_s = std::min(path.delay_s, seconds(link.delay));
      path.mtu = std::min<double>(path.mtu, link.mtu_bytes);
    }
    if (hosts.count(link.ends[0]) + hosts.count(link.ends[1]) == 0)
      between = std::min(between, link.mtu_bytes);
  }
  for (auto& [node, path] : paths)
    path.mtu = std::min<double>(path.mtu, between);
  for (const auto& [node, hops] : hops_to_ports(s))
    paths[node].hops = hops;
  return paths;
}

/// What the ports of a subsystem can carry, whoever asks.
double bytes_per_s_of(const Scenario& s, const Subsystem& subsystem) {
  double bits_per_s = 0;
  for (const Link& link : s.fabric.links) {
    for (const std::string& port : subsystem.ports) {
      if (link.ends[0] == port || link.ends[1] == port)
        bits_per_s += static_cast<double>(link.rate_bps);
    }
  }
  return bits_per_s / 8;
}

/// Adds up, and remembers what takes most memory.
class Sum {
 public:
  void add(const std::string& pointer, double ios, double events, double bytes) {
    out_.ios += ios;
    out_.events += events;
    out_.bytes += bytes;
    if (bytes > most_) {
      most_ = bytes;
      out_.most = pointer;
    }
  }
  void add_entities(double bytes) { entities_ += bytes; }
  [[nodiscard]] double events() const { return out_.events; }
  void add_seconds(double more) { seconds_ += more; }
  Estimate take() {
    const double missed = entities_ > cache_bytes ? 1 - cache_bytes / entities_ : 0;
    out_.seconds = out_.events * (seconds_per_event + missed * seconds_of_misses) +
                   out_.ios * seconds_per_io + seconds_;
    return out_;
  }

 private:
  double seconds_ = 0;   // that are of no event
  double entities_ = 0;  // bytes that whatever happens at hosts and targets goes to
  Estimate out_{0, 0, bytes_of_program, 0, {}};
  double most_ = bytes_of_program / 4;  // less does not stand out
};

/// Of each namespace what is written to anywhere in it: loads share the pages that they touch.
using Disks = std::map<std::pair<std::string, std::uint32_t>, WrittenBlocks>;

double added_by(const Demand& load, double writes, WrittenBlocks& disk) {
  if (!load.random)
    return footprint_of_blocks({load.region_blocks, writes, load.landed_blocks, false});
  const double before = footprint_of_blocks(disk);
  disk = {std::max(disk.region, load.region_blocks), disk.writes + writes,
          std::max(disk.length, load.landed_blocks), true};
  return footprint_of_blocks(disk) - before;
}

void add_load(Sum& sum, const std::string& pointer, const Demand& load, const Path& path,
              WrittenBlocks& disk) {
  const double writes = load.ios * (1 - load.reads);
  const double known = load.blocks > 1 ? load.blocks * bytes_per_block_known : 0;
  const double landed = writes * load.landed_blocks;
  sum.add_seconds(landed * seconds_per_block);
  sum.add(pointer, load.ios, load.ios * (packets_of(load, path) * path.hops + 2),
          writes * bytes_per_write + std::max(0.0, landed - writes) * bytes_per_block_landed +
              load.ios * load.reads * (bytes_per_read + known) + added_by(load, writes, disk));
}

/// Slowest link and all queues of the fabric: a bound for what may pile up on one way.
void add_fault(Sum& sum, const Scenario& s, const std::string& pointer, const CrossTraffic& f) {
  double queues = 0, slowest = 1e15;
  for (const Link& link : s.fabric.links) {
    queues = std::max(queues, static_cast<double>(link.queue_bytes));
    slowest = std::min(slowest, static_cast<double>(link.rate_bps));
  }
  const double rate = static_cast<double>(f.rate_bps) / 8 / f.packet_bytes;
  const double drain = slowest / 8 / (f.packet_bytes + frame_bytes);
  const double time = lasting(s, f);
  const double waiting = std::min(std::max(0.0, rate - drain) * time, queues / f.packet_bytes);
  sum.add(pointer, 0, rate * time + 2 * std::min(rate, drain) * time,
          waiting * bytes_per_queued_packet);
}

void add_fault(Sum& sum, const Scenario& s, const std::string& pointer, const Impair& f) {
  double offered = 0;  // by other applications; of ours a window is all that is out
  for (const Fault& one : s.faults) {
    if (const auto* traffic = std::get_if<CrossTraffic>(&one))
      offered += static_cast<double>(traffic->rate_bps) / 8 / traffic->packet_bytes;
  }
  const double inside =
      std::min<double>(f.limit, offered * std::min(seconds(f.delay + f.jitter), lasting(s, f)));
  sum.add(pointer, 0, 0, inside * bytes_per_delayed_packet);
}

template <class F>
void add_fault(Sum&, const Scenario&, const std::string&, const F&) {}

/// Groups of links by name: how many links each has.
using Groups = std::map<std::string, double>;

double links_of(const Groups& groups, const std::string& name) {
  const auto group = groups.find(name);
  return group == groups.end() ? 1 : group->second;
}

/// Begin and end of each round of each link, and each failure that a record has.
template <class F>
void add_strikes(Sum& sum, const Scenario& s, const Groups& groups, const std::string& pointer,
                 const F& fault) {
  if constexpr (std::is_base_of_v<Repeating, F>) {
    const double links = links_of(groups, fault.link);
    double rounds = 1;
    if (fault.every)
      rounds = seconds(s.duration - fault.at.low) / seconds(*fault.every);
    if (fault.every && fault.times)
      rounds = std::min<double>(rounds, *fault.times);
    sum.add(pointer, 0, 2 * rounds * links, links * bytes_per_strike);
  }
  if constexpr (std::is_same_v<F, FailureTrace>) {
    double strikes = 0;
    for (const Failure& row : fault.failures)
      strikes += row.state == "up" ? 0 : links_of(groups, row.what);
    sum.add(pointer, 0, 2 * strikes, strikes * bytes_per_strike);
  }
}

const Subsystem* subsystem_of(const Scenario& s, const std::string& name) {
  for (const Subsystem& one : s.subsystems) {
    if (one.name == name)
      return &one;
  }
  return nullptr;  // discovery
}

void add_connections(Sum& sum, const Scenario& s) {
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const Host& host = s.hosts[i];
    double queues = 0, looks = 0, namespaces = 0;
    for (const Connect& one : host.connect) {
      queues += queues_of(host, one);
      const double kato = seconds(one.keep_alive_tmo.value_or(std::chrono::seconds(5)));
      double apart = kato / 2;
      for (const sim::Duration most : {host.suspicion.look_every, host.suspicion.probe_idle})
        apart = most > sim::Duration{} ? std::min(apart, seconds(most)) : apart;
      looks += kato > 0 ? seconds(s.duration) / apart : 0;
      if (const Subsystem* subsystem = subsystem_of(s, one.subsystem))
        namespaces += static_cast<double>(subsystem->namespaces.size());
    }
    // A Keep Alive is a command, a response and an ACK; setting up a queue takes about thirty, and
    // the scan asks each controller about each namespace.
    const double bytes =
        bytes_per_host + queues * bytes_per_queue + namespaces * bytes_per_namespace;
    sum.add(fmt::format("/hosts/{}", i), 0, looks * 12 + queues * 60 + namespaces * 10, bytes);
    sum.add_entities(bytes);
  }
}

/// Of each workload what it asks for, or its share of what the ports of its subsystem can carry.
void add_loads(Sum& sum, const Scenario& s, Paths& paths) {
  std::vector<std::pair<Demand, Path>> loads;
  std::map<std::string, double> wanted;  // bytes, by subsystem
  for (const auto& one : s.workloads) {
    std::visit(
        [&](const auto& workload) {
          const Path& path = paths[workload.host];
          loads.emplace_back(load_of(s, workload, path), path);
          wanted[workload.subsystem] += loads.back().first.ios * loads.back().first.bytes;
        },
        one);
  }
  std::map<std::string, double> carried;  // bytes, by subsystem
  for (const Subsystem& one : s.subsystems)
    carried[one.name] = bytes_per_s_of(s, one) * seconds(s.duration);
  Disks disks;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    auto& [load, path] = loads[i];
    const auto place = std::visit(
        [](const auto& w) {
          return std::pair{w.subsystem, w.nsid};
        },
        s.workloads[i]);
    const auto most = carried.find(place.first);
    if (most != carried.end())
      load.ios *= std::min(1.0, most->second / std::max(wanted[place.first], 1.0));
    add_load(sum, fmt::format("/workloads/{}", i), load, path, disks[place]);
  }
}

/// 1234567 as "1.2 M", in thousands.
std::string rounded(double number) {
  constexpr std::array<const char*, 7> marks = {"", " k", " M", " G", " T", " P", " E"};
  std::size_t i = 0;
  for (; number >= 1000 && i + 1 < marks.size(); ++i)
    number /= 1000;
  return fmt::format("{:.3g}{}", number, marks[i]);
}

std::string rounded_time(double s) {
  if (s < 120)
    return fmt::format("{:.2g} s", s);
  if (s < 7200)
    return fmt::format("{:.2g} minutes", s / 60);
  return s < 48 * 3600 ? fmt::format("{:.2g} hours", s / 3600)
                       : fmt::format("{} days", rounded(s / 86400));
}

}  // namespace

Estimate estimate(const Scenario& s) {
  Sum sum;
  add_connections(sum, s);
  Paths paths = paths_of(s);
  add_loads(sum, s, paths);
  sum.add("/faults", 0, events_of_impairments(s, sum.events()), 0);
  Groups groups;
  for (const LinkGroup& group : s.fabric.groups)
    groups.emplace(group.name, static_cast<double>(group.links.size()));
  for (std::size_t i = 0; i < s.faults.size(); ++i) {
    const auto pointer = fmt::format("/faults/{}", i);
    std::visit(
        [&](const auto& fault) {
          add_fault(sum, s, pointer, fault);
          add_strikes(sum, s, groups, pointer, fault);
        },
        s.faults[i]);
    const Storm storm = storm_of(s, s.faults[i], paths);
    sum.add(pointer, 0, storm.events, storm.bytes);
    sum.add_seconds(storm.seconds);
  }
  return sum.take();
}

std::string words_of(const Estimate& e) {
  return fmt::format("about {} events, {} of one core, {}B of memory{}", rounded(e.events),
                     rounded_time(e.seconds), rounded(e.bytes),
                     e.most.empty() ? "" : fmt::format(" (most of it for {})", e.most));
}

}  // namespace holdfast::analysis
