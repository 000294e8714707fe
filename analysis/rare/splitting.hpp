// SPDX-License-Identifier: Apache-2.0
// Multilevel splitting over any system that can be copied: a world, or a queue of a test. A rare
// event is approached through levels of an importance; whoever comes to a level is copied there,
// and the copies go on with dice of their own. Each method below makes one estimate of the
// probability that a path from the system's beginning meets the event, without bias for every
// importance and every choice of levels; several of them, with other seeds, give its error.
//
// What must hold for that, and who sees to it:
//  (1) A path ends at an instant at which it is known whether it has met the event (the system).
//  (2) Whether a path has come to a level is decided by what it has seen until then (the system).
//  (3) Copies of a path go on with dice of their own, also in what was drawn already and could not
//      be seen yet (the system's `renew`).
//  (4) A repetition that dies out counts as 0 and stays in the mean (whoever takes the mean).
//  (5) Levels are fixed before a repetition begins; a pilot has seeds of its own (the caller).
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::analysis::rare {

inline constexpr double no_level = std::numeric_limits<double>::infinity();

/// How a stretch of a path ended.
enum class Reached : std::uint8_t {
  level,  ///< its importance is at the upper bound, or above
  sunk,   ///< it is below the lower one
  event,  ///< the rare event
  over,   ///< the path is, without the event
};

/// What was done, in units that do not depend on the machine.
struct Work {
  std::uint64_t events = 0;  ///< that fired
  std::uint64_t copies = 0;
  std::uint64_t roots = 0;  ///< paths that began at the beginning
  Work& operator+=(const Work& other) {
    events += other.events;
    copies += other.copies;
    roots += other.roots;
    return *this;
  }
};

/// A system: `root` is its beginning with the dice of a seed; `renew` throws other dice from here
/// on; `advance` runs a path until its importance is at least `up`, or below `down`, or it ends,
/// and keeps the highest importance that it has seen in `peak` (at least what was there). A path
/// whose importance is out of the bounds already stays where it is.
template <class S>
concept System = requires(const S& s, typename S::Path& path, std::uint64_t seed, double& peak,
                          Work& work) {
  requires std::copyable<typename S::Path>;
  { s.root(seed, work) } -> std::same_as<typename S::Path>;
  s.renew(path, seed);
  { s.advance(path, 0.0, 0.0, peak, work) } -> std::same_as<Reached>;
};

/// Seeds of one repetition: no two of a run are the same.
class Seeds {
 public:
  Seeds(std::uint64_t run, std::uint64_t repetition)
      : run_(run), stream_(sim::hash_name("rare") + repetition) {}
  std::uint64_t next() { return sim::random_bits(run_, stream_, used_++); }
  /// Uniform in [0, bound).
  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(sim::uniform_below(next(), bound));
  }

 private:
  std::uint64_t run_;
  std::uint64_t stream_;
  std::uint64_t used_ = 0;
};

/// A path, and which of the beginnings it comes from.
template <System S>
struct Particle {
  typename S::Path path;
  std::uint32_t ancestor = 0;
  bool hit = false;
};

/// What became of the paths that started at a level: level 0 is the beginning, and what follows the
/// last one is the event.
struct Stage {
  double tried = 0.0;
  double reached = 0.0;
};

/// One estimate.
template <System S>
struct Estimate {
  double value = 0.0;
  std::vector<Stage> stages;         ///< one for each level, and one before them
  std::vector<Particle<S>> hits;     ///< some of the paths that met the event, of other ancestors
  std::vector<std::uint32_t> lines;  ///< ancestors of all of those that met it, ascending
  Work work;
};

