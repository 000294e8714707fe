// SPDX-License-Identifier: Apache-2.0
// What the steps of dealing with an acknowledgement tell each other. Not for others.
#pragma once

#include <cstdint>

#include "models/transport/tcp/internal.hpp"

namespace holdfast::tcp {

/// What is found out about one acknowledgement (the FLAG_ values of tcp_input.c).
struct Finding {
  std::uint64_t before = 0;          ///< oldest byte not acknowledged, before
  std::uint64_t highest_before = 0;  ///< end of what had arrived furthest, before (prior_fack)
  std::uint32_t echo_ms = 0;
  bool data = false;      ///< it came with data or a FIN
  bool advanced = false;  ///< it acknowledges something new
  bool newly_sacked = false;
  bool duplicate = false;            ///< DSACK
  bool probe_arrived_twice = false;  ///< DSACK of a tail loss probe
  bool original_arrived = false;     ///< something that was never repeated (FLAG_ORIG_SACK_ACKED)
  bool repeated_acked = false;
  bool lost_repeat = false;
  bool sets_timer = false;
  std::uint32_t delivered = 0;            ///< segments, duplicates among them
  bool fresh = false;                     ///< some of them are not
  std::uint32_t delivered_when_sent = 0;  ///< how many had been when the latest of them was sent
  Duration sample{-1};                    ///< from the oldest segment acknowledged
  Duration latest_sample{-1};             ///< from the newest
  TimePoint first_sacked = sim::never;
  TimePoint last_sacked = sim::never;
  std::uint64_t lowest_late = ~std::uint64_t{0};  ///< of what arrived after later ones

  /// FLAG_NOT_DUP: it may not count as a duplicate acknowledgement.
  [[nodiscard]] bool is_ordinary() const { return data || advanced; }
};

enum class Send : std::uint8_t { nothing, lost, fresh };

// sack.cpp
/// Marks what the SACK blocks say (tcp_sacktag_write_queue). Only if there is one.
void take_blocks(Connection& c, Side side, const Segment& s, TimePoint now, Finding& f);
/// Forgets what is acknowledged (tcp_clean_rtx_queue).
void take_acknowledged(World& w, ConnectionId id, Side side, const Segment& s, Finding& f);

/// tcp_check_sack_reordering: something that was never repeated arrived after what lies above it.
void note_reordering(Endpoint& e, std::uint64_t low, std::uint32_t mss);

// alert.cpp
/// Moves between the states of recovery (tcp_fastretrans_alert); says what to send then.
Send alert(World& w, ConnectionId id, Side side, Finding& f);

}  // namespace holdfast::tcp
