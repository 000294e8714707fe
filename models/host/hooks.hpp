// SPDX-License-Identifier: Apache-2.0
// The decisions of a recovery, for somebody outside who wants to take them: a policy as a program
// instead of a row of knobs. Every hook may answer nothing, which leaves the decision to the knobs.
// Hooks look at the world and do not touch it. They are called when a path fails, not per packet.
#pragma once

#include <optional>
#include <vector>

#include "models/host/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::host {

class RecoveryHooks {
 public:
  RecoveryHooks() = default;
  RecoveryHooks(const RecoveryHooks&) = delete;
  RecoveryHooks& operator=(const RecoveryHooks&) = delete;
  virtual ~RecoveryHooks() = default;

  /// Error recovery begins: fence first (true), or cancel and retry at once?
  virtual std::optional<bool> fences(const World& w, ControllerId id, Cause cause) = 0;
  /// How long the time-based hold lasts, from now on. At least 0.
  virtual std::optional<Duration> hold(const World& w, ControllerId id) = 0;
  /// The source controller of the next CCR, one of `candidates` (in list order, at least one), or
  /// `none`: no more attempts.
  virtual std::optional<ControllerId> source(const World& w, ControllerId impacted,
                                             const std::vector<ControllerId>& candidates) = 0;
  /// Does this request, in flight when the fence starts, wait for it?
  virtual std::optional<bool> waits(const World& w, ControllerId id, const Io& io) = 0;
  /// Is an I/O that was given up with its path sent again elsewhere, or does it fail?
  virtual std::optional<bool> repeats(const World& w, ControllerId id, const Io& io) = 0;
};

/// From now on they decide for a host's controllers, in this world and not in copies of it.
void attach_hooks(World& w, HostId host, RecoveryHooks* hooks);

}  // namespace holdfast::host
