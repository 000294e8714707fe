// SPDX-License-Identifier: Apache-2.0
// What a timeline calls a fault, kind by kind.
#include "analysis/traces/fault_name.hpp"

#include <fmt/format.h>

#include <string>

namespace holdfast::analysis {

namespace {

struct FaultName {
  const World& w;

  [[nodiscard]] std::string device(host::ControllerId id) const {
    return w.host.controllers[sim::index(id)].name;
  }
  [[nodiscard]] std::string link(net::LinkId id) const { return w.net.links[sim::index(id)].name; }
  [[nodiscard]] std::string on_link(const char* what, const fault::OnLink& f) const {
    const char* way = f.forward && f.backward ? "" : f.forward ? ", forward" : ", backward";
    return fmt::format("{} {}{}", what, link(f.link), way);
  }

  std::string operator()(const fault::Blackhole& f) const { return on_link("blackhole", f); }
  std::string operator()(const fault::LinkDown& f) const { return on_link("link down", f); }
  std::string operator()(const fault::Loss& f) const { return on_link("loss", f); }
  std::string operator()(const fault::Impair& f) const { return on_link("impair", f); }
  std::string operator()(const fault::CommandDelay& f) const {
    return fmt::format("{} of controller {}: opcode {:#x} {:.3f} s late",
                       f.command.fatal ? "fopcode" : "delay", f.command.cntlid, f.command.opcode,
                       sim::seconds(f.command.delay));
  }
  std::string operator()(const fault::CommandStatus& f) const {
    return fmt::format("status of controller {}: opcode {:#x} {}", f.status.cntlid, f.status.opcode,
                       wire::status_name(f.status.status));
  }
  std::string operator()(const fault::AnaChange& f) const {
    return fmt::format("ANA change of group {} of {}", f.ana.group,
                       w.target.nqns[sim::index(f.subsystem)]);
  }
  std::string operator()(const fault::SetAttrCqt& f) const {
    return fmt::format("CQT of {} set to {} ms", w.target.nqns[sim::index(f.subsystem)],
                       f.cqt / std::chrono::milliseconds{1});
  }
  std::string operator()(const fault::ResetController& f) const {
    return "reset of " + device(f.controller);
  }
  std::string operator()(const fault::DeleteController& f) const {
    return "delete of " + device(f.controller);
  }
  std::string operator()(const fault::Disconnect& f) const {
    return "disconnect of " + device(f.controller);
  }
  std::string operator()(const fault::PassthroughCcr& f) const {
    return "passthrough CCR of " + device(f.controller);
  }
  std::string operator()(const fault::Passthrough& f) const {
    return fmt::format("passthrough of {}: opcode {:#x}", device(f.controller), f.command.opcode);
  }
  std::string operator()(const fault::HcaRemoved& f) const {
    return "adapter removed at " + link(f.link);
  }
  std::string operator()(const fault::RemotePortLost& f) const {
    const net::Route& route = w.net.routes[sim::index(f.routes[0])];
    return "remote port lost: " + w.net.nodes[sim::index(route.to)];
  }
  std::string operator()(const fault::NodeFailure& f) const {
    static constexpr const char* states[] = {"up", "crash", "hang", "partition"};
    return fmt::format("{} of node {}", states[static_cast<std::size_t>(f.state)],
                       w.target.node_names[sim::index(f.node)]);
  }
  std::string operator()(const fault::AdminStall& f) const {
    return fmt::format("admin stall of controller {}", f.cntlid);
  }
  std::string operator()(const fault::DamagePdu& f) const {
    return "PDUs damaged: " + device(f.controller);
  }
  std::string operator()(const fault::PortRemoved& f) const {
    return (f.refuses ? "port lost of " : "port removed from ") +
           w.target.nqns[sim::index(f.subsystem)];
  }
  std::string operator()(const fault::KillSockets& f) const {
    return "sockets killed: " + device(f.controller);
  }
  std::string operator()(const fault::DropCapsule& f) const {
    return "capsules dropped: " + device(f.controller);
  }
  std::string operator()(const fault::CrossTraffic&) const { return "cross traffic"; }
  std::string operator()(const fault::ResponseAstray& f) const {
    static constexpr const char* words[] = {"late", "lost", "twice"};
    return fmt::format("response of controller {}: opcode {:#x} {}", f.response.cntlid,
                       f.response.opcode, words[static_cast<std::size_t>(f.response.what)]);
  }
  std::string operator()(const fault::PortMute&) const { return "port mute"; }
  std::string operator()(const fault::NoRoute& f) const {
    return "no route to " + w.net.nodes[sim::index(w.net.routes[sim::index(f.forward)].to)];
  }
  std::string operator()(const fault::HostDown& f) const {
    const std::string& name = w.host.hosts[sim::index(f.host)].name;
    switch (f.how) {
      case fault::HostDown::How::crash:
        return "crash of " + name;
      case fault::HostDown::How::process:
        return "initiator of " + name + " killed";
      case fault::HostDown::How::shutdown:
        break;
    }
    return "shutdown of " + name;
  }
  std::string operator()(const fault::HostPause& f) const {
    return "pause of " + w.host.hosts[sim::index(f.host)].name;
  }
  std::string operator()(const fault::LinkIntegrity& f) const {
    const net::Route& route = w.net.routes[sim::index(f.forward)];
    return "bad links to " + w.net.nodes[sim::index(route.to)];
  }
  std::string operator()(const fault::LegDown& f) const {
    return on_link(f.legs[0] ? "primary leg down" : "backup leg down", f);
  }
  std::string operator()(const fault::HostBlocked& f) const {
    return "Keep Alives blocked: " + w.host.hosts[sim::index(f.host)].name;
  }
};

}  // namespace

std::string fault_name(const World& w, const fault::Fault& fault) {
  return std::visit(FaultName{w}, fault.what);
}

}  // namespace holdfast::analysis
