// SPDX-License-Identifier: Apache-2.0
//
// DH-HMAC-CHAP: the commands that carry its messages, how long these are, and how each begins (Base
// 2.1, 8.3.5.5). What is random in them, or computed, is left zero.
#pragma once

#include <array>
#include <cstdint>

#include "models/wire/connect.hpp"

namespace holdfast::wire {

// DW0 of a Connect that succeeded: authentication is required (NVME_CONNECT_AUTHREQ_ATR).
inline constexpr std::uint32_t connect_authentication_required = 1U << 17U;

// The messages, in their order; the host sends those with an even number.
enum class DhChap : std::uint8_t { negotiate, challenge, reply, success1, success2 };

[[nodiscard]] constexpr bool is_sent_by_host(DhChap message) noexcept {
  return static_cast<unsigned>(message) % 2 == 0;
}

inline constexpr std::uint32_t dhchap_hash_bytes = 32;       // SHA-256
inline constexpr std::uint32_t dhchap_receive_bytes = 4096;  // what Linux asks for, CHAP_BUF_SIZE

// Bytes of a message with a Diffie-Hellman value of that many bytes; 0: the NULL group.
[[nodiscard]] constexpr std::uint32_t dhchap_bytes(DhChap message, std::uint32_t dh) noexcept {
  switch (message) {
    case DhChap::negotiate:
      return 8 + 64;
    case DhChap::reply:
      return 16 + 2 * dhchap_hash_bytes + dh;
    case DhChap::success2:
      return 16;
    default:
      return dhchap_receive_bytes;
  }
}

// AUTH_TYPE and AUTH_ID: negotiation is common to all protocols.
[[nodiscard]] constexpr std::array<std::byte, 2> dhchap_header(DhChap message) noexcept {
  return {message == DhChap::negotiate ? std::byte{0} : std::byte{1},
          static_cast<std::byte>(message)};
}

[[nodiscard]] constexpr bool is_authentication(const Command& c) noexcept {
  return c.is(FabricsType::authentication_send) || c.is(FabricsType::authentication_receive);
}

// The command that brings a message, whose data travels in the capsule as that of Connect does.
[[nodiscard]] constexpr Command make_dhchap(std::uint16_t cid, DhChap message,
                                            std::uint32_t bytes) noexcept {
  const bool sends = is_sent_by_host(message);
  Command c = detail::fabrics_command(
      sends ? FabricsType::authentication_send : FabricsType::authentication_receive, cid);
  c.sgl = sends ? in_capsule_sgl(bytes) : transport_sgl(bytes);
  c.cdw10 = 0xE9010100;  // SECP E9h, SPSP1 01h, SPSP0 01h
  c.cdw11 = bytes;
  return c;
}

}  // namespace holdfast::wire
