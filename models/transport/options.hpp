// SPDX-License-Identifier: Apache-2.0
// What queue pairs ride on, as plain values that a scenario names.
#pragma once

#include <chrono>
#include <cstdint>

#include "sim/time.hpp"

namespace holdfast::transport {

/// What all queue pairs of a world ride on.
enum class TransportKind : std::uint8_t { tcp, rdma, fc };

enum class CongestionControl : std::uint8_t { cubic, reno };

/// The two ends of a connection: the host opened it, the target accepted it.
enum class Side : std::uint8_t { host, target };

/// Which packets of a capsule are dropped.
enum class CapsulePackets : std::uint8_t { all, first, last };

/// What is damaged of a PDU; each has a digest of its own.
enum class Damage : std::uint8_t { none, header, data };

/// RDMA: whether a connection begins with asking for the address: each time; only until the
/// neighbour is known, which it is no longer once a connect request went unanswered; never.
enum class Neighbours : std::uint8_t { asked, learned, permanent };

/// SYNs of a connect that nobody answers (protocol.md 7.1).
struct SynLimits {
  std::uint32_t attempts = 3;
  std::uint32_t linear = 4;  ///< tcp_syn_linear_timeouts: these do not double
};

/// NVMe/TCP: a connection begins with a TLS handshake.
struct TlsSetup {
  bool on = false;
  sim::Duration time{};  ///< that the host's tlshd takes before its ClientHello
  sim::Duration timeout = std::chrono::seconds{10};  ///< tls_handshake_timeout
};

/// Where the TLS handshake of a connection is.
enum class Handshake : std::uint8_t { none, begun, over };

}  // namespace holdfast::transport
