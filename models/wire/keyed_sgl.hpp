// SPDX-License-Identifier: Apache-2.0
// The keyed SGL data block descriptor of RDMA transports: address, a length of 24 bits and the
// remote key of the memory that the target may read or write (NVMe Base, SGL descriptor type 4h).
#pragma once

#include "models/wire/sqe.hpp"

namespace holdfast::wire {

inline constexpr std::uint8_t keyed_sgl_type = 0x40;
inline constexpr std::uint32_t keyed_sgl_length_max = 0xFFFFFF;

/// A command whose data the target moves by RDMA; in-capsule data keeps its own descriptor.
[[nodiscard]] constexpr std::array<std::byte, sqe_bytes> encode_keyed_command(
    const Command& c, std::uint32_t key) noexcept {
  std::array<std::byte, sqe_bytes> out = encode_command(c);
  if (c.sgl.type == SglType::in_capsule || c.sgl.length == 0) {
    return out;
  }
  const std::span<std::byte, sqe_bytes> bytes(out);
  put_le32(bytes, sqe_offset::sgl_length, (c.sgl.length & keyed_sgl_length_max) | key << 24U);
  put_le32(bytes, sqe_offset::sgl_length + 4, key >> 8U);
  put_u8(bytes, sqe_offset::sgl_type, keyed_sgl_type);
  return out;
}

/// The command with the plain descriptor that the engines know; `key` comes back beside it.
[[nodiscard]] constexpr Command decode_keyed_command(std::span<const std::byte, sqe_bytes> in,
                                                     std::uint32_t& key) noexcept {
  Command c = decode_command(in);
  key = 0;
  if (get_u8(in, sqe_offset::sgl_type) != keyed_sgl_type) {
    return c;
  }
  key = c.sgl.length >> 24U | (get_le32(in, sqe_offset::sgl_length + 4) & 0xFFFFFFU) << 8U;
  c.sgl.length &= keyed_sgl_length_max;
  c.sgl.type = SglType::transport_block;
  return c;
}

}  // namespace holdfast::wire
