// SPDX-License-Identifier: Apache-2.0
// What attempts do when they reach the medium, and whether they may: stale, torn, mutated and
// duplicate effects.
#pragma once

#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

/// Blocks were overwritten.
void on_media_write(World& w, const sim::Record& r);
/// A command took effect that is not harmless twice (protocol.md 9.3).
void on_effect(World& w, const Words<Kind::effect_applied>& r);
/// The application is told the outcome of an operation.
void judge_answer(World& w, std::uint64_t serial);
/// Keeps an incident if there is still room for it.
void keep(Oracle& o, const Incident& incident);

}  // namespace holdfast::oracle
