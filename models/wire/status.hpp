// SPDX-License-Identifier: Apache-2.0
//
// NVMe completion status: the codes that path-failure recovery meets, and the extra bits that steer
// retry. Values are the Linux kernel's 15-bit form, i.e. the CQE status field without its phase
// bit.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/wire/bytes.hpp"
#include "models/wire/opcodes.hpp"

namespace holdfast::wire {

// Status code type (bits 10:8) and status code (bits 7:0) together.
enum class StatusCode : std::uint16_t {
  // SCT 0, generic command status.
  success = 0x000,
  invalid_opcode = 0x001,
  invalid_field = 0x002,
  command_id_conflict = 0x003,
  data_transfer_error = 0x004,
  power_loss = 0x005,
  internal_error = 0x006,
  abort_requested = 0x007,
  aborted_sq_deletion = 0x008,
  fused_fail = 0x009,
  fused_missing = 0x00A,
  invalid_namespace = 0x00B,
  command_sequence_error = 0x00C,
  sgl_invalid_data_length = 0x00F,
  sgl_invalid_type = 0x011,
  operation_denied = 0x015,
  sgl_invalid_offset = 0x016,
  host_id_inconsistent = 0x018,
  keep_alive_timeout_expired = 0x019,
  keep_alive_timeout_invalid = 0x01A,
  aborted_preempt = 0x01B,
  namespace_write_protected = 0x020,
  command_interrupted = 0x021,
  transient_transport_error = 0x022,
  lba_out_of_range = 0x080,
  capacity_exceeded = 0x081,
  namespace_not_ready = 0x082,
  reservation_conflict = 0x083,
  // SCT 1, command specific status.
  invalid_queue_id = 0x101,
  invalid_queue_size = 0x102,
  async_event_limit_exceeded = 0x105,
  invalid_log_page = 0x109,
  feature_not_changeable = 0x10E,
  invalid_controller_id = 0x11F,
  ccr_in_progress = 0x13F,     // an operation for the same impacted controller is pending
  ccr_log_page_full = 0x140,   // the source controller's log holds its 511 entries
  ccr_limit_exceeded = 0x141,  // CCRL operations are in progress on the source controller
  connect_incompatible_format = 0x180,
  connect_controller_busy = 0x181,
  connect_invalid_parameters = 0x182,
  connect_restart_discovery = 0x183,
  connect_invalid_host = 0x184,
  discovery_restart = 0x190,
  authentication_required = 0x191,
  zone_boundary_error = 0x1B8,
  zone_is_full = 0x1B9,
  zone_invalid_write = 0x1BC,
  // SCT 2, media and data integrity errors.
  write_fault = 0x280,
  unrecovered_read_error = 0x281,
  guard_check_error = 0x282,
  compare_failure = 0x285,
  access_denied = 0x286,
  unwritten_block = 0x287,
  // SCT 3, path related status: these fail over in nvme_decide_disposition.
  internal_path_error = 0x300,
  ana_persistent_loss = 0x301,
  ana_inaccessible = 0x302,
  ana_transition = 0x303,
  controller_path_error = 0x360,
  host_path_error = 0x370,
  host_aborted_command = 0x371,  // every request that the host cancels ends with this one
};

inline constexpr std::uint16_t status_code_mask = 0x07FF;
inline constexpr std::uint16_t status_crd_mask = 0x1800;
inline constexpr std::uint16_t status_more = 0x2000;
inline constexpr std::uint16_t status_dnr = 0x4000;

// A 15-bit status value as the kernel handles it (0x4002 = Invalid Field, do not retry).
struct Status {
  std::uint16_t value = 0;

  constexpr Status() noexcept = default;
  constexpr explicit Status(std::uint16_t bits15) noexcept
      : value(static_cast<std::uint16_t>(bits15 & 0x7FFFU)) {}
  // Implicit on purpose: `completion.status = StatusCode::invalid_field` is what callers write.
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  constexpr Status(StatusCode code) noexcept : value(raw(code)) {}

  [[nodiscard]] constexpr bool ok() const noexcept { return (value & status_code_mask) == 0; }
  // Status code type and code, without retry hints.
  [[nodiscard]] constexpr StatusCode code() const noexcept {
    return static_cast<StatusCode>(value & status_code_mask);
  }
  // Command Retry Delay: 0 = none, 1..3 select CRDT1..3 of Identify Controller.
  [[nodiscard]] constexpr std::uint8_t crd() const noexcept {
    return static_cast<std::uint8_t>((value & status_crd_mask) >> 11U);
  }
  [[nodiscard]] constexpr bool more() const noexcept { return (value & status_more) != 0; }
  // Do Not Retry: stops retries on the same path and failover alike.
  [[nodiscard]] constexpr bool dnr() const noexcept { return (value & status_dnr) != 0; }
  // Status code type 3, the test of nvme_is_path_error.
  [[nodiscard]] constexpr bool is_path_error() const noexcept {
    return (value & 0x0700U) == 0x0300U;
  }
  // The three codes after which the host re-reads the ANA log (nvme_is_ana_error).
  [[nodiscard]] constexpr bool is_ana_error() const noexcept {
    return code() == StatusCode::ana_persistent_loss || code() == StatusCode::ana_inaccessible ||
           code() == StatusCode::ana_transition;
  }
  [[nodiscard]] constexpr Status with_dnr() const noexcept {
    return Status(static_cast<std::uint16_t>(value | status_dnr));
  }
  [[nodiscard]] constexpr Status with_crd(std::uint8_t crd) const noexcept {
    const unsigned kept = value & ~unsigned{status_crd_mask};
    return Status(static_cast<std::uint16_t>(kept | ((crd & 0x3U) << 11U)));
  }

  constexpr bool operator==(const Status&) const noexcept = default;
};

// The text that the kernel's constants.c prints for a status ("Host Pathing Error"); codes it does
// not know give "Unknown". NameStyle::plain gives "I/O Error", as kernels without verbose errors
// do. Codes 180h-184h mean something else for I/O commands and the kernel prints that I/O meaning.
[[nodiscard]] std::string_view status_name(Status status,
                                           NameStyle style = NameStyle::verbose) noexcept;

}  // namespace holdfast::wire
