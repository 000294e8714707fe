// SPDX-License-Identifier: Apache-2.0
// Executions below a node; see explore.hpp. Losses and delays are branched on right before the
// event that asks: the event is run once to see which choices it makes, and once for each other
// answer.
#include "analysis/search/explore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/search/critical.hpp"

namespace holdfast::analysis::search {

sim::InvariantError named(const sim::InvariantError& error, const std::vector<Deviation>& path) {
  std::string words;
  for (const Deviation& d : path)
    words += "; " + told(d);
  return sim::InvariantError(fmt::format("{} (in a search{})", error.what(), words));
}

Yield Explorer::all_below(Node node) {
  yield_ = {};
  go(std::move(node));
  if (memory_ != nullptr) {
    yield_.again = memory_->again();
    yield_.met = memory_->take_new();
  }
  return std::move(yield_);
}

Yield Explorer::children(Node node, const Take& take) {
  yield_ = {};
  only_notes_ = true;
  if (!expand(std::move(node), take))
    yield_.cut = true;
  return std::move(yield_);
}

void Explorer::go(Node&& node) {
  if (node.left.all == 0) {
    judge(std::move(node));
    return;
  }
  expand(std::move(node), [&](Node&& below) {
    go(std::move(below));
    return !yield_.cut;
  });
}

void Explorer::judge(Node&& node) {
  if (!goes_on_(yield_)) {
    yield_.cut = true;
    return;
  }
  ++yield_.worlds;
  World w = node.world ? std::move(*node.world) : space_.root(node.path);
  const std::int64_t value = space_.finish(w);
  const bool better = yield_.best ? value > yield_.best->value : value > 0;
  if (!better || !counts_(node.path))
    return;
  yield_.best = Finding{std::move(node.path), value, w.now()};
  if (space_.objective == Objective::corruption)
    yield_.cut = true;  // There is nothing worse.
}

bool Explorer::expand(Node&& node, const Take& take) {
  if (!node.world && !expand_planned(node, take))
    return false;
  const bool any =
      std::any_of(space_.watched.begin(), space_.watched.end(),
                  [&](const Watched& watched) { return node.left.of(watched.kind) != 0; });
  if (!any)
    return true;
  World before = node.world ? std::move(*node.world) : space_.root(node.path);
  node.world.reset();
  while (before.calendar.step(before, std::min(space_.from - Duration{1}, space_.end))) {
  }
  // One world goes ahead to see which event asks, and the other follows up to right before that: a
  // second step is much cheaper than a copy for each event.
  World after = before;
  std::uint64_t apart = 0;
  for (;;) {
    if (!after.calendar.is_due(std::min(space_.until, space_.end)))
      return true;
    if (space_.is_settled(after))
      return true;
    const std::uint64_t asked = asked_in(node, after);
    after.calendar.step(after, space_.end);
    ++apart;
    if (space_.is_open(after.now()) && asked_in(node, after) != asked) {
      for (; apart > 1; --apart)
        before.calendar.step(before, space_.end);
      if (!expand_event(node, before, after, take))
        return false;
      if (is_known(after, node.left))
        return true;
    }
    node.behind.reset();
  }
}

/// Nothing that lies below a world with so much left is new. It is looked at behind each event that
/// asked: what that costs is little beside the executions that branch off there. Executions that
/// deviate no more are not looked at, since what is left of them costs less than looking.
bool Explorer::is_known(const World& w, const Left& left) {
  if (memory_ == nullptr)
    return false;
  if (!only_notes_)
    return memory_->meets(w, left);
  memory_->note(w, left);
  return false;
}

/// How many choices were made that may still deviate.
std::uint64_t Explorer::asked_in(const Node& node, const World& w) const {
  std::uint64_t made = 0;
  for (const Watched& watched : space_.watched) {
    if (node.left.of(watched.kind) != 0)
      made += w.choices.made(watched.id);
  }
  return made;
}

bool Explorer::expand_planned(const Node& node, const Take& take) {
  for (std::size_t i = node.next_planned; i < space_.planned.size(); ++i) {
    const Planned& planned = space_.planned[i];
    const std::int64_t own = own_time(space_, planned, node.path);
    ++yield_.probes;
    for (const std::int64_t value : times_of(space_, planned, node.path, own)) {
      Node below;
      below.next_planned = i + 1;
      below.path = node.path;
      below.path.push_back({planned.kind, {planned.stream, 0, value}, planned.name, own, {}});
      below.left = node.left;
      --below.left.all;
      if (!take(std::move(below)))
        return false;
    }
  }
  return true;
}

bool Explorer::expand_event(const Node& node, const World& before, const World& after,
                            const Take& take) {
  for (std::size_t point = 0; point < space_.watched.size(); ++point) {
    const Watched& watched = space_.watched[point];
    if (node.left.of(watched.kind) == 0)
      continue;
    const std::uint64_t last = after.choices.made(watched.id);
    for (std::uint64_t i = before.choices.made(watched.id); i < last; ++i) {
      const bool skipped = node.behind && Place{point, i} <= *node.behind;
      if (!skipped && !offer(node, before, point, i, after.now(), take))
        return false;
    }
  }
  return true;
}

/// All other answers to one choice.
bool Explorer::offer(const Node& node, const World& before, std::size_t point,
                     std::uint64_t ordinal, TimePoint now, const Take& take) {
  const Watched& watched = space_.watched[point];
  const Place place{point, ordinal};
  if (is_yes_or_no(watched.kind)) {
    const std::int64_t own = space_.says_yes(node.path, watched.stream, ordinal) ? 1 : 0;
    return child(node, before, place,
                 {watched.kind, {watched.stream, ordinal, 1 - own}, watched.name, own, now}, take);
  }
  World again = before;
  again.choices.start_recording();
  again.calendar.step(again, space_.end);
  sim::Choice own{watched.stream, ordinal, 0};
  for (const sim::Choice& made : again.choices.record()) {
    if (made.stream == own.stream && made.ordinal == own.ordinal)
      own.value = made.value;
  }
  // A packet that is held does its harm when it arrives.
  Duration transit{};
  if (watched.kind == Kind::held) {
    const net::Channel& c = again.net.channels[sim::index(watched.channel)];
    transit = std::max(c.busy_until, now) + c.delay - now;
  }
  yield_.probes += 1;
  for (const std::int64_t value :
       delays_of(space_, before, node.path, {watched.kind, own, transit})) {
    const Deviation deviation{
        watched.kind, {own.stream, ordinal, value}, watched.name, own.value, now};
    if (!child(node, before, place, deviation, take))
      return false;
  }
  return true;
}

bool Explorer::child(const Node& node, const World& before, const Place& place,
                     const Deviation& deviation, const Take& take) {
  Node below;
  below.world = before;
  below.next_planned = space_.planned.size();
  below.path = node.path;
  below.path.push_back(deviation);
  below.left = node.left;
  --below.left.all;
  --below.left.of(deviation.kind);
  below.behind = place;
  below.world->choices.replay(space_.script_of(below.path));
  return take(std::move(below));
}

}  // namespace holdfast::analysis::search
