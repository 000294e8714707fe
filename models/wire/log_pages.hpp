// SPDX-License-Identifier: Apache-2.0
//
// Log pages that recovery reads: Asymmetric Namespace Access (0Ch), Cross-Controller Reset (1Eh)
// and Lost Host Communication (1Fh). All are written into and read out of the caller's buffer,
// without copies.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "models/wire/bytes.hpp"

namespace holdfast::wire {

// ---- Asymmetric Namespace Access, log page 0Ch ----

enum class AnaState : std::uint8_t {
  optimized = 0x01,
  non_optimized = 0x02,
  inaccessible = 0x03,
  persistent_loss = 0x04,
  change = 0x0F,
};

inline constexpr std::size_t ana_log_header_bytes = 16;
inline constexpr std::size_t ana_group_bytes = 32;

// Bytes of an ANA log with so many groups and namespace identifiers. Linux sizes its buffer with
// the controller's limits: 8,208 for nvmet's 128 groups and 1,024 namespaces.
[[nodiscard]] constexpr std::size_t ana_log_bytes(std::size_t groups,
                                                  std::size_t namespaces) noexcept {
  return ana_log_header_bytes + (groups * ana_group_bytes) + (namespaces * 4U);
}

// Log Specific Parameter: return groups only, without their namespaces.
inline constexpr std::uint8_t ana_lsp_groups_only = 0x01;

// nvmet's limit (NVMET_MAX_ANAGRPS).
inline constexpr std::uint32_t ana_groups_max = 128;

struct AnaGroup {
  std::uint32_t group_id = 1;
  std::uint32_t namespaces = 0;  // number of NSIDs that follow the descriptor
  std::uint64_t change_count = 0;
  AnaState state = AnaState::optimized;

  constexpr bool operator==(const AnaGroup&) const noexcept = default;
};

// Writes an ANA log front to back. Every step answers false, and writes nothing, when the buffer is
// too small.
class AnaLogWriter {
 public:
  constexpr explicit AnaLogWriter(Bytes out) noexcept : out_(out) {}

  [[nodiscard]] bool begin(std::uint64_t change_count) noexcept;
  // `group.namespaces` is taken from the size of `nsids`.
  [[nodiscard]] bool add(const AnaGroup& group, std::span<const std::uint32_t> nsids) noexcept;
  // Bytes written so far.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return used_; }

 private:
  Bytes out_;
  std::size_t used_ = 0;
  std::uint16_t groups_ = 0;
};

// Walks an ANA log: construct, check valid(), call next() until it is empty. The walk ends early
// when a descriptor or its NSIDs do not fit into the bytes that are there.
class AnaLogReader {
 public:
  explicit AnaLogReader(ConstBytes in) noexcept;

  [[nodiscard]] constexpr bool valid() const noexcept { return valid_; }
  [[nodiscard]] constexpr std::uint64_t change_count() const noexcept { return change_count_; }
  [[nodiscard]] constexpr std::uint16_t groups() const noexcept { return groups_; }

  [[nodiscard]] std::optional<AnaGroup> next() noexcept;
  // The i-th namespace of the group that next() returned last; i < namespaces.
  [[nodiscard]] std::uint32_t nsid(std::uint32_t i) const noexcept;

