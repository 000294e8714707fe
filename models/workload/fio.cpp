// SPDX-License-Identifier: Apache-2.0
// A job in fio's words. It keeps up to iodepth I/Os outstanding; with a rate, the n-th I/O is not
// issued before its turn, and a job that fell behind catches up, as fio's linear rate process does.
// Like fio, it stops at the first error (continue_on_error is off by default).
#include <algorithm>

#include "models/ahead.hpp"
#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

void issue(World& w, JobId id);

bool is_random(Pattern p) {
  return p == Pattern::randread || p == Pattern::randwrite || p == Pattern::randrw;
}

bool next_is_read(World& w, const Fio& f) {
  switch (f.pattern) {
    case Pattern::read:
    case Pattern::randread:
      return true;
    case Pattern::write:
    case Pattern::randwrite:
      return false;
    case Pattern::rw:
    case Pattern::randrw:
      break;
  }
  return w.choices.pick(f.direction_choice, 100) < f.read_percent;
}

/// First logical block of the next I/O.
std::uint64_t next_lba(World& w, Fio& f, const host::Head& head) {
  const std::uint64_t device = head.blocks * head.block_bytes;
  HOLDFAST_PACKET_CHECK(f.offset_bytes + f.block_bytes <= device,
                        "the job lies beyond the end of the device");
  const std::uint64_t size = f.size_bytes != 0 ? f.size_bytes : device - f.offset_bytes;
  const std::uint64_t places = std::max<std::uint64_t>(1, size / f.block_bytes);
  std::uint64_t place = 0;
  if (is_random(f.pattern)) {
    place = w.choices.pick(f.place_choice, places);
  } else {
    place = f.next_place;
    f.next_place = (f.next_place + 1) % places;
  }
  return (f.offset_bytes + place * f.block_bytes) / head.block_bytes;
}

struct Wake {
  JobId id;

  void operator()(World& w) const {
    program_of<Fio>(w.workload, id).wake_pending = false;
    issue(w, id);
  }
  bool fetch(const World& w, unsigned step) const { return ahead::io(w, id, step); }
};

void wake_at(World& w, JobId id, TimePoint t) {
  HOLDFAST_PACKET_CHECK(t >= w.now(), "a job wakes in the past");
  Fio& f = program_of<Fio>(w.workload, id);
  if (f.wake_pending)
    return;
  f.wake_pending = true;
  w.at(t, Wake{id});
}

void issue(World& w, JobId id) {
  for (;;) {
    Job& job = job_of(w.workload, id);
    Fio& f = program_of<Fio>(w.workload, id);
    if (job.finished || f.in_flight == f.depth)
      return;
    if (f.end != sim::never && w.now() >= f.end) {
      job.finished = true;
      return;
    }
    if (f.interval > Duration{}) {
      const TimePoint turn = job.start + static_cast<std::int64_t>(f.issued) * f.interval;
      if (turn > w.now()) {
        wake_at(w, id, turn);
        return;
      }
    }
    const host::Head& head = w.host.heads[sim::index(job.head)];
    host::Io io;
    io.kind = next_is_read(w, f) ? host::IoKind::read : host::IoKind::write;
    io.head = job.head;
    io.cpu = job.cpu;
    io.lba = next_lba(w, f, head);
    io.blocks = f.block_bytes / head.block_bytes;
    w.oracle.disks[sim::index(head.disk)].prefetch(io.lba);
    HOLDFAST_PACKET_CHECK(io.blocks > 0 && !f.free_buffers.empty(),
                          "a job issues more than it has buffers for");
    io.job = id;
    const std::uint32_t buffer = f.free_buffers.back();
    f.free_buffers.pop_back();
    io.cookie = host::Cookie{buffer};
    if (io.kind == host::IoKind::write)
      io.buffer = buffer;
    ++f.issued;
    ++f.in_flight;
    HOLDFAST_PACKET_CHECK(f.in_flight + f.free_buffers.size() == f.depth,
                          "a buffer is lost, or used twice");
    host::submit_io(w, io);
  }
}

}  // namespace

void start_fio(World& w, JobId id) {
  Job& job = job_of(w.workload, id);
  // A device that came late does not owe the job the I/O of the time before.
  job.start = std::max(job.start, w.now());
  issue(w, id);
}

void fio_done(World& w, JobId id, std::uint32_t buffer, wire::Status status) {
  Fio& f = program_of<Fio>(w.workload, id);
  HOLDFAST_PACKET_CHECK(f.in_flight > 0, "an I/O is done that the job did not issue");
  --f.in_flight;
  f.free_buffers.push_back(buffer);
  if (!status.ok()) {
    job_of(w.workload, id).finished = true;
    return;
  }
  if (f.thinktime > Duration{}) {
    wake_at(w, id, w.now() + f.thinktime);
    return;
  }
  issue(w, id);
}

}  // namespace holdfast::workload
