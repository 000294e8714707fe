// SPDX-License-Identifier: Apache-2.0
// A timer that is moved far more often than it fires, as one that waits for an acknowledgement is:
// each acknowledgement moves it later. Moving its event along each time would cost more than
// letting the event fire early, once a timeout, and be set again.
#pragma once

#include "sim/calendar.hpp"
#include "sim/check.hpp"
#include "sim/time.hpp"

namespace holdfast::transport {

class LazyTimer {
 public:
  [[nodiscard]] bool is_on() const { return deadline_ != sim::never; }
  /// When it is due; never: it is off.
  [[nodiscard]] sim::TimePoint deadline() const { return deadline_; }

  /// Sets it for `deadline`, which must not lie in the past, whatever it was set for.
  /// `fired(world)` must be an event of the calendar that begins with is_due, and the same each
  /// time.
  template <class World, class Fired>
  void set(World& w, sim::TimePoint deadline, Fired fired) {
    HOLDFAST_CHECK(deadline >= w.now(), "it should have gone off already");
    deadline_ = deadline;
    if (event_at_ != sim::never) {
      if (event_at_ <= deadline)
        return;
      w.calendar.cancel(event_);
    }
    event_at_ = deadline;
    event_ = w.at(deadline, fired);
  }

  /// It does not go off any more until it is set again. Its event may fire for nothing.
  void stop() { deadline_ = sim::never; }

  /// To be asked first by the event. True: the timer is due, and is off from now on. False: it was
  /// stopped, or moved, and then it waits for its deadline.
  template <class World, class Fired>
  [[nodiscard]] bool is_due(World& w, Fired fired) {
    HOLDFAST_CHECK(event_at_ != sim::never && event_at_ <= w.now(),
                   "the timer is asked by an event that is not its own");
    event_at_ = sim::never;
    if (!is_on())
      return false;
    if (deadline_ > w.now()) {
      set(w, deadline_, fired);
      return false;
    }
    stop();
    return true;
  }

  /// All that it is made of: `tell(member...)`.
  template <class Tell>
  void with_members(Tell tell) const {
    tell(deadline_, event_at_, event_);
  }

  /// Takes its event off the calendar: who owns it is going away.
  template <class World>
  void discard(World& w) {
    w.calendar.cancel(event_);
    *this = LazyTimer{};
  }

 private:
  sim::TimePoint deadline_ = sim::never;
  sim::TimePoint event_at_ =
      sim::never;  ///< when its event fires, maybe too early; never: no event
  sim::EventId event_{};
};

}  // namespace holdfast::transport
