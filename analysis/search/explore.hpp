// SPDX-License-Identifier: Apache-2.0
// Runs through all executions with an exact number of deviations below a node. A node is a world
// right before an event, or before its beginning, and the deviations that led there; each of its
// children deviates in one more choice, which comes later than the last.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "analysis/search/alike/memory.hpp"
#include "analysis/search/left.hpp"
#include "analysis/search/space.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::search {

/// A choice within one event, by the place of its point among those watched.
struct Place {
  std::size_t point = 0;
  std::uint64_t ordinal = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Node {
  std::optional<World> world;  ///< none: it has not begun, and the planned choices come first
  std::size_t next_planned = 0;
  std::vector<Deviation> path;
  Left left;
  /// In the event that comes next, only choices behind this one may deviate.
  std::optional<Place> behind;
};

/// What was done below a node.
struct Yield {
  std::uint64_t worlds = 0;
  std::uint64_t probes = 0;
  std::optional<Finding> best;
  bool cut = false;                    ///< not everything was done
  std::uint64_t again = 0;             ///< worlds that were like one that was met before
  std::vector<alike::Remembered> met;  ///< those that were not
};

class Explorer {
 public:
  /// Of a child; false: no more of them.
  using Take = std::function<bool(Node&&)>;
  /// Whether the search may go on; asked before each world.
  using GoesOn = std::function<bool(const Yield&)>;
  /// Whether a finding counts.
  using Counts = std::function<bool(const std::vector<Deviation>&)>;

  /// With a memory, what lies below a world that is like one that was met is left out.
  Explorer(const Space& space, GoesOn goes_on, Counts counts, alike::Memory* memory = nullptr)
      : space_(space), goes_on_(std::move(goes_on)), counts_(std::move(counts)), memory_(memory) {}

  /// Everything below a node.
  Yield all_below(Node node);
  /// Its children, one after the other; `left.all` of the node is not 0.
  Yield children(Node node, const Take& take);

 private:
  void go(Node&& node);
  void judge(Node&& node);
  bool is_known(const World& w, const Left& left);
  bool expand(Node&& node, const Take& take);
  [[nodiscard]] std::uint64_t asked_in(const Node& node, const World& w) const;
  bool expand_planned(const Node& node, const Take& take);
  bool expand_event(const Node& node, const World& before, const World& after, const Take& take);
  bool offer(const Node& node, const World& before, std::size_t point, std::uint64_t ordinal,
             TimePoint now, const Take& take);
  bool child(const Node& node, const World& before, const Place& place, const Deviation& deviation,
             const Take& take);

  const Space& space_;
  GoesOn goes_on_;
  Counts counts_;
  alike::Memory* memory_;
  bool only_notes_ = false;  ///< the node has all its children, whatever they come to
  Yield yield_;
};

/// The error, and in which world it is.
sim::InvariantError named(const sim::InvariantError& error, const std::vector<Deviation>& path);

/// Does some work on a world of these choices; if the simulator is wrong, they are named.
template <class Work>
void naming_choices(const std::vector<Deviation>& path, Work work) {
  try {
    work();
  } catch (const sim::InvariantError& error) {
    throw named(error, path);
  }
}

}  // namespace holdfast::analysis::search
