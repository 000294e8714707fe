// SPDX-License-Identifier: Apache-2.0
// One run of a scenario on a kernel, and the document that says what came of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/files/files.hpp"
#include "analysis/run/bounds.hpp"
#include "analysis/traces/traces.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::analysis {

enum class Kernel { native, simgrid, both };

/// Where a run is.
struct Moment {
  sim::TimePoint now;
  sim::TimePoint end;
  std::uint64_t events = 0;
};

/// "native", "simgrid" or "both". Throws std::invalid_argument for any other word.
Kernel kernel_named(std::string_view word);

/// Judges a run by its records, beyond what its result document says: `expect.requirements`. It is
/// handed in from above, so that a run knows nothing of the catalogue of requirements.
class Judge : public sim::Sink {
 public:
  /// Appends an entry {name, expected, value, verdict} for each thing that it judges.
  virtual void judge_into(const scenario::Scenario& scenario, nlohmann::json& list) = 0;
};

/// Looks on while a run goes on, beside its traces: hears every record, and may look at the world
/// when it has been made and when it is over. Handed in from above, like a judge.
class Onlooker : public sim::Sink {
 public:
  virtual void begins(const World& world) = 0;
  /// `document` is the result, which may be partial. Not called for a run that failed.
  virtual void ends(const World& world, const nlohmann::json& document) = 0;
};

struct RunOptions {
  Kernel kernel = Kernel::native;
  std::vector<std::string> traces;       ///< kinds of traces to write into `out`
  TraceWindow window;                    ///< the part of the run that they have
  std::filesystem::path out;             ///< an existing folder; empty: no traces
  std::function<void(double)> progress;  ///< told the fraction done, up to 200 times
  /// Called every some thousand events, and while the world and the result are made: every some
  /// milliseconds. May throw, which ends the run.
  std::function<void(const Moment&)> heartbeat;
  /// Set it to end the run early, between two events: its result is partial.
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t max_events = default_max_events;  ///< likewise after so many, from 1
  std::uint64_t max_memory = default_max_memory;  ///< likewise when its world takes so many bytes
  /// Makes the judge of a scenario that expects requirements to be kept: without one, such a
  /// scenario is refused with std::invalid_argument.
  std::function<std::unique_ptr<Judge>()> judge;
  std::vector<Onlooker*> onlookers;  ///< of one run at a time
};

/// The two kernels did not do the same. what() shows the first record in which they differ, from
/// both, and what they had in common just before.
class KernelMismatch : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A run was stopped before its world was made, so there is no result.
class NothingYet : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "stopped before it began"; }
};

/// The run has its result, and not all of its traces could be written.
class TracesLost : public EnvironmentError {
 public:
  TracesLost(const std::string& what, nlohmann::json of)
      : EnvironmentError(what), document(std::move(of)) {}
  nlohmann::json document;
};

/// Whether there is a `result.json` in a folder of a run that came to its end. A partial result
/// does not take its place.
bool has_whole_result(const std::filesystem::path& folder);

/// The result document, `schema_version` included. Deterministic: the same scenario gives the same
/// document on any kernel but for the key `kernel`, unless `stop` was set. A run that did not come
/// to its end has the key `partial` (result.hpp). Throws NothingYet, EnvironmentError if a trace
/// cannot be opened, and TracesLost. Traces get their names together, when the result is there;
/// what an earlier run left of other kinds is taken away then. A sim::InvariantError names scenario
/// and seed.
nlohmann::json run(const scenario::Scenario& scenario, const RunOptions& options);

}  // namespace holdfast::analysis
