// SPDX-License-Identifier: Apache-2.0
// Worlds as a system that can be split (splitting.hpp): one scenario, its dice thrown anew for each
// path, and what counts as the rare event.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/rare/importance.hpp"
#include "analysis/rare/splitting.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis::rare {

using sim::Duration;
using sim::TimePoint;

/// What is rare.
struct Event {
  enum class Kind : std::uint8_t {
    corruption,  ///< anything that must not happen to data (oracle::Counts::corrupt)
    exposure,    ///< a stale write could have landed for longer than `above`
    stall,       ///< an application stalled for longer than `above`
  };
  Kind kind = Kind::corruption;
  Duration above{};
};
/// "corruption", "exposure", "exposure>TIME" or "stall>TIME". Throws std::invalid_argument, which
/// says what was found and expected.
Event event_of(std::string_view text);
std::string name_of(const Event& event);

/// Thrown by `advance` once a stop was asked for, or the time is over.
class Stopped : public std::exception {};

/// The stalls of the applications of a world, as far as they are known.
struct Stalls {
  struct Job {
    std::uint32_t out = 0;      ///< I/O that is out
    std::int64_t since_ns = 0;  ///< when the last of it was completed, or the first of it submitted
  };
  sim::Vector<Job> jobs;
  std::int64_t longest_ns = 0;  ///< of those that are over
};

/// Where a path was split off another one.
struct Split {
  std::uint64_t fired = 0;  ///< events before
  TimePoint at{};
  std::uint64_t seed = 0;
};

/// Packets may come through on a later try: links lose some, or a fault ends.
bool may_deliver_late(const scenario::Scenario& s);

/// What it takes to walk a path again.
struct Lineage {
  std::uint64_t seed = 0;  ///< of the world at its beginning
  std::vector<Split> splits;
};

class Worlds {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;
  struct Path {
    World world;
    Lineage lineage;
    Stalls stalls;
  };

  /// `importance`: empty: the one that is built in.
  Worlds(scenario::Scenario scenario, Event event, Importance importance = {},
         const std::atomic<bool>* stop = nullptr, Deadline deadline = {});

  [[nodiscard]] Path root(std::uint64_t seed, Work& work) const;
  void renew(Path& path, std::uint64_t seed) const;
  Reached advance(Path& path, double up, double down, double& peak, Work& work) const;

  /// The world of a lineage as a scenario: its seed, and answers to what was drawn otherwise.
  [[nodiscard]] scenario::Scenario replaying(const Lineage& lineage) const;
  /// The same run to its end as the path was, without a script: its trace hash.
  [[nodiscard]] std::uint64_t hash_of(const Lineage& lineage) const;

 private:
  [[nodiscard]] bool draws_again() const { return !importance_ || !importance_.sees_ends; }
  [[nodiscard]] bool has_happened(const Path& path) const;
  [[nodiscard]] bool is_settled(const World& w) const;
  [[nodiscard]] Reading read(const Path& path, double level) const;
  /// Runs a lineage from its beginning to the end of the scenario; `before_split` is called with
  /// the world at the first split.
  template <class Before>
  World walk(const Lineage& lineage, bool record, Before before_split) const;
  [[nodiscard]] World build(std::uint64_t seed, bool record) const;

  scenario::Scenario scenario_;
  Event event_;
  Importance importance_;
  const std::atomic<bool>* stop_;
  Deadline deadline_;
  TimePoint end_{};
  bool late_delivery_ = false;
  World base_;  ///< without its faults; only if nothing of it was drawn
  bool has_base_ = false;
  scenario::Names names_;
};
static_assert(System<Worlds>);

}  // namespace holdfast::analysis::rare
