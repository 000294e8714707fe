// SPDX-License-Identifier: Apache-2.0
// The SimGrid kernel: a carrier that makes every event of a calendar one SimGrid timer.
#pragma once

#include "sim/carrier.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <stdexcept>
#include <vector>

namespace simgrid::kernel::timer {
class Timer;
}  // namespace simgrid::kernel::timer

namespace holdfast::simgrid {

/// SimGrid and the integer calendar disagree: it fired dates in another order, at another clock,
/// or not at all. Never expected; a run that throws it proves nothing.
class CarrierError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Carries the events of one calendar on SimGrid's clock.
///
/// SimGrid decides which date is next; the order among equal dates, which SimGrid does not
/// promise, is decided here by sequence. Dates are doubles in seconds over there: two integer times
/// that round to one double still fire in their integer order, so the order is right for any
/// time, and whenever SimGrid's order contradicts the integers the run fails with CarrierError.
///
/// Only while run_until is running do timers exist in SimGrid, and only those of events within
/// its end. Hence several carriers can live in one process and take turns, an event beyond the end
/// is simply kept for a later run_until, and a destroyed carrier leaves nothing behind. SimGrid's
/// clock cannot be reset: each run_until maps the last fired time to the clock as it finds it.
///
/// Not thread-safe by itself. While run_until runs it holds the engine, and other threads that
/// ask SimGrid for anything (routes, say) wait.
class SimGridCarrier final : public sim::Carrier {
 public:
  /// `fire` must not be null; it is called with `context` for each event due, and may throw.
  SimGridCarrier(sim::FireFunction fire, void* context);
  ~SimGridCarrier() override = default;
  SimGridCarrier(const SimGridCarrier&) = delete;
  SimGridCarrier(SimGridCarrier&&) = delete;
  SimGridCarrier& operator=(const SimGridCarrier&) = delete;
  SimGridCarrier& operator=(SimGridCarrier&&) = delete;

  /// Throws std::invalid_argument when `time_ns` is before the last fired time (0 at first) or
  /// `sequence` does not increase.
  void schedule(std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) override;

  /// Throws std::invalid_argument when no such event is pending.
  void cancel(std::int64_t time_ns, std::uint64_t sequence) override;

  /// Runs SimGrid until every event with time <= `end_ns` is fired, including those that events
  /// schedule meanwhile. Returns true then, false after stop(). May be called again. What an event
  /// throws ends the run and is thrown from here, never through SimGrid; the events left stay
  /// pending. Throws std::logic_error when called from inside an event, CarrierError as above.
  bool run_until(std::int64_t end_ns);

  /// From inside an event: no further event fires in this run_until. Without effect otherwise.
  void stop() noexcept { stopping_ = running_; }

  /// Whether an event is due at or before `limit_ns`.
  [[nodiscard]] bool is_due(std::int64_t limit_ns) const noexcept {
    return !pending_.empty() && pending_.begin()->first.time_ns <= limit_ns;
  }

  /// Events not fired and not cancelled yet.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }

 private:
  struct Key {
    std::int64_t time_ns;
    std::uint64_t sequence;
    friend bool operator<(const Key& a, const Key& b) noexcept {
      return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.sequence < b.sequence;
    }
  };
  struct Event {
    std::uint32_t slot;
    std::uint32_t ticket;  // index into tickets_, or no_ticket while SimGrid has no timer for it
  };
  using Pending = std::map<Key, Event>;
  // A timer that SimGrid holds for us, and the event that it currently stands for. Timers of equal
  // date are interchangeable, so they change owner when SimGrid fires them out of sequence.
  struct Ticket {
    ::simgrid::kernel::timer::Timer* timer;
    Pending::iterator owner;
  };
  class Run;

  [[nodiscard]] double date_of(std::int64_t time_ns) const noexcept;
  void hand_over(Pending::iterator event);
  void due(std::uint32_t ticket) noexcept;
  void fire_next(Pending::iterator claimed);
  void check_order(std::int64_t claimed_ns, std::int64_t next_ns) const;
  void withdraw(Event& event) noexcept;
  void withdraw_all() noexcept;

  sim::FireFunction fire_;
  void* context_;
  // An ordered tree on purpose: nothing in common with the heap that this carrier vouches for.
  Pending pending_;
  std::vector<Ticket> tickets_;
  std::vector<std::uint32_t> free_tickets_;
  std::exception_ptr error_;
  std::int64_t last_fired_ns_ = 0;  // 0 before the first
  std::int64_t end_ns_ = 0;
  std::uint64_t next_sequence_ = 0;  // the smallest sequence that schedule accepts
  double start_clock_s_ = 0.0;
  double base_s_ = 0.0;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace holdfast::simgrid
