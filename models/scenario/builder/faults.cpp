// SPDX-License-Identifier: Apache-2.0
// Builds what goes wrong in a world: when it strikes, and what, kind by kind.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/builder/internal.hpp"
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/reading/kind.hpp"
#include "models/target/target.hpp"
#include "models/transport/queue.hpp"

namespace holdfast::scenario {

namespace {

/// CDW10 bits 7:0 of the commands that are meant; -1: whatever they say.
std::int16_t page_of(const Page& page) {
  const auto wanted = page.feature ? page.feature : page.log_page;
  return static_cast<std::int16_t>(wanted ? *wanted : -1);
}

fault::CommandDelay what_of(World&, const CommandFault& f, const Names& names, const std::string&) {
  fault::CommandDelay out;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.command = {f.controller, f.opcode, f.fatal, f.count == 0,
                 f.count,      f.delay,  f.admin, page_of(f)};
  return out;
}

fault::CommandStatus what_of(World&, const CommandStatus& f, const Names& names,
                             const std::string&) {
  fault::CommandStatus out;
  out.subsystem = names.subsystems.at(f.subsystem);
  const auto status = wire::Status(f.status).with_crd(f.crd);
  out.status = {f.controller, f.admin, f.opcode,  f.dnr ? status.with_dnr() : status,
                f.count == 0, f.count, page_of(f)};
  return out;
}

fault::ResponseAstray what_of(World&, const ResponseFault& f, const Names& names,
                              const std::string&) {
  fault::ResponseAstray out;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.response = {f.controller, f.admin,      f.opcode, f.what,
                  f.delay,      f.count == 0, f.count,  page_of(f)};
  return out;
}

fault::PortMute what_of(World&, const PortMute& f, const Names& names, const std::string&) {
  return {names.ports.at(f.port)};
}

fault::NoRoute what_of(World&, const NoRoute& f, const Names& names, const std::string&) {
  constexpr int network_unreachable = 101, host_unreachable = 113;
  return {names.routes.at({f.host, f.port}),
          f.error == NoRoute::Error::network ? network_unreachable : host_unreachable};
}

fault::HostBlocked what_of(World&, const HostBlocked& f, const Names& names, const std::string&) {
  return {names.hosts.at(f.host)};
}

fault::HostDown what_of(World& w, const HostDown& f, const Names& names, const std::string&) {
  using How = fault::HostDown::How;
  const How how = f.how == HostDown::How::crash     ? How::crash
                  : f.how == HostDown::How::process ? How::process
                                                    : How::shutdown;
  const auto links = links_at(w, names.nodes.at(f.host));
  return {names.hosts.at(f.host), how, {links.begin(), links.end()}};
}

fault::AnaChange what_of(World&, const AnaChange& f, const Names& names, const std::string&) {
  fault::AnaChange out;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.ana = {names.ports.at(f.port), f.group, f.state};
  return out;
}

fault::SetAttrCqt what_of(World&, const SetAttrCqt& f, const Names& names, const std::string&) {
  fault::SetAttrCqt out;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.cqt = f.value;
  return out;
}

template <class F>
fault::What on_controller(host::ControllerId id) {
  F out;
  out.controller = id;
  return out;
}

fault::What what_of(World&, const OperatorAction& f, const Names& names, const std::string&) {
  const host::ControllerId controller = names.controllers.at({f.host, f.controller});
  switch (f.kind) {
    case OperatorAction::Kind::reset:
      return on_controller<fault::ResetController>(controller);
    case OperatorAction::Kind::remove:
      return on_controller<fault::DeleteController>(controller);
    case OperatorAction::Kind::disconnect:
      return on_controller<fault::Disconnect>(controller);
    case OperatorAction::Kind::ccr:
      break;
  }
  fault::PassthroughCcr out;
  out.controller = controller;
  out.source = names.controllers.at({f.host, f.source});
  out.names = f.names;
  return out;
}

fault::Passthrough what_of(World&, const Passthrough& f, const Names& names, const std::string&) {
  fault::Passthrough out;
  out.controller = names.controllers.at({f.host, f.controller});
  out.command.opcode = f.opcode;
  out.command.nsid = f.nsid;
  out.command.sgl = wire::transport_sgl(f.data_bytes);
  out.command.cdw10 = f.cdw10;
  out.command.cdw11 = f.cdw11;
  out.command.cdw12 = f.cdw12;
  out.command.cdw13 = f.cdw13;
  return out;
}

fault::HcaRemoved what_of(World&, const HcaRemoved& f, const Names& names, const std::string&) {
  fault::HcaRemoved out;
  out.host = names.hosts.at(f.host);
  out.link = names.links.at(f.link);
  return out;
}

fault::RemotePortLost what_of(World&, const RemotePortLost& f, const Names& names,
                              const std::string&) {
  return {names.hosts.at(f.host),
          {names.routes.at({f.host, f.port}), names.routes.at({f.port, f.host})}};
}

fault::NodeFailure what_of(World&, const NodeFault& f, const Names& names, const std::string&) {
  const auto& links = names.node_links.at({f.subsystem, f.node});
  return {names.array_nodes.at({f.subsystem, f.node}),
          f.state,
          f.clock == HostPause::Clock::stops,
          {links.begin(), links.end()}};
}

fault::AdminStall what_of(World&, const AdminStall& f, const Names& names, const std::string&) {
  return {names.subsystems.at(f.subsystem), f.controller};
}

/// A fault as its choice points call it: what it does to whom. Its place in the list would say what
/// else goes wrong in that world, and then a fault that has nothing to do with this one would
/// change when it strikes.
std::string called(const Fault& fault) {
  const nlohmann::json written = fault_union().codec().write(fault);
  std::string out = "fault";
  for (const char* key : {"type", "subsystem", "node", "host", "controller", "source", "link",
                          "port", "from", "to"}) {
    const auto place = written.find(key);
    if (place != written.end() && !place->is_null())
      out += " " + (place->is_string() ? place->get<std::string>() : place->dump());
  }
  return out;
}

/// When it strikes, and the rest. Of its choice points, the one of its time comes first.
template <class F>
fault::Fault fault_of(World& w, const F& f, const Names& names, const std::string& entity) {
  fault::Fault out;
  out.at = sim::epoch + draw(w.choices, w.choices.add(entity, "at"), span_of(f.at));
  if constexpr (requires { f.until_after; }) {
    if (f.until_after)
      out.until = out.at + w.choices.constant(w.choices.add(entity, "for"), *f.until_after);
  }
  if constexpr (requires { f.every; }) {
    out.every = f.every.value_or(0s);
    out.times = f.times.value_or(0);
  }
  if constexpr (requires { f.leg; }) {
    if (f.leg) {
      out.what = leg_of(f, names);
      return out;
    }
  }
  out.what = what_of(w, f, names, entity);
  return out;
}

/// A fault of a group strikes each of its links, all at the same instants.
template <class F>
void add(World& w, const F& f, const Names& names, const std::string& entity) {
  if constexpr (requires { f.link; }) {
    if (const auto group = names.groups.find(f.link); group != names.groups.end()) {
      F one = f;
      one.link = group->second.front();
      const fault::Fault first = fault_of(w, one, names, entity);
      fault::add_fault(w, first);
      for (std::size_t i = 1; i < group->second.size(); ++i) {
        one.link = group->second[i];
        fault::Fault next = first;
        next.what = what_of(w, one, names, entity);
        fault::add_fault(w, next);
      }
      return;
    }
  }
  fault::add_fault(w, fault_of(w, f, names, entity));
}

/// A link or a node, from one row of a record to the next.
void add_failure(World& w, const Failure& from, Duration shift, Duration until,
                 const Names& names) {
  const auto fails = [&](auto what) {
    fault::Fault f;
    f.at = sim::epoch + shift + from.at;
    f.until = until == Duration::max() ? sim::never : sim::epoch + shift + until;
    f.what = std::move(what);
    fault::add_fault(w, f);
  };
  const auto down = [&](const std::string& link) {
    fault::LinkDown cut;
    cut.link = names.links.at(link);
    fails(cut);
  };
  if (const auto group = names.groups.find(from.what); group != names.groups.end()) {
    std::for_each(group->second.begin(), group->second.end(), down);
  } else if (names.links.count(from.what) != 0) {
    down(from.what);
  } else {
    const auto node = std::find_if(names.array_nodes.begin(), names.array_nodes.end(),
                                   [&](const auto& one) { return one.first.second == from.what; });
    NodeFault failed;
    std::tie(failed.subsystem, failed.node) = node->first;
    failed.state = from.state == "hang"        ? target::NodeState::hung
                   : from.state == "partition" ? target::NodeState::partitioned
                                               : target::NodeState::crashed;
    fails(what_of(w, failed, names, {}));
  }
}

/// Each row holds until the next one of the same.
void add(World& w, const FailureTrace& f, const Names& names, const std::string& entity) {
  const Duration shift = draw(w.choices, w.choices.add(entity, "at"), span_of(f.at));
  std::vector<Duration> until(f.failures.size(), Duration::max());
  std::map<std::string_view, Duration> next;
  for (std::size_t i = f.failures.size(); i-- > 0;) {
    const auto [place, last] = next.try_emplace(f.failures[i].what, f.failures[i].at);
    if (!last)
      until[i] = std::exchange(place->second, f.failures[i].at);
  }
  for (std::size_t i = 0; i < f.failures.size(); ++i) {
    if (f.failures[i].state != "up")
      add_failure(w, f.failures[i], shift, until[i], names);
  }
}

}  // namespace

sim::ChoiceScript script_of(const std::vector<Answer>& answers) {
  sim::ChoiceScript script;
  for (const Answer& a : answers) {
    const std::int64_t value = a.time     ? a.time->count()
                               : a.number ? static_cast<std::int64_t>(*a.number)
                                          : std::int64_t{a.happens.value_or(false)};
    script.push_back({sim::hash_name(a.point), a.ordinal, value});
  }
  return script;
}

namespace {

/// From each host that knows the address of a port to the machines of all others.
void add_other_ways(World& w, const Scenario& s, const Subsystem& sub, const Names& names) {
  std::set<std::pair<std::string, std::string>> known;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (std::find(sub.ports.begin(), sub.ports.end(), c.port) != sub.ports.end())
        known.emplace(host.name, c.port);
    }
  }
  std::vector<transport::OtherWay> ways;
  for (const auto& [host, port] : known) {
    for (const std::string& other : sub.ports) {
      if (other == port)
        continue;
      transport::OtherWay way;
      way.forward = names.routes.at({host, port});
      way.machine = names.ports.at(other);
      way.there = names.routes.at({host, other});
      way.home = names.routes.at({other, host});
      const net::RouteId back = names.routes.at({port, host});
      net::set_machine(w, way.home, w.net.routes[sim::index(back)].machine);
      ways.push_back(way);
    }
  }
  transport::add_other_ways(w, ways);
}

void build_takeover(World& w, const Scenario& s, const Subsystem& sub, const Names& names) {
  const Takeover& t = *sub.takeover;
  const bool by_address = t.by == Takeover::By::address;
  target::set_takeover(w, names.subsystems.at(sub.name),
                       {true, span_of(t.detect), span_of(t.fence), span_of(t.change), by_address,
                        span_of(t.learn.value_or(Latency{}))});
  if (by_address)
    add_other_ways(w, s, sub, names);
}

}  // namespace

void build_faults(World& w, const Scenario& s, const Names& names) {
  for (const Subsystem& sub : s.subsystems) {
    if (sub.takeover)
      build_takeover(w, s, sub, names);
  }
  for (const Fault& one : s.faults)
    add_fault(w, one, names);
}

void add_fault(World& w, const Fault& one, const Names& names) {
  const std::string entity = w.choices.numbered(called(one));
  std::visit([&](const auto& f) { add(w, f, names, entity); }, one);
}

}  // namespace holdfast::scenario
