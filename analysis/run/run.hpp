// SPDX-License-Identifier: Apache-2.0
// One run of a scenario on a kernel, and the document that says what came of it.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "sim/trace.hpp"

namespace holdfast::analysis {

enum class Kernel { native, simgrid, both };

/// "native", "simgrid" or "both". Throws std::invalid_argument for any other word.
Kernel kernel_named(std::string_view word);

/// Judges a run by its records, beyond what its result document says: `expect.requirements`. It is
/// handed in from above, so that a run knows nothing of the catalogue of requirements.
class Judge : public sim::Sink {
 public:
  /// Appends an entry {name, expected, value, verdict} for each thing that it judges.
  virtual void judge_into(const scenario::Scenario& scenario, nlohmann::json& list) = 0;
};

struct RunOptions {
  Kernel kernel = Kernel::native;
  std::vector<std::string> traces;          ///< kinds of traces to write into `out`
  std::filesystem::path out;                ///< an existing folder; empty: no traces
  std::function<void(double)> progress;     ///< told the fraction done, now and then; may be empty
  std::function<void()> heartbeat;          ///< called every some milliseconds; native kernel only
  const std::atomic<bool>* stop = nullptr;  ///< set it to end the run early
  /// Makes the judge of a scenario that expects requirements to be kept: without one, such a
  /// scenario is refused with std::invalid_argument.
  std::function<std::unique_ptr<Judge>()> judge;
};

/// The two kernels did not do the same. what() shows the first record in which they differ, from
/// both, and what they had in common just before.
class KernelMismatch : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The result document, `schema_version` included. Deterministic: the same scenario gives the same
/// document on any kernel but for the key `kernel`. A sim::InvariantError names scenario and seed.
nlohmann::json run(const scenario::Scenario& scenario, const RunOptions& options);

}  // namespace holdfast::analysis
