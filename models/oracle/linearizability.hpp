// SPDX-License-Identifier: Apache-2.0
// The second opinion on integrity: the history that the applications saw, block by block, must be
// one that a single register could have produced. It shares no rule with the oracle and looks at
// nothing but the operations: neither at attempts nor at the medium.
#pragma once

#include <cstdint>
#include <functional>

#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

/// The verdict and, if it is not ok, the first contradiction found.
struct LinearizabilityReport {
  bool ok = true;
  DiskId disk{};
  std::uint64_t lba = 0;
  /// The two operations that contradict each other: two writes whose effects cannot be ordered, or
  /// a read and the write that it cannot have seen. 0: what the medium held at the start.
  std::uint64_t first_serial = 0;
  std::uint64_t second_serial = 0;
};

/// Checks every block that was read. Writes that failed or are still out may have taken effect at
/// any later time, or never; each attempt of a write that is out may take effect once. A write of
/// several blocks counts for each of them; a read of several for its first one only, because of no
/// other is it recorded what it returned. O(n log n). `look`, if there is one, is called again and
/// again meanwhile; it may throw.
LinearizabilityReport check_linearizable(const Oracle& oracle,
                                         const std::function<void()>& look = {});

}  // namespace holdfast::oracle