namespace detail {

inline constexpr std::size_t hits_kept = 10;

/// Keeps who met the event: of each ancestor the first.
template <System S>
void keep_hit(Estimate<S>& out, Particle<S>&& one) {
  const auto place = std::lower_bound(out.lines.begin(), out.lines.end(), one.ancestor);
  if (place != out.lines.end() && *place == one.ancestor)
    return;
  out.lines.insert(place, one.ancestor);
  if (out.hits.size() < hits_kept)
    out.hits.push_back(std::move(one));
}

template <System S>
Reached advance(const S& system, Particle<S>& one, double up, double down, Work& work) {
  double peak = 0.0;
  const Reached r = one.hit ? Reached::event : system.advance(one.path, up, down, peak, work);
  one.hit = r == Reached::event;
  return r;
}

template <System S>
Particle<S> copy_of(const S& system, const Particle<S>& one, Seeds& seeds, Work& work) {
  Particle<S> copy = one;
  ++work.copies;
  if (!copy.hit)
    system.renew(copy.path, seeds.next());
  return copy;
}

/// A path up to its end; `at[k]` is where it first came to level `first` + k.
template <System S>
struct Line {
  std::vector<Particle<S>> at;
  std::size_t first = 0;
  std::size_t top = 0;  ///< levels it came to; one more: the event

  /// Nobody sets out from there any more.
  void forget_below(std::size_t level) {
    const std::size_t drop = std::min(level - std::min(first, level), at.size());
    at.erase(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(drop));
    first += drop;
  }
};

inline void check_levels(const std::vector<double>& levels) {
  HOLDFAST_CHECK(std::is_sorted(levels.begin(), levels.end(), std::less_equal<>()),
                 "each level is higher than the one before it");
}

}  // namespace detail

/// Fixed effort (Garvels 2000): as many paths from each level, spread evenly over those that came
/// there; the estimate is the product of the fractions that come to the next one.
template <System S>
Estimate<S> fixed_effort(const S& system, const std::vector<double>& levels, std::size_t effort,
                         Seeds seeds) {
  HOLDFAST_CHECK(effort > 0, "somebody has to set out");
  detail::check_levels(levels);
  Estimate<S> out;
  out.value = 1.0;
  std::vector<Particle<S>> from, to;
  for (std::size_t stage = 0; stage <= levels.size(); ++stage) {
    const double up = stage < levels.size() ? levels[stage] : no_level;
    const std::size_t offset = from.empty() ? 0 : seeds.below(from.size());
    to.clear();
    for (std::size_t n = 0; n < effort; ++n) {
      Particle<S> one =
          stage == 0
              ? Particle<S>{system.root(seeds.next(), out.work), static_cast<std::uint32_t>(n)}
              : detail::copy_of(system, from[(n + offset) % from.size()], seeds, out.work);
      const Reached r = detail::advance(system, one, up, -no_level, out.work);
      if (r == Reached::level || r == Reached::event)
        to.push_back(std::move(one));
    }
    out.stages.push_back({static_cast<double>(effort), static_cast<double>(to.size())});
    out.value *= static_cast<double>(to.size()) / static_cast<double>(effort);
    if (to.empty())
      return out;
    std::swap(from, to);
  }
  for (Particle<S>& one : from)
    detail::keep_hit(out, std::move(one));
  return out;
}

