// SPDX-License-Identifier: Apache-2.0
// What one unit of a search's work, everything below a first deviation, knows of worlds that were
// met: those of the units that were over before it began, and its own. It does not look at what
// others find meanwhile, so that its answer depends on no thread.
#pragma once

#include <vector>

#include "analysis/search/alike/met.hpp"
#include "analysis/search/space.hpp"

namespace holdfast::analysis::search::alike {

class Memory {
 public:
  Memory(const Space& space, const Met& before);

  /// Whether a world like that was met with at least as much left; if not, it has been now.
  bool meets(const World& w, const Left& left);
  /// The same of a world that goes on in any case.
  void note(const World& w, const Left& left) { is_known_or_noted(w, left); }

  /// How many worlds were met that were known.
  [[nodiscard]] std::uint64_t again() const { return again_; }
  /// What was new since the last time, in its order.
  std::vector<Remembered> take_new() { return std::exchange(added_, {}); }

 private:
  bool is_known_or_noted(const World& w, const Left& left);

  Former former_;
  const Met& before_;
  Met own_;
  std::vector<Remembered> added_;
  std::uint64_t again_ = 0;
};

}  // namespace holdfast::analysis::search::alike
