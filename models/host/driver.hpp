// SPDX-License-Identifier: Apache-2.0
// What the driver of one transport keeps of a controller besides what all of them keep. Code that
// has something to do for each transport visits a Driver, so that one more kind does not compile
// until somebody has thought of it.
#pragma once

#include <cstdint>
#include <variant>

#include "models/wire/wire.hpp"
#include "sim/time.hpp"

namespace holdfast::host {

struct TcpController {
  wire::Digests digests{};       ///< hdr_digest and data_digest of `nvme connect`
  sim::Duration user_timeout{};  ///< TCP_USER_TIMEOUT of its sockets; 0: as the host has it
  sim::Duration rto_min{};       ///< of its route; 0: that of all
};

struct RdmaController {};

struct FcController {
  /// Whose exchanges are being aborted (nvme_fc_delete_association); none: no teardown is on.
  enum class Phase : std::uint8_t { none, io, admin, events };
  Phase phase = Phase::none;
  bool quiescing = false;     ///< the queues of that phase are being quiesced
  bool setup_failed = false;  ///< the teardown ends an attempt to connect
  bool dnr = false;           ///< of that attempt's error
  int error = 0;
  sim::Duration dev_loss_tmo = std::chrono::seconds{60};
  sim::TimePoint dev_loss_end = sim::never;  ///< never: the remote port is there
};

using Driver = std::variant<TcpController, RdmaController, FcController>;

}  // namespace holdfast::host
