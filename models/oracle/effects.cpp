// SPDX-License-Identifier: Apache-2.0
// Effects of attempts, record by record.
#include "models/oracle/effects.hpp"

#include <algorithm>

#include "models/oracle/attempts.hpp"
#include "models/oracle/kinds.hpp"
#include "models/world.hpp"

namespace holdfast::oracle {

namespace {

/// Blocks that one command overwrote at once.
struct Landing {
  DiskId disk{};
  std::uint64_t lba = 0;
  std::uint64_t blocks = 0;
  Token token{};
  std::uint64_t serial = 0;  ///< whose data it is; zero copy: not always that of the token
  std::uint16_t cntlid = 0;
};

/// What a landing did to newer data.
struct Harm {
  std::uint64_t lba = 0;
  std::uint64_t serial = 0;  ///< the write that was overwritten; 0: no harm
  bool torn = false;
};

/// One block of an attempt lands. True: it overwrote newer data.
bool land(Oracle& o, std::uint64_t serial, Block& b) {
  HOLDFAST_PACKET_CHECK(serial > 0 && serial <= o.operations.size(),
                        "data lands that no application has written");
  const Operation& op = o.operations[serial - 1];
  const bool done = op.completed != sim::never;
  // A newer write is one that was submitted after this one was acknowledged (or failed). Writes
  // that were out at the same time have no order until one is acknowledged: either may come last,
  // but an attempt of an acknowledged one must not undo what came last.
  const bool undoes = op.status == 0 && b.content_serial != 0 && b.content_serial != serial;
  const bool newer = b.newest_serial != serial && b.newest_applied >= op.completed;
  const bool stale = done && (newer || undoes);
  if (op.submitted > b.newest_applied || b.newest_serial == 0) {
    b.newest_applied = op.submitted;
    b.newest_serial = serial;
  }
  b.content_serial = serial;
  return stale;
}

/// A newer write of several blocks reaches beyond the landing, and still has its data there.
bool is_torn(const Oracle& o, const Landing& l, std::uint64_t newer) {
  HOLDFAST_CHECK(newer != l.serial, "a write is torn by itself");
  const Operation& op = o.operations[newer - 1];
  for (std::uint64_t lba = op.lba; lba < op.lba + op.blocks; ++lba) {
    const bool outside = lba < l.lba || lba >= l.lba + l.blocks;
    if (outside && o.disks[sim::index(l.disk)][lba].content_serial == newer)
      return true;
  }
  return false;
}

Harm land_all(Oracle& o, const Landing& l) {
  HOLDFAST_PACKET_CHECK(l.blocks > 0 && l.lba + l.blocks <= o.disks[sim::index(l.disk)].size(),
                        "a write lands beyond the end of its disk");
  Harm harm;
  for (std::uint64_t lba = l.lba; lba < l.lba + l.blocks; ++lba) {
    Block& b = o.disks[sim::index(l.disk)].writable(lba);
    const std::uint64_t content = b.content_serial;
    const std::uint64_t newest = content != l.serial ? content : b.newest_serial;
    if (!land(o, l.serial, b) || harm.serial != 0)
      continue;
    harm.lba = lba;
    harm.serial = newest;
  }
  if (harm.serial != 0)
    harm.torn = is_torn(o, l, harm.serial);
  return harm;
}

/// The blocks are where the application wanted the data that they now hold.
bool is_in_place(const Oracle& o, const Landing& l) {
  const Operation& op = o.operations[l.serial - 1];
  return writes_blocks(op) && !is_append(op) && op.disk == l.disk && op.lba == l.lba &&
         op.blocks >= l.blocks;
}

Incident incident_of(World& w, const Landing& l, const Attempt* attempt) {
  Incident incident;
  incident.at = w.time();
  incident.disk = l.disk;
  incident.lba = l.lba;
  incident.serial = serial_of(l.token);
  if (attempt != nullptr)
    describe_attempt(w.oracle, *attempt, incident);
  incident.attempt.target_cntlid = l.cntlid;
  return incident;
}

void tell_stale(World& w, const Landing& l, const Harm& harm, const Attempt* attempt) {
  HOLDFAST_CHECK(harm.lba >= l.lba && harm.lba < l.lba + l.blocks, "the harm was done elsewhere");
  Oracle& o = w.oracle;
  // Pieces of other commands, of this host or another one, may land between those of this one.
  const std::uint32_t attempt_number = attempt_of(l.token);
  std::uint32_t& told = o.operations.writable(serial_of(l.token) - 1).stale_attempt;
  if (told == attempt_number)
    return;
  told = attempt_number;
  ++o.counts.stale_writes;
  o.counts.torn_writes += harm.torn ? 1 : 0;
  Incident incident = incident_of(w, l, attempt);
  incident.lba = harm.lba;
  incident.other_serial = harm.serial;
  keep(o, incident);
  record<Kind::stale_write>(w, l.token, harm.serial, l.disk, harm.lba);
}

/// Data that does not belong there. What the blocks held is gone, whether it was newer or not.
void misplace(World& w, const Landing& l, const Attempt* attempt) {
  HOLDFAST_CHECK(l.serial != serial_of(l.token), "data of its own is where it belongs");
  Oracle& o = w.oracle;
  for (std::uint64_t lba = l.lba; lba < l.lba + l.blocks; ++lba)
    o.disks[sim::index(l.disk)].writable(lba).content_serial = l.serial;
  ++o.counts.misplaced_writes;
  Incident incident = incident_of(w, l, attempt);
  incident.type = Incident::Type::misplaced_write;
  incident.other_serial = l.serial;
  keep(o, incident);
  record<Kind::misplaced_write>(w, l.token, Token{l.serial << 8}, l.disk, l.lba);
}

void duplicate(World& w, Token token, const Attempt* attempt) {
  Oracle& o = w.oracle;
  const std::uint64_t serial = serial_of(token);
  const Operation& op = o.operations[serial - 1];
  ++o.counts.duplicate_effects;
  Incident incident;
  incident.type = Incident::Type::duplicate_effect;
  incident.at = w.time();
  incident.disk = op.disk;
  incident.lba = op.lba;
  incident.serial = serial;
  if (attempt != nullptr)
    describe_attempt(o, *attempt, incident);
  keep(o, incident);
  record<Kind::duplicate_effect>(w, serial, token);
}

/// An answer that says "this was not done", unlike an error that leaves it open.
bool denies(std::uint16_t status) {
  const wire::StatusCode code = wire::Status(status).code();
  return code == wire::StatusCode::compare_failure ||
         code == wire::StatusCode::reservation_conflict;
}

}  // namespace

void keep(Oracle& o, const Incident& incident) {
  if (o.incidents.size() < Oracle::incidents_kept)
    o.incidents.push_back(incident);
}

void on_media_write(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  Landing l;
  const Words<Kind::media_write, Kind::mutated_write> words(r);
  l.disk = words.get<"disk">();
  l.lba = words.get<"lba">();
  l.blocks = words.get<"blocks">();
  l.token = words.get<"token">();
  l.serial = serial_of(l.token);
  l.cntlid = words.get<"cntlid">();
  bool misplaced = false;
  if (static_cast<Kind>(r.kind) == Kind::mutated_write) {
    l.serial = serial_of(Words<Kind::mutated_write>(r).get<"content">());
    ++o.counts.mutated_writes;
    misplaced = !is_in_place(o, l);
  }
  const Harm harm = misplaced ? Harm{} : land_all(o, l);
  const Attempt* const attempt = apply_attempt(o, l.token, w.time());
  if (misplaced)
    misplace(w, l, attempt);
  if (harm.serial != 0)
    tell_stale(w, l, harm, attempt);
  forget_operation_if_over(o, serial_of(l.token));
}

void on_effect(World& w, const Words<Kind::effect_applied>& r) {
  Oracle& o = w.oracle;
  const Token token = r.get<"token">();
  const std::uint64_t value = r.get<"value">();
  Operation& op = o.operations.writable(serial_of(token) - 1);
  HOLDFAST_PACKET_CHECK(changes_something(op), "a read or a flush has no effect");
  const Attempt* const attempt = apply_attempt(o, token, w.time());
  if (r.get<"changed">()) {
    // A copy of the same data changes nothing more than a write that lands twice does.
    const bool copies = op.kind == IoKind::copy;
    const bool again = op.effect && (!copies || op.version != value);
    const bool denied = op.completed != sim::never && denies(op.status);
    if (again || denied)
      duplicate(w, token, attempt);
    if (!op.effect)
      op.version = value;
    op.effect = true;
  }
  // What writes blocks will be asked for its attempt again when they land, in the same instant.
  if (!writes_blocks(op))
    forget_operation_if_over(o, serial_of(token));
}

void judge_answer(World& w, std::uint64_t serial) {
  const Operation& op = w.oracle.operations[serial - 1];
  HOLDFAST_CHECK(op.completed == w.time(), "an answer is judged when it is given");
  if (op.effect && denies(op.status))
    duplicate(w, Token{serial << 8}, nullptr);
}

}  // namespace holdfast::oracle
