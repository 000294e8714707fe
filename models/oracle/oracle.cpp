// SPDX-License-Identifier: Apache-2.0
// The oracle's judgement, record by record.
#include "models/oracle/oracle.hpp"

#include <algorithm>

#include "models/oracle/attempts.hpp"
#include "models/oracle/effects.hpp"
#include "models/oracle/kinds.hpp"
#include "models/world.hpp"

namespace holdfast::oracle {

namespace {

Operation& operation(Oracle& o, std::uint64_t serial) {
  HOLDFAST_PACKET_CHECK(serial > 0 && serial <= o.operations.size(),
                        "no application has submitted that I/O");
  return o.operations.writable(serial - 1);
}

TimePoint completed_at(const Oracle& o, std::uint64_t serial) {
  HOLDFAST_PACKET_CHECK(serial > 0 && serial <= o.operations.size(),
                        "no application has submitted that I/O");
  return o.operations[serial - 1].completed;
}

void on_submit(World& w, const Words<Kind::app_submit>& r) {
  Oracle& o = w.oracle;
  HOLDFAST_CHECK(r.get<"op">() == o.operations.size() + 1,
                 "serials count the I/O of all applications");
  Operation op;
  op.submitted = w.time();
  op.job = static_cast<std::uint16_t>(r.get<"job">());
  op.kind = r.get<"kind">();
  op.disk = r.get<"disk">();
  op.lba = r.get<"lba">();
  op.blocks = r.get<"blocks">();
  HOLDFAST_PACKET_CHECK(op.blocks > 0 && op.lba + op.blocks <= o.disks[sim::index(op.disk)].size(),
                        "an I/O reaches beyond the end of its disk");
  if (is_read(op)) {
    // What is acknowledged before a read is submitted must be visible to it.
    if (op.blocks == 1) {
      op.newest_known = o.disks[sim::index(op.disk)][op.lba].newest_acknowledged;
    } else {
      op.version = o.known_before.size();
      for (std::uint32_t i = 0; i < op.blocks; ++i) {
        o.known_before.push_back(o.disks[sim::index(op.disk)][op.lba + i].newest_acknowledged);
      }
    }
  }
  o.operations.push_back(op);
}

/// It is acknowledged: it must have been applied, and it is now known to its application.
void on_acknowledged(World& w, std::uint64_t serial, bool applied) {
  Oracle& o = w.oracle;
  const Operation op = o.operations[serial - 1];
  ++o.counts.writes;
  HOLDFAST_PACKET_CHECK(changes_something(op) && op.status == 0,
                        "only a success of a write is acknowledged");
  if (!applied) {
    ++o.counts.lost_writes;
    Incident lost;
    lost.type = Incident::Type::lost_write;
    lost.at = w.time();
    lost.disk = op.disk;
    lost.lba = op.lba;
    lost.serial = serial;
    keep(o, lost);
    record<Kind::lost_write>(w, serial, op.disk, op.lba);
  }
  if (!writes_blocks(op))
    return;
  for (std::uint32_t i = 0; i < op.blocks; ++i) {
    Block& b = o.disks[sim::index(op.disk)].writable(op.lba + i);
    b.newest_acknowledged = std::max(b.newest_acknowledged, op.submitted);
  }
}

void on_read_done(World& w, std::uint64_t serial, bool stale) {
  Oracle& o = w.oracle;
  ++o.counts.reads;
  if (!stale)
    return;
  ++o.counts.stale_reads;
  Operation& op = operation(o, serial);
  op.stale = true;
  Incident incident;
  incident.type = Incident::Type::stale_read;
  incident.at = w.time();
  incident.disk = op.disk;
  incident.lba = op.lba;
  incident.serial = serial;
  incident.other_serial = serial_of(op.version);
  keep(o, incident);
  record<Kind::stale_read>(w, serial, Token{op.version}, op.disk, op.lba);
}

void on_complete(World& w, const Words<Kind::app_complete>& r) {
  Oracle& o = w.oracle;
  const std::uint64_t serial = r.get<"op">();
  Operation& op = operation(o, serial);
  HOLDFAST_CHECK(op.completed == sim::never, "an application is told twice");
  op.completed = w.time();
  op.status = r.get<"status">().value;
  if (is_read(op))
    op.version = r.get<"version">();
  if (is_append(op) && op.status == 0)
    op.lba = r.get<"version">();
  judge_answer(w, serial);
  const Verdict verdict = settle_operation(o, op, w.time());
  if (op.status != 0)
    return;
  if (changes_something(op))
    on_acknowledged(w, serial, verdict.applied);
  if (is_read(op))
    on_read_done(w, serial, verdict.stale);
}

/// An attempt of a read takes a sample of one block. It is stale if a write was acknowledged before
/// the read was submitted, and what was found had completed before that write was submitted.
void on_media_read(World& w, const Words<Kind::media_read>& r) {
  Oracle& o = w.oracle;
  const std::uint64_t serial = serial_of(r.get<"token">());
  const std::uint64_t place = r.get<"blocks">();
  const std::uint64_t found = serial_of(r.get<"version">());
  const Operation& op = o.operations[serial - 1];
  if (op.completed != sim::never)
    return;  // nobody waits for it any more
  HOLDFAST_PACKET_CHECK(is_read(op) && place < op.blocks,
                        "a sample was taken for no read, or beyond its end");
  const TimePoint known = op.blocks == 1 ? op.newest_known : o.known_before[op.version + place];
  if (known == sim::never)
    return;
  // Mostly it is the newest one, of which the block itself says when it was submitted.
  const Block& b = o.disks[sim::index(op.disk)][op.lba + place];
  if (found != 0 && found == b.newest_serial && b.newest_applied >= known)
    return;
  const TimePoint found_done = found == 0 ? sim::epoch : completed_at(o, found);
  const bool older = found == 0 || (found_done != sim::never && found_done <= known);
  // The newest acknowledged write itself was submitted at `known`: it is not older than itself.
  const bool same = found != 0 && o.operations[found - 1].submitted >= known;
  if (older && !same)
    mark_stale_sample(o, r.get<"token">());
}

/// What the host ended itself is still under way; another status is the target's answer.
void on_abandoned(World& w, const Words<Kind::attempt_abandoned>& r) {
  if (r.get<"status">().value >= wire::raw(wire::StatusCode::host_path_error)) {
    abandon_attempt(w.oracle, r.get<"token">(), w.time());
  } else {
    answer_attempt(w.oracle, r.get<"token">(), w.time());
  }
}

void on_fetched(Oracle& o, const Words<Kind::command_fetched, Kind::command_held>& r) {
  if (r.get<"token">() != Token{})
    fetch_attempt(o, r.get<"token">(), r.get<"cntlid">());
}

void on_detached(Oracle& o, const Words<Kind::command_detached>& r) {
  if (r.get<"token">() != Token{})
    detach_attempt(o, r.get<"token">());
}

void on_stream_dry(World& w, const Words<Kind::stream_dry>& r) {
  if (r.get<"side">() == transport::Side::host)
    stream_ran_dry(w.oracle, r.get<"connection">(), w.time());
}

}  // namespace

DiskId add_disk(Oracle& oracle, std::uint64_t blocks) {
  oracle.disks.emplace_back(blocks);
  return DiskId{static_cast<std::uint32_t>(oracle.disks.size() - 1)};
}

void observe(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  switch (static_cast<Kind>(r.kind)) {
    case Kind::app_submit:
      on_submit(w, Words<Kind::app_submit>(r));
      return;
    case Kind::app_complete:
      on_complete(w, Words<Kind::app_complete>(r));
      return;
    case Kind::attempt_sent:
      add_attempt(o, Words<Kind::attempt_sent>(r), w.time());
      return;
    case Kind::attempt_done:
      answer_attempt(o, Words<Kind::attempt_done>(r).get<"token">(), w.time());
      return;
    case Kind::attempt_abandoned:
      on_abandoned(w, Words<Kind::attempt_abandoned>(r));
      return;
    case Kind::command_fetched:
    case Kind::command_held:  // in the hands of the target, which may execute it later
      on_fetched(o, Words<Kind::command_fetched, Kind::command_held>(r));
      return;
    case Kind::media_write:
    case Kind::mutated_write:
      on_media_write(w, r);
      return;
    case Kind::effect_applied:
      on_effect(w, Words<Kind::effect_applied>(r));
      return;
    case Kind::media_read:
      on_media_read(w, Words<Kind::media_read>(r));
      return;
    case Kind::stream_dry:
      on_stream_dry(w, Words<Kind::stream_dry>(r));
      return;
    case Kind::attempt_gone:
      attempt_was_lost(o, Words<Kind::attempt_gone>(r).get<"token">(), w.time());
      return;
    case Kind::command_detached:
      on_detached(o, Words<Kind::command_detached>(r));
      return;
    case Kind::queue_released:
      queue_was_released(o, Words<Kind::queue_released>(r).get<"connection">(), w.time());
      return;
    case Kind::reservation_breach:
      ++o.counts.reservation_breaches;
      return;
    case Kind::queue_opened:
      connection_was_opened(o, Words<Kind::queue_opened>(r).get<"connection">());
      return;
    default:
      return;
  }
}

}  // namespace holdfast::oracle
