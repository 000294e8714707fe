// SPDX-License-Identifier: Apache-2.0
// How every drawn scenario ends: everything heals, the loads come to their end, and then all must
// be live again. What is still stuck would have stayed so for ever.
#pragma once

#include <set>
#include <string>

#include "models/world.hpp"
#include "tests/property/invariants.hpp"

namespace holdfast::invariants {

/// Watches a run from its beginning: whom somebody sent away, or what ended once too often.
class Watcher : public sim::Sink {
 public:
  void on_record(const sim::Record& record) override;

  /// What happened once too often; empty: nothing.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  /// Whether an administrator, a lost device or a refusal for good (DNR) ended a host controller.
  [[nodiscard]] bool was_sent_away(std::uint64_t controller) const {
    return sent_away_.count(controller) != 0;
  }

 private:
  Once once_;
  std::string broken_;
  std::set<std::uint64_t> sent_away_;
};

/// The two halves of the next one. What repeats strikes once more at most; ten seconds later those
/// with an end are over.
void end_repetitions(World& w);
/// All that is in force ends, and each load comes to its end.
void end_everything(World& w);

/// Ends all faults of a world, those included that were to last for ever, and lets each load end;
/// then runs on for longer than any time-out, hold, expiry and reconnect takes.
void heal(World& w);

/// What is not live in a world that has healed, in words; empty: each path is connected unless it
/// was given up or sent away, and each I/O and each command is done.
std::string stuck(const World& w, const Watcher& watcher);

/// Both, as a test: what is stuck fails it. `watcher` has seen the whole run.
void close(World& w, const Watcher& watcher);

}  // namespace holdfast::invariants
