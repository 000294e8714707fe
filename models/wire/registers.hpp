// SPDX-License-Identifier: Apache-2.0
//
// Controller properties (registers) that Property Get and Property Set reach over fabrics.
#pragma once

#include <cstdint>

#include "models/wire/bytes.hpp"

namespace holdfast::wire {

enum class Property : std::uint32_t {
  cap = 0x00,   // controller capabilities, 8 bytes
  vs = 0x08,    // version, 4 bytes
  cc = 0x14,    // controller configuration, 4 bytes
  csts = 0x1C,  // controller status, 4 bytes
  nssr = 0x20,  // NVM subsystem reset, 4 bytes
  crto = 0x68,  // controller ready timeouts, 4 bytes
};

// Bytes that a property has: only CAP is 8 bytes wide among the ones used over fabrics.
[[nodiscard]] constexpr std::uint32_t property_bytes(Property property) noexcept {
  return property == Property::cap ? 8U : 4U;
}

// Controller Capabilities. Fields not named here stay 0, as nvmet leaves them.
struct Capabilities {
  std::uint16_t mqes = 1023;  // maximum queue entries, 0's based (bits 15:0)
  bool cqr = false;           // contiguous queues required (bit 16)
  std::uint8_t to = 15;       // worst-case time to ready, 500 ms units (bits 31:24)
  std::uint8_t dstrd = 0;     // doorbell stride (bits 35:32)
  bool nssrs = false;         // NVM subsystem reset supported (bit 36)
  std::uint8_t css = 0x41;    // command sets (bits 44:37): NVM and "one or more I/O command sets"
  std::uint8_t mpsmin = 0;    // minimum page size, 2^(12 + n) bytes (bits 51:48)
  std::uint8_t mpsmax = 0;    // maximum page size, likewise (bits 55:52)
  std::uint8_t crms = 0;      // controller ready modes (bits 60:59); non-zero makes Linux read CRTO

  [[nodiscard]] constexpr std::uint64_t encode() const noexcept {
    return std::uint64_t{mqes} | (std::uint64_t{cqr ? 1U : 0U} << 16U) |
           (std::uint64_t{to} << 24U) | (bits(dstrd, 0, 4) << 32U) |
           (std::uint64_t{nssrs ? 1U : 0U} << 36U) | (std::uint64_t{css} << 37U) |
           (bits(mpsmin, 0, 4) << 48U) | (bits(mpsmax, 0, 4) << 52U) | (bits(crms, 0, 2) << 59U);
  }
  [[nodiscard]] static constexpr Capabilities decode(std::uint64_t value) noexcept {
    Capabilities cap;
    cap.mqes = static_cast<std::uint16_t>(bits(value, 0, 16));
    cap.cqr = bits(value, 16, 1) != 0;
    cap.to = static_cast<std::uint8_t>(bits(value, 24, 8));
    cap.dstrd = static_cast<std::uint8_t>(bits(value, 32, 4));
    cap.nssrs = bits(value, 36, 1) != 0;
    cap.css = static_cast<std::uint8_t>(bits(value, 37, 8));
    cap.mpsmin = static_cast<std::uint8_t>(bits(value, 48, 4));
    cap.mpsmax = static_cast<std::uint8_t>(bits(value, 52, 4));
    cap.crms = static_cast<std::uint8_t>(bits(value, 59, 2));
    return cap;
  }
  // Whole seconds that Linux waits for CSTS.RDY (nvme_enable_ctrl): 8 for nvmet's TO of 15.
  [[nodiscard]] constexpr std::uint32_t linux_ready_timeout_s() const noexcept {
    return (std::uint32_t{to} + 1U) / 2U;
  }
  constexpr bool operator==(const Capabilities&) const noexcept = default;
};

// Shutdown notification in CC.SHN.
enum class ShutdownRequest : std::uint8_t { none = 0, normal = 1, abrupt = 2 };

// Controller Configuration. The defaults are what Linux writes to a fabrics controller, less EN.
struct Configuration {
  bool enable = false;                          // EN (bit 0)
  std::uint8_t css = 6;                         // command sets (bits 6:4): all supported
  std::uint8_t mps = 0;                         // page size, 2^(12 + n) bytes (bits 10:7)
  std::uint8_t ams = 0;                         // arbitration (bits 13:11)
  ShutdownRequest shn = ShutdownRequest::none;  // bits 15:14
  std::uint8_t iosqes = 6;                      // I/O SQE size, 2^n bytes (bits 19:16)
  std::uint8_t iocqes = 4;                      // I/O CQE size, 2^n bytes (bits 23:20)

  [[nodiscard]] constexpr std::uint32_t encode() const noexcept {
    const std::uint64_t value = (enable ? 1U : 0U) | (bits(css, 0, 3) << 4U) |
                                (bits(mps, 0, 4) << 7U) | (bits(ams, 0, 3) << 11U) |
                                (bits(raw(shn), 0, 2) << 14U) | (bits(iosqes, 0, 4) << 16U) |
                                (bits(iocqes, 0, 4) << 20U);
    return static_cast<std::uint32_t>(value);
  }
  [[nodiscard]] static constexpr Configuration decode(std::uint32_t value) noexcept {
    Configuration cc;
    cc.enable = bits(value, 0, 1) != 0;
    cc.css = static_cast<std::uint8_t>(bits(value, 4, 3));
    cc.mps = static_cast<std::uint8_t>(bits(value, 7, 4));
    cc.ams = static_cast<std::uint8_t>(bits(value, 11, 3));
    cc.shn = static_cast<ShutdownRequest>(bits(value, 14, 2));
    cc.iosqes = static_cast<std::uint8_t>(bits(value, 16, 4));
    cc.iocqes = static_cast<std::uint8_t>(bits(value, 20, 4));
    return cc;
  }
  constexpr bool operator==(const Configuration&) const noexcept = default;
};

// Shutdown progress in CSTS.SHST.
enum class ShutdownStatus : std::uint8_t { normal = 0, occurring = 1, complete = 2 };

// Controller Status.
struct ControllerStatus {
  bool ready = false;  // RDY (bit 0)
  bool fatal = false;  // CFS, set once at keep-alive expiry or reset (bit 1)
  ShutdownStatus shst = ShutdownStatus::normal;  // bits 3:2

  [[nodiscard]] constexpr std::uint32_t encode() const noexcept {
    return static_cast<std::uint32_t>((ready ? 1U : 0U) | (fatal ? 2U : 0U) |
                                      (bits(raw(shst), 0, 2) << 2U));
  }
  [[nodiscard]] static constexpr ControllerStatus decode(std::uint32_t value) noexcept {
    return {.ready = bits(value, 0, 1) != 0,
            .fatal = bits(value, 1, 1) != 0,
            .shst = static_cast<ShutdownStatus>(bits(value, 2, 2))};
  }
  constexpr bool operator==(const ControllerStatus&) const noexcept = default;
};

// Version property and Identify VER: major, minor, tertiary.
[[nodiscard]] constexpr std::uint32_t nvme_version(std::uint16_t major, std::uint8_t minor,
                                                   std::uint8_t tertiary) noexcept {
  return (std::uint32_t{major} << 16U) | (std::uint32_t{minor} << 8U) | tertiary;
}

}  // namespace holdfast::wire
