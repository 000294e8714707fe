// SPDX-License-Identifier: Apache-2.0
// The oracle's book of attempts: who was sent where, given up when, and settled how. Exposure and
// margin come from it.
#pragma once

#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

struct Verdict {
  bool applied = false;  ///< some attempt of the operation reached the medium
  bool stale = false;    ///< the attempt that answered a read had found stale data
};

void add_attempt(Oracle& o, const Words<Kind::attempt_sent>& sent, TimePoint now);
void fetch_attempt(Oracle& o, Token token, std::uint16_t cntlid);
void mark_stale_sample(Oracle& o, Token token);
/// The medium has it. The attempt's entry, or null when it was settled and forgotten.
const Attempt* apply_attempt(Oracle& o, Token token, TimePoint now);
/// The controller answered: it will not touch the medium any more.
void answer_attempt(Oracle& o, Token token, TimePoint now);
/// The host gave it up; its fate is open unless it was applied already.
void abandon_attempt(Oracle& o, Token token, TimePoint now);
/// The application was told. Attempts that are settled are forgotten.
Verdict settle_operation(Oracle& o, Operation& op, TimePoint now);
/// No byte of this connection can reach the target any more: what was not fetched never will be.
void stream_ran_dry(Oracle& o, transport::ConnectionId connection, TimePoint now);
/// This attempt never got to the target's medium, and cannot any more.
void attempt_was_lost(Oracle& o, Token token, TimePoint now);
/// The number names a new connection, whose target end is there.
void connection_was_opened(Oracle& o, transport::ConnectionId connection);
/// It will land although its queue is going to be released.
void detach_attempt(Oracle& o, Token token);
/// The target's queue has drained: nothing that came over this connection can land any more.
void queue_was_released(Oracle& o, transport::ConnectionId connection, TimePoint now);
/// To be called when what apply_attempt answered is no longer looked at.
void forget_operation_if_over(Oracle& o, std::uint64_t serial);
/// Fills in what an incident tells of its attempt and of the retry that followed it.
void describe_attempt(const Oracle& o, const Attempt& attempt, Incident& incident);

}  // namespace holdfast::oracle
