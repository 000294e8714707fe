// SPDX-License-Identifier: Apache-2.0
//
// The 16-byte completion queue entry.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "models/wire/bytes.hpp"
#include "models/wire/status.hpp"

namespace holdfast::wire {

inline constexpr std::size_t cqe_bytes = 16;

struct Completion {
  std::uint32_t dw0 = 0;  // command specific result
  std::uint32_t dw1 = 0;  // upper half of a 64-bit result (Property Get of CAP)
  std::uint16_t sqhd = 0;
  std::uint16_t sqid = 0;
  std::uint16_t cid = 0;
  Status status{};
  bool phase = false;  // meaningless on fabrics, where it stays 0

  // Property Get returns up to 8 bytes in DW0 and DW1.
  [[nodiscard]] constexpr std::uint64_t result64() const noexcept {
    return (std::uint64_t{dw1} << 32U) | dw0;
  }
  constexpr void set_result64(std::uint64_t value) noexcept {
    dw0 = static_cast<std::uint32_t>(value & 0xFFFF'FFFFU);
    dw1 = static_cast<std::uint32_t>(value >> 32U);
  }
  constexpr bool operator==(const Completion&) const noexcept = default;
};

namespace cqe_offset {
inline constexpr std::size_t dw0 = 0;
inline constexpr std::size_t dw1 = 4;
inline constexpr std::size_t sqhd = 8;
inline constexpr std::size_t sqid = 10;
inline constexpr std::size_t cid = 12;
inline constexpr std::size_t status = 14;  // phase in bit 0, the 15-bit status above it
}  // namespace cqe_offset

constexpr void encode_completion(std::span<std::byte, cqe_bytes> out,
                                 const Completion& c) noexcept {
  put_le32(out, cqe_offset::dw0, c.dw0);
  put_le32(out, cqe_offset::dw1, c.dw1);
  put_le16(out, cqe_offset::sqhd, c.sqhd);
  put_le16(out, cqe_offset::sqid, c.sqid);
  put_le16(out, cqe_offset::cid, c.cid);
  const unsigned field = (unsigned{c.status.value} << 1U) | (c.phase ? 1U : 0U);
  put_le16(out, cqe_offset::status, static_cast<std::uint16_t>(field));
}

[[nodiscard]] constexpr std::array<std::byte, cqe_bytes> encode_completion(
    const Completion& c) noexcept {
  std::array<std::byte, cqe_bytes> out{};
  encode_completion(std::span<std::byte, cqe_bytes>(out), c);
  return out;
}

[[nodiscard]] constexpr Completion decode_completion(
    std::span<const std::byte, cqe_bytes> in) noexcept {
  Completion c;
  c.dw0 = get_le32(in, cqe_offset::dw0);
  c.dw1 = get_le32(in, cqe_offset::dw1);
  c.sqhd = get_le16(in, cqe_offset::sqhd);
  c.sqid = get_le16(in, cqe_offset::sqid);
  c.cid = get_le16(in, cqe_offset::cid);
  const std::uint16_t field = get_le16(in, cqe_offset::status);
  c.status = Status(static_cast<std::uint16_t>(field >> 1U));
  c.phase = (field & 1U) != 0;
  return c;
}

}  // namespace holdfast::wire
