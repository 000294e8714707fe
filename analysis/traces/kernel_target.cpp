// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvmet.
#include "analysis/traces/kernel_log.hpp"
#include "models/target/target.hpp"

namespace holdfast::analysis::kernel {

using std::chrono::seconds;

void KernelLog::on_target(const sim::Record& r) {
  const std::uint64_t subsystem = r.word[0];
  const std::uint64_t cntlid = r.word[1];
  const auto found = [&]() -> const target::Controller& {
    const target::SubsystemId sid{static_cast<std::uint32_t>(subsystem)};
    return w_.target
        .controllers[target::find_controller(w_, sid, static_cast<std::uint16_t>(cntlid))];
  };
  switch (static_cast<Kind>(r.kind)) {
    case Kind::controller_created:
      if (r.word[3] != 0) {
        say_target(subsystem, fmt::format("ctrl {} start keep-alive timer for {} secs", cntlid,
                                          r.word[3] / 1'000'000'000));
      }
      say_target(subsystem,
                 fmt::format("Created {} controller {} for subsystem {} for NQN {}.",
                             w_.target.subsystems[subsystem].discovery ? "discovery" : "nvm",
                             cntlid, w_.target.subsystems[subsystem].nqn, found().hostnqn.view()));
      return;
    case Kind::keep_alive_window:
      say_target(subsystem,
                 fmt::format("ctrl {} reschedule traffic based keep-alive timer", cntlid));
      return;
    case Kind::keep_alive_expired:
      say_target(subsystem, fmt::format("ctrl {} keep-alive timer ({} seconds) expired!", cntlid,
                                        found().katt / seconds{1}));
      return;
    case Kind::controller_fatal:
      say_target(subsystem, fmt::format("ctrl {} fatal error occurred!", cntlid));
      return;
    case Kind::controller_freed:
      say_target(subsystem, fmt::format("ctrl {} stop keep-alive", cntlid));
      return;
    default:
      return;
  }
}

}  // namespace holdfast::analysis::kernel
