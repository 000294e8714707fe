// SPDX-License-Identifier: Apache-2.0
// The book of attempts. Entries live from the sending of an attempt until it is both settled (its
// fate is known) and no longer needed to judge its operation; so the book stays as small as what is
// in flight.
#include "models/oracle/attempts.hpp"

#include <algorithm>

#include "models/oracle/kinds.hpp"

namespace holdfast::oracle {

namespace {

/// Throws unless the token names an operation that was submitted.
Operation& operation_of(Oracle& o, Token token) {
  HOLDFAST_CHECK(serial_of(token) > 0 && serial_of(token) <= o.operations.size(),
                 "a token names an I/O that no application has submitted");
  return o.operations.writable(serial_of(token) - 1);
}

SentOn& sent_on(Oracle& o, transport::ConnectionId connection) {
  if (o.sent_on.size() <= sim::index(connection))
    o.sent_on.resize(sim::index(connection) + std::size_t{1});
  return o.sent_on[sim::index(connection)];
}

AttemptId find(const Oracle& o, Token token) {
  HOLDFAST_PACKET_CHECK(serial_of(token) > 0 && serial_of(token) <= o.operations.size(),
                        "a token names an I/O that no application has submitted");
  AttemptId id = o.operations[serial_of(token) - 1].first_attempt;
  while (id != sim::none<AttemptId> && o.attempts[id].token != token)
    id = o.attempts[id].next;
  return id;
}

/// An interval between the release of a retry and the end of what it retried: exposure if the retry
/// came first, margin if the attempt was harmless first.
void account(Exposure& e, const Attempt& a, TimePoint settled) {
  HOLDFAST_CHECK(a.abandoned != sim::never && a.released >= a.abandoned,
                 "a retry is released before what it retries was given up");
  if (settled > a.released) {
    ++e.intervals;
    e.longest = std::max(e.longest, settled - a.released);
    e.total += settled - a.released;
    if (e.windows.size() < Exposure::windows_kept)
      e.windows.push_back({a.token, a.controller, a.released, settled, a.fate});
    return;
  }
  const Duration margin = a.released - settled;
  e.margin_min = e.margins == 0 ? margin : std::min(e.margin_min, margin);
  e.margin_max = std::max(e.margin_max, margin);
  ++e.margins;
}

/// Forgets the attempts of an operation that is completed and whose attempts are all settled. Until
/// then they stay together: an incident tells where the retry went.
void forget_if_over(Oracle& o, Operation& op) {
  if (op.completed == sim::never)
    return;
  for (AttemptId id = op.first_attempt; id != sim::none<AttemptId>; id = o.attempts[id].next) {
    if (o.attempts[id].fate == Fate::open)
      return;
  }
  for (AttemptId id = op.first_attempt; id != sim::none<AttemptId>;) {
    const AttemptId next = o.attempts[id].next;
    sim::unlink<&Attempt::on_connection>(o.attempts, sent_on(o, o.attempts[id].connection).attempts,
                                         id);
    o.attempts.remove(id);
    id = next;
  }
  op.first_attempt = sim::none<AttemptId>;
}

/// An abandoned attempt is accounted once both its ends are known.
void account_if_known(Oracle& o, AttemptId id) {
  const Attempt& a = o.attempts[id];
  if (a.abandoned == sim::never || a.released == sim::never || a.fate == Fate::open)
    return;
  if (changes_something(operation_of(o, a.token)))
    account(o.exposure, a, a.settled);
  HOLDFAST_PACKET_CHECK(o.abandoned.first != sim::none<AttemptId>,
                        "an attempt was given up and is not in the list");
  sim::unlink<&Attempt::in_abandoned>(o.attempts, o.abandoned, id);
}

void settle(Oracle& o, AttemptId id, Fate fate, TimePoint now) {
  Attempt& a = o.attempts[id];
  HOLDFAST_CHECK(fate != Fate::open && now >= a.sent, "an attempt is settled before it was sent");
  if (a.fate != Fate::open)
    return;
  a.fate = fate;
  a.settled = now;
  account_if_known(o, id);
}

/// The newest attempt of an operation counts as released from now on, if it was given up. Those
/// before it do since it was sent, or since they were given up. So an I/O that is refused for ever
/// costs the same each time.
void release(Oracle& o, const Operation& op, TimePoint now) {
  const AttemptId id = op.first_attempt;
  if (id == sim::none<AttemptId>)
    return;
  Attempt& a = o.attempts[id];
  HOLDFAST_PACKET_CHECK(a.next == sim::none<AttemptId> ||
                            o.attempts[a.next].abandoned == sim::never ||
                            o.attempts[a.next].released != sim::never,
                        "an I/O was sent again before what it repeats was given up");
  if (a.abandoned == sim::never || a.released != sim::never)
    return;
  a.released = now;
  account_if_known(o, id);
}

template <class Settles>
void settle_connection(Oracle& o, transport::ConnectionId connection, TimePoint now,
                       Settles settles) {
  for (const AttemptId id :
       sim::members<&Attempt::on_connection>(o.attempts, sent_on(o, connection).attempts)) {
    // One of the same operation, before it in the list, may have taken it along.
    if (!o.attempts.contains(id) || !settles(o.attempts[id]))
      continue;
    const Token token = o.attempts[id].token;
    settle(o, id, Fate::gone, now);
    forget_if_over(o, operation_of(o, token));
  }
}

}  // namespace

void add_attempt(Oracle& o, const Words<Kind::attempt_sent>& sent, TimePoint now) {
  const auto token = sent.get<"token">();
  Operation& op = operation_of(o, token);
  release(o, op, now);
  Attempt a;
  HOLDFAST_CHECK(op.completed == sim::never, "an I/O is sent that its application has heard of");
  a.token = token;
  a.controller = sent.get<"controller">();
  a.connection = sent.get<"connection">();
  a.sent = now;
  a.next = op.first_attempt;
  const AttemptId id = o.attempts.add(a);
  SentOn& connection = sent_on(o, a.connection);
  sim::append<&Attempt::on_connection>(o.attempts, connection.attempts, id);
  op.first_attempt = id;
  // The host does not know yet; what it sends there in the meantime is gone from the start.
  if (connection.released)
    settle(o, id, Fate::gone, now);
}

void fetch_attempt(Oracle& o, Token token, std::uint16_t cntlid) {
  const AttemptId id = find(o, token);
  if (id == sim::none<AttemptId>)
    return;
  o.attempts[id].fetched = true;
  o.attempts[id].target_cntlid = cntlid;
}

void detach_attempt(Oracle& o, Token token) {
  const AttemptId id = find(o, token);
  if (id != sim::none<AttemptId>)
    o.attempts[id].detached = true;
}

void mark_stale_sample(Oracle& o, Token token) {
  const AttemptId id = find(o, token);
  if (id != sim::none<AttemptId>)
    o.attempts[id].stale_sample = true;
}

const Attempt* apply_attempt(Oracle& o, Token token, TimePoint now) {
  const AttemptId id = find(o, token);
  if (id == sim::none<AttemptId>)
    return nullptr;
  settle(o, id, Fate::applied, now);
  return &o.attempts[id];
}

void answer_attempt(Oracle& o, Token token, TimePoint now) {
  const AttemptId id = find(o, token);
  if (id != sim::none<AttemptId>)
    settle(o, id, Fate::gone, now);
}

void abandon_attempt(Oracle& o, Token token, TimePoint now) {
  const AttemptId id = find(o, token);
  if (id == sim::none<AttemptId>)
    return;
  Attempt& a = o.attempts[id];
  HOLDFAST_PACKET_CHECK(a.abandoned == sim::never, "an attempt is given up twice");
  a.abandoned = now;
  sim::append<&Attempt::in_abandoned>(o.attempts, o.abandoned, id);
  // What ends a request may send the I/O by another path before it says so: then the retry is out.
  if (operation_of(o, token).first_attempt == id)
    return;
  a.released = now;
  account_if_known(o, id);
}

Verdict settle_operation(Oracle& o, Operation& op, TimePoint now) {
  HOLDFAST_PACKET_CHECK(op.completed == now, "an operation is judged when its application is told");
  Verdict verdict;
  for (AttemptId id = op.first_attempt; id != sim::none<AttemptId>;) {
    Attempt& a = o.attempts[id];
    const AttemptId next = a.next;
    verdict.applied = verdict.applied || a.fate == Fate::applied;
    // The attempt that was not given up is the one whose answer the application got.
    if (a.abandoned == sim::never)
      verdict.stale = verdict.stale || a.stale_sample;
    if (a.abandoned != sim::never && a.released == sim::never) {
      a.released = now;
      account_if_known(o, id);
    }
    id = next;
  }
  forget_if_over(o, op);
  return verdict;
}

void stream_ran_dry(Oracle& o, transport::ConnectionId connection, TimePoint now) {
  settle_connection(o, connection, now, [](const Attempt& a) { return !a.fetched; });
}

void attempt_was_lost(Oracle& o, Token token, TimePoint now) {
  answer_attempt(o, token, now);
  forget_if_over(o, operation_of(o, token));
}

void queue_was_released(Oracle& o, transport::ConnectionId connection, TimePoint now) {
  HOLDFAST_CHECK(!sent_on(o, connection).released, "a connection is released twice");
  settle_connection(o, connection, now, [](const Attempt& a) { return !a.detached; });
  sent_on(o, connection).released = true;
}

void connection_was_opened(Oracle& o, transport::ConnectionId connection) {
  sent_on(o, connection).released = false;
}

void forget_operation_if_over(Oracle& o, std::uint64_t serial) {
  HOLDFAST_PACKET_CHECK(serial > 0 && serial <= o.operations.size(),
                        "no application has submitted that I/O");
  forget_if_over(o, o.operations.writable(serial - 1));
}

void describe_attempt(const Oracle& o, const Attempt& attempt, Incident& incident) {
  incident.attempt = attempt;
  for (AttemptId id = o.operations[serial_of(attempt.token) - 1].first_attempt;
       id != sim::none<AttemptId>; id = o.attempts[id].next) {
    const Attempt& a = o.attempts[id];
    if (a.sent <= attempt.sent)
      continue;
    incident.retry_controller = a.controller;
    incident.retry_sent = a.sent;
  }
}

Exposure exposure_until(const Oracle& o, TimePoint now) {
  Exposure e = o.exposure;
  for (AttemptId id = o.abandoned.first; id != sim::none<AttemptId>;
       id = o.attempts[id].in_abandoned.after) {
    const Attempt& a = o.attempts[id];
    const Operation& op = o.operations[serial_of(a.token) - 1];
    if (changes_something(op) && a.fate == Fate::open && a.released != sim::never) {
      account(e, a, now);
    }
  }
  return e;
}

}  // namespace holdfast::oracle
