// SPDX-License-Identifier: Apache-2.0
// The closed form: detection and hold of a silent path as an absorbing Markov chain in steps of
// time, beside the writes that execute when it fails. Solved, not simulated: the distribution of
// the release, the worst stall, the probability that a write outlasts the release of its retry.
//
// It supposes: the phase of the looks at the keep-alive is uniform, writes come at the rate of the
// job and do not wait for one another, each that takes longer takes an exponential time, the target
// lets them come to their end however long that takes, nothing but the one path fails. `path_of`
// refuses a scenario of which this is plainly not so.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "analysis/closed_forms.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis::sizing {

/// The path that fails and the writes on it.
struct Path {
  KeepAlive mode = KeepAlive::traffic_based;
  Load load = Load::busy;
  Duration kato{};
  Duration cqt{};           ///< as the controller reports it
  double multiplier = 0.0;  ///< m of the hold; 0: no hold
  double writes_per_s = 0.0;
  double chance = 0.0;                      ///< that a write takes an exponential time longer
  Duration mean{};                          ///< of that time
  Duration usual{};                         ///< what each takes
  Duration warm_earliest{}, warm_latest{};  ///< from the start of the job to the fault, uniform
};

/// The first connection of the scenario's host. Throws scenario::ScenarioError, which says what the
/// closed form does not take.
Path path_of(const scenario::Scenario& scenario);

/// From the fault to the start of recovery, uniform between these. A busy host with traffic-based
/// keep alive spends one look on the completions before the fault, and only the next one sends
/// (protocol.md 1.7); else the last Keep Alive is up to a period old.
Interval detection_of(const Path& path);
/// From the start of recovery to the release.
Duration hold_of(const Path& path);
/// The longest stall of an application with another path: what was sent right before the fault.
Duration worst_stall(const Path& path);

/// The release since the fault, as the time to absorption of a chain with steps of `step`.
struct Law {
  Duration step{};
  Eigen::ArrayXd chance;  ///< of absorption in step k, that is between k and k + 1 steps
  [[nodiscard]] double quantile_s(double p) const;
};
Law release_law(const Path& path, Duration step = std::chrono::milliseconds{1});

/// The probability that at least one write still executes when its retry is released: the chain
/// once more, with the write beside it, which ends in each step with its hazard. An upper bound of
/// that of corruption, and close to it where blocks are soon written again.
double exposure_of(const Path& path, Duration step = std::chrono::milliseconds{1});

}  // namespace holdfast::analysis::sizing
