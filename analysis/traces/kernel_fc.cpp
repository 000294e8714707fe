// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvme-fc, as far as its words are known (protocol.md 11, H38).
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
  const bool timeout = at.cause == host::Cause::request_timeout;
  const char* event = timeout ? "io timeout abort failed" : "transport detected io error";
  if (at.disconnected)
    event = "Disconnect Association LS received";
  const std::string prefix = fmt::format("NVME-FC{{{}}}: ", number_of(controller(id)));
  say(id, prefix + "transport association event: " + event);
  say(id, prefix + "resetting controller");
}

}  // namespace holdfast::analysis::kernel
