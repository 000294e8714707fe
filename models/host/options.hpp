// SPDX-License-Identifier: Apache-2.0
// What an administrator chooses on a host, as plain values: the policies that a scenario names and
// the engine obeys. Light, so that the scenario's declaration need not see the engine.
#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace holdfast::host {

/// Which path an I/O takes.
enum class IoPolicy : std::uint8_t { numa, round_robin, queue_depth, latency };

/// Knobs of IoPolicy::latency (models/host/latency).
struct PathLatency {
  sim::Duration window = std::chrono::seconds{15};  ///< of samples that are averaged first
  std::uint32_t ewma_shift = 3;                     ///< a window counts 1 / 2^shift
  std::uint32_t scale = 64;                         ///< what the weights of all paths add up to
  sim::Duration ignore_above = std::chrono::seconds{1};  ///< such a sample is none
  bool per_cpu = true;  ///< each CPU measures and weighs for itself, else all of them together
};

/// What recovery does with requests that were in flight (protocol.md 2.2, 4.7).
struct RecoveryPolicy {
  /// Where they wait: nowhere (RESETTING cancels them at once), or in this state. `fencing` is
  /// LIVE -> FENCING -> FENCED; `recovering` is both in one (RFC TP8028); with `resetting` sockets
  /// are closed first, then RESETTING holds (RFC TP4129).
  enum class Waits : std::uint8_t { nowhere, fencing, recovering, resetting };
  /// Time-based hold of m x KATO + CQT before they are cancelled and retried.
  enum class Hold : std::uint8_t { none, kato_plus_cqt };
  /// How long to wait for one Cross-Controller Reset that was accepted (protocol.md 2.3).
  enum class CcrWait : std::uint8_t { kato, longer_of_cqt_and_kato };
  /// Where m x KATO counts from: the start of recovery, as Linux does, or the last submission that
  /// the controller's timer counts, as Base 2.1 9.6.2 says: of a Keep Alive, or with traffic-based
  /// keep alive of any command (protocol.md 1.6, 2.6). The text supposes that no command is under
  /// way for longer than KATT; a transport that repeats it may do worse, and `last_transmission`
  /// counts its repetitions as submissions.
  enum class HoldFrom : std::uint8_t { recovery_start, last_submission, last_transmission };
  /// What becomes of the hold when the controller reports CQT 0 (protocol.md 2.1).
  enum class CqtZero : std::uint8_t { no_hold, hold };

  Waits waits = Waits::nowhere;
  bool ccr = false;                ///< ask another controller to reset the impacted one first
  std::uint32_t ccr_attempts = 0;  ///< most source controllers tried; 0: as many as there are
  CcrWait ccr_wait = CcrWait::longer_of_cqt_and_kato;
  bool ccr_wait_bounded = false;     ///< one attempt cannot outlive the overall deadline (v4)
  bool ccr_command_bounded = false;  ///< nor can its command, nor outlive its source controller
  bool ccr_needs_success = true;     ///< an entry that ended as failed is no success (3.12)
  bool ccr_deadline_has_cqt = true;  ///< deadline of attempts m x KATO + CQT, not m x KATO
  Hold hold = Hold::none;
  CqtZero cqt_zero = CqtZero::no_hold;
  HoldFrom hold_from = HoldFrom::recovery_start;
  bool holds_katt = false;  ///< m counts the controller's KATT, which the host reads, not KATO
  bool notice_ends_wait = false;  ///< CQT alone is waited for once the controller itself has ended
                                  ///< the connections of all that is in flight (Base 2.1 9.6.2)
  bool release_idempotent = false;      ///< Unrestricted Retry does not wait for the fence (9.3)
  bool early_resubmission = false;      ///< Delayed Retry is sent again at once and reported when
                                        ///< the fence is over (Base 2.1 9.6.3.2)
  bool queue_while_fencing = false;     ///< new I/O waits while every path is fencing, else it
                                        ///< fails (4.5)
  bool keep_alive_stops_first = false;  ///< when the fence starts, not when it is over (4.6)
  bool closes_first = false;            ///< so do its connections: nothing is sent any more (8)
  bool repeat_non_idempotent = true;    ///< such as Zone Append, after a lost path; else it fails
                                        ///< (9.3)
  bool fences_without_tag = false;      ///< a Keep Alive without a tag goes through the fence (4.3)
  bool keep_alive_polls_half = false;   ///< a look every KATO/2 also with TBKAS (1.7, historical)
  bool operator_fences = false;         ///< reset and delete of a LIVE controller fence first (4.8)
  bool delete_drains = true;    ///< a delete waits for what is in flight, else it cancels (17)
  bool removal_fences = false;  ///< so does a remote port or an adapter that disappears (4.8)
  bool holds_aborted = true;    ///< FC: exchanges that end while fencing are held too (4.9)
  bool discovery_reconnect_kato = true;  ///< discovery with KATO 0: 5 s once reconnected (1.9)
  bool ccr_joins_pending = false;        ///< 13Fh is waited for like an accepted CCR
  double hold_multiplier = 0.0;          ///< m; 0: 3 with TBKAS, 2 without (1.6)
  sim::Duration cqt_when_zero{};         ///< CQT to assume when it is 0 and cqt_zero = hold

  /// A fence stands before RESETTING.
  [[nodiscard]] bool fences() const {
    return waits == Waits::fencing || waits == Waits::recovering;
  }
};

/// Which instance a Cross-Controller Reset by passthrough names: the present one of the impacted
/// controller, one that is wrong in some way, or the one before the present.
enum class CcrNames : std::uint8_t {
  present,
  own_id,
  unknown_id,
  wrong_ciu,
  wrong_cirn,
  previous,
};

}  // namespace holdfast::host
