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

/// What the host calls when an I/O is done.
void io_done(World& w, JobId id, host::Cookie cookie, wire::Status status, host::Version version);

}  // namespace holdfast::workload
