// SPDX-License-Identifier: Apache-2.0
// Two queues in tandem; see tandem.hpp.
#include "analysis/rare/tandem.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::analysis::rare {

namespace {

using sim::Duration;

constexpr double rate_of_arrivals = 3.0;
constexpr double rate_of_first = 2.0;
constexpr double rate_of_second = 6.0;

constexpr Duration mean_of(double rate) { return Duration{static_cast<std::int64_t>(1e9 / rate)}; }

void arrive(Tandem& t);
void leave_first(Tandem& t);
void leave_second(Tandem& t);

sim::EventId after(Tandem& t, sim::ChoiceId choice, double rate, void (*what)(Tandem&)) {
  const Duration span = t.choices.exponential(choice, Duration{}, mean_of(rate));
  return t.calendar.at(t.calendar.now() + span, [what](Tandem& world) { what(world); });
}

void next_arrival(Tandem& t) { t.arrival = after(t, t.arrival_choice, rate_of_arrivals, arrive); }
void serve_first(Tandem& t) { t.first_done = after(t, t.first_choice, rate_of_first, leave_first); }
void serve_second(Tandem& t) {
  t.second_done = after(t, t.second_choice, rate_of_second, leave_second);
}

void arrive(Tandem& t) {
  if (t.first < t.capacity && ++t.first == 1)
    serve_first(t);
  next_arrival(t);
}

void leave_first(Tandem& t) {
  if (--t.first != 0)
    serve_first(t);
  if (t.second < t.capacity && ++t.second == 1)
    serve_second(t);
}

void leave_second(Tandem& t) {
  if (--t.second != 0)
    serve_second(t);
}

}  // namespace

Tandem TandemQueue::root(std::uint64_t seed, Work& work) const {
  ++work.roots;
  Tandem t;
  t.choices.reseed(seed);
  t.arrival_choice = t.choices.add("tandem", "arrival");
  t.first_choice = t.choices.add("tandem", "first server");
  t.second_choice = t.choices.add("tandem", "second server");
  t.capacity = capacity_;
  t.second = 1;
  next_arrival(t);
  serve_second(t);
  return t;
}

/// What is left of an exponential span is exponential again.
void TandemQueue::renew(Tandem& t, std::uint64_t seed) const {
  t.choices.go_on_with(seed);
  if (t.calendar.cancel(t.arrival))
    next_arrival(t);
  if (t.calendar.cancel(t.first_done))
    serve_first(t);
  if (t.calendar.cancel(t.second_done))
    serve_second(t);
}

Reached TandemQueue::advance(Tandem& t, double up, double down, double& peak, Work& work) const {
  for (;;) {
    if (t.second == capacity_)
      return Reached::event;
    if (t.second == 0)
      return Reached::over;
    const double now = t.second + of_first_ * t.first;
    peak = std::max(peak, now);
    if (now >= up)
      return Reached::level;
    if (now < down)
      return Reached::sunk;
    t.calendar.step(t, sim::TimePoint::max());
    ++work.events;
  }
}

std::vector<double> TandemQueue::levels() const {
  std::vector<double> out;
  for (std::uint32_t level = 2; level < capacity_; ++level)
    out.push_back(level);
  return out;
}

template Estimate<TandemQueue> fixed_effort(const TandemQueue&, const std::vector<double>&,
                                            std::size_t, Seeds);
template Estimate<TandemQueue> restart(const TandemQueue&, const std::vector<double>&,
                                       const std::vector<std::uint32_t>&, std::size_t, std::size_t,
                                       Seeds);
template Estimate<TandemQueue> adaptive(const TandemQueue&, const std::vector<double>&, std::size_t,
                                        Seeds);
template Pilot pilot(const TandemQueue&, std::size_t, double, Seeds, std::size_t);
template std::uint64_t crude(const TandemQueue&, std::uint64_t, Seeds, Work&);

double TandemQueue::exact() const {
  const std::size_t side = capacity_ + 1;
  std::vector<double> p(side * side, 0.0);
  const auto at = [&](std::size_t first, std::size_t second) -> double& {
    return p[first * side + second];
  };
  for (std::size_t first = 0; first < side; ++first)
    at(first, capacity_) = 1.0;
  for (double change = 1.0; change > 1e-13;) {
    change = 0.0;
    for (std::size_t first = 0; first < side; ++first) {
      for (std::size_t second = 1; second < capacity_; ++second) {
        const double serves = first == 0 ? 0.0 : rate_of_first;
        double sum = rate_of_arrivals * at(std::min<std::size_t>(first + 1, capacity_), second) +
                     rate_of_second * at(first, second - 1);
        if (first != 0)
          sum += serves * at(first - 1, second + 1);
        // An arrival that finds the first queue full changes nothing.
        const double leaves = rate_of_arrivals + rate_of_second + serves;
        const double next = sum / leaves;
        change = std::max(change, std::abs(next - at(first, second)) / std::max(next, 1e-300));
        at(first, second) = next;
      }
    }
  }
  return at(0, 1);
}

}  // namespace holdfast::analysis::rare
