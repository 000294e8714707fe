// SPDX-License-Identifier: Apache-2.0
// Between the engine and applications that are written outside.
#include "models/workload/external.hpp"

#include <algorithm>

#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

/// A buffer that no I/O of the job is using: what is written from it must stay until it is done.
std::uint32_t take_buffer(World& w, JobId id, host::Cookie cookie) {
  sim::Vector<ExternalBuffer>& all = program_of<Outside>(w.workload, id).buffers;
  const auto place =
      std::find_if(all.begin(), all.end(), [](const ExternalBuffer& b) { return !b.in_use; });
  if (place != all.end()) {
    place->in_use = true;
    place->cookie = cookie;
    return place->buffer;
  }
  const std::uint32_t added = host::add_buffer(w);
  program_of<Outside>(w.workload, id).buffers.push_back({added, true, cookie});
  return added;
}

/// What an application asks for between events is done by its host, by the clock of that machine.
sim::ActsFor<World> as_host_of(World& w, JobId id) {
  const host::HostId host = w.host.heads[sim::index(job_of(w.workload, id).head)].host;
  return {w.calendar, w.host.hosts[sim::index(host)].machine};
}

}  // namespace

JobId add_external(World& w, const std::string& name, host::HeadId head, std::uint32_t cpu,
                   TimePoint start) {
  HOLDFAST_CHECK(!name.empty(), "results name a job");
  Job job;
  job.name = name;
  job.head = head;
  job.cpu = cpu;
  job.start = start;
  job.program = Outside{};
  return add_job(w, job);
}

std::uint64_t submit(World& w, JobId id, host::IoKind kind, std::uint64_t lba, std::uint32_t blocks,
                     host::Cookie cookie) {
  HOLDFAST_PACKET_CHECK(blocks > 0, "an I/O of no blocks");
  HOLDFAST_PACKET_CHECK(job_of(w.workload, id).started, "the job has not begun");
  const Job& job = job_of(w.workload, id);
  const auto acting = as_host_of(w, id);
  host::Io io;
  io.kind = kind;
  io.head = job.head;
  io.cpu = job.cpu;
  io.lba = lba;
  io.blocks = blocks;
  io.job = id;
  io.cookie = cookie;
  if (kind == host::IoKind::write)
    io.buffer = take_buffer(w, id, cookie);
  return host::submit_io(w, io);
}

void wake_after(World& w, JobId id, Duration time, host::Cookie cookie) {
  HOLDFAST_PACKET_CHECK(time >= Duration{}, "a sleep ends before it begins");
  HOLDFAST_PACKET_CHECK(sim::index(id) < w.workload.jobs.size(), "there is no such job");
  const auto acting = as_host_of(w, id);
  w.after(time, [id, cookie](World& world) {
    if (world.workload.external && !job_of(world.workload, id).finished)
      world.workload.external->woken(world, id, cookie);
  });
}

void start_external(World& w, JobId id) {
  if (w.workload.external)
    w.workload.external->started(w, id);
}

void external_done(World& w, JobId id, host::Cookie cookie, wire::Status status,
                   host::Version version) {
  for (ExternalBuffer& one : program_of<Outside>(w.workload, id).buffers) {
    if (one.in_use && one.cookie == cookie)
      one.in_use = false;
  }
  if (w.workload.external)
    w.workload.external->io_done(w, id, cookie, status, version);
}

}  // namespace holdfast::workload
