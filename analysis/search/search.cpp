// SPDX-License-Identifier: Apache-2.0
// Level by level: all executions with no deviation, with one, with two ... First deviations are
// found one after the other and handed out in chunks; what was done below them is taken in their
// order, so that the answer does not depend on the number of threads.
#include "analysis/search/search.hpp"

#include <algorithm>
#include <limits>
#include <thread>

#include "analysis/parallel.hpp"
#include "analysis/search/aftermath.hpp"
#include "analysis/search/best_first.hpp"
#include "analysis/search/explore.hpp"
#include "analysis/search/likelihood.hpp"
#include "analysis/search/shrink.hpp"
#include "analysis/search/walk.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr std::size_t chunk_size = 128;

class Search {
 public:
  Search(const Space& space, const Options& options, Explorer::Counts counts)
      : space_(space), options_(options), counts_(std::move(counts)) {
    const World w = space.root({});
    merging_.on = options.merge && !options.against && alike::can_be_told(w);
    if (merging_.on)
      begins_ = alike::hash_of(
          alike::Former(space.base(), space.end, space.objective, space.thrown()).of(w));
  }

  void run(Outcome& out) {
    const bool exhausts =
        options_.strategy == Strategy::exhaustive || options_.strategy == Strategy::portfolio;
    const unsigned last = exhausts ? space_.bounds.deviations : 0;
    for (unsigned d = first_level(out); d <= last && !over_; ++d) {
      if (d >= 2 && options_.strategy == Strategy::portfolio)
        both_walks(d);
      if (over_)
        break;
      if (out.levels.size() == d)
        out.levels.push_back({d, 0, 0, false});
      level_ = &out.levels.back();
      one_level(d);
      level_->exhausted = !over_;
      total_ += level_->worlds;
      level_ = nullptr;
      chunks_ = 0;
    }
    out.own_value = own_value_;
    out.merging = merging_;
    if (!exhausts && !over_)
      only_walks();
    out.walks = walks_;
    out.outside = outside_;
    out.ended = ended_;
    out.worst = best_;
  }

 private:
  /// The level that comes first, of a search that goes on the one that was under way.
  unsigned first_level(Outcome& out) {
    levels_ = &out.levels;
    // What another program has remembered would be told otherwise here, so it begins anew.
    if (!options_.from || (merging_.on && options_.from->begins != begins_))
      return 0;
    HOLDFAST_CHECK(options_.from->met.size() == options_.from->merging.distinct,
                   "a search goes on without the worlds that it has met");
    const Position& from = *options_.from;
    out.levels = from.levels;
    walks_ = next_walk_ = from.walked;
    outside_ = from.outside;
    own_value_ = from.own_value;
    best_ = from.best;
    if (merging_.on)
      merging_ = from.merging;
    for (const alike::Remembered& one : from.met)
      met_.add(one);
    std::uint64_t all = from.walked;
    for (const Level& level : from.levels) {
      total_ += level.exhausted ? level.worlds : 0;
      all += level.worlds;
    }
    worlds_seen_ = all;
    if (from.levels.empty() || from.levels.back().exhausted)
      return static_cast<unsigned>(from.levels.size());
    chunks_ = skip_ = from.chunks;
    return from.levels.back().deviations;
  }

  void keep() const {
    if (options_.keep && !over_)
      options_.keep(
          {*levels_, chunks_, walks_, outside_, own_value_, best_, merging_, 0, begins_, {}});
  }

  void one_level(unsigned d) {
    Node top;
    top.left = all_of(space_.bounds);
    top.left.all = d;
    if (d == 0) {
      World w = space_.root({});
      own_value_ = space_.finish(w);
      chunk_.push_back(std::move(top));
      work_off();
      return;
    }
    alike::Memory memory(space_, met_);
    first_ = &memory;
    Explorer first(
        space_, [&](const Yield&) { return true; }, counts_, merging_.on ? &memory : nullptr);
    const Yield told = first.children(std::move(top), [&](Node&& node) {
      chunk_.push_back(std::move(node));
      if (chunk_.size() == chunk_size)
        work_off();
      return !over_;
    });
    if (!over_)
      work_off();
    level_->probes += told.probes;
    chunk_.clear();
    first_ = nullptr;
  }

  void remember(const std::vector<alike::Remembered>& worlds) {
    for (const alike::Remembered& one : worlds)
      met_.add(one);
    if (options_.keep_met)
      options_.keep_met(merging_.distinct, worlds);
    merging_.distinct += worlds.size();
  }

