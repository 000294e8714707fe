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

Operation& operation(Oracle& o, std::uint64_t serial) { return o.operations.writable(serial - 1); }

TimePoint completed_at(const Oracle& o, std::uint64_t serial) {
  return o.operations[serial - 1].completed;
}

void on_submit(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  HOLDFAST_CHECK(r.word[0] == o.operations.size() + 1);
  Operation op;
  op.submitted = w.now();
  op.job = static_cast<std::uint16_t>(r.word[1]);
  op.kind = static_cast<std::uint8_t>(r.word[2]);
  op.disk = static_cast<std::uint32_t>(r.word[3]);
  op.lba = r.word[4];
  op.blocks = static_cast<std::uint32_t>(r.word[5]);
  if (is_read(op)) {
    // What is acknowledged before a read is submitted must be visible to it.
    if (op.blocks == 1) {
      op.newest_known = o.disks[op.disk][op.lba].newest_acknowledged;
    } else {
      op.version = o.known_before.size();
      for (std::uint32_t i = 0; i < op.blocks; ++i) {
        o.known_before.push_back(o.disks[op.disk][op.lba + i].newest_acknowledged);
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
  if (!applied) {
    ++o.counts.lost_writes;
    Incident lost;
    lost.type = Incident::Type::lost_write;
    lost.at = w.now();
    lost.disk = op.disk;
    lost.lba = op.lba;
    lost.serial = serial;
    keep(o, lost);
    record<Kind::lost_write>(w, serial, op.disk, op.lba);
  }
  if (!writes_blocks(op))
    return;
  for (std::uint32_t i = 0; i < op.blocks; ++i) {
    Block& b = o.disks[op.disk].writable(op.lba + i);
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
  incident.at = w.now();
  incident.disk = op.disk;
  incident.lba = op.lba;
  incident.serial = serial;
  incident.other_serial = op.version >> 8;
  keep(o, incident);
  record<Kind::stale_read>(w, serial, op.version, op.disk, op.lba);
}

void on_complete(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  const std::uint64_t serial = r.word[0];
  Operation& op = operation(o, serial);
  op.completed = w.now();
  op.status = static_cast<std::uint16_t>(r.word[1]);
  if (is_read(op))
    op.version = r.word[2];
  if (is_append(op) && op.status == 0)
    op.lba = r.word[2];
  judge_answer(w, serial);
  const Verdict verdict = settle_operation(o, op, w.now());
  if (op.status != 0)
    return;
  if (changes_something(op))
    on_acknowledged(w, serial, verdict.applied);
  if (is_read(op))
    on_read_done(w, serial, verdict.stale);
}

/// An attempt of a read takes a sample of one block. It is stale if a write was acknowledged before
/// the read was submitted, and what was found had completed before that write was submitted.
void on_media_read(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  const std::uint64_t serial = r.word[3] >> 8;
  const std::uint64_t place = r.word[2];
  const std::uint64_t found = r.word[4] >> 8;
  const Operation& op = o.operations[serial - 1];
  if (op.completed != sim::never)
    return;  // nobody waits for it any more
  const TimePoint known = op.blocks == 1 ? op.newest_known : o.known_before[op.version + place];
  if (known == sim::never)
    return;
  const TimePoint found_done = found == 0 ? sim::epoch : completed_at(o, found);
  const bool older = found == 0 || (found_done != sim::never && found_done <= known);
  // The newest acknowledged write itself was submitted at `known`: it is not older than itself.
  const bool same = found != 0 && o.operations[found - 1].submitted >= known;
  if (older && !same)
    mark_stale_sample(o, r.word[3]);
}

}  // namespace

void add_disk(Oracle& oracle, std::uint64_t blocks) { oracle.disks.emplace_back(blocks); }

void observe(World& w, const sim::Record& r) {
  Oracle& o = w.oracle;
  switch (static_cast<Kind>(r.kind)) {
    case Kind::app_submit:
      on_submit(w, r);
      return;
    case Kind::app_complete:
      on_complete(w, r);
      return;
    case Kind::attempt_sent:
      add_attempt(o, r, w.now());
      return;
    case Kind::attempt_done:
      answer_attempt(o, r.word[0], w.now());
      return;
    case Kind::attempt_abandoned:
      // What the host ended itself is still under way; another status is the target's answer.
      if (r.word[2] >= wire::raw(wire::StatusCode::host_path_error)) {
        abandon_attempt(o, r.word[0], w.now());
      } else {
        answer_attempt(o, r.word[0], w.now());
      }
      return;
    case Kind::command_fetched:
    case Kind::command_held:  // in the hands of the target, which may execute it later
      if (r.word[5] != 0)
        fetch_attempt(o, r.word[5], static_cast<std::uint16_t>(r.word[1]));
      return;
    case Kind::media_write:
    case Kind::mutated_write:
      on_media_write(w, r);
      return;
    case Kind::effect_applied:
      on_effect(w, r);
      return;
    case Kind::media_read:
      on_media_read(w, r);
      return;
    case Kind::stream_dry:
      if (r.word[1] == 0)
        stream_ran_dry(o, static_cast<std::uint32_t>(r.word[0]), w.now());
      return;
    case Kind::attempt_gone:
      attempt_was_lost(o, r.word[0], w.now());
      return;
    case Kind::command_detached:
      if (r.word[2] != 0)
        detach_attempt(o, r.word[2]);
      return;
    case Kind::queue_released:
      queue_was_released(o, static_cast<std::uint32_t>(r.word[3]), w.now());
      return;
    case Kind::controller_state:
      // A number is given to a new connection only while a controller is connected, and I/O goes
      // there only after it is LIVE.
      o.released.clear();
      return;
    default:
      return;
  }
}

}  // namespace holdfast::oracle
