// SPDX-License-Identifier: Apache-2.0
// Applications that use a multipath device.
#pragma once

#include "models/workload/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::workload {

/// The job begins at `job.start`, or as soon after it as its device exists.
JobId add_job(World& w, const Job& job);

/// Applications of a host that have begun end here, whatever they were at. What they have out is
/// the host's to forget, or to tell nobody.
void stop_jobs(World& w, host::HostId host);

/// What the host calls when an I/O is done.
void io_done(World& w, JobId id, host::Cookie cookie, wire::Status status, host::Version version);

}  // namespace holdfast::workload