  /// The worlds of a level are in total_ once it is over.
  [[nodiscard]] std::uint64_t done() const {
    return total_ + (level_ != nullptr ? level_->worlds : 0) + walks_;
  }

  [[nodiscard]] const Walker& walker() {
    if (!walker_) {
      walker_.emplace(space_, std::vector<Deviation>{}, all_of(space_.bounds), std::nullopt);
    }
    return *walker_;
  }

  void both_walks(unsigned d) {
    const std::uint64_t before = (d - std::uint64_t{2}) * 2 * portfolio_walks;
    walk(before + portfolio_walks, Drawn::alike);
    walk(before + 2 * portfolio_walks, Drawn::swarms);
  }

  void only_walks() {
    const Drawn how = options_.strategy == Strategy::swarm ? Drawn::swarms : Drawn::alike;
    const bool unbounded = options_.worlds == 0 && options_.deadline;
    walk(unbounded              ? std::numeric_limits<std::uint64_t>::max()
         : options_.worlds != 0 ? options_.worlds
                                : default_walks,
         how);
    if (!over_)
      end_by(Ended::budget);
  }

  /// Up to the walk with that number.
  void walk(std::uint64_t end, Drawn how) {
    while (next_walk_ < end && !over_) {
      const Walker& walker = this->walker();
      std::uint64_t count = std::min<std::uint64_t>(end - next_walk_, chunk_size);
      if (options_.worlds != 0)
        count = std::min(count, options_.worlds - std::min(options_.worlds, done()));
      if (count == 0) {
        end_by(Ended::budget);
        return;
      }
      std::vector<Walk> walks(count);
      const std::uint64_t first = next_walk_;
      settled_by_ = std::numeric_limits<std::size_t>::max();
      parallel_for(walks.size(), options_.jobs, [&](std::size_t i) {
        if (!may_go_on(i, {}))
          return;
        walks[i] = walker.walk(first + i, how);
      });
      next_walk_ += count;
      for (Walk& one : walks) {
        if (!over_)
          take(std::move(one));
      }
      keep();
    }
  }

  void take(Walk&& walk) {
    if (!walk.done) {
      end_by(options_.stop != nullptr && *options_.stop ? Ended::interrupted : Ended::budget);
      return;
    }
    ++walks_;
    outside_ += walk.within ? 0 : 1;
    const std::int64_t least = best_ ? best_->value : 0;
    if (!walk.within || walk.value <= least || !counts_(walk.path))
      return;
    best_ = Finding{std::move(walk.path), walk.value, walk.seen};
    if (space_.objective == Objective::corruption)
      end_by(Ended::found);
  }

  bool may_go_on(std::size_t index, const Yield& yield) {
    ++worlds_seen_;
    if (index > settled_by_)
      return false;
    if (options_.stop != nullptr && *options_.stop)
      return false;
    if (options_.deadline && std::chrono::steady_clock::now() >= *options_.deadline)
      return false;
    if (options_.progress && std::this_thread::get_id() == main_) {
      const unsigned deviations = level_ != nullptr ? level_->deviations : space_.bounds.deviations;
      options_.progress({deviations, worlds_seen_, left_in_chunk_,
                         best_.has_value() && !best_->deviations.empty()});
    }
    return options_.worlds == 0 || done() + yield.worlds < options_.worlds;
  }

  void work_off() {
    const std::vector<alike::Remembered> noted =
        first_ != nullptr ? first_->take_new() : std::vector<alike::Remembered>{};
    if (skip_ != 0) {
      --skip_;
      chunk_.clear();
      return;
    }
    remember(noted);
    std::vector<Yield> yields(chunk_.size());
    settled_by_ = std::numeric_limits<std::size_t>::max();
    left_in_chunk_ = chunk_.size();
    parallel_for(chunk_.size(), options_.jobs, [&](std::size_t i) {
      const std::vector<Deviation> path = chunk_[i].path;
      alike::Memory memory(space_, met_);
      Explorer below(
          space_, [&, i](const Yield& y) { return may_go_on(i, y); }, counts_,
          merging_.on ? &memory : nullptr);
      naming_choices(path, [&] { yields[i] = below.all_below(std::move(chunk_[i])); });
      --left_in_chunk_;
      if (space_.objective == Objective::corruption && yields[i].best) {
        std::size_t now = settled_by_;
        while (i < now && !settled_by_.compare_exchange_weak(now, i)) {
        }
      }
    });
    chunk_.clear();
    for (Yield& yield : yields) {
      if (over_)
        return;
      take(std::move(yield));
    }
    ++chunks_;
    keep();
  }

