// SPDX-License-Identifier: Apache-2.0
// The executions of a scenario within the bounds of its adversary: which choice points may deviate,
// and the world of a set of answers at its beginning.
#pragma once

#include <string>
#include <vector>

#include "analysis/search/search.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::search {

/// A choice point that is asked while the world runs.
struct Watched {
  sim::ChoiceId id{};
  Kind kind{};
  std::uint64_t stream = 0;
  std::string name;
  net::ChannelId channel{};  ///< held: where the packet goes once it is let go
};

/// A choice that is made before the world begins to run.
struct Planned {
  Kind kind{};
  std::size_t fault = 0;  ///< place in the list
  std::uint64_t stream = 0;
  std::string name;
  Duration low{}, high{};
};

class Space {
 public:
  Space(const scenario::Scenario& scenario, Objective objective);

  /// The world of the scenario with these answers, at its beginning.
  [[nodiscard]] World root(const std::vector<Deviation>& deviations) const;
  /// Those answers, and what the scenario's own run answered with yes.
  [[nodiscard]] sim::ChoiceScript script_of(const std::vector<Deviation>& deviations) const;
  /// What that script says of a yes/no choice.
  [[nodiscard]] bool says_yes(const std::vector<Deviation>& deviations, std::uint64_t stream,
                              std::uint64_t ordinal) const;
  /// The same as a scenario says it.
  [[nodiscard]] std::vector<scenario::Answer> answers_of(
      const std::vector<Deviation>& deviations) const;

  /// What all worlds are copies of, before its faults are added.
  [[nodiscard]] const World& base() const { return base_; }
  /// Choice points that may throw dice although a script answers.
  [[nodiscard]] const std::vector<sim::ChoiceId>& thrown() const { return thrown_; }

  /// The scenario, with what lets its packets be held if the bounds allow that.
  [[nodiscard]] const scenario::Scenario& scenario() const { return scenario_; }
  /// Runs a world to its end, or until what is looked for is there. Gives the value.
  std::int64_t finish(World& w) const;
  /// The value of a world as it is.
  [[nodiscard]] std::int64_t value_of(const World& w) const;
  /// Nothing that is still to come would change the value.
  [[nodiscard]] bool is_settled(const World& w) const;

  /// Whether choices that are made now may deviate.
  [[nodiscard]] bool is_open(TimePoint now) const { return from <= now && now <= until; }

  bool reduce = false;  ///< instants that cannot be told apart are tried once
  scenario::Adversary bounds;
  Objective objective;
  std::vector<Watched> watched;
  std::vector<Planned> planned;
  TimePoint from{}, until{}, end{};

 private:
  void let_packets_be_held();
  void watch();
  void plan();
  void pin();
  void find_thrown();

  scenario::Scenario scenario_;
  World base_;  ///< without its faults
  scenario::Names names_;
  std::vector<sim::ChoiceId> thrown_;
  sim::ChoiceScript pinned_;  ///< yes/no choices that the own run answered with yes
  std::vector<scenario::Answer> pinned_answers_;
};

}  // namespace holdfast::analysis::search
