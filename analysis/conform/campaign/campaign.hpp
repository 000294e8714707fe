// SPDX-License-Identifier: Apache-2.0
// All runs of a matrix. Every implementation goes through all probes and the drawn scenarios; then,
// as long as it passes a requirement that depends on timing and met it in few drawn scenarios, it
// goes through variations of the probes in which it met it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/conform/campaign/matrix.hpp"
#include "analysis/conform/catalogue/catalogue.hpp"
#include "analysis/conform/checks/check.hpp"

namespace holdfast::conform {

/// A scenario that implementations are put through, without them.
struct Course {
  Probe probe;
  bool drawn = false;
};

/// What one run says of one requirement.
struct Finding {
  std::uint64_t occasions = 0;
  std::uint64_t broken = 0;
  std::optional<Breach> first;
};

/// One run.
struct Unit {
  std::size_t subject = 0;
  std::size_t course = 0;
  bool done = false;
  std::vector<Finding> findings;  ///< one for each requirement asked for
};

class Campaign {
 public:
  /// `options` has to outlive it.
  explicit Campaign(const MatrixOptions& options);

  /// Throws scenario::ScenarioError, before anything runs, if knobs make no valid scenario.
  void run();
  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  [[nodiscard]] const Probe& probe_of(const Unit& u) const { return courses_[u.course].probe; }
  [[nodiscard]] bool is_drawn(const Unit& u) const { return courses_[u.course].drawn; }
  /// Of probes, for the implementation that needed most.
  [[nodiscard]] std::uint64_t most_variations() const;
  [[nodiscard]] bool stopped() const { return options_.stop != nullptr && *options_.stop; }
  /// Whether an implementation went through all that it has to; if not, its passes are none.
  [[nodiscard]] bool finished(std::size_t subject) const { return finished_[subject]; }
  /// Another share of the whole is done; from any thread.
  void tell(double share);

 private:
  /// How one implementation fared with one requirement so far.
  struct Tally {
    std::uint64_t drawn = 0;
    std::uint64_t failed = 0;
    std::vector<std::size_t> probes;  ///< those that came to the point
  };

  void check_inputs() const;
  /// Units [first, last), which are so much of the whole.
  void run_units(std::size_t first, std::size_t last, double share);
  void run_unit(Unit& u);
  [[nodiscard]] std::vector<Tally> tally(std::size_t subject) const;
  /// Adds the runs that an implementation still needs.
  void plan(std::size_t subject);
  void add_variation(std::size_t subject, std::size_t probe);

  const MatrixOptions& options_;
  std::vector<Course> courses_;
  std::vector<Unit> units_;
  /// The course of a variation of a probe, by its number; the same for all implementations.
  std::map<std::pair<std::size_t, std::uint64_t>, std::size_t> variations_;
  /// How often a probe was varied, for each implementation.
  std::vector<std::map<std::size_t, std::uint64_t>> varied_;
  std::vector<bool> finished_;
  std::mutex mutex_;
  double done_ = 0.0;
};

}  // namespace holdfast::conform
