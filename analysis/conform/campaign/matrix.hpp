// SPDX-License-Identifier: Apache-2.0
// The matrix requirement x implementation: every implementation is put through all probes and a
// swarm of drawn scenarios, each run is checked against every requirement.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/conform/catalogue/catalogue.hpp"

namespace holdfast::conform {

inline constexpr int matrix_schema_version = 1;
inline constexpr std::uint32_t default_swarm = 60;
/// Of the progress that is told; the rest is for making failing scenarios small.
inline constexpr double share_of_runs = 0.8;

enum class Verdict : std::uint8_t {
  pass,
  fail,
  not_applicable,  ///< the implementation does not have what the requirement is about
  not_exercised,   ///< no run came to the point; never a pass
};
std::string_view word(Verdict verdict);

struct MatrixOptions {
  std::vector<Subject> subjects;
  std::vector<const Requirement*> requirements;  ///< the canary is checked in any case
  std::uint64_t seed = 1;                        ///< of the swarm
  std::uint32_t swarm = default_swarm;           ///< drawn scenarios per implementation
  unsigned jobs = 1;
  bool shrink = true;  ///< make failing scenarios as small as possible
  const std::atomic<bool>* stop = nullptr;
  std::function<void(double)> progress;  ///< fraction done; called from any thread, one at a time
};

/// Throws scenario::ScenarioError if an implementation's knobs make no valid scenario.
/// The document: schema_version, seed, swarm, variations, probes, complete, requirements, policies,
/// targets, results (one for each implementation and requirement), summary. With `stop` set, only
/// what is finished.
nlohmann::json run_matrix(const MatrixOptions& options);

/// A preset's name, or knobs of one's own under a name. Throws scenario::ScenarioError.
Subject make_subject(const std::string& policy_name, const nlohmann::json& policy,
                     const std::string& target_name, const nlohmann::json& target);

/// False if the canary passed somewhere or was not exercised: the checker is dead.
bool checker_is_alive(const nlohmann::json& matrix);

}  // namespace holdfast::conform
