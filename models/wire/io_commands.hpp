// SPDX-License-Identifier: Apache-2.0
//
// Commands of the I/O queues: Read, Write, Compare, Write Zeroes, Flush, deallocation and Copy.
// Those of zones and of reservations are in zones.hpp and reservations.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "models/wire/bytes.hpp"
#include "models/wire/sqe.hpp"

namespace holdfast::wire {

// Upper half of CDW12 of Read, Write and Write Zeroes.
inline constexpr std::uint16_t io_control_limited_retry = 0x8000;
inline constexpr std::uint16_t io_control_fua = 0x4000;
inline constexpr std::uint16_t io_control_deallocate = 0x0200;  // Write Zeroes only

// A range of logical blocks and what to do with it.
struct BlockRange {
  std::uint32_t nsid = 1;
  std::uint64_t slba = 0;     // first logical block
  std::uint32_t blocks = 1;   // 1 .. 65,536; 0's based on the wire
  std::uint16_t control = 0;  // io_control_* bits

  constexpr bool operator==(const BlockRange&) const noexcept = default;
};

namespace detail {
[[nodiscard]] constexpr Command block_command(IoOpcode opcode, std::uint16_t cid,
                                              const BlockRange& range,
                                              const SglDescriptor& sgl) noexcept {
  Command c;
  c.opcode = raw(opcode);
  c.cid = cid;
  c.nsid = range.nsid;
  c.sgl = sgl;
  c.cdw10 = static_cast<std::uint32_t>(range.slba & 0xFFFF'FFFFU);
  c.cdw11 = static_cast<std::uint32_t>(range.slba >> 32U);
  c.cdw12 = ((range.blocks - 1U) & 0xFFFFU) | (std::uint32_t{range.control} << 16U);
  return c;
}
}  // namespace detail

// `data_bytes` is the length of the transfer, blocks times block size.
[[nodiscard]] constexpr Command make_read(std::uint16_t cid, const BlockRange& range,
                                          std::uint32_t data_bytes) noexcept {
  return detail::block_command(IoOpcode::read, cid, range, transport_sgl(data_bytes));
}

// The SGL says how the data travels: in_capsule_sgl(n) with the command, or transport_sgl(n) after
// an R2T.
[[nodiscard]] constexpr Command make_write(std::uint16_t cid, const BlockRange& range,
                                           const SglDescriptor& sgl) noexcept {
  return detail::block_command(IoOpcode::write, cid, range, sgl);
}

[[nodiscard]] constexpr Command make_compare(std::uint16_t cid, const BlockRange& range,
                                             const SglDescriptor& sgl) noexcept {
  return detail::block_command(IoOpcode::compare, cid, range, sgl);
}

[[nodiscard]] constexpr Command make_write_zeroes(std::uint16_t cid,
                                                  const BlockRange& range) noexcept {
  return detail::block_command(IoOpcode::write_zeroes, cid, range, transport_sgl());
}

[[nodiscard]] constexpr Command make_flush(std::uint16_t cid, std::uint32_t nsid) noexcept {
  Command c;
  c.opcode = raw(IoOpcode::flush);
  c.cid = cid;
  c.nsid = nsid;
  return c;
}

// The block range of a Read, Write, Compare or Write Zeroes taken from an I/O queue; empty for any
// other opcode.
[[nodiscard]] constexpr std::optional<BlockRange> as_block_range(const Command& c) noexcept {
  const auto opcode = static_cast<IoOpcode>(c.opcode);
  if (opcode != IoOpcode::read && opcode != IoOpcode::write && opcode != IoOpcode::compare &&
      opcode != IoOpcode::write_zeroes) {
    return std::nullopt;
  }
  return BlockRange{.nsid = c.nsid,
                    .slba = (std::uint64_t{c.cdw11} << 32U) | c.cdw10,
                    .blocks = static_cast<std::uint32_t>(bits(c.cdw12, 0, 16)) + 1U,
                    .control = static_cast<std::uint16_t>(bits(c.cdw12, 16, 16))};
}

// One range of Dataset Management.
struct DatasetRange {
  std::uint32_t attributes = 0;
  std::uint32_t blocks = 0;  // not 0's based
  std::uint64_t slba = 0;

