// SPDX-License-Identifier: Apache-2.0
// Counters that Linux 7.2 shows in sysfs (Documentation/ABI/stable/sysfs-nvme), by their names
// there.
#pragma once

#include <cstdint>

namespace holdfast::host {

/// `diag/` of a controller.
struct ControllerCounters {
  std::uint32_t reset_count = 0;          ///< times in RESETTING
  std::uint32_t reconnect_count = 0;      ///< attempts to connect again
  std::uint32_t command_error_count = 0;  ///< admin commands that ended with an error
};

/// `diag/` of a path.
struct PathCounters {
  std::uint32_t command_retries_count = 0;     ///< repetitions on the same path
  std::uint32_t command_error_count = 0;       ///< commands that ended with an error
  std::uint32_t multipath_failover_count = 0;  ///< I/Os that moved to another path
};

/// `diag/` of a multipath device.
struct HeadCounters {
  std::uint64_t io_requeue_no_usable_path_count = 0;
  std::uint64_t io_fail_no_available_path_count = 0;
};

}  // namespace holdfast::host
