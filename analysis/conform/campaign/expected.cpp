// SPDX-License-Identifier: Apache-2.0
// Requirements in an ordinary run; see expected.hpp.
#include "analysis/conform/campaign/expected.hpp"

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

class ExpectedRequirements final : public analysis::Judge {
 public:
  void on_record(const sim::Record& r) override { log_.on_record(r); }

  void judge_into(const scenario::Scenario& scenario, json& list) override {
    std::vector<const Requirement*> wanted;
    for (const std::string& id : scenario.expect.requirements)
      wanted.push_back(find_requirement(id));
    const Judgement judged = judge(view_of(scenario, log_, sim::epoch + scenario.duration), wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Ledger& l = judged.ledgers[i];
      list.push_back({{"name", "requirement " + wanted[i]->id},
                      {"expected", "kept"},
                      {"value", value_of(l)},
                      {"verdict", l.occasions() != 0 && l.broken() == 0 ? "pass" : "fail"}});
    }
  }

 private:
  EventLog log_;
};

}  // namespace

std::unique_ptr<analysis::Judge> expected_requirements() {
  return std::make_unique<ExpectedRequirements>();
}

}  // namespace holdfast::conform
