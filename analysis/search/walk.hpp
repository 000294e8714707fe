// SPDX-License-Identifier: Apache-2.0
// Random executions within the bounds. Each has a number, and is the same whenever and wherever it
// is walked. Times are any nanosecond of their range, not critical instants, so walks also look
// where an exhaustive search does not.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "analysis/search/explore.hpp"

namespace holdfast::analysis::search {

/// An execution that was drawn.
struct Walk {
  std::vector<Deviation> path;
  bool done = false;    ///< false: it has not been walked
  bool within = false;  ///< false: a choice came to be made outside of [from, until]
  std::int64_t value = 0;
  TimePoint seen{};
};

enum class Drawn : std::uint8_t {
  alike,   ///< each kind of choice is as likely as the others, and each choice of a kind
  swarms,  ///< in each row of 64 walks only a random half of the choice points may deviate
  anew,    ///< as alike, none as likely as one; what the scenario draws is drawn anew as well
};

class Walker {
 public:
  /// Walks that begin with a world, or go on from `from`, in which those deviations were made.
  Walker(const Space& space, std::vector<Deviation> made, Left left, std::optional<World> from);

  /// The walk with that number.
  [[nodiscard]] Walk walk(std::uint64_t number, Drawn how) const;

 private:
  /// A choice that the execution without further deviations makes.
  struct Candidate {
    Kind kind{};
    std::size_t point = 0;  ///< watched ones first, then planned ones
    std::uint64_t ordinal = 0;
    std::int64_t own = 0;
  };

  void plan();
  void look_ahead();
  [[nodiscard]] std::vector<Deviation> draw(std::uint64_t number, Drawn how) const;
  /// Between which times a candidate that is no yes or no may deviate, both ends included.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> range_of(const Candidate& candidate) const;
  [[nodiscard]] Deviation deviating(const Candidate& candidate, std::uint64_t bits) const;
  void run(World& w, Walk& walk) const;

  const Space& space_;
  std::vector<Deviation> made_;
  Left left_;
  std::optional<World> from_;
  std::array<std::vector<Candidate>, kinds> candidates_;  ///< by kind
};

}  // namespace holdfast::analysis::search
