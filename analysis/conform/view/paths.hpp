// SPDX-License-Identifier: Apache-2.0
// What a host knew of its paths at any point of a run: the state of each controller, as a uevent
// would tell it, and what the ANA log pages that had arrived by then said of each namespace.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// How late a host may be where nothing but its own work is in the way.
inline constexpr Duration promptly = std::chrono::milliseconds{10};

class Paths {
 public:
  explicit Paths(const RunView& view);

  /// The state in which a controller was just before an event.
  [[nodiscard]] host::State state_before(std::uint32_t controller, std::uint32_t index) const;
  /// What the last ANA log said of a namespace; none: no log has named it.
  [[nodiscard]] std::optional<wire::AnaState> ana_before(std::uint32_t controller,
                                                         std::uint32_t nsid,
                                                         std::uint32_t index) const;
  /// Whether an ANA error has been answered and no log has arrived since.
  [[nodiscard]] bool is_pending(std::uint32_t controller, std::uint32_t index) const;
  /// LIVE, found by a scan, optimized or non-optimized, not pending.
  [[nodiscard]] bool is_usable(std::uint32_t controller, std::uint32_t nsid,
                               std::uint32_t index) const;
  /// Another path of the same host to the same subsystem that is usable.
  [[nodiscard]] std::uint32_t other_usable(std::uint32_t controller, std::uint32_t nsid,
                                           std::uint32_t index) const;
  struct Log {
    std::uint32_t index = 0;  ///< of the answer
    TimePoint at{};
    std::uint32_t association = nothing;
    bool in_change = false;                         ///< some group is
    std::map<std::uint32_t, wire::AnaState> state;  ///< by nsid
  };
  /// The ANA logs that a controller has answered.
  [[nodiscard]] const std::vector<Log>& logs(std::uint32_t controller) const {
    return of_[controller].logs;
  }
  /// The namespace that an attempt was for.
  [[nodiscard]] std::uint32_t nsid_of(const Attempt& a) const;

 private:
  struct Change {
    std::uint32_t index = 0;
    host::State to{};
  };
  struct One {
    std::vector<Change> changes;
    std::vector<Log> logs;
    std::vector<std::uint32_t> ana_errors;         ///< events
    std::map<std::uint32_t, std::uint32_t> found;  ///< nsid: event of the answer that told of it
  };
  void read(const Exchange& x);

  const RunView& v_;
  std::vector<One> of_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> nsid_;  ///< by token, in their order
};

/// Whether two controllers are paths of one host to one subsystem.
inline bool are_siblings(const RunView& v, std::uint32_t a, std::uint32_t b) {
  return a != b && v.controllers[a].host == v.controllers[b].host &&
         v.controllers[a].subsystem == v.controllers[b].subsystem;
}

/// The next association of the same controller, or null.
inline const Association* next_of(const RunView& v, const Association& a) {
  const auto& all = v.of_controller[a.controller];
  return a.number + 1 < all.size() ? &v.associations[all[a.number + 1]] : nullptr;
}

}  // namespace holdfast::conform
