// SPDX-License-Identifier: Apache-2.0
//
// Admin commands of the recovery story: Identify, Get Log Page, Features, Keep Alive, Asynchronous
// Event Request and Cross-Controller Reset. make_* builds a Command, as_* reads one back and is
// empty when the opcode is another.
#pragma once

#include <cstdint>
#include <optional>

#include "models/wire/bytes.hpp"
#include "models/wire/sqe.hpp"

namespace holdfast::wire {

// Linux posts its single Asynchronous Event Request outside the 30 admin tags, under this
// identifier.
inline constexpr std::uint16_t linux_aer_cid = 31;

[[nodiscard]] constexpr bool is_admin(const Command& c, AdminOpcode opcode) noexcept {
  return c.opcode == raw(opcode);
}

namespace detail {
[[nodiscard]] constexpr Command admin_command(AdminOpcode opcode, std::uint16_t cid) noexcept {
  Command c;
  c.opcode = raw(opcode);
  c.cid = cid;
  return c;
}
}  // namespace detail

// Controller or Namespace Structure selector of Identify.
enum class Cns : std::uint8_t {
  identify_namespace = 0x00,
  identify_controller = 0x01,
  active_namespace_list = 0x02,
  namespace_descriptors = 0x03,
  command_set_namespace = 0x05,
  command_set_controller = 0x06,
};

inline constexpr std::uint32_t identify_bytes = 4096;

struct Identify {
  Cns cns = Cns::identify_controller;
  std::uint32_t nsid = 0;
  std::uint16_t cntid = 0;
  std::uint8_t csi = 0;  // command set identifier (CDW11 bits 31:24)

  constexpr bool operator==(const Identify&) const noexcept = default;
};

[[nodiscard]] constexpr Command make_identify(std::uint16_t cid, const Identify& id) noexcept {
  Command c = detail::admin_command(AdminOpcode::identify, cid);
  c.nsid = id.nsid;
  c.sgl = transport_sgl(identify_bytes);
  c.cdw10 = std::uint32_t{raw(id.cns)} | (std::uint32_t{id.cntid} << 16U);
  c.cdw11 = std::uint32_t{id.csi} << 24U;
  return c;
}

[[nodiscard]] constexpr std::optional<Identify> as_identify(const Command& c) noexcept {
  if (!is_admin(c, AdminOpcode::identify)) {
    return std::nullopt;
  }
  return Identify{.cns = static_cast<Cns>(bits(c.cdw10, 0, 8)),
                  .nsid = c.nsid,
                  .cntid = static_cast<std::uint16_t>(bits(c.cdw10, 16, 16)),
                  .csi = static_cast<std::uint8_t>(bits(c.cdw11, 24, 8))};
}

enum class LogId : std::uint8_t {
  error_information = 0x01,
  smart = 0x02,
  firmware_slot = 0x03,
  changed_namespaces = 0x04,
  commands_effects = 0x05,
  ana = 0x0C,
  cross_controller_reset = 0x1E,
  lost_host_communication = 0x1F,
  discovery = 0x70,
};

// Log Specific Parameter of log page 1Eh: remove completed entries once they were returned. The bit
// position is the most plausible reading of the helper that names the flag.
inline constexpr std::uint8_t ccr_lsp_remove_completed = 0x01;

struct GetLogPage {
  LogId lid = LogId::ana;
  std::uint32_t nsid = all_namespaces;
  std::uint32_t dwords = 0;  // NUMD, 0's based number of dwords
  std::uint8_t lsp = 0;      // 7 bits
  bool retain_async_event = false;
  std::uint64_t offset = 0;  // bytes

