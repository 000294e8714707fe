// SPDX-License-Identifier: Apache-2.0
// A check of one requirement: it reads a run and says on how many occasions the requirement
// applied, and on which of them it was broken.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// One occasion on which a requirement was broken.
struct Breach {
  TimePoint at{};
  std::string text;  ///< who did what, with numbers; what was expected
};

/// What a check found in a run.
class Ledger {
 public:
  /// An occasion on which the requirement applied. `text()` is called only if it was broken.
  template <class Text>
  void expect(bool kept, TimePoint at, Text text) {
    ++occasions_;
    if (kept)
      return;
    ++broken_;
    if (breaches_.size() < most_breaches)
      breaches_.push_back({at, text()});
  }

  [[nodiscard]] std::uint64_t occasions() const { return occasions_; }
  [[nodiscard]] std::uint64_t broken() const { return broken_; }
  /// The first few, in the order in which they were found.
  [[nodiscard]] const std::vector<Breach>& breaches() const { return breaches_; }

 private:
  static constexpr std::size_t most_breaches = 3;
  std::uint64_t occasions_ = 0;
  std::uint64_t broken_ = 0;
  std::vector<Breach> breaches_;
};

using CheckFunction = void (*)(const RunView&, Ledger&);

struct Check {
  std::string_view id;  ///< of the requirement in the catalogue
  CheckFunction run;
};

/// All checks, in no particular order; each requirement of the catalogue has exactly one.
const std::vector<Check>& checks();
/// The check of a requirement, or null.
CheckFunction check_of(std::string_view id);

// What each file of checks has.
std::span<const Check> hold_checks();
std::span<const Check> gap_checks();
std::span<const Check> ccr_host_checks();
std::span<const Check> ccr_host_wait_checks();
std::span<const Check> ccr_target_checks();
std::span<const Check> ccr_target_reset_checks();
std::span<const Check> ccr_target_log_checks();
std::span<const Check> keep_alive_host_checks();
std::span<const Check> keep_alive_loss_checks();
std::span<const Check> keep_alive_target_checks();
std::span<const Check> keep_alive_feature_checks();
std::span<const Check> keep_alive_expiry_checks();
std::span<const Check> controller_checks();
std::span<const Check> multipath_checks();
std::span<const Check> ana_checks();
std::span<const Check> association_checks();
std::span<const Check> controller_id_checks();
std::span<const Check> transport_checks();
std::span<const Check> exchange_checks();
std::span<const Check> outcome_checks();

}  // namespace holdfast::conform
