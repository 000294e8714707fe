// SPDX-License-Identifier: Apache-2.0
// A search in one go; see search.hpp.
#include "analysis/search/search.hpp"

#include "analysis/search/best_first.hpp"
#include "analysis/search/levels/levels.hpp"
#include "analysis/search/levels/question.hpp"

namespace holdfast::analysis::search {

scenario::Scenario under(const scenario::Scenario& scenario,
                         const scenario::RecoveryPolicy& policy) {
  scenario::Scenario other = scenario;
  for (scenario::Host& h : other.hosts)
    h.policy = policy;
  return other;
}

Outcome search(const scenario::Scenario& scenario, const Options& options, Objective objective) {
  const Question question(scenario, options, objective);
  Outcome out = question.unanswered(options.strategy);
  if (options.strategy == Strategy::best_first)
    best_first(question.space(), options, question.counts(), out);
  else
    Levels(question.space(), options, question.counts()).run(out);
  question.finish(out);
  return out;
}

}  // namespace holdfast::analysis::search
