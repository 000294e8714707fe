// SPDX-License-Identifier: Apache-2.0
// The kernel log of nvmet.
#include "analysis/traces/kernel_log.hpp"
#include "models/target/target.hpp"

namespace holdfast::analysis::kernel {

using std::chrono::seconds;

const target::Controller& KernelLog::found(target::SubsystemId subsystem,
                                           std::uint16_t cntlid) const {
  return w_.target.controllers[target::find_controller(w_, subsystem, cntlid)];
}

void KernelLog::on_created(const Words<Kind::controller_created>& r) {
  const auto subsystem = r.get<"subsystem">();
  const auto cntlid = r.get<"cntlid">();
  if (r.get<"kato_ns">() != sim::Duration{}) {
    say_target(subsystem, fmt::format("ctrl {} start keep-alive timer for {} secs", cntlid,
                                      r.get<"kato_ns">() / seconds{1}));
  }
  const target::Subsystem& s = w_.target.subsystems[sim::index(subsystem)];
  // The words of 6.12, and of the kernels that the series is posted for.
  const bool posted = s.profile->ccrl != 0 || s.profile->cqt_ms != 0;
  say_target(
      subsystem,
      fmt::format("{} {} controller {} for subsystem {} for NQN {}.",
                  posted ? "Created" : "creating", s.discovery ? "discovery" : "nvm", cntlid,
                  w_.target.nqns[sim::index(subsystem)], found(subsystem, cntlid).hostnqn.view()));
}

void KernelLog::on_target(const sim::Record& r) {
  const auto say_of = [this](const auto& words, const std::string& text) {
    say_target(words.template get<"subsystem">(),
               fmt::format("ctrl {} {}", words.template get<"cntlid">(), text));
  };
  switch (Kind{r.kind}) {
    case Kind::controller_created:
      on_created(Words<Kind::controller_created>(r));
      return;
    case Kind::keep_alive_window:
      say_of(Words<Kind::keep_alive_window>(r), "reschedule traffic based keep-alive timer");
      return;
    case Kind::keep_alive_expired: {
      const Words<Kind::keep_alive_expired> words(r);
      const auto katt = found(words.get<"subsystem">(), words.get<"cntlid">()).katt;
      say_of(words, fmt::format("keep-alive timer ({} seconds) expired!", katt / seconds{1}));
      return;
    }
    case Kind::controller_fatal:
      say_of(Words<Kind::controller_fatal>(r), "fatal error occurred!");
      return;
    case Kind::controller_freed:
      say_of(Words<Kind::controller_freed>(r), "stop keep-alive");
      return;
    default:
      return;
  }
}

}  // namespace holdfast::analysis::kernel
