// SPDX-License-Identifier: Apache-2.0
// What the cross checks share. Not for others.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/declaration/ways.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"

namespace holdfast::scenario::check {

template <class T>
std::vector<std::string> names_of(const std::vector<T>& all) {
  std::vector<std::string> names;
  for (const auto& one : all)
    names.push_back(one.name);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name);
/// Fails unless `name` is among `names`, which are names of `what`.
void require_name(const Cursor& where, const std::string& name, const char* what,
                  const std::vector<std::string>& names);
const Subsystem& subsystem_named(const Scenario& s, const std::string& name, const Cursor& where);

/// Fails unless the subsystem has that port, and a namespace in that ANA group.
void ana_place(const Subsystem& s, const std::string& port, std::uint32_t group, const Cursor& at);

/// The host of that name.
const Host& host_named(const Scenario& s, const std::string& name, const Cursor& where);
/// Fails unless the host has a connection of that device name; which one it is.
std::size_t device_named(const Host& host, const std::string& device, const Cursor& where);

/// The latest that it can be; an unbounded one has no latest, so its earliest.
inline Duration latest(const Latency& at) {
  return at.kind == Latency::Kind::uniform ? at.high : at.low;
}

/// Fails with another transport than tcp.
void require_tcp(const Scenario& s, const Cursor& where, std::string found);
/// Fails on Fibre Channel, where nothing overtakes.
void refuse_fc(const Scenario& s, const Cursor& where, const char* what);

// network.cpp: `at` is the fault.
void network_fault(const Scenario& s, const Impair& fault, const Cursor& at);
void network_fault(const Scenario& s, const KillSockets& fault, const Cursor& at);
void network_fault(const Scenario& s, const DamagePdu& fault, const Cursor& at);
void network_fault(const Scenario& s, const DropCapsule& fault, const Cursor& at);
void network_fault(const Scenario& s, const PortRemoved& fault, const Cursor& at);
void network_fault(const Scenario& s, const CrossTraffic& fault, const Cursor& at);
/// `host`, `controller` and `queue` of a fault of a link name connections.
void selection(const Scenario& s, const Selective& fault, const Cursor& at);
/// `every` is longer than `for`, and `times` goes with it.
void repetition(const Repeating& fault, const Lasting& time, const Cursor& at);

// astray.cpp: `at` is the fault.
void astray(const Scenario& s, const PortMute& fault, const Cursor& at);
void astray(const Scenario& s, const NoRoute& fault, const Cursor& at);
void astray(const Scenario& s, const ResponseFault& fault, const Cursor& at);
void astray(const Scenario& s, const HostBlocked& fault, const Cursor& at);
// power.cpp: `at` is the fault.
void astray(const Scenario& s, const HostDown& fault, const Cursor& at);
void astray(const Scenario& s, const FailureTrace& fault, const Cursor& at);
/// Reads the files that records of failures name.
void read_failures(Scenario& s, const Cursor& faults);
// machines.cpp: `at` is the fault, the host, the subsystem or the link.
void astray(const Scenario& s, const HostPause& fault, const Cursor& at);
void astray(const Scenario& s, const LinkIntegrity& fault, const Cursor& at);
void machine(const Scenario& s, const Host& host, const Cursor& at);
void machine(const Subsystem& subsystem, const Cursor& at);
void bond(const Scenario& s, const Link& link, const Cursor& at);
void leg(const Scenario& s, const LinkDown& fault, const Cursor& at);
void node_clock(const NodeFault& fault, const Cursor& at);
// strikes.cpp
/// How many single failures all faults become: a group fails link by link, and a record row by row.
/// Each is kept and has events of its own, so all together are bounded.
class Strikes {
 public:
  explicit Strikes(const Scenario& s);
  /// Fails if there are too many with this one, which stands at `at`.
  void add(const Fault& fault, const Cursor& at);
  /// Of a group; 1: it is a link.
  [[nodiscard]] std::uint64_t links_of(const std::string& name) const;

 private:
  /// Between two instants each packet that enters a link is so many.
  struct Copies {
    Direction direction{};
    Duration from{}, until{};
    double factor = 1.0;
  };
  void add_copies(const Impair& impair, const Cursor& at);

  std::map<std::string_view, std::uint64_t> links_;
  std::uint64_t made_ = 0;
  std::map<std::string_view, std::vector<Copies>> copies_;
};
/// Names of links and of groups of them.
std::vector<std::string> links_and_groups(const Scenario& s);

/// `feature` and `log_page` go with the opcodes that have them.
void page(const Page& page, bool admin, std::uint8_t opcode, const Cursor& at);

// secure.cpp: `at` is the connection, and the document.
void security(const Scenario& s, const Connect& connect, const Cursor& at);
void reseed(const Scenario& s, const Cursor& at);

// suspicion.cpp: `at` is the host.
void suspicion(const Scenario& s, const Host& host, const Cursor& at);

// array.cpp: `at` is the list of subsystems, and hosts have been checked.
void arrays(const Scenario& s, const Ways& ways, const Cursor& at);

// load.cpp
void workloads(Scenario& s, const Cursor& at);
void faults(const Scenario& s, const Cursor& at);
// search.cpp
void executions(const Scenario& s, const Cursor& root);

}  // namespace holdfast::scenario::check
