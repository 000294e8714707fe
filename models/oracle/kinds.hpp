// SPDX-License-Identifier: Apache-2.0
// What the oracle needs to know of the kinds of I/O.
#pragma once

#include "models/host/state.hpp"
#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

using host::IoKind;

inline bool is_read(const Operation& op) { return op.kind == IoKind::read; }
inline bool writes_blocks(const Operation& op) { return host::writes_blocks(op.kind); }
inline bool changes_something(const Operation& op) { return host::changes_something(op.kind); }
/// Its place is known only when it is done; until then `lba` is where its zone begins.
inline bool is_append(const Operation& op) { return op.kind == IoKind::zone_append; }

}  // namespace holdfast::oracle
