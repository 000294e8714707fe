// SPDX-License-Identifier: Apache-2.0
// Events as SimGrid timers: handing over, firing in integer order, checking, withdrawing.
#include "sim/simgrid/carrier.hpp"

#include "sim/simgrid/api.hpp"

#include "sim/simgrid/engine.hpp"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u/Engine.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace holdfast::simgrid {
namespace {

using ::simgrid::kernel::timer::Timer;

constexpr std::uint32_t no_ticket = std::numeric_limits<std::uint32_t>::max();
constexpr double seconds_per_nanosecond = 1e-9;
// EngineImpl::solve advances the clock by a difference, which costs one unit in the last place.
constexpr double clock_tolerance = 4 * std::numeric_limits<double>::epsilon();

}  // namespace

// Marks the carrier as running and, however the run ends, takes back what SimGrid still holds.
class SimGridCarrier::Run {
 public:
  explicit Run(SimGridCarrier& carrier) : carrier_(carrier) { carrier_.running_ = true; }
  ~Run() {
    carrier_.withdraw_all();
    carrier_.running_ = false;
    carrier_.stopping_ = false;
  }
  Run(const Run&) = delete;
  Run(Run&&) = delete;
  Run& operator=(const Run&) = delete;
  Run& operator=(Run&&) = delete;

 private:
  SimGridCarrier& carrier_;
};

SimGridCarrier::SimGridCarrier(sim::FireFunction fire, void* context)
    : fire_(fire), context_(context) {
  if (fire == nullptr) {
    throw std::invalid_argument("a carrier needs a function to fire");
  }
}

void SimGridCarrier::schedule(std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) {
  if (time_ns < last_fired_ns_) {
    throw std::invalid_argument("event scheduled at " + std::to_string(time_ns) +
                                " ns, before the present " + std::to_string(last_fired_ns_) +
                                " ns");
  }
  if (sequence < next_sequence_) {
    throw std::invalid_argument("event sequence " + std::to_string(sequence) +
                                " does not increase");
  }
  const auto event =
      pending_.emplace_hint(pending_.end(), Key{time_ns, sequence}, Event{slot, no_ticket});
  next_sequence_ = sequence + 1;
  if (running_ && !stopping_ && time_ns <= end_ns_) {
    hand_over(event);
  }
}

void SimGridCarrier::cancel(std::int64_t time_ns, std::uint64_t sequence) {
  const auto event = pending_.find(Key{time_ns, sequence});
  if (event == pending_.end()) {
    throw std::invalid_argument("no event " + std::to_string(sequence) + " is pending at " +
                                std::to_string(time_ns) + " ns");
  }
  withdraw(event->second);
  pending_.erase(event);
}

bool SimGridCarrier::run_until(std::int64_t end_ns) {
  const EngineAccess access;
  if (running_) {
    throw std::logic_error("run_until called from inside an event");
  }
  // The clock went on since our last run if somebody else ran in between; dates in the past would
  // make EngineImpl::solve abort the process.
  start_clock_s_ = ::simgrid::s4u::Engine::get_clock();
  base_s_ = start_clock_s_ - static_cast<double>(last_fired_ns_) * seconds_per_nanosecond;
  end_ns_ = end_ns;
  bool stopped = false;
  {
    const Run run(*this);
    for (auto event = pending_.begin(); event != pending_.end() && event->first.time_ns <= end_ns;
         ++event) {
      hand_over(event);
    }
    // Not Engine::run_until: that one takes the last 10 microseconds before its end as reached.
    access.run();
    stopped = stopping_;
  }
  if (error_) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
  if (!stopped && !pending_.empty() && pending_.begin()->first.time_ns <= end_ns) {
    throw CarrierError("SimGrid ended before the event at " +
                       std::to_string(pending_.begin()->first.time_ns) + " ns");
  }
  return !stopped;
}

// Both steps are monotone in time_ns, so no two times ever swap; they may share a double, or, after
// the rounding of base_s_, the clock at the start.
double SimGridCarrier::date_of(std::int64_t time_ns) const noexcept {
  return std::max(start_clock_s_, base_s_ + static_cast<double>(time_ns) * seconds_per_nanosecond);
}

void SimGridCarrier::hand_over(Pending::iterator event) {
  std::uint32_t ticket = 0;
  if (free_tickets_.empty()) {
    ticket = static_cast<std::uint32_t>(tickets_.size());
    tickets_.push_back({nullptr, event});
    free_tickets_.reserve(tickets_.capacity());  // so that giving a ticket back cannot throw
  } else {
    ticket = free_tickets_.back();
    free_tickets_.pop_back();
    tickets_[ticket].owner = event;
  }
  tickets_[ticket].timer =
      Timer::set(date_of(event->first.time_ns), [this, ticket] { due(ticket); });
  event->second.ticket = ticket;
}

// Called by Timer::execute_all, which holds the timer only by a local pointer: an exception that
// passed through would lose it and leave the main loop half done.
void SimGridCarrier::due(std::uint32_t ticket) noexcept {
  const auto claimed = tickets_[ticket].owner;
  claimed->second.ticket = no_ticket;
  free_tickets_.push_back(ticket);
  try {
    fire_next(claimed);
  } catch (...) {
    error_ = std::current_exception();
    stopping_ = true;
  }
  if (stopping_) {
    withdraw_all();  // without timers SimGrid's main loop comes back
  }
}

void SimGridCarrier::fire_next(Pending::iterator claimed) {
  const auto next = pending_.begin();
  check_order(claimed->first.time_ns, next->first.time_ns);
  if (next != claimed) {
    // Of several timers with one date SimGrid fires any first: the event that it named inherits
    // the timer of the event that goes before it.
    const std::uint32_t inherited = std::exchange(next->second.ticket, no_ticket);
    claimed->second.ticket = inherited;
    tickets_[inherited].owner = claimed;
  }
  const Key key = next->first;
  const std::uint32_t slot = next->second.slot;
  pending_.erase(next);
  last_fired_ns_ = key.time_ns;
  fire_(context_, key.time_ns, key.sequence, slot);
}

void SimGridCarrier::check_order(std::int64_t claimed_ns, std::int64_t next_ns) const {
  const double date = date_of(claimed_ns);
  if (date_of(next_ns) != date) {
    throw CarrierError("SimGrid fired the event at " + std::to_string(claimed_ns) +
                       " ns before the one at " + std::to_string(next_ns) + " ns");
  }
  const double clock = ::simgrid::s4u::Engine::get_clock();
  if (clock < date || clock - date > clock_tolerance * std::max(1.0, clock)) {
    throw CarrierError("SimGrid fired the event due at " + std::to_string(date) +
                       " s when its clock was at " + std::to_string(clock) + " s");
  }
}

void SimGridCarrier::withdraw(Event& event) noexcept {
  if (event.ticket == no_ticket) {
    return;
  }
  tickets_[event.ticket].timer->remove();
  free_tickets_.push_back(event.ticket);
  event.ticket = no_ticket;
}

void SimGridCarrier::withdraw_all() noexcept {
  if (free_tickets_.size() == tickets_.size()) {
    return;
  }
  for (auto& [key, event] : pending_) {
    if (key.time_ns > end_ns_) {
      break;
    }
    withdraw(event);
  }
}

}  // namespace holdfast::simgrid
