// SPDX-License-Identifier: Apache-2.0
// Random executions; see walk.hpp. One execution is run first to count which choices it makes; then
// walks are drawn from these, kind by kind, so that two times of a fault are not lost among a
// thousand packets.
#include "analysis/search/walk.hpp"

#include <algorithm>
#include <utility>

#include "analysis/search/critical.hpp"
#include "sim/check.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::analysis::search {

namespace {

constexpr std::uint64_t walks_of_a_swarm = 64;
constexpr unsigned most_tries = 8;

/// Random bits of one walk.
class WalkDice {
 public:
  WalkDice(std::uint64_t seed, std::uint64_t number)
      : seed_(seed), stream_(sim::hash_name("search/walk") ^ number) {}
  std::uint64_t bits() { return sim::random_bits(seed_, stream_, next_++); }
  std::uint64_t below(std::uint64_t bound) { return sim::uniform_below(bits(), bound); }

 private:
  std::uint64_t seed_, stream_, next_ = 0;
};

bool same_choice(const Deviation& a, const Deviation& b) {
  return a.choice.stream == b.choice.stream && a.choice.ordinal == b.choice.ordinal;
}

}  // namespace

Walker::Walker(const Space& space, std::vector<Deviation> made, Left left,
               std::optional<World> from)
    : space_(space), made_(std::move(made)), left_(left), from_(std::move(from)) {
  if (!from_)
    plan();
  look_ahead();
}

void Walker::plan() {
  for (std::size_t i = 0; i < space_.planned.size(); ++i) {
    const Planned& planned = space_.planned[i];
    if (planned.low < planned.high) {
      candidates_.at(static_cast<std::size_t>(planned.kind))
          .push_back(
              {planned.kind, space_.watched.size() + i, 0, own_time(space_, planned, made_)});
    }
  }
}

void Walker::look_ahead() {
  World w = from_ ? *from_ : space_.root(made_);
  w.choices.replay(space_.script_of(made_));
  w.choices.start_recording();
  std::vector<std::uint64_t> made;
  for (const Watched& watched : space_.watched)
    made.push_back(w.choices.made(watched.id));
  while (!space_.is_settled(w) && w.calendar.step(w, space_.end)) {
    for (std::size_t point = 0; point < made.size(); ++point) {
      const Watched& watched = space_.watched[point];
      for (; made[point] < w.choices.made(watched.id); ++made[point]) {
        if (!space_.is_open(w.now()))
          continue;
        std::int64_t own = 0;
        for (const sim::Choice& choice : w.choices.record()) {
          if (choice.stream == watched.stream && choice.ordinal == made[point])
            own = choice.value;
        }
        candidates_.at(static_cast<std::size_t>(watched.kind))
            .push_back({watched.kind, point, made[point], own});
      }
    }
  }
}

std::pair<std::int64_t, std::int64_t> Walker::range_of(const Candidate& candidate) const {
  if (is_planned(candidate.kind)) {
    const Planned& planned = space_.planned[candidate.point - space_.watched.size()];
    return {planned.low.count(), planned.high.count()};
  }
  const auto& longest =
      candidate.kind == Kind::held ? space_.bounds.packet_delay : space_.bounds.delay;
  return {candidate.own + 1, longest.value_or(Duration{}).count()};
}

Deviation Walker::deviating(const Candidate& candidate, std::uint64_t bits) const {
  Deviation d;
  d.kind = candidate.kind;
  d.own = candidate.own;
  if (is_planned(candidate.kind)) {
    const Planned& planned = space_.planned[candidate.point - space_.watched.size()];
    d.choice = {planned.stream, 0, 0};
    d.point = planned.name;
  } else {
    const Watched& watched = space_.watched[candidate.point];
    d.choice = {watched.stream, candidate.ordinal, 1 - candidate.own};
    d.point = watched.name;
    if (is_yes_or_no(candidate.kind))
      return d;
  }
  const auto [low, high] = range_of(candidate);
  d.choice.value = high <= low ? high
                               : low + static_cast<std::int64_t>(sim::uniform_below(
                                           bits, static_cast<std::uint64_t>(high - low) + 1));
  return d;
}

std::vector<Deviation> Walker::draw(std::uint64_t number, Drawn how) const {
  const std::uint64_t seed = space_.scenario().seed;
  WalkDice dice(seed, number);
  const std::uint64_t off =
      how == Drawn::swarms
          ? sim::random_bits(seed, sim::hash_name("search/swarm"), number / walks_of_a_swarm)
          : 0;
  Left left = left_;
  const std::uint64_t least = how == Drawn::anew ? 0 : 1;
  const std::uint64_t count =
      left.all == 0 ? 0 : least + dice.below(left.all + std::uint64_t{1} - least);
  std::vector<Deviation> path = made_;
  for (std::uint64_t i = 0; i < count; ++i) {
    for (unsigned tries = 0; tries < most_tries; ++tries) {
      const std::size_t kind = dice.below(kinds);
      const auto& these = candidates_.at(kind);
      const auto named = static_cast<Kind>(kind);
      if (these.empty() || (!is_planned(named) && left.of(named) == 0))
        continue;
      const Candidate& one = these[dice.below(these.size())];
      if ((off >> (one.point % 64) & 1) != 0)
        continue;
      Deviation d = deviating(one, dice.bits());
      const bool moves = is_yes_or_no(d.kind) || d.choice.value != d.own;
      const bool known = std::any_of(path.begin(), path.end(),
                                     [&](const Deviation& other) { return same_choice(d, other); });
      if (known || !moves ||
          (!is_planned(named) && !is_yes_or_no(d.kind) && d.choice.value < d.own))
        continue;
      if (!is_planned(named))
        --left.of(named);
      path.push_back(std::move(d));
      break;
    }
  }
  return path;
}

Walk Walker::walk(std::uint64_t number, Drawn how) const {
  Walk out;
  out.path = draw(number, how);
  World w = from_ ? *from_ : space_.root(out.path);
  if (from_)
    w.choices.replay(space_.script_of(out.path));
  if (how == Drawn::anew)
    w.choices.go_on_with(
        sim::random_bits(space_.scenario().seed, sim::hash_name("search/anew"), number));
  naming_choices(out.path, [&] { run(w, out); });
  return out;
}

/// To the end. A choice that was drawn from one execution may come at another time in this one.
void Walker::run(World& w, Walk& walk) const {
  struct Open {
    sim::ChoiceId point;
    Deviation* deviation;
  };
  std::vector<Open> open;
  for (std::size_t i = made_.size(); i < walk.path.size(); ++i) {
    for (const Watched& watched : space_.watched) {
      if (watched.stream == walk.path[i].choice.stream)
        open.push_back({watched.id, &walk.path[i]});
    }
  }
  walk.done = true;
  while (!space_.is_settled(w)) {
    if (!w.calendar.step(w, space_.end)) {
      w.calendar.advance_to(space_.end);
      break;
    }
    for (std::size_t i = open.size(); i-- > 0;) {
      if (w.choices.made(open[i].point) <= open[i].deviation->choice.ordinal)
        continue;
      if (!space_.is_open(w.now()))
        return;
      open[i].deviation->made = w.now();
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  walk.within = true;
  walk.value = space_.value_of(w);
  walk.seen = w.now();
}

}  // namespace holdfast::analysis::search
