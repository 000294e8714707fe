// SPDX-License-Identifier: Apache-2.0
// How rare? The probability that a run of a scenario, with all its dice thrown anew, ends in an
// event that crude Monte Carlo would hardly ever see: independent repetitions of a splitting
// estimate, their mean and its error, and what it has cost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/rare/pilot.hpp"
#include "analysis/rare/worlds.hpp"

namespace holdfast::analysis::rare {

enum class Method : std::uint8_t { fixed_effort, restart, adaptive };
/// "fixed-effort", "restart" or "adaptive"; throws std::invalid_argument for another word.
Method method_named(std::string_view word);
const char* name_of(Method method);

/// The mean of independent repetitions.
struct Mean {
  std::size_t repetitions = 0;
  std::size_t zeros = 0;  ///< repetitions in which nobody met the event
  double value = 0.0;
  double deviation = 0.0;              ///< of one repetition
  double low = 0.0, high = 0.0;        ///< 95 %, by Student's t; 0 and 0 for fewer than two
  [[nodiscard]] double error() const;  ///< standard error
};
Mean mean_of(const std::vector<double>& values);

/// Below this value a Student's t of so many degrees of freedom (at least 1) is with probability p.
double student_quantile(double p, std::size_t degrees);

/// The exact interval of a proportion, 95 % (Clopper and Pearson 1934); of no hit at all the upper
/// bound alone is 95 %, which is the rule of three.
struct Proportion {
  std::uint64_t runs = 0;
  std::uint64_t hits = 0;
  double low = 0.0, high = 1.0;
};
Proportion proportion_of(std::uint64_t hits, std::uint64_t runs);

/// Crude Monte Carlo needs so many times the work for the same error: p (1 - p) and what a run of
/// its costs against variance times work of the repetitions. 0: not known.
double gain_over_crude(const Mean& mean, double work, double crude_work_per_run);

struct Options {
  Method method = Method::restart;
  /// Paths that begin in a repetition; with fixed effort also from each level.
  std::size_t effort = 500;
  std::size_t repetitions = 20;
  std::size_t prolong = 1;     ///< RESTART: levels that a retrial may fall
  std::vector<double> levels;  ///< empty: a pilot chooses them
  double crude_part = 0.5;     ///< crude Monte Carlo gets this part of the work of the repetitions
  std::uint64_t seed = 1;
  unsigned jobs = 1;  ///< threads; the answer does not depend on it
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::size_t done, std::size_t of)> progress;  ///< on the calling thread
  std::size_t examples = 10;  ///< worlds that failed and are told as scenarios
  Importance importance;      ///< empty: the one that is built in
};

/// A world that met the event.
struct Example {
  scenario::Scenario scenario;
  std::uint64_t trace_hash = 0;
};

enum class Ended : std::uint8_t { complete, budget, interrupted };

struct Outcome {
  Event event;
  Options options;
  Ended ended = Ended::complete;
  Pilot pilot;
  std::vector<std::uint32_t> factors;  ///< of RESTART
  std::vector<double> values;          ///< of the repetitions, in their order
  Mean mean;
  std::vector<Stage> stages;  ///< of all repetitions
  Work work;                  ///< of the repetitions and the pilot
  std::size_t ancestors = 0;  ///< different beginnings of the paths that met the event
  Proportion crude;
  Work crude_work;
  double gain = 0.0;     ///< by events
  double upper = 0.0;    ///< of no hit at all: what the crude runs allow
  double seconds = 0.0;  ///< processor time of repetitions and pilot
  double crude_seconds = 0.0;
  std::vector<Example> examples;
};

/// Deterministic but for a deadline and `stop`, and for `seconds`. The scenario must have no
/// `choices`.
Outcome rare(const scenario::Scenario& scenario, const Event& event, const Options& options);

/// {schema_version, name, scenario_hash, of, probability, ...}; see docs/rare.md.
nlohmann::json document(const scenario::Scenario& scenario, const Outcome& outcome);
/// What has to be said of an answer before it is believed; empty: nothing.
std::vector<std::string> warnings_of(const Outcome& outcome);

}  // namespace holdfast::analysis::rare
