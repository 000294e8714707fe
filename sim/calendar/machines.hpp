// SPDX-License-Identifier: Apache-2.0
// Machines that stand still, and whose clocks are not right. Part of sim/calendar.hpp, which
// includes it.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace holdfast::sim {

template <class World>
MachineId Calendar<World>::add_machine(ClockRate rate) {
  if (machines_.empty())
    machines_.emplace_back();  // nobody
  machines_.emplace_back();
  machines_.back().rate = rate;
  special_ = special_ || !rate.is_right();
  return MachineId{static_cast<std::uint32_t>(machines_.size() - 1)};
}

template <class World>
const Machine& Calendar<World>::machine(MachineId id) const {
  HOLDFAST_CHECK(id != no_machine && static_cast<std::uint32_t>(id) < machines_.size(),
                 "there is no such machine");
  return machines_[static_cast<std::uint32_t>(id)];
}

template <class World>
TimePoint Calendar<World>::when(TimePoint shown) const {
  // A clock that is fast shows the present a while before what it showed last.
  return is_right() ? shown : std::max(machine(machine_).when(shown), now_);
}

template <class World>
TimePoint Calendar<World>::shown(TimePoint t) const {
  return is_right() ? t : machine(machine_).shown(t);
}

template <class World>
bool Calendar<World>::is_standing(MachineId id) const {
  return special_ && id != no_machine && machine(id).stands != 0;
}

template <class World>
void Calendar<World>::stand_still(MachineId id, bool clock_stops) {
  HOLDFAST_CHECK(id != no_machine && machine_ == no_machine,
                 "a machine does not stop itself, and nobody cannot be stopped");
  special_ = true;
  Machine& m = machines_[static_cast<std::uint32_t>(id)];
  if (m.stands++ != 0)
    return;
  m.clock_stops = clock_stops;
  m.since = now_;
}

/// What has come due just now waits if its machine stands still.
template <class World>
bool Calendar<World>::stands_for(std::uint32_t slot) {
  Slot& s = slots_[slot];
  if (!is_standing(s.machine))
    return false;
  HOLDFAST_CHECK(s.next_free != stands, "what waits for its machine comes due again");
  s.next_free = stands;
  machines_[static_cast<std::uint32_t>(s.machine)].due.push_back({slot, s.sequence});
  return true;
}

/// An event gets another time, and its place among equals anew.
template <class World>
void Calendar<World>::move(std::uint32_t slot, TimePoint to) {
  Slot& s = slots_[slot];
  HOLDFAST_CHECK(s.sequence != 0 && to >= now_, "what is over is put off, or into the past");
  if (s.next_free != stands && carrier_ != nullptr)
    carrier_->cancel(s.time, s.sequence);
  dead_ += s.next_free != stands && carrier_ == nullptr ? 1 : 0;
  const auto known = std::find_if(moved_.begin(), moved_.end(), [&](const Moved& one) {
    return one.id.slot == slot && one.now == s.sequence;
  });
  if (known == moved_.end()) {
    moved_.push_back({{s.sequence, slot}, next_sequence_});
  } else {
    known->now = next_sequence_;
  }
  s.next_free = no_slot;
  s.sequence = next_sequence_++;
  s.time = ns(to);
  if (carrier_ != nullptr) {
    carrier_->schedule(s.time, s.sequence, slot);
  } else {
    agenda_.push({s.time, key(s.sequence, slot)});
  }
}

/// Under which number an event that was put off is pending now. False: it is over.
template <class World>
bool Calendar<World>::follow(EventId& id) const {
  for (const Moved& one : moved_) {
    if (one.id.slot == id.slot && one.id.sequence == id.sequence) {
      id.sequence = one.now;
      return is_at(id.slot, id.sequence);
    }
  }
  return false;
}

template <class World>
void Calendar<World>::go_on(MachineId id) {
  HOLDFAST_CHECK(is_standing(id) && machine_ == no_machine,
                 "a machine goes on that does not stand still");
  Machine& m = machines_[static_cast<std::uint32_t>(id)];
  if (--m.stands != 0)
    return;
  std::erase_if(moved_, [this](const Moved& one) { return !is_at(one.id.slot, one.now); });
  const Duration late = m.clock_stops ? now_ - m.since : Duration{};
  m.stopped += late;
  // In the order in which they were due, and are due now.
  std::vector<std::pair<TimePoint, StoodFor>> waiting;
  for (const StoodFor& one : m.due) {
    if (is_at(one.slot, one.sequence))
      waiting.emplace_back(TimePoint{Duration{slots_[one.slot].time}}, one);
  }
  const std::size_t over = waiting.size();
  for (std::uint32_t slot = 0; m.clock_stops && slot < slots_.size(); ++slot) {
    const Slot& s = slots_[slot];
    if (s.sequence != 0 && s.machine == id && s.next_free != stands)
      waiting.emplace_back(TimePoint{Duration{s.time}}, StoodFor{slot, s.sequence});
  }
  std::sort(waiting.begin() + static_cast<std::ptrdiff_t>(over), waiting.end(),
            [](const auto& a, const auto& b) {
              return a.first != b.first ? a.first < b.first : a.second.sequence < b.second.sequence;
            });
  for (const auto& [due, one] : waiting)
    move(one.slot, m.clock_stops ? due + late : now_);
  m.due.clear();
  sweep_if_mostly_dead();
}

/// Acts for a machine, and then for whoever acted before.
template <class World>
class ActsFor {
 public:
  ActsFor(Calendar<World>& calendar, MachineId id)
      : calendar_(calendar), before_(calendar.acts_for()) {
    calendar.act_for(id);
  }
  ~ActsFor() { calendar_.act_for(before_); }
  ActsFor(const ActsFor&) = delete;
  ActsFor& operator=(const ActsFor&) = delete;

 private:
  Calendar<World>& calendar_;
  MachineId before_;
};

}  // namespace holdfast::sim
