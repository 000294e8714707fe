// SPDX-License-Identifier: Apache-2.0
// The data-integrity oracle. It listens to the trace, sees both ends, and is never asked for a
// decision. It knows every I/O of every application and the fate of every attempt, and tells stale
// writes (the ABA corruption), stale reads, lost writes, exposure and margin.
#pragma once

#include <array>
#include <cstdint>

#include "models/records.hpp"
#include "sim/arena.hpp"
#include "sim/copy_block.hpp"
#include "sim/cow_vector.hpp"
#include "sim/list.hpp"
#include "sim/time.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::oracle {

using sim::Duration;
using sim::TimePoint;

enum class AttemptId : std::uint64_t {};

/// One I/O of an application, from the trace. Serial numbers start at 1.
struct Operation {
  TimePoint submitted = sim::never;
  TimePoint completed = sim::never;  ///< acknowledged, or failed; never: still out
  std::uint64_t lba = 0;
  std::uint64_t version = 0;  ///< read: of the first block it returned; copy: what it copied first
  TimePoint newest_known = sim::never;  ///< read: see Block::newest_acknowledged, at submission
  std::uint32_t blocks = 0;
  DiskId disk{};
  std::uint16_t job = 0;
  std::uint16_t status = 0;
  host::IoKind kind{};
  bool stale = false;   ///< a read that returned data it must not have returned
  bool effect = false;  ///< what must not happen twice has happened once
  AttemptId first_attempt = sim::none<AttemptId>;  ///< attempts whose fate is not settled
  /// Which attempt was told to be stale last: a command that lands in pieces is one stale write.
  std::uint32_t stale_attempt = no_attempt;

  static constexpr std::uint32_t no_attempt = most_attempts + 1;
};

/// What became of an attempt.
enum class Fate : std::uint8_t { open, applied, gone };

/// One sending of an operation to a controller.
struct Attempt {
  Token token{};  ///< 0: none
  host::ControllerId controller{};
  transport::ConnectionId connection{};
  std::uint16_t target_cntlid = 0;  ///< of the controller that fetched it
  bool fetched = false;             ///< the target has the command
  bool detached = false;            ///< it lands although its queue is gone (in_flight ignore)
  bool stale_sample = false;        ///< read: what it found was stale
  Fate fate = Fate::open;
  TimePoint sent{};
  TimePoint abandoned = sim::never;       ///< the host gave it up
  TimePoint released = sim::never;        ///< its retry was sent, or its error told
  TimePoint settled = sim::never;         ///< applied, or provably gone
  AttemptId next = sim::none<AttemptId>;  ///< of the same operation
  sim::Links<AttemptId> on_connection;
  sim::Links<AttemptId> in_abandoned;
};

/// Per block of a disk.
struct Block {
  /// Submission time of the newest write that was applied and its serial: a later write is one that
  /// was submitted after an earlier one completed.
  TimePoint newest_applied = sim::never;
  std::uint64_t newest_serial = 0;
  std::uint64_t content_serial = 0;  ///< whose data it holds
  /// Submission time of the newest write that was acknowledged.
  TimePoint newest_acknowledged = sim::never;
};

/// A stale write, stale read, lost write and so on, with the moments that tell its story.
struct Incident {
  enum class Type : std::uint8_t {
    stale_write,
    stale_read,
    lost_write,
    duplicate_effect,
    misplaced_write,
  };
  Type type = Type::stale_write;
  TimePoint at{};
  DiskId disk{};
  std::uint64_t lba = 0;
  std::uint64_t serial = 0;        ///< the operation that did the harm or suffered it
  std::uint64_t other_serial = 0;  ///< the write that was overwritten or missed
  Attempt attempt;                 ///< the stale attempt
  host::ControllerId retry_controller = sim::none<host::ControllerId>;  ///< where the retry went
  TimePoint retry_sent = sim::never;
};

/// From the release of a retry until what it retried could do no more harm: a stale write could
/// land in between.
struct ExposureWindow {
  Token token{};                    ///< of the attempt that was given up
  host::ControllerId controller{};  ///< to which it had been sent
  TimePoint released{};
  TimePoint settled{};
  Fate fate = Fate::open;  ///< how it ended; open: not until the end of the run
};

struct Exposure {
  static constexpr std::size_t windows_kept = 256;

  std::uint64_t intervals = 0;
  Duration longest{};
  Duration total{};
  std::uint64_t margins = 0;
  Duration margin_min{};
  Duration margin_max{};
  sim::Vector<ExposureWindow> windows;  ///< the first ones
};

struct Counts {
  std::uint64_t writes = 0;
  std::uint64_t reads = 0;
  std::uint64_t stale_writes = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t lost_writes = 0;
  /// Stale writes that left a part of a newer write of several blocks in place.
  std::uint64_t torn_writes = 0;
  /// Commands that took effect twice, or were reported as failed although they took effect (9.3).
  std::uint64_t duplicate_effects = 0;
  /// Zero-copy writes that landed with another operation's data (protocol.md 4.8) ...
  std::uint64_t mutated_writes = 0;
  /// ... and of these, the ones that put it where it does not belong.
  std::uint64_t misplaced_writes = 0;
  /// Commands that went past a reservation, because the node that took them did not know of it. The
  /// verdict is of what a host is owed, whoever else may write, so that they do not count there.
  std::uint64_t reservation_breaches = 0;

  /// Something happened that must not happen.
  [[nodiscard]] bool corrupt() const {
    return stale_writes + stale_reads + lost_writes + duplicate_effects + misplaced_writes != 0;
  }
};

/// What goes over a connection.
struct SentOn {
  sim::List<AttemptId> attempts;  ///< in the order of sending
  /// The target end is gone: what is still written into it can reach nothing. Until a new
  /// connection gets the number.
  bool released = false;
};

struct Oracle {
  static constexpr std::size_t incidents_kept = 256;

  sim::CowLog<Operation> operations;         ///< by serial - 1
  sim::Vector<sim::CowVector<Block>> disks;  ///< by DiskId
  sim::Arena<AttemptId, Attempt> attempts;
  sim::Vector<SentOn> sent_on;          ///< by connection
  sim::List<AttemptId> abandoned;       ///< given up and not settled, or not released
  sim::CowLog<TimePoint> known_before;  ///< for reads of several blocks, block after block
  Counts counts;
  Exposure exposure;
  sim::Vector<Incident> incidents;  ///< the first ones
};

/// A disk that the oracle watches, with this many blocks.
DiskId add_disk(Oracle& oracle, std::uint64_t blocks);

/// Exposure with the intervals that are still open counted up to `now`.
Exposure exposure_until(const Oracle& oracle, TimePoint now);

/// Kinds of records that the oracle listens to.
constexpr bool observes(Kind kind) {
  switch (kind) {
    case Kind::app_submit:
    case Kind::app_complete:
    case Kind::attempt_sent:
    case Kind::attempt_done:
    case Kind::attempt_abandoned:
    case Kind::command_fetched:
    case Kind::command_held:
    case Kind::media_write:
    case Kind::mutated_write:
    case Kind::effect_applied:
    case Kind::media_read:
    case Kind::stream_dry:
    case Kind::attempt_gone:
    case Kind::queue_released:
    case Kind::queue_opened:
    case Kind::command_detached:
    case Kind::reservation_breach:
      return true;
    default:
      return false;
  }
}

void observe(World& w, const sim::Record& record);

}  // namespace holdfast::oracle
