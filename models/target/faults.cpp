// SPDX-License-Identifier: Apache-2.0
// Faults that answer a command with a status instead of executing it.
#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

void add_status_fault(World& w, SubsystemId subsystem, const StatusFault& fault) {
  HOLDFAST_CHECK(!fault.status.ok(), "a fault that answers with success is none");
  w.target.subsystems[sim::index(subsystem)].status_faults.push_back(fault);
}

wire::Status forced_status(World& w, const Controller& c, bool admin, const wire::Command& command,
                           std::uint64_t token) {
  for (StatusFault& f : w.target.subsystems[sim::index(c.subsystem)].status_faults) {
    if (f.cntlid != c.cntlid || f.admin != admin || f.opcode != command.opcode ||
        (!f.endless && f.remaining == 0))
      continue;
    if (!f.endless)
      --f.remaining;
    record<Kind::status_forced>(w, c.subsystem, c.cntlid, Token{token}, f.status);
    return f.status;
  }
  return {};
}

}  // namespace holdfast::target
