// SPDX-License-Identifier: Apache-2.0
// What a search is asked, with all that answering takes: the space of executions, and which of the
// findings count. Whoever does a part of a search makes it anew from the same words.
#pragma once

#include <optional>

#include "analysis/search/explore.hpp"
#include "analysis/search/space.hpp"

namespace holdfast::analysis::search {

class Question {
 public:
  /// Throws ScenarioError. Of the options it takes the policy to compare with, the reduction and
  /// whether to shrink.
  Question(const scenario::Scenario& scenario, const Options& options, Objective objective);
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  Question(Question&&) = delete;
  Question& operator=(Question&&) = delete;
  ~Question() = default;

  [[nodiscard]] const Space& space() const { return space_; }
  /// Whether a finding counts: it is safe under the policy that it is held against.
  [[nodiscard]] const Explorer::Counts& counts() const { return counts_; }
  /// What is asked, without an answer.
  [[nodiscard]] Outcome unanswered(Strategy strategy) const;
  /// Shrinks what was found, tells what can be done about it, and makes the scenario of it.
  void finish(Outcome& out) const;

 private:
  Space space_;
  std::optional<Space> other_;
  std::string against_;
  bool shrink_;
  Explorer::Counts counts_;
};

}  // namespace holdfast::analysis::search
