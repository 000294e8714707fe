// SPDX-License-Identifier: Apache-2.0
// A script: one I/O after the other, each when the one before is done, with pauses. It uses one
// buffer for all its writes. A failed compare does not stop it, nor does a command that was given
// up with its path; a device that cannot be reached does.
#include <algorithm>

#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

sim::Vector<Known>::iterator place_of(Script& s, std::uint64_t lba) {
  return std::lower_bound(s.known.begin(), s.known.end(), lba,
                          [](const Known& one, std::uint64_t at) { return one.lba < at; });
}

/// The serial of the write that the block holds as far as the script knows; 0: zeroes.
std::uint64_t known_at(Script& s, std::uint64_t lba) {
  const auto place = place_of(s, lba);
  return place != s.known.end() && place->lba == lba ? place->serial : 0;
}

void learn(Script& s, std::uint64_t lba, std::uint64_t serial) {
  const auto place = place_of(s, lba);
  if (place != s.known.end() && place->lba == lba) {
    place->serial = serial;
  } else {
    s.known.insert(place, {lba, serial});
  }
}

/// What a successful step tells of the blocks.
void learn_from(Script& s, const Step& step, host::Version version) {
  const bool zeroes = step.kind == host::IoKind::write_zeroes ||
                      step.kind == host::IoKind::deallocate ||
                      step.kind == host::IoKind::zone_reset;
  if (step.kind == host::IoKind::read) {
    learn(s, step.lba, serial_of(version));
  } else if (host::writes_blocks(step.kind)) {
    const std::uint64_t first = step.kind == host::IoKind::zone_append ? version : step.lba;
    for (std::uint32_t i = 0; i < step.blocks; ++i)
      learn(s, first + i, zeroes ? 0 : s.serial);
  }
}

void run_step(World& w, JobId id);

void next_step(World& w, JobId id) {
  Job& job = job_of(w.workload, id);
  Script& s = program_of<Script>(w.workload, id);
  HOLDFAST_CHECK(!job.finished && s.at < s.steps.size(), "the script has ended");
  if (++s.at == s.steps.size()) {
    s.at = 0;
    ++s.round;
  }
  if (s.round == s.repeat) {
    job.finished = true;
  } else {
    run_step(w, id);
  }
}

void run_step(World& w, JobId id) {
  const Job& job = job_of(w.workload, id);
  HOLDFAST_CHECK(job.started && !job.finished, "a script runs between its start and its end");
  const Script& script = program_of<Script>(w.workload, id);
  const Step step = script.steps[script.at];
  if (step.waits) {
    w.after(step.pause, [id](World& world) {
      if (!job_of(world.workload, id).finished)
        next_step(world, id);
    });
    return;
  }
  host::Io io;
  io.kind = step.kind;
  io.head = job.head;
  io.cpu = job.cpu;
  io.lba = step.lba;
  io.blocks = step.blocks;
  io.job = id;
  io.ranges = step.ranges;
  io.argument = step.key;
  io.other_key = step.victim;
  const bool compares =
      step.kind == host::IoKind::compare || step.kind == host::IoKind::compare_and_write;
  if (step.kind == host::IoKind::copy)
    io.argument = step.from;
  if (compares) {
    Script& s = program_of<Script>(w.workload, id);
    io.argument = step.expects_zeroes ? 0 : known_at(s, step.lba);
  }
  if (step.kind == host::IoKind::write || step.kind == host::IoKind::zone_append ||
      step.kind == host::IoKind::compare_and_write)
    io.buffer = job.first_buffer;
  const std::uint64_t serial = host::submit_io(w, io);
  program_of<Script>(w.workload, id).serial = serial;
}

}  // namespace

void start_script(World& w, JobId id) { run_step(w, id); }

void script_done(World& w, JobId id, wire::Status status, host::Version version) {
  Job& job = job_of(w.workload, id);
  if (status.is_path_error() && status.code() != wire::StatusCode::host_aborted_command) {
    job.finished = true;
    return;
  }
  if (status.ok()) {
    Script& s = program_of<Script>(w.workload, id);
    const Step& step = s.steps[s.at];
    // What a Zone Append brings back is the place where it landed.
    HOLDFAST_CHECK(step.kind != host::IoKind::read || serial_of(version) < w.host.next_serial,
                   "a read found what nobody has written yet");
    learn_from(s, step, version);
  }
  next_step(w, id);
}

}  // namespace holdfast::workload
