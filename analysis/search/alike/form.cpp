// SPDX-License-Identifier: Apache-2.0
// Forms of worlds; see form.hpp.
#include "analysis/search/alike/form.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "analysis/run/io_statistics.hpp"
#include "analysis/search/alike/fields.hpp"
#include "analysis/search/alike/teller.hpp"

namespace holdfast::analysis::search::alike {

namespace {

/// What is told of a world: room by room, in the order of their dependence.
void tell_world(Teller& t, const World& w, Objective objective,
                const std::vector<sim::ChoiceId>& thrown) {
  t.tell_calendar();
  t.tell_choices(thrown);
  t.tell_fabric();
  t.tell(w.transport);
  t.tell(w.target);
  t.tell_hosts();
  t.tell(w.workload.jobs);
  t.tell(w.fault);
  t.tell_oracle(objective);
  // Left out: the trace, which nobody in a world can read, and the log of recoveries, which only
  // results do.
  if (objective == Objective::exposure)
    t.tell(w.oracle.exposure.longest);
  if (objective == Objective::stall)
    t.tell(longest_stall(w).length);
}

}  // namespace

bool can_be_told(const World& w) {
  const bool hooked = std::any_of(w.host.hooks.begin(), w.host.hooks.end(),
                                  [](const auto& hook) { return static_cast<bool>(hook); });
  return !w.calendar.has_special_machines() && !w.calendar.is_carried() && !hooked &&
         !w.workload.external;
}

std::span<const std::byte> Former::of(const World& w) {
  if (!can_be_told(w))
    return {};
  Teller teller(w, base_, end_, scratch_);
  tell_world(teller, w, objective_, thrown_);
  return teller.finish();
}

}  // namespace holdfast::analysis::search::alike
