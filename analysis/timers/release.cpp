// SPDX-License-Identifier: Apache-2.0
// How long requests are held, by policy: from the start of recovery to the instant at which they
// may be sent elsewhere (models/host/hold.cpp, recovery.cpp, ccr.cpp).
#include <fmt/format.h>

#include <cmath>

#include "analysis/timers/internal.hpp"
#include "analysis/timers/spans.hpp"

namespace holdfast::analysis::timers {

namespace {

using Policy = host::RecoveryPolicy;

/// m x KATO or m x KATT, and how it is written.
struct Wait {
  Duration time{};
  std::string formula;
};

Wait timeouts(const Writer& t) {
  const Policy& p = t.host.policy;
  const Duration one = p.holds_katt ? t.katt() : t.kato();
  const char* name = p.holds_katt ? "KATT" : "KATO";
  if (p.hold_multiplier == 0.0) {
    const std::int64_t m = hold_multiplier(t.mode);
    return {hold_time(t.mode, one, Duration{}), fmt::format("{} x {}", m, name)};
  }
  const double ns = p.hold_multiplier * static_cast<double>(one.count());
  return {Duration{std::llround(ns)}, fmt::format("{} x {}", p.hold_multiplier, name)};
}

/// A hold of `time` that counts from the start of recovery, or from the last submission before it.
Interval counted(const Writer& t, const Interval& age, Duration time, Duration cqt) {
  if (t.host.policy.hold_from == Policy::HoldFrom::recovery_start)
    return exactly(time + cqt);
  return {std::max(time - age.latest, Duration{}) + cqt, time + cqt};
}

/// The timer of a hold that is that long.
Interval run_out(std::uint32_t hz, const Interval& hold) {
  return {timer(hz, hold.earliest).earliest, timer(hz, hold.latest).latest};
}

Duration cqt_to_hold(const Writer& t) {
  return t.sub.attr_cqt != Duration{} ? t.sub.attr_cqt : t.host.policy.cqt_when_zero;
}

bool holds(const Writer& t) {
  const Policy& p = t.host.policy;
  const bool nowhere = p.waits == Policy::Waits::nowhere;
  const bool cqt = t.sub.attr_cqt != Duration{} || p.cqt_zero == Policy::CqtZero::hold;
  return !nowhere && p.hold == Policy::Hold::kato_plus_cqt && cqt;
}

/// One Cross-Controller Reset that begins right before the deadline of them all.
Duration longest_attempt(const Writer& t) {
  const Policy& p = t.host.policy;
  Duration wait = t.kato();
  if (p.ccr_wait == Policy::CcrWait::longer_of_cqt_and_kato)
    wait = std::max(wait, t.sub.attr_cqt);
  return (p.ccr_wait_bounded ? Duration{} : wait) +
         (p.ccr_command_bounded ? Duration{} : t.host.longest_admin_timeout());
}

/// A recovery that need not begin with the time-out of a Keep Alive, or I/O that need not wait for
/// its end: out of RESETTING each request is completed by its own time-out (protocol.md 1.7).
bool may_pass_by_keep_alive(const Writer& t, const Span& again) {
  if (t.rdma() && !t.s.fabric.retries_for_ever)
    return true;
  return t.has_load && t.io_timeout() <= t.noticed.ticks.latest + again.ticks.latest;
}

}  // namespace

void add_release(Writer& t) {
  const Policy& p = t.host.policy;
  const Wait wait = timeouts(t);
  const bool asks = p.fences() && p.ccr && t.sources > 0 && t.sub.ccrl > 0;
  const auto age = [&](std::uint32_t hz) {
    return hz == 0 ? t.keep_alive_age.exact : t.keep_alive_age.ticks;
  };
  Span held{};
  std::string formula = "nothing is held";
  if (holds(t)) {
    held = both(t.out.host_hz, [&](std::uint32_t hz) {
      return run_out(hz, counted(t, age(hz), wait.time, cqt_to_hold(t)));
    });
    const bool from_start = p.hold_from == Policy::HoldFrom::recovery_start;
    formula = wait.formula + " + CQT" + (from_start ? "" : ", from the last submission");
    t.add("hold_ends", "the time-based hold is over", "host_detects", held, formula,
          from_start ? "2.2, 1.6" : "2.6, Base 2.1 9.6.2");
    formula = "when the hold is over";
  }
  Span released = held;
  std::string source = "2.2, 4.6, nvme_cancel_tagset";
  if (asks) {
    const Duration cqt = p.ccr_deadline_has_cqt ? t.sub.attr_cqt : Duration{};
    const Span deadline = both(t.out.host_hz, [&](std::uint32_t hz) {
      const Interval all = counted(t, age(hz), wait.time, cqt);
      return last_of(run_out(hz, {all.earliest, all.latest + longest_attempt(t)}), Interval{});
    });
    t.add("ccr_deadline", "no further Cross-Controller Reset is waited for", "host_detects",
          deadline,
          wait.formula + (p.ccr_deadline_has_cqt ? " + CQT" : "") + ", and an attempt that is on",
          "2.3, 3.12, nvme_issue_wait_ccr");
    const Interval none{};
    released = {last_of(held.exact, {none.earliest, deadline.exact.latest}),
                last_of(held.ticks, {none.earliest, deadline.ticks.latest})};
    t.add("without_ccr", "the release if no reset succeeds", "host_detects", released,
          "when nobody is left to ask and the hold is over", "2.3, 3.12, nvme_fence_ctrl");
    released.exact.earliest = released.ticks.earliest = Duration{};
    formula = "at once by CCR, at the latest when its deadline and the hold are over";
    source += "; 3.12";
  }
  if (t.host.keep_alive_waits && !t.fc()) {
    const Span again =
        both(t.out.host_hz, [&](std::uint32_t hz) { return request_timeout(hz, t.kato()); });
    // It was set again when it timed out, and again in each KATO of the hold.
    const bool at_once = holds(t) || may_pass_by_keep_alive(t, again);
    const auto waits = [&](const Interval& whole) {
      return Interval{at_once ? Duration{} : whole.earliest, whole.latest};
    };
    released.exact = released.exact + waits(again.exact);
    released.ticks = released.ticks + waits(again.ticks);
    formula += ", and the Keep Alive has timed out again";
    source += "; 1.7 L6.1";
  }
  if (t.rdma() || t.fc())
    released.ticks = released.ticks + grace_period(t.out.host_hz);
  t.add("released", "requests are cancelled and may be sent elsewhere", "host_detects", released,
        formula, source);
}

}  // namespace holdfast::analysis::timers
