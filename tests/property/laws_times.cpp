// SPDX-License-Identifier: Apache-2.0
// Time has no beginning that matters, and no unit but those that protocols bring along.
#include <catch2/catch.hpp>

#include "models/net/traffic.hpp"
#include "tests/property/laws_worlds.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::laws;
using scenario::Latency;

/// Whole milliseconds, as TCP's time stamps count them, and whole units of CUBIC, 1/1024 s.
constexpr std::chrono::seconds later{1024};

void shift(Latency& at) {
  at.low += later;
  if (at.kind == Latency::Kind::uniform)
    at.high += later;
}

/// Everything that a scenario dates.
Scenario shifted(Scenario s) {
  s.duration += later;
  for (auto& h : s.hosts) {
    for (auto& c : h.connect)
      c.at += later;
  }
  for (auto& one : s.workloads)
    std::visit([](auto& load) { load.start += later; }, one);
  for (auto& one : s.faults)
    std::visit([](auto& fault) { shift(fault.at); }, one);
  return s;
}

/// Ticks of a machine are dated too, by its tick phase: a world with timer wheels is another world
/// at another phase. So this is about exact timers.
std::string later_by_a_while(const json& document, std::uint64_t /*seed*/) {
  Scenario s = scenario_of(document);
  for (auto& h : s.hosts)
    h.hz = 0;
  for (auto& sub : s.subsystems)
    sub.hz = 0;
  const First first(s, most_records);
  Change change;
  change.later = later;
  return difference(first, shifted(s), change);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("the same a while later is the same", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3) {
  try_on_drawn(1 + 250 * batch, 250, later_by_a_while);
  try_on_bundled(batch, 4, later_by_a_while);
}
