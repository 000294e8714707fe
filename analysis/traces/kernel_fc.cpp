// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvme-fc, as far as its words are known (protocol.md 11, H38 and H41).
#include "analysis/traces/kernel_log.hpp"
#include "models/host/internal.hpp"

namespace holdfast::analysis::kernel {

bool is_disconnect(const sim::Record& r) {
  return Kind{r.kind} == Kind::iu_received &&
         Words<Kind::iu_received>(r).get<"iu">() == transport::fc::Iu::ls_request;
}

namespace {

/// "nvme3" -> 3: the driver counts controllers of its own (cnum), from 0 as well.
std::string number_of(const host::Controller& c) { return c.name.substr(4); }

constexpr const char* disconnect_received = "Disconnect Association LS received";

/// What the series gives as the reason of a recovery.
const char* reason_of(const Watch& at) {
  if (at.disconnected)
    return disconnect_received;
  return at.cause == host::Cause::request_timeout ? "io timeout" : "io error";
}

}  // namespace

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
  if (at.cause >= host::Cause::operator_request)
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
