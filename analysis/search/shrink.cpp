// SPDX-License-Identifier: Apache-2.0
// Shrinking as test inputs shrink: shorter before smaller, passes over the whole until none of them
// changes anything.
#include "analysis/search/shrink.hpp"

#include <algorithm>

namespace holdfast::analysis::search {

namespace {

class Shrinker {
 public:
  Shrinker(const Space& space, const Explorer::Counts& counts, Finding found)
      : space_(space), counts_(counts), least_(found.value), best_(std::move(found)) {}

  void all_passes() {
    bool changed = true;
    while (changed && may_run()) {
      changed = leave_out();
      for (std::size_t i = 0; i < best_.deviations.size(); ++i)
        changed = lessen(i) || changed;
    }
  }
  /// When the choices are made in the world of the finding.
  void place_in_time();
  [[nodiscard]] const Finding& best() const { return best_; }
  [[nodiscard]] std::uint64_t runs() const { return runs_; }

 private:
  [[nodiscard]] bool may_run() const { return runs_ < most_shrink_runs; }

  /// Takes over other deviations if they do it too.
  bool attempt(const std::vector<Deviation>& other) {
    if (!may_run())
      return false;
    ++runs_;
    World w = space_.root(other);
    const std::int64_t value = space_.finish(w);
    if (value < least_ || !counts_(other))
      return false;
    best_ = {other, value, w.now()};
    return true;
  }

  bool leave_out() {
    bool changed = false;
    for (std::size_t i = best_.deviations.size(); i-- > 0;) {
      std::vector<Deviation> fewer = best_.deviations;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      changed = attempt(fewer) || changed;
    }
    return changed;
  }

  /// Halves the way of one time to that of the own run.
  bool lessen(std::size_t i) {
    if (is_yes_or_no(best_.deviations[i].kind))
      return false;
    bool changed = false;
    std::int64_t good = best_.deviations[i].own;
    std::int64_t bad = best_.deviations[i].choice.value;
    while (std::max(good, bad) - std::min(good, bad) > 1 && may_run()) {
      const std::int64_t middle =
          std::min(good, bad) + (std::max(good, bad) - std::min(good, bad)) / 2;
      std::vector<Deviation> other = best_.deviations;
      other[i].choice.value = middle;
      if (attempt(other)) {
        bad = middle;
        changed = true;
      } else {
        good = middle;
      }
    }
    return changed;
  }

  const Space& space_;
  const Explorer::Counts& counts_;
  std::int64_t least_;
  Finding best_;
  std::uint64_t runs_ = 0;
};

void Shrinker::place_in_time() {
  World w = space_.root(best_.deviations);
  std::vector<bool> placed(best_.deviations.size());
  while (w.calendar.step(w, space_.end)) {
    for (std::size_t i = 0; i < placed.size(); ++i) {
      Deviation& d = best_.deviations[i];
      const auto point = std::find_if(space_.watched.begin(), space_.watched.end(),
                                      [&](const Watched& p) { return p.name == d.point; });
      if (placed[i] || point == space_.watched.end() ||
          w.choices.made(point->id) <= d.choice.ordinal)
        continue;
      d.made = w.now();
      placed[i] = true;
    }
  }
}

}  // namespace

Finding shrink(const Space& space, const Finding& found, const Explorer::Counts& counts,
               std::uint64_t& runs) {
  Shrinker shrinker(space, counts, found);
  shrinker.all_passes();
  shrinker.place_in_time();
  runs += shrinker.runs();
  return shrinker.best();
}

}  // namespace holdfast::analysis::search
