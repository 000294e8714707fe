// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvme-fc, as far as its words are known (protocol.md 11, H38 and H41).
#include "analysis/traces/kernel_log.hpp"
#include "models/host/internal.hpp"
#include "models/transport/fc/fc.hpp"

namespace holdfast::analysis::kernel {

bool is_disconnect(const sim::Record& r) {
  return Kind{r.kind} == Kind::iu_received &&
         Words<Kind::iu_received>(r).get<"iu">() == transport::fc::Iu::ls_request;
}

namespace {

using host::State;

/// "nvme3" -> 3: the driver counts controllers of its own (cnum), from 0 as well.
std::string number_of(const host::Controller& c) { return c.name.substr(4); }

/// A world-wide port name for a node of the fabric (NAA 2, locally made up).
std::uint64_t wwpn_of(net::NodeId node) { return 0x2000'0000'0000'0001U + sim::index(node); }

constexpr const char* disconnect_received = "Disconnect Association LS received";

/// What the series gives as the reason of a recovery.
const char* reason_of(const Watch& at) {
  if (at.disconnected)
    return disconnect_received;
  return at.cause == host::Cause::request_timeout ? "io timeout" : "io error";
}

}  // namespace

bool KernelLog::port_is_away(host::ControllerId id) const {
  return is_fc() && transport::fc::is_apart(w_, controller(id).forward);
}

/// Nothing is said of attempts while the remote port is away (nvme_fc_create_association).
void KernelLog::tell_fc_attempt(host::ControllerId id) {
  if (port_is_away(id))
    return;
  const host::Controller& c = controller(id);
  const net::Route& route = w_.net.routes[sim::index(c.forward)];
  say(id, fmt::format("NVME-FC{{{}}}: create association : host wwpn {:#018x}  rport wwpn "
                      "{:#018x}: NQN \"{}\"",
                      number_of(c), wwpn_of(route.from), wwpn_of(route.to),
                      host::nqn_of(w_, c.subnqn).view()));
}

/// nvme_fc_reconnect_or_delete, of a port that is there. What follows has a record of its own.
void KernelLog::tell_fc_failure(const Words<Kind::connect_failed>& r) {
  const auto id = r.get<"controller">();
  if (port_is_away(id) || !controller(id).connected_once)
    return;
  const int error = r.get<"error">();
  // A status of the target is printed as it is, an error number with its sign.
  const int told = error == transport::fc::rejected ? -error : signed_error(error);
  say(id, fmt::format("NVME-FC{{{}}}: reset: Reconnect attempt failed ({})",
                      number_of(controller(id)), told));
}

/// The fabric tells the host of a port (nvme_fc_unregister_remoteport,
/// nvme_fc_register_remoteport); only the first fault takes it away, and the last one brings it
/// back.
void KernelLog::tell_remote_port(const Words<Kind::fault>& r) {
  const auto* lost = std::get_if<fault::RemotePortLost>(&w_.fault.faults[r.get<"fault">()].what);
  if (lost == nullptr)
    return;
  const auto& cuts = w_.transport.fc.cut_routes;
  const std::size_t route = sim::index(lost->routes[0]);
  const std::uint32_t others = route < cuts.size() ? cuts[route] : 0;
  if (others != (r.get<"on">() ? 0U : 1U))
    return;
  for (const host::ControllerId id : w_.host.hosts[sim::index(lost->host)].controllers) {
    const host::Controller& c = controller(id);
    if (c.forward != lost->routes[0] || !host::exists(c))
      continue;
    const std::string prefix = fmt::format("NVME-FC{{{}}}: ", number_of(c));
    if (r.get<"on">()) {
      say(id, prefix + "controller connectivity lost. Awaiting Reconnect");
    } else if (c.state == State::connecting) {
      say(id, prefix + "connectivity re-established. Attempting reconnect");
    }
  }
}

void KernelLog::on_fc_timeout(const Words<Kind::request_timeout>& r, const wire::Command& command) {
  const auto id = r.get<"controller">();
  const std::uint16_t qid = r.get<"qid">();
  say(id,
      fmt::format("NVME-FC{{{}.{}}}: io timeout: opcode {} fctype {} ({}) w10/11: x{:08x}/x{:08x}",
                  number_of(controller(id)), qid, command.opcode,
                  command.is_fabrics() ? static_cast<unsigned>(command.fabrics_type()) : 0U,
                  wire::command_name(command, qid), command.cdw10, command.cdw11));
}

void KernelLog::tell_fc_recovery(host::ControllerId id) {
  const Watch& at = watch(id);
  if (at.cause == host::Cause::keep_alive_tag) {
    say(id, "keep-alive failed: -11");
    return;
  }
  if (at.cause >= host::Cause::operator_request && at.cause != host::Cause::suspicion)
    return;
  const std::string prefix = fmt::format("NVME-FC{{{}}}: ", number_of(controller(id)));
  if (policy_of(id).fences()) {
    // The series has one entry for all that goes wrong (nvme_fc_start_ioerr_recovery; H41).
    say(id, prefix + "starting error recovery " + reason_of(at));
    return;
  }
  const bool timeout = at.cause == host::Cause::request_timeout;
  const char* event = timeout ? "io timeout abort failed" : "transport detected io error";
  if (at.disconnected)
    event = disconnect_received;
  say(id, prefix + "transport association event: " + event);
  say(id, prefix + "resetting controller");
}

void KernelLog::tell_fc_fencing(host::ControllerId id) {
  say(id, fmt::format("NVME-FC{{{}}}: starting controller fencing {}", number_of(controller(id)),
                      reason_of(watch(id))));
}

}  // namespace holdfast::analysis::kernel
