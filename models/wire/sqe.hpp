// SPDX-License-Identifier: Apache-2.0
//
// The 64-byte submission queue entry: one value type for every command, its SGL descriptor, and the
// command identifier with Linux's generation counter. Typed builders are in connect.hpp,
// admin_commands.hpp and io_commands.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "models/wire/bytes.hpp"
#include "models/wire/opcodes.hpp"

namespace holdfast::wire {

inline constexpr std::size_t sqe_bytes = 64;
inline constexpr std::uint32_t all_namespaces = 0xFFFF'FFFF;

// SQE byte 1: fused operation in bits 1:0, PRP or SGL selection in bits 7:6. Fabrics transports
// always use SGLs, hence 40h on every command.
inline constexpr std::uint8_t command_flag_fuse_first = 0x01;
inline constexpr std::uint8_t command_flag_fuse_second = 0x02;
inline constexpr std::uint8_t command_flag_sgl = 0x40;

// Type and subtype byte of an SGL descriptor.
enum class SglType : std::uint8_t {
  in_capsule = 0x01,       // data block at an offset inside the capsule
  transport_block = 0x5A,  // transport SGL data block, moved by R2T/H2CData or C2HData
};

struct SglDescriptor {
  std::uint64_t address = 0;  // offset in the capsule for in_capsule, otherwise 0
  std::uint32_t length = 0;   // bytes
  SglType type = SglType::transport_block;

  constexpr bool operator==(const SglDescriptor&) const noexcept = default;
};

// Data that travels in the command capsule, right behind the SQE.
[[nodiscard]] constexpr SglDescriptor in_capsule_sgl(std::uint32_t length) noexcept {
  return {.address = 0, .length = length, .type = SglType::in_capsule};
}
// Data that the transport moves in its own PDUs; also the null descriptor (length 0) that Linux
// puts into every command without data.
[[nodiscard]] constexpr SglDescriptor transport_sgl(std::uint32_t length = 0) noexcept {
  return {.address = 0, .length = length, .type = SglType::transport_block};
}

// A command as a value. encode_command and decode_command keep every byte of it except the SGL
// descriptor's three reserved ones.
struct Command {
  std::uint8_t opcode = 0;
  std::uint8_t flags = command_flag_sgl;
  std::uint16_t cid = 0;
  // Bytes 7:4. In a Fabrics command the lowest byte is the command type instead (see fabrics_type).
  std::uint32_t nsid = 0;
  std::uint32_t cdw2 = 0;
  std::uint32_t cdw3 = 0;
  std::uint64_t metadata = 0;
  SglDescriptor sgl{};
  std::uint32_t cdw10 = 0;
  std::uint32_t cdw11 = 0;
  std::uint32_t cdw12 = 0;
  std::uint32_t cdw13 = 0;
  std::uint32_t cdw14 = 0;
  std::uint32_t cdw15 = 0;

  [[nodiscard]] constexpr bool is_fabrics() const noexcept { return opcode == fabrics_opcode; }
  // Meaningful only when is_fabrics().
  [[nodiscard]] constexpr FabricsType fabrics_type() const noexcept {
    return static_cast<FabricsType>(nsid & 0xFFU);
  }
  [[nodiscard]] constexpr bool is(FabricsType type) const noexcept {
    return is_fabrics() && fabrics_type() == type;
  }
  // Fused operations are two commands in one; nvmet rejects them.
  [[nodiscard]] constexpr bool is_fused() const noexcept { return (flags & 0x03U) != 0; }
  [[nodiscard]] constexpr bool has_in_capsule_data() const noexcept {
    return sgl.type == SglType::in_capsule && sgl.length != 0;
  }

