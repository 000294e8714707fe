// SPDX-License-Identifier: Apache-2.0
// What comes near in a large calendar is walked through before it fires, a step for all at a time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/calendar.hpp"
#include "sim/calendar/agenda.hpp"
#include "sim/calendar/later.hpp"
#include "sim/calendar/near.hpp"

using namespace holdfast;

namespace {

struct Fleet {
  sim::Calendar<Fleet> calendar;
  std::vector<std::uint32_t> fired;
  mutable std::vector<std::pair<std::uint32_t, unsigned>> walked;
};

/// Event number `label`, which has so many steps.
struct Walked {
  std::uint32_t label;
  std::uint32_t steps;

  void operator()(Fleet& w) const { w.fired.push_back(label); }
  bool fetch(const Fleet& w, unsigned step) const {
    w.walked.emplace_back(label, step);
    return step + 1 < steps;
  }
};

sim::TimePoint at_us(std::int64_t t) { return sim::epoch + std::chrono::microseconds{t}; }

/// So many timers an hour ahead, and something now.
Fleet with_timers(std::size_t count) {
  Fleet w;
  w.calendar.at(at_us(0), [](Fleet&) {});
  for (std::size_t i = 0; i < count; ++i)
    w.calendar.at(at_us(3'600'000'000), [](Fleet&) {});
  return w;
}

}  // namespace

TEST_CASE("what comes near in a fleet is walked through together, before any of it", "[sim]") {
  Fleet w = with_timers(sim::Agenda::many + 1);
  w.calendar.at(at_us(10'000), Walked{0, 1});
  w.calendar.at(at_us(10'001), Walked{1, 3});
  const sim::EventId gone = w.calendar.at(at_us(10'002), Walked{2, 1});
  w.calendar.at(at_us(10'003), Walked{3, 2});
  w.calendar.at(at_us(10'100), Walked{4, 1});
  w.calendar.cancel(gone);
  w.calendar.run_until(w, at_us(9'000));
  CHECK(w.fired.empty());
  // As often as any of them has steps, and all of them; one that was cancelled is nobody's any
  // more, and what is due a tenth of a millisecond later waits.
  std::vector<std::pair<std::uint32_t, unsigned>> walked = w.walked;
  std::sort(walked.begin(), walked.end(), [](const auto& a, const auto& b) {
    return std::pair{a.second, a.first} < std::pair{b.second, b.first};
  });
  const std::vector<std::pair<std::uint32_t, unsigned>> expected = {
      {0, 0}, {1, 0}, {3, 0}, {0, 1}, {1, 1}, {3, 1}, {0, 2}, {1, 2}, {3, 2}};
  CHECK(walked == expected);
  // Steps come one after the other.
  CHECK(std::is_sorted(w.walked.begin(), w.walked.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; }));
  w.calendar.run_until(w, at_us(30'000));
  CHECK(w.fired == std::vector<std::uint32_t>{0, 1, 3, 4});
  CHECK(w.walked.size() == expected.size() + 1);
}

TEST_CASE("a small world walks nowhere", "[sim]") {
  Fleet w = with_timers(sim::Agenda::many - 2);
  w.calendar.at(at_us(10'000), Walked{0, 1});
  w.calendar.run_until(w, at_us(30'000));
  CHECK(w.fired.size() == 1);
  CHECK(w.walked.empty());
}
