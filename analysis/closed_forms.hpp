// SPDX-License-Identifier: Apache-2.0
// What a path failure costs when nothing is left to chance: detection bounds, hold, retransmission
// instants, set-up cadence. Each function restates one rule of the protocol or of the Linux drivers
// with exact timers (no timer wheel); the conformance tests compare the models with them, and they
// answer sizing questions without a simulation.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace holdfast::analysis {

using sim::Duration;

/// CTRATT.TBKAS: does any command keep the controller alive, or only a Keep Alive?
enum class KeepAlive : std::uint8_t { command_based, traffic_based };

/// What the path carried until it failed: no I/O, or I/O that completed at every look.
enum class Load : std::uint8_t { idle, busy };

/// A closed interval of time spans.
struct Interval {
  Duration earliest{};
  Duration latest{};
  [[nodiscard]] constexpr bool contains(Duration d) const { return earliest <= d && d <= latest; }
};

/// How often the host looks whether a Keep Alive is due (nvme_keep_alive_work_period).
/// `kato` > 0; divided as integers.
constexpr Duration look_period(KeepAlive mode, Duration kato) {
  return mode == KeepAlive::traffic_based ? kato / 4 : kato / 2;
}

/// From a silent loss of the path to the host's error recovery, over all phases of the fault
/// (protocol.md 1.7). The earliest is a Keep Alive submitted at the instant of the fault. The
/// latest is a fault just after a look; a busy traffic-based host spends one more look on the
/// completions that it has seen. A Keep Alive that was already under way when the fault struck is
/// noticed earlier than `earliest` by the time it had been under way, at most a round trip.
constexpr Interval host_detection(KeepAlive mode, Load load, Duration kato) {
  const bool extra_look = mode == KeepAlive::traffic_based && load == Load::busy;
  return {kato, kato + look_period(mode, kato) * (extra_look ? 2 : 1)};
}

/// From the last command that a controller fetched to its keep-alive expiry (protocol.md 1.4).
/// Command based the last command is the last Keep Alive and the span is exact. Traffic based any
/// command counts; the lower bound itself is not reached. `katt` is the controller's own timeout.
constexpr Interval target_expiry(KeepAlive mode, Duration katt) {
  if (mode == KeepAlive::command_based)
    return {katt, katt};
  return {katt + Duration{1}, 2 * katt};
}

/// From the last Keep Alive to the expiry if nothing is fetched after it. On nvmet a Keep Alive
/// restarts the timer and is traffic itself, hence two windows (protocol.md 1.8).
constexpr Duration expiry_after_keep_alive(KeepAlive mode, Duration katt) {
  return mode == KeepAlive::traffic_based ? 2 * katt : katt;
}

/// The same for a target that looks every KATT whether the last Keep Alive is strictly older than
/// KATT: the look after that instant, and one more if the Keep Alive came right at a look
/// (protocol.md 1.8, SPDK). If any command counts, from the last one: the look after it takes
/// itself for the last sign of life, the next one finds that no older than KATT, the third does.
/// `katt` > 0 is the controller's own timeout.
constexpr Interval polled_expiry(KeepAlive mode, Duration katt) {
  if (mode == KeepAlive::traffic_based)
    return {2 * katt, 3 * katt};
  return {katt + Duration{1}, 2 * katt};
}

/// A requested KATO as the controller holds it: raised to its minimum, then rounded up to its
/// granularity KAS > 0 (protocol.md 1.2). 0 stays 0: no timer.
constexpr Duration effective_kato(Duration asked, Duration minimum, Duration kas) {
  if (asked == Duration{})
    return asked;
  const Duration raised = std::max(asked, minimum);
  return (raised + kas - Duration{1}) / kas * kas;
}

/// m of the hold: how many KATO it takes until a controller that hears nothing must have expired,
/// counted from the last instant at which the host may have been heard (protocol.md 1.6).
constexpr std::int64_t hold_multiplier(KeepAlive mode) {
  return mode == KeepAlive::traffic_based ? 3 : 2;
}

/// m x KATO + CQT, from the start of recovery to the release of the requests (protocol.md 2.2).
constexpr Duration hold_time(KeepAlive mode, Duration kato, Duration cqt) {
  return hold_multiplier(mode) * kato + cqt;
}

/// From the last send before the first retransmission to the n-th expiry (n >= 1) of TCP's
/// retransmission timer, which doubles up to `rto_max` each time: 0.2, 0.6, 1.4, 3.0 s ... for an
/// `rto` of 200 ms (protocol.md 8, tcp_model_timeout).
constexpr Duration retransmission_expiry(unsigned n, Duration rto, Duration rto_max) {
  Duration sum{};
  Duration step = std::min(rto, rto_max);
  for (unsigned i = 0; i < n; ++i) {
    sum += step;
    step = std::min(2 * step, rto_max);
  }
  return sum;
}

/// An unanswered connect of nvme-tcp: one initial RTO after each of the first SYNs, then ever twice
/// as long, and ETIMEDOUT when the wait for the last one is over. Linux 6.12 sends three, one RTO
/// apart (TCP_SYNCNT 1 with 4 tcp_syn_linear_timeouts; protocol.md 7.1), 6.1 two.
inline constexpr Duration syn_interval = std::chrono::seconds{1};
constexpr Duration unanswered_syn(unsigned nth, unsigned linear) {
  return syn_interval * (std::int64_t{1} << (nth > linear ? nth - linear : 0));
}
constexpr Duration unanswered_connect(unsigned syns = 3, unsigned linear = 4) {
  Duration total{};
  for (unsigned nth = 0; nth < syns; ++nth)
    total += unanswered_syn(nth, linear);
  return total;
}

/// From one attempt against a dead path to the next (protocol.md 5.2).
constexpr Duration reconnect_cadence(Duration reconnect_delay) {
  return reconnect_delay + unanswered_connect();
}

/// Attempts until a controller is removed: ctrl_loss_tmo >= 0 in units of reconnect_delay > 0,
/// rounded up (nvmf_parse_options).
constexpr std::int64_t max_reconnects(Duration ctrl_loss_tmo, Duration reconnect_delay) {
  return (ctrl_loss_tmo + reconnect_delay - Duration{1}) / reconnect_delay;
}

/// Time to put a network-layer packet and its Ethernet framing (38 bytes: preamble, header, check
/// sequence, gap) on a link of `bits_per_second` > 0, to the nearest nanosecond.
constexpr Duration serialisation_time(std::uint32_t packet_bytes, std::uint64_t bits_per_second) {
  const sim::Wide scaled = sim::Wide{packet_bytes + 38u} * 8'000'000'000u;
  return Duration{static_cast<std::int64_t>((scaled + bits_per_second / 2) / bits_per_second)};
}

/// Network-layer bytes of a TCP segment with `payload_bytes`: IPv4, TCP and the timestamps option.
constexpr std::uint32_t segment_bytes(std::uint32_t payload_bytes) { return payload_bytes + 52; }

}  // namespace holdfast::analysis
