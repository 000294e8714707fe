// SPDX-License-Identifier: Apache-2.0
// The importance that is built in; see importance.hpp.
#include "analysis/rare/importance.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/closed_forms.hpp"
#include "models/oracle/kinds.hpp"
#include "models/target/target.hpp"

namespace holdfast::analysis::rare {

namespace {

using oracle::Attempt;
using sim::Duration;
using sim::TimePoint;

const host::Host& host_of(const World& w, const host::Controller& c) {
  return w.host.hosts[sim::index(c.host)];
}

/// The hold that a policy keeps, counted from the start of recovery.
Duration hold_of(const World& w, const host::Controller& c) {
  const host::RecoveryPolicy& policy = host_of(w, c).policy;
  if (policy.hold == host::RecoveryPolicy::Hold::none)
    return Duration{};
  const double m = policy.hold_multiplier != 0.0 ? policy.hold_multiplier : c.traffic_based ? 3 : 2;
  return Duration{std::llround(m * static_cast<double>(c.kato.count()))} +
         std::chrono::milliseconds{c.cqt_ms};
}

/// When the host notices, if the path is silent from now on: the first of its timeouts that is
/// pending, and at the latest that of a Keep Alive which goes out at a look.
TimePoint detection_of(const World& w, const host::Controller& c, TimePoint end) {
  TimePoint first = end;
  if (c.kato != Duration{}) {
    const auto mode = c.traffic_based ? KeepAlive::traffic_based : KeepAlive::command_based;
    first =
        std::min(first, std::max(c.last_check, c.created) + 2 * look_period(mode, c.kato) + c.kato);
  }
  for (const host::RequestTimer& timer : c.timers) {
    if (timer.at != sim::never)
      first = std::min(first, timer.at);
  }
  return std::max(first, w.now());
}

/// When a retry of the attempt may be sent.
TimePoint release_of(const World& w, const Attempt& a, TimePoint end) {
  if (a.released != sim::never)
    return a.released;
  const auto place = sim::index(a.controller);
  const host::Controller& c = w.host.controllers[place];
  if (place < w.recovery.watches.size()) {
    const std::uint32_t open = w.recovery.watches[place].open;
    if (open < w.recovery.recoveries.size()) {
      const oracle::Recovery& r = w.recovery.recoveries[open];
      if (r.released != sim::never)
        return std::min(r.released, w.now());
      return r.hold_until != sim::never ? std::max(r.hold_until, w.now()) : w.now();
    }
  }
  return detection_of(w, c, end) + hold_of(w, c);
}

/// Nothing of its controller can land by then.
bool is_stopped_by(const World& w, const Attempt& a, TimePoint release) {
  if (!a.fetched || a.detached)
    return false;
  const transport::PortId port = w.host.controllers[sim::index(a.controller)].port;
  for (std::uint32_t i = 0; i < w.target.subsystems.size(); ++i) {
    const auto& ports = w.target.subsystems[i].ports;
    if (std::find(ports.begin(), ports.end(), port) == ports.end())
      continue;
    const auto id = target::find_controller(w, target::SubsystemId{i}, a.target_cntlid);
    if (id == sim::none<target::ControllerId>)
      return false;
    const target::Controller& c = w.target.controllers[id];
    return c.fatal && c.quiesced_at != sim::never && c.quiesced_at <= release;
  }
  return false;
}

/// Calls `tell(WriteOut)` for each write that is a danger.
template <class Tell>
void for_each_write_out(const World& w, TimePoint end, bool late_delivery, Tell tell) {
  for (const Attempt& a : w.oracle.attempts) {
    if (a.fate != oracle::Fate::open || (!a.fetched && !late_delivery) ||
        !oracle::changes_something(w.oracle.operations[serial_of(a.token) - 1]))
      continue;
    const TimePoint release = std::max(release_of(w, a, end), a.sent + Duration{1});
    if (release > w.now() && is_stopped_by(w, a, release))
      continue;
    tell(WriteOut{a.sent, release});
  }
}

}  // namespace

std::vector<WriteOut> writes_out(const World& w, TimePoint end, bool late_delivery) {
  std::vector<WriteOut> all;
  for_each_write_out(w, end, late_delivery, [&](const WriteOut& one) { all.push_back(one); });
  return all;
}

Reading age_against_release(const World& w, double level, TimePoint end, bool late_delivery) {
  Reading out;
  for_each_write_out(w, end, late_delivery, [&](const WriteOut& a) {
    const auto whole = static_cast<double>((a.release - a.sent).count());
    const double value = std::min(1.0, static_cast<double>((w.now() - a.sent).count()) / whole);
    if (value > out.value) {
      out.value = value;
      out.per_ns = value < 1.0 ? 1.0 / whole : 0.0;
    }
    if (level > 1.0)
      return;
    const TimePoint at = a.sent + Duration{static_cast<std::int64_t>(std::ceil(level * whole))};
    if (at > w.now() && (out.at_level == sim::never || at < out.at_level))
      out.at_level = at;
  });
  return out;
}

}  // namespace holdfast::analysis::rare
