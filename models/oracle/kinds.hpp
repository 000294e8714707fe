// SPDX-License-Identifier: Apache-2.0
// What the oracle needs to know of the kinds of I/O.
#pragma once

#include "models/host/state.hpp"
#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

using host::IoKind;

inline IoKind kind_of(const Operation& op) { return static_cast<IoKind>(op.kind); }
inline bool is_read(const Operation& op) { return kind_of(op) == IoKind::read; }
inline bool writes_blocks(const Operation& op) { return host::writes_blocks(kind_of(op)); }
inline bool changes_something(const Operation& op) { return host::changes_something(kind_of(op)); }
/// Its place is known only when it is done; until then `lba` is where its zone begins.
inline bool is_append(const Operation& op) { return kind_of(op) == IoKind::zone_append; }

}  // namespace holdfast::oracle
