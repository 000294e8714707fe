// SPDX-License-Identifier: Apache-2.0
// Operations as a register sees them: intervals on one axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "models/oracle/kinds.hpp"
#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

inline constexpr std::int64_t open_end = std::numeric_limits<std::int64_t>::max();
/// Looking up after each operation would cost more than what is done in between.
inline constexpr std::size_t looks_every = 4096;

// An operation that is submitted at the instant at which another completes comes after it. Doubling
// the times makes that strict: completions are even, submissions are odd.
inline std::int64_t start_of(const Operation& op) { return 2 * sim::ns(op.submitted) + 1; }
inline std::int64_t finish_of(const Operation& op) {
  const bool known = op.completed != sim::never && op.status == 0;
  return known ? 2 * sim::ns(op.completed) : open_end;
}
inline bool is_answered_read(const Operation& op) {
  return is_read(op) && op.completed != sim::never && op.status == 0;
}

}  // namespace holdfast::oracle
