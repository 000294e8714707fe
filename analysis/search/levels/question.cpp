// SPDX-License-Identifier: Apache-2.0
// What is asked; see question.hpp.
#include "analysis/search/levels/question.hpp"

#include <algorithm>

#include "analysis/search/aftermath.hpp"
#include "analysis/search/likelihood.hpp"
#include "analysis/search/shrink.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::search {

namespace {

/// Executions of one that has a second seed would throw the same dice from there on.
const scenario::Scenario& without_reseed(const scenario::Scenario& scenario) {
  if (scenario.reseed)
    throw scenario::ScenarioError({scenario.name, "/reseed", "a second seed",
                                   "none: search gives its walks dice of their own", ""});
  return scenario;
}

/// What is chosen before a world begins comes first.
bool is_before(const Deviation& a, const Deviation& b) {
  if (is_planned(a.kind) || is_planned(b.kind))
    return is_planned(a.kind) && !is_planned(b.kind);
  return a.made < b.made;
}

/// The scenario with the answers of a finding, which expects what was found.
scenario::Scenario replaying(const Space& space, const Finding& finding) {
  scenario::Scenario out = space.scenario();
  out.name += "-finding";
  out.choices = space.answers_of(finding.deviations);
  out.expect = {};
  if (space.objective == Objective::corruption)
    out.expect.integrity = "corrupt";
  return out;
}

}  // namespace

Question::Question(const scenario::Scenario& scenario, const Options& options, Objective objective)
    : space_(without_reseed(scenario), objective), shrink_(options.shrink) {
  HOLDFAST_CHECK(!options.against || objective == Objective::corruption,
                 "two policies are compared by what becomes of data");
  space_.reduce = options.reduce;
  if (options.against) {
    other_.emplace(under(scenario, *options.against), objective);
    against_ = scenario::told_as(*options.against);
  }
  counts_ = [this](const std::vector<Deviation>& path) {
    if (!other_)
      return true;
    World w = other_->root(path);
    return other_->finish(w) == 0;
  };
}

Outcome Question::unanswered(Strategy strategy) const {
  Outcome out;
  out.objective = space_.objective;
  out.bounds = space_.bounds;
  out.strategy = strategy;
  out.against = against_;
  return out;
}

void Question::finish(Outcome& out) const {
  if (!out.worst)
    return;
  if (shrink_ && !out.worst->deviations.empty()) {
    out.worst = shrink(space_, *out.worst, counts_, out.shrink_runs);
    // A walk has its choices in the order in which they were drawn.
    std::stable_sort(out.worst->deviations.begin(), out.worst->deviations.end(), is_before);
    if (space_.objective == Objective::corruption) {
      out.aftermath = aftermath(space_, *out.worst);
      out.likelihood = likelihood(space_, *out.worst);
    }
  }
  out.finding = replaying(space_, *out.worst);
}

}  // namespace holdfast::analysis::search
