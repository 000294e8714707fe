// SPDX-License-Identifier: Apache-2.0
// The levels of a search; see levels.hpp.
#include "analysis/search/levels/levels.hpp"

#include <algorithm>
#include <utility>

#include "analysis/parallel.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr std::size_t chunk_size = 128;

}  // namespace

std::uint64_t last_walk(const Options& options) {
  if (options.worlds != 0)
    return options.worlds;
  return options.deadline ? std::numeric_limits<std::uint64_t>::max() : default_walks;
}

Levels::Levels(const Space& space, const Options& options, Explorer::Counts counts)
    : space_(space), options_(options), counts_(std::move(counts)) {
  const World w = space.root({});
  merging_.on = options.merge && !options.against && alike::can_be_told(w);
  if (merging_.on)
    begins_ = alike::hash_of(
        alike::Former(space.base(), space.end, space.objective, space.thrown()).of(w));
}

void Levels::run(Outcome& out) {
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
  if (!exhausts && !over_)
    only_walks();
  tell(out);
}

void Levels::tell(Outcome& out) const {
  out.own_value = own_value_;
  out.merging = merging_;
  out.walks = walks_;
  out.outside = outside_;
  out.ended = ended_;
  out.worst = best_;
}

void Levels::share_of_level(unsigned d, const Share& share, std::uint64_t before, Outcome& out) {
  share_ = share;
  before_ = before;
  levels_ = &out.levels;
  out.levels.push_back({d, 0, 0, false});
  level_ = &out.levels.back();
  one_level(d);
  tell(out);
}

void Levels::some_walks(std::uint64_t first, std::uint64_t count, Drawn how, Outcome& out) {
  levels_ = &out.levels;
  next_walk_ = first;
  walk(first + count, how);
  tell(out);
}

/// The level that comes first, of a search that goes on the one that was under way.
unsigned Levels::first_level(Outcome& out) {
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

void Levels::keep() const {
  if (options_.keep && !over_)
    options_.keep(
        {*levels_, chunks_, walks_, outside_, own_value_, best_, merging_, 0, begins_, {}});
}

/// A share works off its first deviations in the chunks of the whole, so that as many of them are
/// found when something is found as if it were done in one go.
void Levels::one_level(unsigned d) {
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
  std::uint64_t number = 0;
  const Yield told = first.children(std::move(top), [&](Node&& node) {
    if (number >= before_)
      return false;
    if (number % share_.n == share_.k)
      chunk_.push_back(std::move(node));
    if (++number % chunk_size == 0)
      work_off();
    return !over_;
  });
  if (!over_)
    work_off();
  enumerated_ = told.probes;
  level_->probes += told.probes;
  chunk_.clear();
  first_ = nullptr;
}

void Levels::remember(const std::vector<alike::Remembered>& worlds) {
  for (const alike::Remembered& one : worlds)
    met_.add(one);
  if (options_.keep_met)
    options_.keep_met(merging_.distinct, worlds);
  merging_.distinct += worlds.size();
}

const Walker& Levels::walker() {
  if (!walker_) {
    walker_.emplace(space_, std::vector<Deviation>{}, all_of(space_.bounds), std::nullopt);
  }
  return *walker_;
}

void Levels::both_walks(unsigned d) {
  const std::uint64_t before = (d - std::uint64_t{2}) * 2 * portfolio_walks;
  walk(before + portfolio_walks, Drawn::alike);
  walk(before + 2 * portfolio_walks, Drawn::swarms);
}

void Levels::only_walks() {
  walk(last_walk(options_), options_.strategy == Strategy::swarm ? Drawn::swarms : Drawn::alike);
  if (!over_)
    end_by(Ended::budget);
}

/// Up to the walk with that number.
void Levels::walk(std::uint64_t end, Drawn how) {
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
    for (std::size_t i = 0; i < walks.size() && !over_; ++i)
      take(std::move(walks[i]), first + i);
    keep();
  }
}

void Levels::take(Walk&& walk, std::uint64_t number) {
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
  best_place_ = number;
  if (space_.objective == Objective::corruption)
    end_by(Ended::found);
}

bool Levels::may_go_on(std::size_t index, const Yield& yield) {
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

void Levels::work_off() {
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

void Levels::take(Yield&& yield) {
  level_->worlds += yield.worlds;
  level_->probes += yield.probes;
  merging_.again += yield.again;
  remember(yield.met);
  if (yield.best && (!best_ || yield.best->value > best_->value)) {
    best_ = std::move(yield.best);
    best_place_ = share_.k + units_.size() * share_.n;
  }
  units_.push_back({yield.worlds, yield.probes});
  if (best_ && space_.objective == Objective::corruption) {
    end_by(Ended::found);
  } else if (yield.cut) {
    end_by(options_.stop != nullptr && *options_.stop ? Ended::interrupted : Ended::budget);
  } else if (options_.worlds != 0 && done() >= options_.worlds) {
    end_by(Ended::budget);
  }
}

}  // namespace holdfast::analysis::search
