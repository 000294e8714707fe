// SPDX-License-Identifier: Apache-2.0
// Asymmetric Namespace Access at the target (protocol.md 6.2). As in nvmet, a port carries the
// states of the groups: whoever comes in through another port sees other states.
#include <algorithm>
#include <vector>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::AnaState;
using wire::StatusCode;

namespace {

constexpr std::uint32_t default_group = 1;

/// The groups that the log tells of: the default one, and those with namespaces.
std::vector<std::uint32_t> groups_of(const World& w, const Subsystem& s) {
  std::vector<std::uint32_t> groups = {default_group};
  for (const NamespaceId ns : s.namespaces)
    groups.push_back(w.target.namespaces[sim::index(ns)].ana_group);
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

std::vector<std::uint32_t> nsids_in(const World& w, const Subsystem& s, std::uint32_t group) {
  std::vector<std::uint32_t> nsids;
  for (const NamespaceId id : s.namespaces) {
    const Namespace& ns = w.target.namespaces[sim::index(id)];
    if (ns.ana_group == group)
      nsids.push_back(ns.nsid);
  }
  std::sort(nsids.begin(), nsids.end());
  return nsids;
}

}  // namespace

AnaState ana_state(const Subsystem& s, transport::PortId port, std::uint32_t group) {
  for (const AnaGroupState& a : s.ana) {
    if (a.port == port && a.group == group)
      return a.state;
  }
  // nvmet_ports_make: a new port has its default group optimized and all others inaccessible.
  return group == default_group ? AnaState::optimized : AnaState::inaccessible;
}

void init_ana_state(World& w, SubsystemId subsystem, const AnaGroupState& what) {
  HOLDFAST_CHECK(sim::index(subsystem) < w.target.subsystems.size(), "there is no such subsystem");
  HOLDFAST_CHECK(what.group > 0 && what.group <= wire::ana_groups_max,
                 "there is no such ANA group");
  auto& all = w.target.subsystems[sim::index(subsystem)].ana;
  const auto place = std::find_if(all.begin(), all.end(), [&](const AnaGroupState& a) {
    return a.port == what.port && a.group == what.group;
  });
  if (place != all.end()) {
    place->state = what.state;
  } else {
    all.push_back(what);
  }
}

void set_ana_state(World& w, SubsystemId subsystem, const AnaGroupState& what) {
  init_ana_state(w, subsystem, what);
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  ++s.ana_changes;
  record<Kind::ana_state_set>(w, subsystem, what.port, what.group, what.state, s.ana_changes);
  // nvmet_port_send_ana_event.
  const sim::Vector<ControllerId> controllers = s.controllers;
  for (const ControllerId id : controllers) {
    if (w.target.controllers[id].port == what.port && !s.profile->ana_event_lost)
      send_notice(w, id, wire::aec_ana_change, wire::ana_change_event());
  }
}

void ana_log_page(World& w, ControllerId id, wire::Bytes out, const wire::GetLogPage& request) {
  const Controller& c = w.target.controllers[id];
  const Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  wire::AnaLogWriter log(out);
  if (log.begin(s.ana_changes)) {
    for (const std::uint32_t group : groups_of(w, s)) {
      wire::AnaGroup descriptor;
      descriptor.group_id = group;
      descriptor.change_count = s.ana_changes;
      descriptor.state = ana_state(s, c.port, group);
      const bool groups_only = (request.lsp & wire::ana_lsp_groups_only) != 0;
      const auto nsids = groups_only ? std::vector<std::uint32_t>{} : nsids_in(w, s, group);
      // A reader that asks for less gets the front of the page.
      if (!log.add(descriptor, nsids))
        break;
    }
  }
  unmask_notice(w, id, wire::aec_ana_change, request);
}

wire::Status ana_refusal(const World& w, const Queue& q, const wire::Command& command) {
  HOLDFAST_PACKET_CHECK(q.qid != 0, "admin commands are served in every ANA state");
  const Subsystem& s =
      w.target.subsystems[sim::index(w.target.controllers[q.controller].subsystem)];
  for (const NamespaceId id : s.namespaces) {
    const Namespace& ns = w.target.namespaces[sim::index(id)];
    if (ns.nsid != command.nsid)
      continue;
    switch (ana_state(s, q.port, ns.ana_group)) {
      case AnaState::inaccessible:
        return StatusCode::ana_inaccessible;
      case AnaState::persistent_loss:
        return StatusCode::ana_persistent_loss;
      case AnaState::change:
        return StatusCode::ana_transition;
      default:
        return {};
    }
  }
  return {};  // an unknown namespace is told later
}

}  // namespace holdfast::target
