// SPDX-License-Identifier: Apache-2.0
// rw_test, the program of the LSF/MM proposal (protocol.md 9.4): ten synchronous writes of 4,096
// bytes at offset 0 with fill bytes 0..9, a sleep, one read whose every byte must be 9, a sleep.
#include <algorithm>

#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

constexpr std::uint32_t io_bytes = 4096;

void say(World& w, JobId id, Line line, std::uint64_t value) {
  record<Kind::program_line>(w, id, line, value);
}

std::uint64_t submit(World& w, JobId id, host::IoKind kind) {
  const Job& job = job_of(w.workload, id);
  host::Io io;
  io.kind = kind;
  io.head = job.head;
  io.cpu = job.cpu;
  io.lba = 0;
  io.blocks = std::max(1u, io_bytes / w.host.heads[sim::index(job.head)].block_bytes);
  io.job = id;
  if (kind == host::IoKind::write)
    io.buffer = job.first_buffer;
  return host::submit_io(w, io);
}

void write_next(World& w, JobId id) {
  HOLDFAST_CHECK(!program_of<RwTest>(w.workload, id).reading, "rw_test does one thing at a time");
  const std::uint64_t serial = submit(w, id, host::IoKind::write);
  RwTest& t = program_of<RwTest>(w.workload, id);
  if (t.step + 1 == t.writes)
    t.last_writes.push_back(serial);
}

void start_iteration(World& w, JobId id) {
  RwTest& t = program_of<RwTest>(w.workload, id);
  t.step = 0;
  HOLDFAST_CHECK(t.iteration < t.iterations, "the program has ended");
  say(w, id, Line::writing, t.iteration);
  write_next(w, id);
}

void start_read(World& w, JobId id) {
  HOLDFAST_CHECK(
      program_of<RwTest>(w.workload, id).step == program_of<RwTest>(w.workload, id).writes,
      "rw_test validates when all has been written");
  say(w, id, Line::validating, 0);
  program_of<RwTest>(w.workload, id).reading = true;
  submit(w, id, host::IoKind::read);
}

void end(World& w, JobId id, Line line, std::uint64_t value) {
  Job& job = job_of(w.workload, id);
  HOLDFAST_CHECK(!job.finished, "a program ends once");
  job.finished = true;
  program_of<RwTest>(w.workload, id).failed = true;
  say(w, id, line, value);
}

/// The fill byte is 9 in every last write of an iteration and in nothing else.
bool has_final_fill(const RwTest& t, host::Version version) {
  return std::find(t.last_writes.begin(), t.last_writes.end(), serial_of(version)) !=
         t.last_writes.end();
}

void read_done(World& w, JobId id, host::Version version) {
  Job& job = job_of(w.workload, id);
  RwTest& t = program_of<RwTest>(w.workload, id);
  t.reading = false;
  if (!has_final_fill(t, version)) {
    end(w, id, Line::invalid, serial_of(version));
    return;
  }
  say(w, id, Line::validated, serial_of(version));
  if (++t.iteration == t.iterations) {
    job.finished = true;
    return;
  }
  w.after(t.sleep_after_read, [id](World& world) {
    if (!job_of(world.workload, id).finished)
      start_iteration(world, id);
  });
}

}  // namespace

void start_rw_test(World& w, JobId id) { start_iteration(w, id); }

void rw_test_done(World& w, JobId id, wire::Status status, host::Version version) {
  RwTest& t = program_of<RwTest>(w.workload, id);
  HOLDFAST_CHECK(!t.failed, "a program that has ended gets an answer");
  if (!status.ok()) {
    end(w, id, t.reading ? Line::read_failed : Line::write_failed, status.value);
    return;
  }
  if (t.reading) {
    read_done(w, id, version);
    return;
  }
  if (++t.step < t.writes) {
    write_next(w, id);
    return;
  }
  w.after(t.sleep_before_read, [id](World& world) {
    if (!job_of(world.workload, id).finished)
      start_read(world, id);
  });
}

}  // namespace holdfast::workload
