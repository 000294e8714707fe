// SPDX-License-Identifier: Apache-2.0
//
// Reservation commands. All three carry their keys as data and their action in CDW10; data travels
// in the capsule.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "models/wire/bytes.hpp"
#include "models/wire/sqe.hpp"

namespace holdfast::wire {

enum class RegisterAction : std::uint8_t { register_key = 0, unregister = 1, replace = 2 };
enum class AcquireAction : std::uint8_t { acquire = 0, preempt = 1, preempt_and_abort = 2 };
enum class ReleaseAction : std::uint8_t { release = 0, clear = 1 };
enum class ReservationType : std::uint8_t { none = 0, write_exclusive = 1, exclusive_access = 2 };

inline constexpr std::size_t two_keys_bytes = 16;  // Register and Acquire
inline constexpr std::size_t one_key_bytes = 8;    // Release

// CRKEY, and behind it NRKEY of Register or PRKEY of Acquire.
struct ReservationKeys {
  std::uint64_t current = 0;
  std::uint64_t other = 0;

  constexpr bool operator==(const ReservationKeys&) const noexcept = default;
};

[[nodiscard]] constexpr std::array<std::byte, two_keys_bytes> encode_keys(
    const ReservationKeys& keys) noexcept {
  std::array<std::byte, two_keys_bytes> out{};
  put_le64(out, 0, keys.current);
  put_le64(out, 8, keys.other);
  return out;
}

[[nodiscard]] constexpr ReservationKeys decode_keys(
    std::span<const std::byte, two_keys_bytes> in) noexcept {
  return {.current = get_le64(in, 0), .other = get_le64(in, 8)};
}

namespace detail {
[[nodiscard]] constexpr Command reservation_command(IoOpcode opcode, std::uint16_t cid,
                                                    std::uint32_t nsid, std::uint8_t action,
                                                    ReservationType type,
                                                    std::size_t bytes) noexcept {
  Command c;
  c.opcode = raw(opcode);
  c.cid = cid;
  c.nsid = nsid;
  c.sgl = in_capsule_sgl(static_cast<std::uint32_t>(bytes));
  c.cdw10 = (action & 0x7U) | (std::uint32_t{raw(type)} << 8U);
  return c;
}
}  // namespace detail

[[nodiscard]] constexpr Command make_reservation_register(std::uint16_t cid, std::uint32_t nsid,
                                                          RegisterAction action) noexcept {
  return detail::reservation_command(IoOpcode::reservation_register, cid, nsid, raw(action),
                                     ReservationType::none, two_keys_bytes);
}

[[nodiscard]] constexpr Command make_reservation_acquire(std::uint16_t cid, std::uint32_t nsid,
                                                         AcquireAction action,
                                                         ReservationType type) noexcept {
  return detail::reservation_command(IoOpcode::reservation_acquire, cid, nsid, raw(action), type,
                                     two_keys_bytes);
}

[[nodiscard]] constexpr Command make_reservation_release(std::uint16_t cid, std::uint32_t nsid,
                                                         ReleaseAction action,
                                                         ReservationType type) noexcept {
  return detail::reservation_command(IoOpcode::reservation_release, cid, nsid, raw(action), type,
                                     one_key_bytes);
}

// What CDW10 of any of the three says. `action` is one of the enums above.
struct ReservationFields {
  std::uint8_t action = 0;
  bool ignore_existing_key = false;  // IEKEY
  ReservationType type = ReservationType::none;

  constexpr bool operator==(const ReservationFields&) const noexcept = default;
};

// Empty for any other command.
[[nodiscard]] constexpr std::optional<ReservationFields> as_reservation(const Command& c) noexcept {
  const auto opcode = static_cast<IoOpcode>(c.opcode);
  if (opcode != IoOpcode::reservation_register && opcode != IoOpcode::reservation_acquire &&
      opcode != IoOpcode::reservation_release) {
    return std::nullopt;
  }
  return ReservationFields{.action = static_cast<std::uint8_t>(bits(c.cdw10, 0, 3)),
                           .ignore_existing_key = bits(c.cdw10, 3, 1) != 0,
                           .type = static_cast<ReservationType>(bits(c.cdw10, 8, 8))};
}

}  // namespace holdfast::wire
