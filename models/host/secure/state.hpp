// SPDX-License-Identifier: Apache-2.0
// What a connection needs for TLS and for authentication, as plain values.
#pragma once

#include <cstdint>

#include "models/transport/options.hpp"
#include "sim/time.hpp"

namespace holdfast::host::secure {

struct Credentials {
  transport::TlsSetup tls;      ///< NVMe/TCP; with `concat` from the second admin queue on
  bool concat = false;          ///< secure concatenation: authentication generates the key of TLS
  bool key = false;             ///< and has done so, in this attempt to connect
  sim::Duration dhchap_time{};  ///< that the host computes between challenge and reply
  bool both_ways = false;       ///< the controller has to authenticate itself, too
  std::uint16_t dh_bytes = 0;   ///< of a Diffie-Hellman value; 0: the NULL group

  /// What connections that are opened now begin with.
  [[nodiscard]] transport::TlsSetup tls_now() const {
    return concat && !key ? transport::TlsSetup{} : tls;
  }
  /// The admin queue is there, and has to be set up once more with the key that came of it.
  [[nodiscard]] bool starts_over() const { return concat && !key; }
};

}  // namespace holdfast::host::secure