  constexpr bool operator==(const Command&) const noexcept = default;
};

namespace sqe_offset {
inline constexpr std::size_t opcode = 0;
inline constexpr std::size_t flags = 1;
inline constexpr std::size_t cid = 2;
inline constexpr std::size_t nsid = 4;
inline constexpr std::size_t cdw2 = 8;
inline constexpr std::size_t cdw3 = 12;
inline constexpr std::size_t metadata = 16;
inline constexpr std::size_t sgl_address = 24;
inline constexpr std::size_t sgl_length = 32;
inline constexpr std::size_t sgl_type = 39;
inline constexpr std::size_t cdw10 = 40;
inline constexpr std::size_t cdw11 = 44;
inline constexpr std::size_t cdw12 = 48;
inline constexpr std::size_t cdw13 = 52;
inline constexpr std::size_t cdw14 = 56;
inline constexpr std::size_t cdw15 = 60;
}  // namespace sqe_offset

constexpr void encode_command(std::span<std::byte, sqe_bytes> out, const Command& c) noexcept {
  for (std::byte& b : out) {
    b = std::byte{0};
  }
  put_u8(out, sqe_offset::opcode, c.opcode);
  put_u8(out, sqe_offset::flags, c.flags);
  put_le16(out, sqe_offset::cid, c.cid);
  put_le32(out, sqe_offset::nsid, c.nsid);
  put_le32(out, sqe_offset::cdw2, c.cdw2);
  put_le32(out, sqe_offset::cdw3, c.cdw3);
  put_le64(out, sqe_offset::metadata, c.metadata);
  put_le64(out, sqe_offset::sgl_address, c.sgl.address);
  put_le32(out, sqe_offset::sgl_length, c.sgl.length);
  put_u8(out, sqe_offset::sgl_type, raw(c.sgl.type));
  put_le32(out, sqe_offset::cdw10, c.cdw10);
  put_le32(out, sqe_offset::cdw11, c.cdw11);
  put_le32(out, sqe_offset::cdw12, c.cdw12);
  put_le32(out, sqe_offset::cdw13, c.cdw13);
  put_le32(out, sqe_offset::cdw14, c.cdw14);
  put_le32(out, sqe_offset::cdw15, c.cdw15);
}

[[nodiscard]] constexpr std::array<std::byte, sqe_bytes> encode_command(const Command& c) noexcept {
  std::array<std::byte, sqe_bytes> out{};
  encode_command(std::span<std::byte, sqe_bytes>(out), c);
  return out;
}

[[nodiscard]] constexpr Command decode_command(std::span<const std::byte, sqe_bytes> in) noexcept {
  Command c;
  c.opcode = get_u8(in, sqe_offset::opcode);
  c.flags = get_u8(in, sqe_offset::flags);
  c.cid = get_le16(in, sqe_offset::cid);
  c.nsid = get_le32(in, sqe_offset::nsid);
  c.cdw2 = get_le32(in, sqe_offset::cdw2);
  c.cdw3 = get_le32(in, sqe_offset::cdw3);
  c.metadata = get_le64(in, sqe_offset::metadata);
  c.sgl.address = get_le64(in, sqe_offset::sgl_address);
  c.sgl.length = get_le32(in, sqe_offset::sgl_length);
  c.sgl.type = static_cast<SglType>(get_u8(in, sqe_offset::sgl_type));
  c.cdw10 = get_le32(in, sqe_offset::cdw10);
  c.cdw11 = get_le32(in, sqe_offset::cdw11);
  c.cdw12 = get_le32(in, sqe_offset::cdw12);
  c.cdw13 = get_le32(in, sqe_offset::cdw13);
  c.cdw14 = get_le32(in, sqe_offset::cdw14);
  c.cdw15 = get_le32(in, sqe_offset::cdw15);
  return c;
}

// A command of an I/O queue that changes nothing, so that it may be sent again without a hold. One
// half of a fused pair is not such a command: both are repeated or none.
[[nodiscard]] constexpr bool is_repeat_safe(const Command& c) noexcept {
  return !c.is_fabrics() && !c.is_fused() && is_repeat_safe(static_cast<IoOpcode>(c.opcode));
}

// The name that the kernel's timeout message prints for this command on this queue
// (nvme_fabrics_opcode_str): Fabrics type, else admin name on queue 0, else I/O name.
[[nodiscard]] inline std::string_view command_name(const Command& c, std::uint16_t qid,
                                                   NameStyle style = NameStyle::verbose) noexcept {
  if (c.is_fabrics()) {
    return fabrics_type_name(raw(c.fabrics_type()), style);
  }
  return qid == 0 ? admin_opcode_name(c.opcode, style) : io_opcode_name(c.opcode, style);
}

// Linux packs a 4-bit generation above a 12-bit tag into the command identifier (nvme_cid), so that
// a completion of an earlier use of the tag is recognised.
struct CommandId {
  std::uint16_t tag = 0;        // 0..4095
  std::uint8_t generation = 0;  // 0..15

  [[nodiscard]] constexpr std::uint16_t packed() const noexcept {
    return static_cast<std::uint16_t>(((generation & 0xFU) << 12U) | (tag & 0xFFFU));
  }
  [[nodiscard]] static constexpr CommandId unpack(std::uint16_t cid) noexcept {
    return {.tag = static_cast<std::uint16_t>(cid & 0xFFFU),
            .generation = static_cast<std::uint8_t>(cid >> 12U)};
  }
  constexpr bool operator==(const CommandId&) const noexcept = default;
};

}  // namespace holdfast::wire
