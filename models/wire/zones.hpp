// SPDX-License-Identifier: Apache-2.0
//
// Commands of zoned namespaces: Zone Append, and the reset action of Zone Management Send.
#pragma once

#include <cstdint>
#include <optional>

#include "models/wire/io_commands.hpp"

namespace holdfast::wire {

// Appends to the zone that begins at range.slba. DW0 and DW1 of the completion tell the first block
// that was written.
[[nodiscard]] constexpr Command make_zone_append(std::uint16_t cid, const BlockRange& range,
                                                 const SglDescriptor& sgl) noexcept {
  return detail::block_command(IoOpcode::zone_append, cid, range, sgl);
}

// Empty for any other command; `slba` is the start of the zone.
[[nodiscard]] constexpr std::optional<BlockRange> as_zone_append(const Command& c) noexcept {
  if (c.opcode != raw(IoOpcode::zone_append)) {
    return std::nullopt;
  }
  return BlockRange{.nsid = c.nsid,
                    .slba = (std::uint64_t{c.cdw11} << 32U) | c.cdw10,
                    .blocks = static_cast<std::uint32_t>(bits(c.cdw12, 0, 16)) + 1U,
                    .control = static_cast<std::uint16_t>(bits(c.cdw12, 16, 16))};
}

inline constexpr std::uint8_t zone_send_action_reset = 0x04;

// Resets the zone that begins at `slba`.
[[nodiscard]] constexpr Command make_zone_reset(std::uint16_t cid, std::uint32_t nsid,
                                                std::uint64_t slba) noexcept {
  Command c;
  c.opcode = raw(IoOpcode::zone_management_send);
  c.cid = cid;
  c.nsid = nsid;
  c.sgl = transport_sgl();
  c.cdw10 = static_cast<std::uint32_t>(slba & 0xFFFF'FFFFU);
  c.cdw11 = static_cast<std::uint32_t>(slba >> 32U);
  c.cdw13 = zone_send_action_reset;  // bits 7:0; Select All is bit 8
  return c;
}

// Start of the zone that is reset; empty for other commands, other actions, and Select All.
[[nodiscard]] constexpr std::optional<std::uint64_t> as_zone_reset(const Command& c) noexcept {
  if (c.opcode != raw(IoOpcode::zone_management_send) ||
      bits(c.cdw13, 0, 9) != zone_send_action_reset) {
    return std::nullopt;
  }
  return (std::uint64_t{c.cdw11} << 32U) | c.cdw10;
}

}  // namespace holdfast::wire
