// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvme-fc, as far as its words are known (protocol.md 11, H38).
#include "analysis/traces/kernel_log.hpp"
#include "models/host/internal.hpp"

namespace holdfast::analysis::kernel {

bool is_disconnect(const sim::Record& r) {
  return static_cast<Kind>(r.kind) == Kind::iu_received &&
         static_cast<transport::fc::Iu>(r.word[2]) == transport::fc::Iu::ls_request;
}

namespace {

/// "nvme3" -> 3: the driver counts controllers of its own (cnum), from 0 as well.
std::string number_of(const host::Controller& c) { return c.name.substr(4); }

}  // namespace

void KernelLog::on_fc_timeout(const sim::Record& r, const wire::Command& command) {
  const std::uint64_t qid = r.word[1];
  say(r.word[0],
      fmt::format("NVME-FC{{{}.{}}}: io timeout: opcode {} fctype {} ({}) w10/11: x{:08x}/x{:08x}",
                  number_of(controller(r.word[0])), qid, command.opcode,
                  command.is_fabrics() ? static_cast<unsigned>(command.fabrics_type()) : 0U,
                  wire::command_name(command, static_cast<std::uint16_t>(qid)), command.cdw10,
                  command.cdw11));
}

void KernelLog::tell_fc_recovery(std::uint64_t id) {
  const Watch& watch = watches_[id];
  if (watch.cause == cause_keep_alive_tag) {
    say(id, "keep-alive failed: -11");
    return;
  }
  if (watch.cause >= cause_operator)
    return;
  const bool timeout = watch.cause == static_cast<std::uint64_t>(host::Cause::request_timeout);
  const char* event = timeout ? "io timeout abort failed" : "transport detected io error";
  if (watch.disconnected)
    event = "Disconnect Association LS received";
  const std::string prefix = fmt::format("NVME-FC{{{}}}: ", number_of(controller(id)));
  say(id, prefix + "transport association event: " + event);
  say(id, prefix + "resetting controller");
}

}  // namespace holdfast::analysis::kernel
