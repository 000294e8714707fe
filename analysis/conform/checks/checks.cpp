// SPDX-License-Identifier: Apache-2.0
// The list of all checks.
#include <algorithm>

#include "analysis/conform/checks/check.hpp"

namespace holdfast::conform {

const std::vector<Check>& checks() {
  static const std::vector<Check> all = [] {
    std::vector<Check> out;
    for (const auto part : {hold_checks(),
                            gap_checks(),
                            ccr_host_checks(),
                            ccr_host_wait_checks(),
                            ccr_target_checks(),
                            ccr_target_reset_checks(),
                            ccr_target_log_checks(),
                            keep_alive_host_checks(),
                            keep_alive_loss_checks(),
                            keep_alive_target_checks(),
                            keep_alive_feature_checks(),
                            keep_alive_expiry_checks(),
                            controller_checks(),
                            multipath_checks(),
                            ana_checks(),
                            association_checks(),
                            controller_id_checks(),
                            transport_checks(),
                            exchange_checks(),
                            outcome_checks()})
      out.insert(out.end(), part.begin(), part.end());
    return out;
  }();
  return all;
}

CheckFunction check_of(std::string_view id) {
  for (const Check& c : checks()) {
    if (c.id == id)
      return c.run;
  }
  return nullptr;
}

}  // namespace holdfast::conform
