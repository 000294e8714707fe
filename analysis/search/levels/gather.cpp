// SPDX-License-Identifier: Apache-2.0
// One answer of many parts; see gather.hpp. Counts are those of a search that is done in one go: of
// a level in which something was found, those of the first deviations up to that one.
#include "analysis/search/levels/gather.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/check.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
// Setting up a part of walks takes as long as some of them.
constexpr std::uint64_t least_walks = 128;
constexpr std::uint64_t most_walks = 1024;

/// What was done of a share up to the first deviation of that number.
Unit sum_of(const Done& done, const Share& share, std::uint64_t last) {
  Unit sum;
  std::uint64_t number = share.k;
  for (const Unit& unit : done.units) {
    if (number > last)
      break;
    sum.worlds += unit.worlds;
    sum.probes += unit.probes;
    number += share.n;
  }
  return sum;
}

bool is_cut(const Done& done) {
  return done.ended == Ended::budget || done.ended == Ended::interrupted;
}

/// Not all first deviations of a share were done up to that number; the last one may be in part.
bool lacks(const std::optional<Done>& done, const Share& share, std::uint64_t last) {
  return !done || (is_cut(*done) && (done->units.empty() || last == all ||
                                     share.k + (done->units.size() - 1) * share.n <= last));
}

}  // namespace

Gather::Gather(const Question& question, const Options& options, std::uint64_t shares)
    : question_(question), options_(options), shares_(shares) {
  HOLDFAST_CHECK(options.strategy != Strategy::best_first, "best-first has no parts");
  out_ = question.unanswered(options.strategy);
  out_.merging.on = Levels(question.space(), options, question.counts()).merges();
}

std::vector<Part> Gather::next() {
  settle(Ended::interrupted);
  if (!over_)
    plan();
  before_ = all;
  done_.assign(round_.size(), std::nullopt);
  return round_;
}

void Gather::take(std::size_t place, Done done) {
  if (question_.space().objective == Objective::corruption && done.best && !round_[place].walks)
    before_ = std::min(before_, done.best_place);
  done_.at(place) = std::move(done);
}

Outcome Gather::finish(Ended unless_over) {
  settle(unless_over);
  if (!over_)
    end_by(unless_over);
  if (out_.levels.empty())
    out_.levels.push_back({0, 0, 0, false});
  question_.finish(out_);
  return out_;
}

void Gather::plan() {
  const bool portfolio = options_.strategy == Strategy::portfolio;
  const auto d = static_cast<unsigned>(out_.levels.size());
  if (d != 0 && !portfolio && options_.strategy != Strategy::exhaustive) {
    plan_walks(last_walk(options_),
               options_.strategy == Strategy::swarm ? Drawn::swarms : Drawn::alike);
    if (round_.empty())
      end_by(Ended::budget);
    return;
  }
  if (d > question_.space().bounds.deviations) {
    end_by(Ended::exhausted);
    return;
  }
  const std::uint64_t walked = d < 2 ? 0 : (d - std::uint64_t{1}) * 2 * portfolio_walks;
  if (portfolio && next_walk_ < walked) {
    plan_walks(walked - portfolio_walks, Drawn::alike);
    plan_walks(walked, Drawn::swarms);
  } else {
    plan_level(d);
  }
  if (round_.empty())
    end_by(Ended::budget);
}

void Gather::plan_level(unsigned d) {
  if (left() == 0)
    return;
  const std::uint64_t n = d == 0 ? 1 : shares_;
  for (std::uint64_t k = 0; k < n; ++k) {
    Part part;
    part.level = d;
    part.share = {k, n};
    part.worlds = options_.worlds == 0 ? 0 : (left() + n - 1) / n;
    round_.push_back(part);
  }
}

/// Behind those that are in the round already.
void Gather::plan_walks(std::uint64_t end, Drawn how) {
  std::uint64_t first = next_walk_;
  std::uint64_t may = left();
  for (const Part& part : round_) {
    first = part.first + part.count;
    may -= part.count;
  }
  end = std::min(end, may > all - first ? all : first + may);
  const std::uint64_t size =
      end <= first ? 0 : std::clamp((end - first) / shares_ + 1, least_walks, most_walks);
  for (std::uint64_t parts = 0; first < end && parts < shares_; ++parts) {
    Part part;
    part.walks = true;
    part.first = first;
    part.count = std::min(size, end - first);
    part.how = how;
    round_.push_back(part);
    first += part.count;
  }
}

void Gather::settle(Ended missing) {
  if (round_.empty())
    return;
  if (round_.front().walks)
    settle_walks(missing);
  else
    settle_level(missing);
  round_.clear();
  done_.clear();
}

void Gather::settle_level(Ended missing) {
  const bool corruption = question_.space().objective == Objective::corruption;
  Level level{round_.front().level, 0, 0, false};
  const Done* best = nullptr;
  for (const std::optional<Done>& done : done_) {
    if (!done || !done->best)
      continue;
    const bool is_earlier = best == nullptr || done->best_place < best->best_place;
    if (best == nullptr || done->best->value > best->best->value ||
        (done->best->value == best->best->value && is_earlier))
      best = &*done;
  }
  const bool found = corruption && best != nullptr;
  const std::uint64_t last = found ? best->best_place : all;
  for (std::size_t i = 0; i < round_.size(); ++i) {
    const std::optional<Done>& done = done_[i];
    if (lacks(done, round_[i].share, last) && !over_)
      end_by(done ? done->ended : missing);
    if (!done)
      continue;
    const Unit sum = sum_of(*done, round_[i].share, last);
    level.worlds += sum.worlds;
    level.probes += sum.probes;
    out_.merging.distinct += done->merging.distinct;
    out_.merging.again += done->merging.again;
    if (level.deviations == 0)
      out_.own_value = done->own_value;
  }
  // All that find first deviations find the same ones, so this is counted once.
  std::uint64_t enumerated = 0;
  for (const std::optional<Done>& done : done_)
    enumerated = std::max(enumerated, done ? done->enumerated : 0);
  level.probes += found ? best->enumerated : enumerated;
  if (best != nullptr && (!out_.worst || best->best->value > out_.worst->value))
    out_.worst = best->best;
  if (found && !over_)
    end_by(Ended::found);
  out_.levels.push_back(level);
  if (!over_ && left() == 0)
    end_by(Ended::budget);
  out_.levels.back().exhausted = !over_;
}

void Gather::settle_walks(Ended missing) {
  for (std::size_t i = 0; i < round_.size(); ++i) {
    const std::optional<Done>& done = done_[i];
    if ((!done || is_cut(*done)) && !over_)
      end_by(done ? done->ended : missing);
    if (!done)
      continue;
    out_.walks += done->walks;
    out_.outside += done->outside;
    if (done->best && done->best->value > (out_.worst ? out_.worst->value : 0))
      out_.worst = done->best;
    if (question_.space().objective == Objective::corruption && done->best) {
      end_by(Ended::found);
      break;
    }
  }
  next_walk_ = round_.back().first + round_.back().count;
}

void Gather::end_by(Ended why) {
  over_ = true;
  out_.ended = why;
}

std::uint64_t Gather::done() const {
  std::uint64_t worlds = out_.walks;
  for (const Level& level : out_.levels)
    worlds += level.worlds;
  return worlds;
}

std::uint64_t Gather::left() const {
  return options_.worlds == 0 ? all : options_.worlds - std::min(options_.worlds, done());
}

}  // namespace holdfast::analysis::search
