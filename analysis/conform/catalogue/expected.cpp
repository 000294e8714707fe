// SPDX-License-Identifier: Apache-2.0
// Requirements in an ordinary run; see expected.hpp.
#include "analysis/conform/catalogue/expected.hpp"

#include <fmt/format.h>

#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

json value_of(const Ledger& l) {
  if (l.occasions() == 0)
    return "not exercised";
  if (l.broken() == 0)
    return fmt::format("kept on {} occasions", l.occasions());
  const Breach& first = l.breaches().front();
  return fmt::format("broken on {} of {} occasions, at {}: {}", l.broken(), l.occasions(),
                     text(first.at), first.text);
}

}  // namespace

void expect_requirements(const scenario::Scenario& scenario, const EventLog& events, json& list) {
  std::vector<const Requirement*> wanted;
  for (const std::string& id : scenario.expect.requirements)
    wanted.push_back(find_requirement(id));
  if (wanted.empty())
    return;
  const Judgement judged = judge(view_of(scenario, events, sim::epoch + scenario.duration), wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Ledger& l = judged.ledgers[i];
    list.push_back({{"name", "requirement " + wanted[i]->id},
                    {"expected", "kept"},
                    {"value", value_of(l)},
                    {"verdict", l.occasions() != 0 && l.broken() == 0 ? "pass" : "fail"}});
  }
}

}  // namespace holdfast::conform