  constexpr bool operator==(const DatasetRange&) const noexcept = default;
};

inline constexpr std::size_t dataset_range_bytes = 16;

[[nodiscard]] constexpr std::array<std::byte, dataset_range_bytes> encode_dataset_range(
    const DatasetRange& range) noexcept {
  std::array<std::byte, dataset_range_bytes> out{};
  put_le32(out, 0, range.attributes);
  put_le32(out, 4, range.blocks);
  put_le64(out, 8, range.slba);
  return out;
}

[[nodiscard]] constexpr DatasetRange decode_dataset_range(
    std::span<const std::byte, dataset_range_bytes> in) noexcept {
  return {.attributes = get_le32(in, 0), .blocks = get_le32(in, 4), .slba = get_le64(in, 8)};
}

// Deallocates 1 .. 256 ranges, whose descriptors travel in the capsule.
[[nodiscard]] constexpr Command make_deallocate(std::uint16_t cid, std::uint32_t nsid,
                                                std::uint32_t ranges) noexcept {
  Command c;
  c.opcode = raw(IoOpcode::dataset_management);
  c.cid = cid;
  c.nsid = nsid;
  c.sgl = in_capsule_sgl(ranges * static_cast<std::uint32_t>(dataset_range_bytes));
  c.cdw10 = (ranges - 1U) & 0xFFU;
  c.cdw11 = 0x4;  // attribute bit 2: deallocate
  return c;
}

// Number of ranges of a deallocation; empty for any other command.
[[nodiscard]] constexpr std::optional<std::uint32_t> as_deallocate(const Command& c) noexcept {
  if (c.opcode != raw(IoOpcode::dataset_management) || bits(c.cdw11, 2, 1) == 0) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(bits(c.cdw10, 0, 8)) + 1U;
}

// One source range of Copy, descriptor format 0h.
struct CopyRange {
  std::uint64_t slba = 0;
  std::uint32_t blocks = 1;  // 1 .. 65,536; 0's based on the wire

  constexpr bool operator==(const CopyRange&) const noexcept = default;
};

inline constexpr std::size_t copy_range_bytes = 32;

[[nodiscard]] constexpr std::array<std::byte, copy_range_bytes> encode_copy_range(
    const CopyRange& range) noexcept {
  std::array<std::byte, copy_range_bytes> out{};
  put_le64(out, 8, range.slba);
  put_le16(out, 16, static_cast<std::uint16_t>(range.blocks - 1U));
  return out;
}

[[nodiscard]] constexpr CopyRange decode_copy_range(
    std::span<const std::byte, copy_range_bytes> in) noexcept {
  return {.slba = get_le64(in, 8), .blocks = get_le16(in, 16) + std::uint32_t{1}};
}

// Copies 1 .. 256 source ranges, one behind the other, to `destination`. Their descriptors travel
// in the capsule.
[[nodiscard]] constexpr Command make_copy(std::uint16_t cid, std::uint32_t nsid,
                                          std::uint64_t destination,
                                          std::uint32_t ranges) noexcept {
  Command c;
  c.opcode = raw(IoOpcode::copy);
  c.cid = cid;
  c.nsid = nsid;
  c.sgl = in_capsule_sgl(ranges * static_cast<std::uint32_t>(copy_range_bytes));
  c.cdw10 = static_cast<std::uint32_t>(destination & 0xFFFF'FFFFU);
  c.cdw11 = static_cast<std::uint32_t>(destination >> 32U);
  c.cdw12 = (ranges - 1U) & 0xFFU;  // descriptor format 0h in bits 11:8
  return c;
}

// Where a Copy goes, and its number of source ranges.
struct CopyTarget {
  std::uint64_t destination = 0;
  std::uint32_t ranges = 1;

  constexpr bool operator==(const CopyTarget&) const noexcept = default;
};

// Empty for any other command, and for another descriptor format than 0h.
[[nodiscard]] constexpr std::optional<CopyTarget> as_copy(const Command& c) noexcept {
  if (c.opcode != raw(IoOpcode::copy) || bits(c.cdw12, 8, 4) != 0) {
    return std::nullopt;
  }
  return CopyTarget{.destination = (std::uint64_t{c.cdw11} << 32U) | c.cdw10,
                    .ranges = static_cast<std::uint32_t>(bits(c.cdw12, 0, 8)) + 1U};
}

}  // namespace holdfast::wire
