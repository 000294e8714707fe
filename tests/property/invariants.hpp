// SPDX-License-Identifier: Apache-2.0
// What holds for every world between two events, whatever happens to it. Tests that step a run
// check it on the way; one that breaks something on purpose says so by name
// (conformance::Run::without_invariants).
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "models/world.hpp"

namespace holdfast::invariants {

/// Events between two looks at a world. A look costs as much as some twenty events.
inline constexpr std::uint64_t stride = 128;

/// The first invariant that does not hold, in words; empty: all hold.
///  - The calendar: what is pending is held once, in order, and not in the past.
///  - The network: each packet is on one link or in one emulator, and belongs to one sender.
///  - Transports: what was sent and not acknowledged is without gaps, and no end has more than the
///    other one sent.
///  - The host: each tag is free or in use, each I/O is in one place and is not done yet, a LIVE
///    controller has its queues, and a queue and what carries it know each other.
///  - The target: a controller and its queues know each other, each command executes or waits, and
///    what executes is counted where it executes.
std::string broken(const World& w);

/// What may happen once only: an operation is done, and an attempt is sent and ends, at most once,
/// and in this order.
class Once {
 public:
  /// Takes a record; what is wrong with it, in words, or nothing.
  std::string take(const sim::Record& record);

 private:
  std::set<std::uint64_t> submitted_, sent_;
};

/// Fires all events up to `limit` and checks on the way and at the end; the test fails at the
/// first invariant that does not hold.
void run_until(World& w, sim::TimePoint limit);

/// Checks a world now; the test fails if an invariant does not hold.
void check(const World& w);

}  // namespace holdfast::invariants
