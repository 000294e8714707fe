// SPDX-License-Identifier: Apache-2.0
// A queue of executions that were run, by importance; see best_first.hpp. Executions are taken from
// it in rows of a fixed length, and what came of each is put back in the order of the row, so that
// the answer does not depend on the number of threads.
#include "analysis/search/best_first.hpp"

#include <algorithm>
#include <queue>
#include <utility>

#include "analysis/parallel.hpp"
#include "analysis/rare/importance.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr std::size_t row_length = 16;

/// An execution that was run, and those below it that were not.
struct Open {
  std::vector<Deviation> path;
  Left left;
  double importance = 0.0;
  std::uint64_t number = 0;  ///< in the order in which they were run
};

struct IsLater {
  bool operator()(const Open& a, const Open& b) const {
    return a.importance != b.importance ? a.importance < b.importance : a.number > b.number;
  }
};

/// How an execution went.
struct Went {
  Open open;
  std::int64_t value = 0;
  TimePoint seen{};
};

/// What came of the children of one execution.
struct Below {
  std::vector<Went> went;
  std::uint64_t probes = 0;
  bool cut = false;
};

Went run_to_end(const Space& space, World w, std::vector<Deviation> path, const Left& left) {
  Went out;
  while (!space.is_settled(w)) {
    if (!w.calendar.step(w, space.end)) {
      w.calendar.advance_to(space.end);
      break;
    }
    // Levels are of no interest here, so any above all importances does.
    if (w.oracle.attempts.live() != 0) {
      out.open.importance =
          std::max(out.open.importance, rare::age_against_release(w, 2.0, space.end, true).value);
    }
  }
  out.value = space.value_of(w);
  out.seen = w.now();
  out.open.path = std::move(path);
  out.open.left = left;
  return out;
}

/// The node of an execution: right before the event of its last choice, or before its beginning.
Node node_of(const Space& space, const Open& open) {
  Node node;
  node.path = open.path;
  node.left = open.left;
  if (open.path.empty())
    return node;
  const Deviation& last = open.path.back();
  const auto is_it = [&](const auto& point) { return point.stream == last.choice.stream; };
  if (is_planned(last.kind)) {
    const auto at = std::find_if(space.planned.begin(), space.planned.end(), is_it);
    node.next_planned = static_cast<std::size_t>(at - space.planned.begin()) + 1;
    return node;
  }
  node.next_planned = space.planned.size();
  const auto at = std::find_if(space.watched.begin(), space.watched.end(), is_it);
  node.behind = Place{static_cast<std::size_t>(at - space.watched.begin()), last.choice.ordinal};
  World ahead = space.root(open.path);
  std::uint64_t steps = 0;
  while (ahead.choices.made(at->id) <= last.choice.ordinal && ahead.calendar.step(ahead, space.end))
    ++steps;
  node.world = space.root(open.path);
  for (; steps > 1; --steps)
    node.world->calendar.step(*node.world, space.end);
  return node;
}

class BestFirst {
 public:
  BestFirst(const Space& space, const Options& options, const Explorer::Counts& counts,
            Outcome& out)
      : space_(space), options_(options), counts_(counts), out_(out) {}

  void run() {
    for (unsigned d = 0; d <= space_.bounds.deviations; ++d)
      out_.levels.push_back({d, 0, 0, false});
    Left all = all_of(space_.bounds);
    Went own = run_to_end(space_, space_.root({}), {}, all);
    out_.own_value = own.value;
    take(std::move(own));
    while (!open_.empty() && !over_)
      one_row();
    if (!over_) {
      for (Level& level : out_.levels)
        level.exhausted = true;
    }
  }

 private:
  void one_row() {
    std::vector<Open> row;
    for (; !open_.empty() && row.size() < row_length; open_.pop())
      row.push_back(open_.top());
    std::vector<Below> below(row.size());
    parallel_for(row.size(), options_.jobs, [&](std::size_t i) {
      naming_choices(row[i].path, [&] { below[i] = children_of(row[i]); });
    });
    for (std::size_t i = 0; i < row.size() && !over_; ++i) {
      out_.levels[row[i].path.size() + 1].probes += below[i].probes;
      for (Went& one : below[i].went) {
        if (!over_)
          take(std::move(one));
      }
      if (below[i].cut && !over_)
        end_by(is_stopped() ? Ended::interrupted : Ended::budget);
    }
    if (options_.progress)
      options_.progress({space_.bounds.deviations, worlds_, open_.size(), out_.worst.has_value()});
    if (!over_ && options_.worlds != 0 && worlds_ >= options_.worlds)
      end_by(Ended::budget);
  }

  Below children_of(const Open& open) const {
    Below out;
    Explorer explorer(
        space_, [](const Yield&) { return true; }, counts_);
    const Yield told = explorer.children(node_of(space_, open), [&](Node&& child) {
      if (is_stopped() || is_late()) {
        out.cut = true;
        return false;
      }
      World w = child.world ? std::move(*child.world) : space_.root(child.path);
      naming_choices(child.path, [&] {
        out.went.push_back(run_to_end(space_, std::move(w), child.path, child.left));
      });
      return true;
    });
    out.probes = told.probes;
    return out;
  }

  void take(Went&& one) {
    ++out_.levels[one.open.path.size()].worlds;
    one.open.number = worlds_++;
    const std::int64_t least = out_.worst ? out_.worst->value : 0;
    if (one.value > least && counts_(one.open.path)) {
      out_.worst = Finding{one.open.path, one.value, one.seen};
      if (space_.objective == Objective::corruption) {
        end_by(Ended::found);
        return;
      }
    }
    if (one.open.left.all != 0)
      open_.push(std::move(one.open));
  }

  [[nodiscard]] bool is_stopped() const { return options_.stop != nullptr && *options_.stop; }
  [[nodiscard]] bool is_late() const {
    return options_.deadline && std::chrono::steady_clock::now() >= *options_.deadline;
  }
  void end_by(Ended why) {
    over_ = true;
    out_.ended = why;
  }

  const Space& space_;
  const Options& options_;
  const Explorer::Counts& counts_;
  Outcome& out_;
  std::priority_queue<Open, std::vector<Open>, IsLater> open_;
  std::uint64_t worlds_ = 0;
  bool over_ = false;
};

}  // namespace

void best_first(const Space& space, const Options& options, const Explorer::Counts& counts,
                Outcome& out) {
  BestFirst(space, options, counts, out).run();
}

}  // namespace holdfast::analysis::search
