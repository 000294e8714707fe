// SPDX-License-Identifier: Apache-2.0
// What the host's FC driver keeps of a controller besides the rest.
#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace holdfast::host {

struct FcController {
  /// Whose exchanges are being aborted (nvme_fc_delete_association); none: no teardown is on.
  enum class Phase : std::uint8_t { none, io, admin, events };
  Phase phase = Phase::none;
  bool setup_failed = false;  ///< the teardown ends an attempt to connect
  bool dnr = false;           ///< of that attempt's error
  int error = 0;
  sim::Duration dev_loss_tmo = std::chrono::seconds{60};
  sim::TimePoint dev_loss_end = sim::never;  ///< never: the remote port is there
};

}  // namespace holdfast::host
