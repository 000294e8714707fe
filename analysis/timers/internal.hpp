// SPDX-License-Identifier: Apache-2.0
// What the writers of a timeline share: the settings of one connection, and the lines so far.
#pragma once

#include <string>

#include "analysis/timers/spans.hpp"
#include "analysis/timers/timers.hpp"
#include "sim/calendar/machine.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::timers {

/// The same form for exact timers and for ticks.
template <class Form>
Span both(std::uint32_t hz, Form form) {
  return {form(0u), form(hz)};
}

inline Span operator+(const Span& a, const Span& b) {
  return {a.exact + b.exact, a.ticks + b.ticks};
}

/// What passes while a machine's clock goes that far.
Interval by_clock(const sim::ClockRate& clock, const Interval& shown);
inline Span by_clock(const sim::ClockRate& clock, const Span& shown) {
  return {by_clock(clock, shown.exact), by_clock(clock, shown.ticks)};
}

/// One connection of a host, and its timeline as far as it is written. Spans are those of the
/// host's clock until they become lines.
struct Writer {
  const scenario::Scenario& s;
  const scenario::Host& host;
  const scenario::Connect& connect;
  const scenario::Subsystem& sub;
  KeepAlive mode{};
  bool has_load = false;  ///< the host may have I/O out
  int sources = 0;        ///< other controllers of the host that may be asked for a reset
  Duration round_trip{};  ///< at most, of a Keep Alive on the idle path
  Span keep_alive_age{};  ///< from its submission to the start of recovery
  Span noticed{};         ///< from the fault to the start of recovery
  sim::ClockRate host_clock{};
  sim::ClockRate target_clock{};
  Timeline out{};

  /// A line that counts from `after`: the fault, a line that is there, or other words. `span` is by
  /// the host's clock.
  void add(const std::string& name, const std::string& says, const std::string& after,
           const Span& span, const std::string& formula, const std::string& source);
  /// One whose span is by no clock that is wrong.
  void add_true(const std::string& name, const std::string& says, const std::string& after,
                const Span& span, const std::string& formula, const std::string& source);
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] const Line& line(const std::string& name) const;

  [[nodiscard]] bool tbkas() const { return mode == KeepAlive::traffic_based; }
  [[nodiscard]] bool rdma() const { return out.transport == scenario::Transport::rdma; }
  [[nodiscard]] bool fc() const { return out.transport == scenario::Transport::fc; }
  [[nodiscard]] Duration kato() const;
  [[nodiscard]] Duration katt() const;
  [[nodiscard]] Duration look() const;
  [[nodiscard]] Duration io_timeout() const;
};

/// Who looks, and who notices.
void add_detection(Writer& t);
void add_target(Writer& t);
/// What follows from the policy: how long requests are held.
void add_release(Writer& t);
/// All of it.
void write_lines(Writer& t);

}  // namespace holdfast::analysis::timers
