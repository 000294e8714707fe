// SPDX-License-Identifier: Apache-2.0
// A part of a search, which anybody can do who has the scenario: a share of a level, or some walks.
// It and what it came to are JSON text, so that they can go to another process or machine.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "analysis/search/levels/levels.hpp"

namespace holdfast::analysis::search {

struct Part {
  bool walks = false;
  unsigned level = 0;  ///< of a share: deviations
  Share share;
  std::uint64_t first = 0;  ///< of walks
  std::uint64_t count = 0;
  Drawn how = Drawn::alike;
  std::uint64_t worlds = 0;  ///< most of them, about; 0: without limit
};

/// What a part came to.
struct Done {
  std::vector<Unit> units;       ///< of a share: one each first deviation of it
  std::uint64_t enumerated = 0;  ///< probes that finding first deviations took
  std::uint64_t walks = 0;
  std::uint64_t outside = 0;
  Merging merging;
  std::int64_t own_value = 0;  ///< of level 0
  std::optional<Finding> best;
  std::uint64_t best_place = 0;  ///< number of its first deviation or walk
  Ended ended = Ended::exhausted;
};

std::string text_of(const Part& part);
std::string text_of(const Done& done);
/// Throw nlohmann::json::exception or PositionError if the text says no such thing.
Part part_of(const std::string& text);
Done done_of(const std::string& text);

/// Does a part, with one thread. Of the options it takes the policy to compare with, merging and
/// reduction, the deadline and `stop`. First deviations with the number `before` and those behind
/// it are of no interest: something was found there.
Done do_part(const scenario::Scenario& scenario, const Options& options, Objective objective,
             const Part& part, std::uint64_t before);

}  // namespace holdfast::analysis::search