/// RESTART (Villen-Altamirano 1991, with prolonged retrials 2019): who comes to a level is split
/// into `factors` of it, and those that were made there end when they fall `prolong` levels below
/// it; the one that they were made from goes on, and is split again when it comes back. `roots`
/// paths begin. As many factors as levels, each at least 1.
template <System S>
Estimate<S> restart(const S& system, const std::vector<double>& levels,
                    const std::vector<std::uint32_t>& factors, std::size_t prolong,
                    std::size_t roots, Seeds seeds) {
  HOLDFAST_CHECK(roots > 0 && factors.size() == levels.size(), "each level has its factor");
  detail::check_levels(levels);
  struct Trial {
    Particle<S> particle;
    std::size_t split = 0;  ///< levels at which it counts for a part
    std::size_t born = 0;   ///< the level at which it was made; 0: it began at the beginning
  };
  Estimate<S> out;
  std::vector<double> weight = {1.0};
  for (const std::uint32_t factor : factors)
    weight.push_back(weight.back() / factor);
  out.stages.resize(levels.size() + 1);
  double sum = 0.0;
  std::vector<Trial> waiting;
  for (std::size_t n = 0; n < roots; ++n) {
    waiting.push_back({{system.root(seeds.next(), out.work), static_cast<std::uint32_t>(n)}, 0, 0});
    out.stages[0].tried += 1.0;
    while (!waiting.empty()) {
      Trial one = std::move(waiting.back());
      waiting.pop_back();
      for (bool goes_on = true; goes_on;) {
        const double up = one.split < levels.size() ? levels[one.split] : no_level;
        const double down = one.split > prolong ? levels[one.split - 1 - prolong] : -no_level;
        switch (detail::advance(system, one.particle, up, down, out.work)) {
          case Reached::level:
            out.stages[one.split].reached += 1.0;
            ++one.split;
            out.stages[one.split].tried += factors[one.split - 1];
            for (std::uint32_t k = 1; k < factors[one.split - 1]; ++k) {
              waiting.push_back(
                  {detail::copy_of(system, one.particle, seeds, out.work), one.split, one.split});
            }
            break;
          case Reached::sunk:
            goes_on = one.born != one.split;
            --one.split;
            break;
          case Reached::event:
            sum += weight[one.split];
            out.stages[one.split].reached += 1.0;
            detail::keep_hit(out, std::move(one.particle));
            goes_on = false;
            break;
          case Reached::over:
            goes_on = false;
            break;
        }
      }
    }
  }
  out.value = sum / static_cast<double>(roots);
  return out;
}

/// Generalised adaptive multilevel splitting (Brehier, Gazeau, Goudenege, Lelievre, Rousset 2016):
/// all paths with the lowest maximum go, however many they are, and as many copies of others set
/// out from where those first came above it. `levels` are the values between which maxima are told
/// apart. If all are tied below the event, the estimate is 0.
template <System S>
Estimate<S> adaptive(const S& system, const std::vector<double>& levels, std::size_t particles,
                     Seeds seeds) {
  HOLDFAST_CHECK(particles > 1, "one path cannot replace another");
  detail::check_levels(levels);
  using Line = detail::Line<S>;
  const std::size_t event = levels.size() + 1;
  Estimate<S> out;
  out.stages.resize(event);
  const auto run = [&](Particle<S> one, std::size_t from) {
    Line line;
    line.first = line.top = from;
    for (;;) {
      const double up = line.top < levels.size() ? levels[line.top] : no_level;
      const Reached r = detail::advance(system, one, up, -no_level, out.work);
      if (r == Reached::over)
        return line;
      if (r == Reached::event) {  // above all levels, whether it came through them or not
        for (; line.top < event; ++line.top)
          line.at.push_back(one);
        return line;
      }
      line.at.push_back(one);
      ++out.work.copies;
      ++line.top;
    }
  };
  std::vector<Line> lines;
  for (std::size_t n = 0; n < particles; ++n) {
    lines.push_back(run({system.root(seeds.next(), out.work), static_cast<std::uint32_t>(n)}, 0));
  }
  out.value = 1.0;
  for (;;) {
    const std::size_t lowest =
        std::min_element(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
          return a.top < b.top;
        })->top;
    if (lowest == event)
      break;
    std::vector<std::size_t> gone, left;
    for (std::size_t i = 0; i < lines.size(); ++i)
      (lines[i].top == lowest ? gone : left).push_back(i);
    out.stages[lowest].tried += static_cast<double>(lines.size());
    out.stages[lowest].reached += static_cast<double>(left.size());
    out.value *= static_cast<double>(left.size()) / static_cast<double>(lines.size());
    if (left.empty())
      return out;
    for (Line& line : lines)
      line.forget_below(lowest);
    for (const std::size_t i : gone) {
      const Line& other = lines[left[seeds.below(left.size())]];
      Particle<S> one = detail::copy_of(system, other.at[lowest - other.first], seeds, out.work);
      Line line = run(one, lowest + 1);
      line.at.insert(line.at.begin(), std::move(one));
      line.first = lowest;
      lines[i] = std::move(line);
    }
  }
  for (Line& line : lines)
    detail::keep_hit(out, std::move(line.at.back()));
  return out;
}

}  // namespace holdfast::analysis::rare
