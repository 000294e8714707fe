// SPDX-License-Identifier: Apache-2.0
// Starting applications and telling them of completions.
#include "models/workload/workload.hpp"

#include <fmt/format.h>

#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

// An application is started by hand when the device is there; this is how often one looks.
constexpr Duration device_poll = std::chrono::milliseconds{10};

/// Begins a job. A program without an overload does not compile, here and below.
struct Start {
  World& w;
  JobId id;

  void operator()(const RwTest&) const { start_rw_test(w, id); }
  void operator()(const Fio&) const { start_fio(w, id); }
  void operator()(const Script&) const { start_script(w, id); }
  void operator()(const Outside&) const { start_external(w, id); }
};

/// Tells a job that an I/O is done.
struct Done {
  World& w;
  JobId id;
  host::Cookie cookie;
  wire::Status status;
  host::Version version;

  void operator()(const RwTest&) const { rw_test_done(w, id, status, version); }
  void operator()(const Fio&) const { fio_done(w, id, sim::index(cookie), status); }
  void operator()(const Script&) const { script_done(w, id, status, version); }
  void operator()(const Outside&) const { external_done(w, id, cookie, status, version); }
};

/// A job as its choice points call it: what others run, and where it stands in a list, does not
/// change what it draws.
std::string called(const World& w, const Job& job) {
  const host::Head& head = w.host.heads[sim::index(job.head)];
  const std::string_view subsystem = w.host.nqns[sim::index(head.subnqn)].view();
  return fmt::format("job {} {} {} {}", w.host.hosts[sim::index(head.host)].name, subsystem,
                     head.nsid, job.name);
}

/// Takes the buffers that a program needs before it starts, and its choice points.
struct Prepare {
  World& w;
  JobId id;

  void operator()(RwTest&) const { first_buffer(); }
  void operator()(Script&) const { first_buffer(); }
  void operator()(Outside&) const {}
  void operator()(Fio& f) const {
    Job& job = job_of(w.workload, id);
    const std::string entity = w.choices.numbered(called(w, job));
    f.place_choice = w.choices.add(entity, "place");
    f.direction_choice = w.choices.add(entity, "direction");
    for (std::uint32_t i = 0; i < f.depth; ++i)
      f.free_buffers.push_back(host::add_buffer(w));
    job.first_buffer = f.free_buffers.front();
  }

  void first_buffer() const { job_of(w.workload, id).first_buffer = host::add_buffer(w); }
};

void try_start(World& w, JobId id) {
  Job& job = job_of(w.workload, id);
  if (!host::can_be_opened(w, job.head)) {
    w.after(device_poll, [id](World& world) { try_start(world, id); });
    return;
  }
  job.started = true;
  HOLDFAST_PACKET_CHECK(!job.finished, "a job ends before it begins");
  std::visit(Start{w, id}, job.program);
}

}  // namespace

JobId add_job(World& w, const Job& job) {
  HOLDFAST_CHECK(sim::index(job.head) < w.host.heads.size(), "there is no such device");
  HOLDFAST_CHECK(job.start >= w.now(), "a job begins in the past");
  const JobId id{static_cast<std::uint32_t>(w.workload.jobs.size())};
  w.workload.jobs.push_back(job);
  std::visit(Prepare{w, id}, w.workload.jobs.back().program);
  const host::HostId host = w.host.heads[sim::index(job.head)].host;
  w.calendar.at_for(w.host.hosts[sim::index(host)].machine, job.start, [id](World& world) {
    Job& due = job_of(world.workload, id);
    due.start = world.now();  // by the clock of its host
    try_start(world, id);
  });
  return id;
}

void stop_jobs(World& w, host::HostId host) {
  HOLDFAST_CHECK(sim::index(host) < w.host.hosts.size(), "there is no such host");
  for (Job& job : w.workload.jobs) {
    if (job.started && w.host.heads[sim::index(job.head)].host == host)
      job.finished = true;
  }
}

void io_done(World& w, JobId id, host::Cookie cookie, wire::Status status, host::Version version) {
  Job& job = job_of(w.workload, id);
  HOLDFAST_PACKET_CHECK(job.started, "an I/O is done of a job that has not begun");
  if (!status.ok())
    ++job.errors;
  const bool is_alone =
      std::holds_alternative<RwTest>(job.program) || std::holds_alternative<Script>(job.program);
  if (job.finished && is_alone)
    return;  // its host goes down in good order, and it has been stopped
  std::visit(Done{w, id, cookie, status, version}, job.program);
}

}  // namespace holdfast::workload
