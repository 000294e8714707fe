// SPDX-License-Identifier: Apache-2.0
// The worst case within bounds: every execution that differs from a scenario's own run in at most
// so many choices (a packet lost, a command that sits in its controller for longer, a fault that
// strikes or heals at another instant). Worlds are values, so each is a copy of another one at the
// choice in which they differ. Executions with fewer deviations come first, and all of them are
// tried before any with more; before each number of them some are drawn at random.
//
// Losses are all of those that the bounds allow. Times are tried at critical instants: right
// before, at and right after everything that the time in question could come to lie before or
// behind.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/search/alike/remembered.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "sim/choice.hpp"
#include "sim/time.hpp"

namespace holdfast::analysis::search {

using sim::Duration;
using sim::TimePoint;

enum class Objective : std::uint8_t {
  corruption,  ///< anything that must not happen to data (oracle::Counts::corrupt)
  exposure,    ///< how long a stale write could have landed, at most
  stall,       ///< the longest stall of an application
};
/// Throws std::invalid_argument for another word than those of the enumeration.
Objective objective_named(std::string_view word);
const char* name_of(Objective objective);

/// In which order executions are tried.
enum class Strategy : std::uint8_t {
  exhaustive,   ///< all of them, those with fewer deviations first
  best_first,   ///< all of them, those first that lie below what came nearest to harm
  random_walk,  ///< drawn at random within the bounds; never exhausts them
  swarm,        ///< the same, each row of walks with a random half of the choice points
  portfolio,    ///< both kinds of walks before each level of the exhaustive one
};
inline constexpr std::array strategies = {Strategy::exhaustive, Strategy::best_first,
                                          Strategy::random_walk, Strategy::swarm,
                                          Strategy::portfolio};
/// Throws std::invalid_argument for another word than those of the enumeration, with hyphens.
Strategy strategy_named(std::string_view word);
const char* name_of(Strategy strategy);

enum class Kind : std::uint8_t {
  loss,
  delay,  ///< of a command in its controller
  held,   ///< a packet, before its link
  fault_at,
  fault_for,
  notice  ///< an asynchronous event, that never comes
};
constexpr std::size_t kinds = 6;
/// Answered with yes or no, and not with a time.
inline bool is_yes_or_no(Kind kind) { return kind == Kind::loss || kind == Kind::notice; }
/// Chosen before the world begins to run, and not at an instant of it.
inline bool is_planned(Kind kind) { return kind == Kind::fault_at || kind == Kind::fault_for; }

/// A choice that is answered otherwise than in the scenario's own run.
struct Deviation {
  Kind kind{};
  sim::Choice choice;
  std::string point;     ///< its name
  std::int64_t own = 0;  ///< the answer of the run that it deviates from
  TimePoint made{};      ///< when the choice was made; of a fault's time the beginning
  friend bool operator==(const Deviation&, const Deviation&) = default;
};

struct Finding {
  std::vector<Deviation> deviations;
  std::int64_t value = 0;  ///< corruption: 1; else nanoseconds
  TimePoint seen{};        ///< corruption: when it was done; else the end of the run
};

/// Executions that go on from a finding's last choice with one more deviation (aftermath.hpp).
struct Aftermath {
  TimePoint from{};
  std::uint64_t worlds = 0;
  std::uint64_t safe = 0;
  bool whole = true;                    ///< not cut at most_aftermath_worlds
  std::optional<Deviation> first_safe;  ///< what saves the data, if anything does
};

/// How many executions that go on from an instant of a finding with random choices corrupt.
struct Chance {
  TimePoint at{};
  std::uint64_t worlds = 0;
  std::uint64_t corrupt = 0;
};

/// What was done of the executions with a number of deviations.
struct Level {
  unsigned deviations = 0;
  std::uint64_t worlds = 0;  ///< executions that were run to their end, or to what was looked for
  std::uint64_t probes = 0;  ///< and beside them those that told critical instants
  bool exhausted = false;
};

enum class Ended : std::uint8_t { exhausted, found, budget, interrupted };

/// Worlds that were recognised, of a search that remembers them (alike/).
struct Merging {
  bool on = false;
  std::uint64_t distinct = 0;  ///< remembered
  std::uint64_t again = 0;     ///< like one that was met before with at least as much left
  friend bool operator==(const Merging&, const Merging&) = default;
};

struct Outcome {
  Objective objective{};
  scenario::Adversary bounds;
  std::string against;  ///< the policy under which what was found is safe; empty: none was named
  Strategy strategy = Strategy::portfolio;
  std::vector<Level> levels;
  Merging merging;
  std::uint64_t walks = 0;    ///< executions that were drawn at random; in no level
  std::uint64_t outside = 0;  ///< of these, left: a choice came to be made outside of the bounds
  Ended ended = Ended::exhausted;
  std::int64_t own_value = 0;     ///< of the scenario's own run
  std::optional<Finding> worst;   ///< none: corruption, exposure: there is none; shrunk
  std::uint64_t shrink_runs = 0;  ///< runs that shrinking took
  /// Of a corruption that took deviations; none: it was not asked for, or the own run corrupts.
  std::optional<Aftermath> aftermath;
  std::vector<Chance> likelihood;  ///< of the same, by instant (likelihood.hpp)
  scenario::Scenario finding;      ///< replays `worst`
};

/// How far a search has come, between two chunks of executions.
struct Position {
  std::vector<Level> levels;  ///< the last one may be under way
  std::uint64_t chunks = 0;   ///< of that one, done
  std::uint64_t walked = 0;   ///< executions that were drawn
  std::uint64_t outside = 0;
  std::int64_t own_value = 0;
  std::optional<Finding> best;
  Merging merging;
  std::uint64_t met_sum = 0;  ///< of those that were met, as their file has it
  alike::Hash begins;         ///< a world of the search: another program tells worlds otherwise
  /// All worlds that are remembered, in the order in which they were met.
  std::vector<alike::Remembered> met;
};

struct Progress {
  unsigned deviations = 0;
  std::uint64_t worlds = 0;  ///< of all levels
  std::size_t frontier = 0;  ///< first deviations of this level that are taken up and not done
  bool found = false;
};

inline constexpr std::uint64_t default_walks = 10'000;
/// Of each kind, before each level of a portfolio from the second on.
inline constexpr std::uint64_t portfolio_walks = 512;

/// The scenario with that policy at all hosts.
scenario::Scenario under(const scenario::Scenario& scenario,
                         const scenario::RecoveryPolicy& policy);

struct Options {
  Strategy strategy = Strategy::portfolio;
  unsigned jobs = 1;  ///< threads; the answer does not depend on it
  /// Most worlds; 0: without limit, but walks alone end at `default_walks` without a deadline.
  std::uint64_t worlds = 0;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const Progress&)> progress;
  /// Goes on from there; the answer is the one of a search that was never interrupted.
  std::optional<Position> from;
  std::function<void(const Position&)> keep;  ///< called after each chunk, by the calling thread
  /// Called before `keep` with the worlds that are new, and how many there were before them; what
  /// keep is given has none of them.
  std::function<void(std::uint64_t, std::span<const alike::Remembered>)> keep_met;
  /// Worlds that are met again are left out. Not with `against`: there the choices count that led
  /// to a world.
  bool merge = true;
  /// A command is not delayed to both sides of what happens at another node meanwhile, which it
  /// cannot be told apart from (critical.hpp).
  bool reduce = true;
  bool shrink = true;  ///< and tell of the aftermath
  /// Policy of all hosts under which the same choices have to be safe; corruption only.
  std::optional<scenario::RecoveryPolicy> against;
};

/// The scenario's `adversary`, or the default one, sets the bounds. Deterministic but for a
/// deadline and `stop`. A sim::InvariantError names the choices of the world in which the simulator
/// is wrong.
Outcome search(const scenario::Scenario& scenario, const Options& options, Objective objective);

/// {schema_version, name, scenario_hash, for, verdict, ...}; see docs/worst-case.md.
nlohmann::json document(const scenario::Scenario& scenario, const Outcome& outcome);
/// A deviation in words: "packet 12 is lost on link h1-s1 fwd at 10.2 s".
std::string told(const Deviation& deviation);
/// What can still be done about a finding, in words.
std::string told(const Aftermath& aftermath);
/// The bounds in words, for a verdict.
std::string told(const scenario::Adversary& bounds, const scenario::Scenario& scenario);

}  // namespace holdfast::analysis::search
