// SPDX-License-Identifier: Apache-2.0
// Starting applications and telling them of completions.
#include "models/workload/workload.hpp"

#include "models/host/host.hpp"
#include "models/workload/internal.hpp"
#include "models/world.hpp"

namespace holdfast::workload {

namespace {

// An application is started by hand when the device is there; this is how often one looks.
constexpr Duration device_poll = std::chrono::milliseconds{10};

void try_start(World& w, JobId id) {
  Job& job = job_of(w.workload, id);
  if (!host::is_ready(w, job.head)) {
    w.after(device_poll, [id](World& world) { try_start(world, id); });
    return;
  }
  job.started = true;
  if (job.type == JobType::rw_test) {
    start_rw_test(w, id);
  } else if (job.type == JobType::script) {
    start_script(w, id);
  } else if (job.type == JobType::external) {
    start_external(w, id);
  } else {
    start_fio(w, id);
  }
}

}  // namespace

JobId add_job(World& w, const Job& job) {
  const JobId id{static_cast<std::uint32_t>(w.workload.jobs.size())};
  w.workload.jobs.push_back(job);
  Job& added = w.workload.jobs.back();
  if (job.type == JobType::fio) {
    const std::string entity = "job " + std::to_string(sim::index(id)) + " " + job.name;
    added.fio.place_choice = w.choices.add(entity, "place");
    added.fio.direction_choice = w.choices.add(entity, "direction");
  }
  std::uint32_t buffers = job.type == JobType::fio ? job.fio.depth : 1;
  if (job.type == JobType::external)
    buffers = 0;  // it takes them as it writes
  for (std::uint32_t i = 0; i < buffers; ++i) {
    const std::uint32_t buffer = host::add_buffer(w);
    if (i == 0)
      added.first_buffer = buffer;
    if (job.type == JobType::fio)
      added.fio.free_buffers.push_back(buffer);
  }
  w.at(job.start, [id](World& world) { try_start(world, id); });
  return id;
}

void io_done(World& w, std::uint32_t owner, std::uint32_t cookie, wire::Status status,
             host::Version version) {
  const JobId id{owner};
  Job& job = job_of(w.workload, id);
  if (!status.ok())
    ++job.errors;
  if (job.type == JobType::rw_test) {
    rw_test_done(w, id, status, version);
  } else if (job.type == JobType::script) {
    script_done(w, id, status, version);
  } else if (job.type == JobType::external) {
    external_done(w, id, cookie, status, version);
  } else {
    fio_done(w, id, cookie, status);
  }
}

}  // namespace holdfast::workload
