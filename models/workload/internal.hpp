// SPDX-License-Identifier: Apache-2.0
// What the kinds of applications share. Not for others.
#pragma once

#include "models/workload/workload.hpp"

namespace holdfast::workload {

inline Job& job_of(Workloads& w, JobId id) {
  HOLDFAST_PACKET_CHECK(sim::index(id) < w.jobs.size(), "there is no such job");
  return w.jobs[sim::index(id)];
}

/// The job as what it is known to run.
template <class Program>
Program& program_of(Workloads& w, JobId id) {
  Program* const program = std::get_if<Program>(&job_of(w, id).program);
  HOLDFAST_PACKET_CHECK(program != nullptr, "the job runs another program");
  return *program;
}

void start_rw_test(World& w, JobId id);
void rw_test_done(World& w, JobId id, wire::Status status, host::Version version);

void start_fio(World& w, JobId id);
void fio_done(World& w, JobId id, std::uint32_t buffer, wire::Status status);

void start_script(World& w, JobId id);
void script_done(World& w, JobId id, wire::Status status, host::Version version);

void start_external(World& w, JobId id);
void external_done(World& w, JobId id, host::Cookie cookie, wire::Status status,
                   host::Version version);

}  // namespace holdfast::workload
