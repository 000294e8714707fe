// SPDX-License-Identifier: Apache-2.0
//
// Asynchronous events: DW0 of a completed Asynchronous Event Request, and the bits of Feature 0Bh
// and OAES, which share their positions.
#pragma once

#include <cstdint>

#include "models/wire/admin_commands.hpp"
#include "models/wire/bytes.hpp"

namespace holdfast::wire {

enum class AsyncEventType : std::uint8_t { error = 0, smart = 1, notice = 2 };

// Information byte of a notice.
enum class AsyncNotice : std::uint8_t {
  namespace_attributes = 0x00,
  firmware_activation = 0x01,
  ana_change = 0x03,
  discovery_change = 0xF0,
  cross_controller_reset_completed = 0xF4,
  lost_host_communication = 0xF5,
};

inline constexpr std::uint32_t aec_namespace_attributes = 1U << 8U;
inline constexpr std::uint32_t aec_firmware_activation = 1U << 9U;
inline constexpr std::uint32_t aec_ana_change = 1U << 11U;
inline constexpr std::uint32_t aec_cross_controller_reset = 1U << 20U;
inline constexpr std::uint32_t aec_lost_host_communication = 1U << 21U;
inline constexpr std::uint32_t aec_discovery_change = 1U << 31U;

// What mainline Linux asks for, as far as the controller's OAES offers it (nvme_enable_aen).
inline constexpr std::uint32_t aec_linux_mainline =
    aec_namespace_attributes | aec_firmware_activation | aec_ana_change | aec_discovery_change;

struct AsyncEvent {
  AsyncEventType type = AsyncEventType::notice;
  std::uint8_t information = 0;
  std::uint8_t log_id = 0;

  [[nodiscard]] constexpr std::uint32_t encode() const noexcept {
    return std::uint32_t{raw(type)} | (std::uint32_t{information} << 8U) |
           (std::uint32_t{log_id} << 16U);
  }
  [[nodiscard]] static constexpr AsyncEvent decode(std::uint32_t dw0) noexcept {
    return {.type = static_cast<AsyncEventType>(bits(dw0, 0, 3)),
            .information = static_cast<std::uint8_t>(bits(dw0, 8, 8)),
            .log_id = static_cast<std::uint8_t>(bits(dw0, 16, 8))};
  }
  [[nodiscard]] constexpr bool is(AsyncNotice notice) const noexcept {
    return type == AsyncEventType::notice && information == raw(notice);
  }
  constexpr bool operator==(const AsyncEvent&) const noexcept = default;
};

// The source controller's notice that an entry of log page 1Eh has completed: 001EF402h.
[[nodiscard]] constexpr AsyncEvent ccr_completed_event() noexcept {
  return {.type = AsyncEventType::notice,
          .information = raw(AsyncNotice::cross_controller_reset_completed),
          .log_id = raw(LogId::cross_controller_reset)};
}

// Another controller of the host has lost it, see log page 1Fh: 001FF502h.
[[nodiscard]] constexpr AsyncEvent lost_host_event() noexcept {
  return {.type = AsyncEventType::notice,
          .information = raw(AsyncNotice::lost_host_communication),
          .log_id = raw(LogId::lost_host_communication)};
}

[[nodiscard]] constexpr AsyncEvent ana_change_event() noexcept {
  return {.type = AsyncEventType::notice,
          .information = raw(AsyncNotice::ana_change),
          .log_id = raw(LogId::ana)};
}

}  // namespace holdfast::wire