 private:
  ConstBytes in_;
  ConstBytes nsids_;
  std::size_t at_ = ana_log_header_bytes;
  std::uint64_t change_count_ = 0;
  std::uint16_t groups_ = 0;
  std::uint16_t seen_ = 0;
  bool valid_ = false;
};

// ---- Cross-Controller Reset, log page 1Eh ----

inline constexpr std::size_t ccr_log_header_bytes = 8;
inline constexpr std::size_t ccr_log_entry_bytes = 8;
inline constexpr std::uint16_t ccr_log_max_entries = 511;
inline constexpr std::size_t ccr_log_max_bytes =
    ccr_log_header_bytes + (ccr_log_max_entries * ccr_log_entry_bytes);

// CCRS, reset status of an entry.
enum class CcrStatus : std::uint8_t { in_progress = 0x00, succeeded = 0x01, failed = 0x02 };

// CCRF. What the values of RETRY mean is not published.
inline constexpr std::uint8_t ccr_flag_validated = 0x01;  // V: the impacted controller was found
inline constexpr std::uint8_t ccr_flag_initiated = 0x02;  // CLRI: its reset was started
inline constexpr std::uint8_t ccr_flag_retry_shift = 2;   // RETRY, two bits
inline constexpr std::uint8_t ccr_flag_retry_mask = 0x3;

struct CcrLogEntry {
  std::uint16_t icid = 0;       // impacted controller
  std::uint8_t ciu = 0;         // its instance
  std::uint16_t acid = 0xFFFF;  // alternate controller; nvmet reports none
  CcrStatus status = CcrStatus::in_progress;
  std::uint8_t flags = ccr_flag_validated | ccr_flag_initiated;

  [[nodiscard]] constexpr std::uint8_t retry() const noexcept {
    return (flags >> ccr_flag_retry_shift) & ccr_flag_retry_mask;
  }
  constexpr bool operator==(const CcrLogEntry&) const noexcept = default;
};

[[nodiscard]] constexpr std::size_t ccr_log_bytes(std::size_t entries) noexcept {
  return ccr_log_header_bytes + (entries * ccr_log_entry_bytes);
}

// Writes header and entries; false, with nothing written, when there are more than 511 entries or
// the buffer is smaller than ccr_log_bytes(entries.size()).
[[nodiscard]] bool encode_ccr_log(Bytes out, std::span<const CcrLogEntry> entries) noexcept;

// A read-only look at a log page 1Eh. `available` may be smaller than `entries` when the reader
// asked for less than the whole page.
class CcrLogView {
 public:
  // Empty when the header is incomplete or claims more than 511 entries.
  [[nodiscard]] static std::optional<CcrLogView> decode(ConstBytes in) noexcept;

  [[nodiscard]] constexpr std::uint16_t entries() const noexcept { return entries_; }
  [[nodiscard]] constexpr std::uint16_t available() const noexcept { return available_; }
  // Entry i; i < available().
  [[nodiscard]] CcrLogEntry operator[](std::uint16_t i) const noexcept;
  // The entry for one controller instance, if the page names it.
  [[nodiscard]] std::optional<CcrLogEntry> find(std::uint16_t icid,
                                                std::uint8_t ciu) const noexcept;

 private:
  ConstBytes in_;
  std::uint16_t entries_ = 0;
  std::uint16_t available_ = 0;
};

// ---- Lost Host Communication, log page 1Fh ----

inline constexpr std::size_t lost_host_log_header_bytes = 8;
inline constexpr std::size_t lost_host_log_entry_bytes = 8;
inline constexpr std::uint16_t lost_host_log_max_entries = 511;

// Field LC of an entry. The values are our own: no public text was found that lists them.
enum class LostHostCause : std::uint8_t { keep_alive_timeout = 0x01, connection_lost = 0x02 };

struct LostHostEntry {
  std::uint16_t cntlid = 0;  // the controller that lost the host
  LostHostCause cause = LostHostCause::keep_alive_timeout;
  std::uint8_t ciu = 0;  // its instance

  constexpr bool operator==(const LostHostEntry&) const noexcept = default;
};

[[nodiscard]] constexpr std::size_t lost_host_log_bytes(std::size_t entries) noexcept {
  return lost_host_log_header_bytes + (entries * lost_host_log_entry_bytes);
}

// Writes header and entries; false, with nothing written, when there are more than 511 entries or
// the buffer is smaller than lost_host_log_bytes(entries.size()).
[[nodiscard]] bool encode_lost_host_log(Bytes out, std::span<const LostHostEntry> entries) noexcept;

// Entry i of a page; empty when the page does not have it.
[[nodiscard]] std::optional<LostHostEntry> lost_host_entry(ConstBytes in, std::uint16_t i) noexcept;

}  // namespace holdfast::wire