  [[nodiscard]] constexpr std::uint64_t length_bytes() const noexcept {
    return (std::uint64_t{dwords} + 1U) * 4U;
  }
  // NUMD for a length in bytes, which is a positive multiple of 4.
  [[nodiscard]] static constexpr std::uint32_t dwords_for(std::uint32_t bytes) noexcept {
    return (bytes / 4U) - 1U;
  }
  constexpr bool operator==(const GetLogPage&) const noexcept = default;
};

[[nodiscard]] constexpr Command make_get_log_page(std::uint16_t cid,
                                                  const GetLogPage& log) noexcept {
  Command c = detail::admin_command(AdminOpcode::get_log_page, cid);
  c.nsid = log.nsid;
  c.sgl = transport_sgl(static_cast<std::uint32_t>(log.length_bytes() & 0xFFFF'FFFFU));
  c.cdw10 = std::uint32_t{raw(log.lid)} | (static_cast<std::uint32_t>(log.lsp & 0x7FU) << 8U) |
            (log.retain_async_event ? 1U << 15U : 0U) | ((log.dwords & 0xFFFFU) << 16U);
  c.cdw11 = log.dwords >> 16U;
  c.cdw12 = static_cast<std::uint32_t>(log.offset & 0xFFFF'FFFFU);
  c.cdw13 = static_cast<std::uint32_t>(log.offset >> 32U);
  return c;
}

[[nodiscard]] constexpr std::optional<GetLogPage> as_get_log_page(const Command& c) noexcept {
  if (!is_admin(c, AdminOpcode::get_log_page)) {
    return std::nullopt;
  }
  GetLogPage log;
  log.lid = static_cast<LogId>(bits(c.cdw10, 0, 8));
  log.nsid = c.nsid;
  log.dwords = static_cast<std::uint32_t>(bits(c.cdw10, 16, 16) | (bits(c.cdw11, 0, 16) << 16U));
  log.lsp = static_cast<std::uint8_t>(bits(c.cdw10, 8, 7));
  log.retain_async_event = bits(c.cdw10, 15, 1) != 0;
  log.offset = (std::uint64_t{c.cdw13} << 32U) | c.cdw12;
  return log;
}

enum class FeatureId : std::uint8_t {
  number_of_queues = 0x07,
  async_event_configuration = 0x0B,
  keep_alive_timer = 0x0F,
};

struct Feature {
  FeatureId fid = FeatureId::keep_alive_timer;
  std::uint32_t value = 0;  // CDW11; milliseconds for the keep-alive timer
  bool save = false;        // Set Features only (CDW10 bit 31)
  std::uint8_t select = 0;  // Get Features only (CDW10 bits 10:8): 0 = current value

  constexpr bool operator==(const Feature&) const noexcept = default;
};

[[nodiscard]] constexpr Command make_set_features(std::uint16_t cid, FeatureId fid,
                                                  std::uint32_t value) noexcept {
  Command c = detail::admin_command(AdminOpcode::set_features, cid);
  c.cdw10 = raw(fid);
  c.cdw11 = value;
  return c;
}

// The current value comes back in Completion::dw0.
[[nodiscard]] constexpr Command make_get_features(std::uint16_t cid, FeatureId fid) noexcept {
  Command c = detail::admin_command(AdminOpcode::get_features, cid);
  c.cdw10 = raw(fid);
  return c;
}

[[nodiscard]] constexpr std::optional<Feature> as_set_features(const Command& c) noexcept {
  if (!is_admin(c, AdminOpcode::set_features)) {
    return std::nullopt;
  }
  return Feature{.fid = static_cast<FeatureId>(bits(c.cdw10, 0, 8)),
                 .value = c.cdw11,
                 .save = bits(c.cdw10, 31, 1) != 0,
                 .select = 0};
}

[[nodiscard]] constexpr std::optional<Feature> as_get_features(const Command& c) noexcept {
  if (!is_admin(c, AdminOpcode::get_features)) {
    return std::nullopt;
  }
  return Feature{.fid = static_cast<FeatureId>(bits(c.cdw10, 0, 8)),
                 .value = c.cdw11,
                 .save = false,
                 .select = static_cast<std::uint8_t>(bits(c.cdw10, 8, 3))};
}

// Feature 07h, in the command (requested) and in DW0 (granted). Counts are 1 .. 65,535; on the wire
// both halves are 0's based.
struct QueueCounts {
  std::uint32_t submission = 1;
  std::uint32_t completion = 1;

  [[nodiscard]] constexpr std::uint32_t encode() const noexcept {
    return ((submission - 1U) & 0xFFFFU) | (((completion - 1U) & 0xFFFFU) << 16U);
  }
  [[nodiscard]] static constexpr QueueCounts decode(std::uint32_t value) noexcept {
    return {.submission = (value & 0xFFFFU) + 1U, .completion = (value >> 16U) + 1U};
  }
  constexpr bool operator==(const QueueCounts&) const noexcept = default;
};

[[nodiscard]] constexpr Command make_set_number_of_queues(std::uint16_t cid,
                                                          const QueueCounts& counts) noexcept {
  return make_set_features(cid, FeatureId::number_of_queues, counts.encode());
}

// Sets the keep-alive timeout, in milliseconds.
[[nodiscard]] constexpr Command make_set_kato(std::uint16_t cid, std::uint32_t kato_ms) noexcept {
  return make_set_features(cid, FeatureId::keep_alive_timer, kato_ms);
}

// Enables asynchronous events; the mask uses the aec bits of async_event.hpp.
[[nodiscard]] constexpr Command make_set_async_event_config(std::uint16_t cid,
                                                            std::uint32_t mask) noexcept {
  return make_set_features(cid, FeatureId::async_event_configuration, mask);
}

[[nodiscard]] constexpr Command make_keep_alive(std::uint16_t cid) noexcept {
  return detail::admin_command(AdminOpcode::keep_alive, cid);
}

[[nodiscard]] constexpr Command make_async_event_request(
    std::uint16_t cid = linux_aer_cid) noexcept {
  return detail::admin_command(AdminOpcode::async_event_request, cid);
}

// Names one instance of one controller: the identifier alone is reused after a reconnect.
struct CrossControllerReset {
  std::uint16_t icid = 0;  // CNTLID of the impacted controller
  std::uint8_t ciu = 0;    // its instance uniquifier
  std::uint64_t cirn = 0;  // its instance random number

  constexpr bool operator==(const CrossControllerReset&) const noexcept = default;
};

// Where CDW10 holds ICID and CIU. Linux v3 had struct members in the wrong order; that CIU came
// before ICID is the likely reading, not a confirmed one. A v3 host and a v3 target agree.
enum class CcrLayout : std::uint8_t {
  specification,  // ICID in bits 15:0, CIU in bits 23:16
  ciu_first,      // CIU in bits 7:0, ICID in bits 31:16
};

[[nodiscard]] constexpr Command make_cross_controller_reset(
    std::uint16_t cid, const CrossControllerReset& ccr,
    CcrLayout layout = CcrLayout::specification) noexcept {
  Command c = detail::admin_command(AdminOpcode::cross_controller_reset, cid);
  c.cdw10 = layout == CcrLayout::specification
                ? std::uint32_t{ccr.icid} | (std::uint32_t{ccr.ciu} << 16U)
                : std::uint32_t{ccr.ciu} | (std::uint32_t{ccr.icid} << 16U);
  c.cdw12 = static_cast<std::uint32_t>(ccr.cirn & 0xFFFF'FFFFU);
  c.cdw13 = static_cast<std::uint32_t>(ccr.cirn >> 32U);
  return c;
}

[[nodiscard]] constexpr std::optional<CrossControllerReset> as_cross_controller_reset(
    const Command& c, CcrLayout layout = CcrLayout::specification) noexcept {
  if (!is_admin(c, AdminOpcode::cross_controller_reset)) {
    return std::nullopt;
  }
  const bool spec = layout == CcrLayout::specification;
  return CrossControllerReset{.icid = static_cast<std::uint16_t>(bits(c.cdw10, spec ? 0 : 16, 16)),
                              .ciu = static_cast<std::uint8_t>(bits(c.cdw10, spec ? 16 : 0, 8)),
                              .cirn = (std::uint64_t{c.cdw13} << 32U) | c.cdw12};
}

// DW0 of the Cross-Controller Reset completion. IRS: the reset was over before the completion was
// sent, so that neither a log entry nor an event follows. Only with it have the other two a
// meaning: V, the impacted controller was there, and CLRI, its Controller Level Reset was
// initiated.
inline constexpr std::uint32_t ccr_immediate_reset_successful = 0x1;
inline constexpr std::uint32_t ccr_validated = 0x2;
inline constexpr std::uint32_t ccr_level_reset_initiated = 0x4;

}  // namespace holdfast::wire
