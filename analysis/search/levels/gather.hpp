// SPDX-License-Identifier: Apache-2.0
// A search whose parts others do: says which parts can be done side by side, and makes one answer
// of what they came to. A level is a barrier: none is begun before the one below is through, nor
// after a corruption was found.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/search/levels/part.hpp"
#include "analysis/search/levels/question.hpp"

namespace holdfast::analysis::search {

class Gather {
 public:
  /// A level is cut into `shares`, from 1. `question` and `options` must outlive it. Not for
  /// Strategy::best_first, which goes by what came before.
  Gather(const Question& question, const Options& options, std::uint64_t shares);

  /// Parts that can be done in any order, all of which are to be taken before the next call. Empty:
  /// it is over.
  std::vector<Part> next();
  /// What the part with that place among those of next() came to.
  void take(std::size_t place, Done done);
  /// For do_part: from which first deviation on nothing matters to the parts under way.
  [[nodiscard]] std::uint64_t before() const { return before_; }

  /// The answer, of what was taken; `unless_over` says why there is no more.
  Outcome finish(Ended unless_over);

 private:
  void plan();
  void plan_level(unsigned d);
  void plan_walks(std::uint64_t end, Drawn how);
  void settle(Ended missing);
  void settle_level(Ended missing);
  void settle_walks(Ended missing);
  void end_by(Ended why);
  [[nodiscard]] std::uint64_t done() const;
  [[nodiscard]] std::uint64_t left() const;

  const Question& question_;
  const Options& options_;
  std::uint64_t shares_;
  Outcome out_;
  std::vector<Part> round_;
  std::vector<std::optional<Done>> done_;  ///< of the parts of the round
  std::uint64_t before_ = 0;
  std::uint64_t next_walk_ = 0;
  bool over_ = false;
};

}  // namespace holdfast::analysis::search
