// SPDX-License-Identifier: Apache-2.0
// An application that is written outside the models: it is told when it starts, when an I/O of it
// is done and when a sleep is over, and asks for I/O and sleeps from there.
#pragma once

#include <string>

#include "models/workload/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::workload {

class External {
 public:
  External() = default;
  External(const External&) = delete;
  External& operator=(const External&) = delete;
  virtual ~External() = default;

  virtual void started(World& w, JobId job) = 0;
  /// serial_of(version) is the serial of the write that a read found, 0 for zeroes.
  virtual void io_done(World& w, JobId job, host::Cookie cookie, wire::Status status,
                       host::Version version) = 0;
  virtual void woken(World& w, JobId job, host::Cookie cookie) = 0;
};

/// A job that begins at `start`, or as soon after it as its device exists. It does something only
/// while somebody is attached to `Workloads::external`.
JobId add_external(World& w, const std::string& name, host::HeadId head, std::uint32_t cpu,
                   TimePoint start);

/// Submits an I/O of the job and returns its serial. `cookie` is what `io_done` gets back; each one
/// that is out has another.
std::uint64_t submit(World& w, JobId job, host::IoKind kind, std::uint64_t lba,
                     std::uint32_t blocks, host::Cookie cookie);

/// `woken` after that time.
void wake_after(World& w, JobId job, Duration time, host::Cookie cookie);

}  // namespace holdfast::workload
