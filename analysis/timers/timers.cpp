// SPDX-License-Identifier: Apache-2.0
// From settings to lines; see timers.hpp. Each formula stands in closed_forms.hpp or spans.hpp.
#include "analysis/timers/timers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/timers/internal.hpp"
#include "analysis/timers/spans.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/transport/rdma/rdma.hpp"

namespace holdfast::analysis::timers {

using scenario::Transport;

bool Writer::has(const std::string& name) const {
  return std::any_of(out.lines.begin(), out.lines.end(),
                     [&](const Line& l) { return l.name == name; });
}

const Line& Writer::line(const std::string& name) const {
  HOLDFAST_CHECK(has(name), "a line stands on one that is not there");
  return *std::find_if(out.lines.begin(), out.lines.end(),
                       [&](const Line& l) { return l.name == name; });
}

Interval by_clock(const sim::ClockRate& clock, const Interval& shown) {
  if (clock.is_right())
    return shown;
  const auto takes = [&](Duration d) { return d < Duration{} ? -clock.takes(-d) : clock.takes(d); };
  // Each timer runs between whole nanoseconds of true time, which may add or take one; the shortest
  // of those that are told one after the other is a fraction of a second.
  const Duration rounding{2 + shown.latest / std::chrono::milliseconds{100}};
  return {takes(shown.earliest) - rounding, takes(shown.latest) + rounding};
}

void Writer::add(const std::string& name, const std::string& says, const std::string& after,
                 const Span& span, const std::string& formula, const std::string& source) {
  add_true(name, says, after, by_clock(host_clock, span), formula, source);
}

void Writer::add_true(const std::string& name, const std::string& says, const std::string& after,
                      const Span& span, const std::string& formula, const std::string& source) {
  Line line{name, says, after, span, std::nullopt, formula, source};
  if (after == fault) {
    line.at = span;
  } else if (has(after) && this->line(after).at) {
    line.at = *this->line(after).at + span;
  }
  out.lines.push_back(std::move(line));
}

namespace {

/// An attempt against a path that stays dead: its start, and its end.
void add_attempt(Writer& t, std::int64_t nth, const std::string& before, const Span& wait,
                 const std::string& wait_formula, const Span& takes,
                 const std::string& takes_formula) {
  const std::string name = fmt::format("attempt_{}", nth);
  t.add(name, fmt::format("attempt {} to reconnect", nth), before, wait, wait_formula,
        "5.1, 5.2, nvme_tcp_reconnect_or_remove");
  t.add(name + "_fails", fmt::format("attempt {} fails", nth), name, takes, takes_formula,
        t.rdma() ? "7.2" : "7.1, tcp_syn_retries");
}

/// How long an attempt takes that nobody answers. RDMA asks for an address that it does not know.
Span connect_time(const Writer& t, bool known) {
  const scenario::Fabric& f = t.s.fabric;
  const transport::SynLimits syn = scenario::syn_limits(f, t.host);
  return both(t.out.host_hz, [&](std::uint32_t hz) {
    if (!t.rdma())
      return unanswered_connect(hz, syn.attempts, syn.linear);
    if (!known)
      return timer(hz, rdma::Parameters{}.address_timeout);
    return times(timer(hz, f.cm_timeout), std::int64_t{f.cm_retries} + 1);
  });
}

std::string connect_formula(const Writer& t, bool known) {
  if (!t.rdma())
    return fmt::format("{} SYN without an answer",
                       scenario::syn_limits(t.s.fabric, t.host).attempts);
  return known ? fmt::format("{} x cm_timeout", t.s.fabric.cm_retries + 1)
               : std::string("address resolution: 3 s");
}

void add_reconnect(Writer& t) {
  const Span wait =
      both(t.out.host_hz, [&](std::uint32_t hz) { return timer(hz, t.connect.reconnect_delay); });
  // An admin queue that is closed already, or never took a command, needs no quiescing.
  const auto& policy = t.host.policy;
  const bool closed = policy.closes_first || policy.waits == host::RecoveryPolicy::Waits::resetting;
  const Span quiesce = both(t.out.host_hz, [&](std::uint32_t hz) {
    return t.rdma() && !closed ? grace_period(hz) : exactly({});
  });
  if (t.connect.fast_io_fail_tmo >= Duration{}) {
    const Span fails = both(
        t.out.host_hz, [&](std::uint32_t hz) { return timer(hz, t.connect.fast_io_fail_tmo); });
    t.add("queued_io_fails", "I/O without a path fails instead of waiting", "released",
          quiesce + fails, "fast_io_fail_tmo", "5.1, nvme_failfast_work");
  }
  const Duration delay = t.connect.reconnect_delay;
  const std::int64_t most =
      t.connect.ctrl_loss_tmo < Duration{} ? -1 : max_reconnects(t.connect.ctrl_loss_tmo, delay);
  const bool known = t.s.fabric.neighbours != transport::Neighbours::asked;
  const bool again = t.s.fabric.neighbours == transport::Neighbours::permanent;
  const Span takes = connect_time(t, known);
  const Span takes_again = connect_time(t, again);
  const std::string first = connect_formula(t, known);
  const std::string later = connect_formula(t, again);
  if (most != 0)
    add_attempt(t, 1, "released", quiesce + wait, "reconnect_delay", takes, first);
  if (most < 0 || most > 1)
    add_attempt(t, 2, "attempt_1_fails", wait, "reconnect_delay", takes_again, later);
  if (most > 2) {
    const Span cadence = wait + takes_again;
    add_attempt(t, most, "attempt_2",
                {times(cadence.exact, most - 2), times(cadence.ticks, most - 2)},
                fmt::format("{} x (reconnect_delay + attempt)", most - 2), takes_again, later);
  }
  if (most >= 0) {
    const std::string last = most == 0 ? "released" : fmt::format("attempt_{}_fails", most);
    t.add("controller_removed", "the host gives the controller up", last,
          most == 0 ? quiesce : Span{},
          fmt::format("after {} attempts: ctrl_loss_tmo / reconnect_delay, rounded up", most),
          "5.2, nvmf_should_reconnect");
  }
}

}  // namespace

void write_lines(Writer& t) {
  add_detection(t);
  add_target(t);
  add_release(t);
  // A Cross-Controller Reset that succeeds has stopped the controller by itself.
  const Span& stopped = *t.line("target_stopped").at;
  const Span& released = *t.line(t.has("ccr_deadline") ? "without_ccr" : "released").at;
  t.out.margin = {{released.exact.earliest - stopped.exact.latest,
                   released.exact.latest - stopped.exact.earliest},
                  {released.ticks.earliest - stopped.ticks.latest,
                   released.ticks.latest - stopped.ticks.earliest}};
  if (!t.fc())
    add_reconnect(t);
}

}  // namespace holdfast::analysis::timers
