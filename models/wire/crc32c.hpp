// SPDX-License-Identifier: Apache-2.0
//
// CRC32C (Castagnoli), the checksum of NVMe/TCP header and data digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/wire/bytes.hpp"

namespace holdfast::wire {
namespace detail {

[[nodiscard]] constexpr std::array<std::uint32_t, 256> crc32c_table() noexcept {
  constexpr std::uint32_t reflected_polynomial = 0x82F6'3B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1U) != 0 ? (crc >> 1U) ^ reflected_polynomial : crc >> 1U;
    }
    table[i] = crc;
  }
  return table;
}

inline constexpr std::array<std::uint32_t, 256> crc32c_lookup = crc32c_table();

}  // namespace detail

// CRC32C of `data`. Pass the result of one call as `previous` of the next to checksum data in
// pieces.
[[nodiscard]] constexpr std::uint32_t crc32c(ConstBytes data, std::uint32_t previous = 0) noexcept {
  std::uint32_t crc = ~previous;
  for (const std::byte b : data) {
    crc = (crc >> 8U) ^ detail::crc32c_lookup[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xFFU];
  }
  return ~crc;
}

// The digest as it stands on the wire, least significant byte first.
[[nodiscard]] constexpr std::array<std::byte, 4> encode_digest(ConstBytes data) noexcept {
  std::array<std::byte, 4> out{};
  put_le32(out, 0, crc32c(data));
  return out;
}

}  // namespace holdfast::wire