  void take(Yield&& yield) {
    level_->worlds += yield.worlds;
    level_->probes += yield.probes;
    merging_.again += yield.again;
    remember(yield.met);
    if (yield.best && (!best_ || yield.best->value > best_->value))
      best_ = std::move(yield.best);
    if (best_ && space_.objective == Objective::corruption) {
      end_by(Ended::found);
    } else if (yield.cut) {
      end_by(options_.stop != nullptr && *options_.stop ? Ended::interrupted : Ended::budget);
    } else if (options_.worlds != 0 && done() >= options_.worlds) {
      end_by(Ended::budget);
    }
  }

  void end_by(Ended why) {
    over_ = true;
    ended_ = why;
  }

  const Space& space_;
  const Options& options_;
  Explorer::Counts counts_;
  std::thread::id main_ = std::this_thread::get_id();
  std::vector<Node> chunk_;
  std::vector<Level>* levels_ = nullptr;
  std::uint64_t chunks_ = 0;  ///< of the level that were worked off
  std::uint64_t skip_ = 0;    ///< that were worked off before the search was interrupted
  std::optional<Walker> walker_;
  std::uint64_t next_walk_ = 0;
  std::uint64_t walks_ = 0;
  std::uint64_t outside_ = 0;
  Level* level_ = nullptr;
  Merging merging_;
  alike::Hash begins_;
  alike::Met met_;
  alike::Memory* first_ = nullptr;  ///< of who finds first deviations
  std::optional<Finding> best_;
  std::int64_t own_value_ = 0;
  std::uint64_t total_ = 0;  ///< worlds of the levels that are over
  bool over_ = false;
  Ended ended_ = Ended::exhausted;
  std::atomic<std::uint64_t> worlds_seen_{0};
  std::atomic<std::size_t> left_in_chunk_{0};
  std::atomic<std::size_t> settled_by_{0};  ///< nothing behind this place of the chunk matters
};

/// The scenario with the answers of a finding, which expects what was found.
scenario::Scenario replaying(const Space& space, const Finding& finding) {
  scenario::Scenario out = space.scenario();
  out.name += "-finding";
  out.choices = space.answers_of(finding.deviations);
  out.expect = {};
  if (space.objective == Objective::corruption)
    out.expect.integrity = "corrupt";
  return out;
}

}  // namespace

scenario::Scenario under(const scenario::Scenario& scenario,
                         const scenario::RecoveryPolicy& policy) {
  scenario::Scenario other = scenario;
  for (scenario::Host& h : other.hosts)
    h.policy = policy;
  return other;
}

Outcome search(const scenario::Scenario& scenario, const Options& options, Objective objective) {
  HOLDFAST_CHECK(!options.against || objective == Objective::corruption,
                 "two policies are compared by what becomes of data");
  // Executions would throw the same dice from there on.
  if (scenario.reseed)
    throw scenario::ScenarioError({scenario.name, "/reseed", "a second seed",
                                   "none: search gives its walks dice of their own", ""});
  Space space(scenario, objective);
  space.reduce = options.reduce;
  std::optional<Space> other;
  if (options.against)
    other.emplace(under(scenario, *options.against), objective);
  const Explorer::Counts counts = [&](const std::vector<Deviation>& path) {
    if (!other)
      return true;
    World w = other->root(path);
    return other->finish(w) == 0;
  };
  Outcome out;
  out.objective = objective;
  out.bounds = space.bounds;
  out.strategy = options.strategy;
  if (options.against)
    out.against = scenario::told_as(*options.against);
  if (options.strategy == Strategy::best_first)
    best_first(space, options, counts, out);
  else
    Search(space, options, counts).run(out);
  if (!out.worst)
    return out;
  if (options.shrink && !out.worst->deviations.empty()) {
    out.worst = shrink(space, *out.worst, counts, out.shrink_runs);
    if (objective == Objective::corruption) {
      out.aftermath = aftermath(space, *out.worst);
      out.likelihood = likelihood(space, *out.worst);
    }
  }
  out.finding = replaying(space, *out.worst);
  return out;
}

}  // namespace holdfast::analysis::search
