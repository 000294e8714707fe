// SPDX-License-Identifier: Apache-2.0
// What makes a host give a path up before a Keep Alive has timed out, as plain values that a
// scenario names. Linux has none of it; docs/faster.md says where each comes from, what it saves
// and what it costs.
#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace holdfast::host {

/// Why error recovery begins.
enum class Cause : std::uint8_t {
  request_timeout,
  transport,
  keep_alive_tag,
  operator_request,
  device_lost,
  ana_transition,
  suspicion,
};

/// What cast suspicion on a path.
enum class Sign : std::uint8_t {
  lost_host,        ///< another controller says that this one has lost its host (log page 1Fh)
  tcp_timeouts,     ///< retransmission timeouts of one connection in a row
  user_timeout,     ///< a connection was given up after TCP_USER_TIMEOUT
  keep_alive_late,  ///< a Keep Alive is not answered yet
  slow_io,          ///< an I/O is out for longer than its siblings' ever are
};
inline constexpr std::size_t signs = 5;

/// Zero, and false, is off: the host waits for timeouts, as Linux does.
struct Suspicion {
  bool lost_host_notice = false;  ///< ask for notice F5h, and act on what log page 1Fh says
  /// A controller whose own timer ended it is waited for by CQT alone (protocol.md 1.5, 3.8).
  bool lost_host_ends_wait = false;
  std::uint32_t tcp_timeouts = 0;    ///< as many in a row (icsk_retransmits)
  sim::Duration tcp_user_timeout{};  ///< TCP_USER_TIMEOUT of its sockets (tcp(7))
  sim::Duration keep_alive_late{};   ///< a Keep Alive without an answer for that long
  sim::Duration slow_io{};           ///< an I/O that is out for at least that long, and ...
  double slow_io_factor = 100.0;     ///< ... that many times as long as those of other paths
  sim::Duration look_every{};        ///< looks of the keep-alive, if KATO does not ask for more
  sim::Duration probe_idle{};        ///< a Keep Alive when nothing was heard for that long
  bool probe_on_ana = false;         ///< ... and when another path becomes optimized
  bool only_with_ccr = false;        ///< no suspicion unless a Cross-Controller Reset can follow

  [[nodiscard]] bool any() const {
    const sim::Duration none{};
    return lost_host_notice || tcp_timeouts != 0 || tcp_user_timeout != none ||
           keep_alive_late != none || slow_io != none || probe_idle != none || probe_on_ana;
  }
};

}  // namespace holdfast::host
