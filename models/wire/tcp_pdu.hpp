// SPDX-License-Identifier: Apache-2.0
//
// NVMe/TCP protocol data units: the 8-byte common header, every PDU header, and how many bytes each
// PDU takes on the connection.
//
// The encode functions build headers. Data and digests follow a header as bytes of their own, so
// that a model may send payload that it never materialises; the header's PLEN already counts them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "models/wire/bytes.hpp"
#include "models/wire/cqe.hpp"
#include "models/wire/sqe.hpp"

namespace holdfast::wire {

enum class PduType : std::uint8_t {
  ic_req = 0x00,
  ic_resp = 0x01,
  h2c_term_req = 0x02,
  c2h_term_req = 0x03,
  capsule_cmd = 0x04,
  capsule_resp = 0x05,
  h2c_data = 0x06,
  c2h_data = 0x07,
  r2t = 0x09,
};

inline constexpr std::uint8_t pdu_flag_header_digest = 0x01;
inline constexpr std::uint8_t pdu_flag_data_digest = 0x02;
inline constexpr std::uint8_t pdu_flag_last = 0x04;
inline constexpr std::uint8_t pdu_flag_success = 0x08;

inline constexpr std::uint32_t common_header_bytes = 8;
inline constexpr std::uint32_t ic_pdu_bytes = 128;
inline constexpr std::uint32_t capsule_cmd_header_bytes = 72;
inline constexpr std::uint32_t short_header_bytes = 24;  // every other PDU
inline constexpr std::uint32_t digest_bytes = 4;
inline constexpr std::uint32_t term_req_max_data_bytes = 128;
inline constexpr std::uint32_t admin_in_capsule_bytes = 8192;
inline constexpr std::uint32_t maxh2cdata_minimum = 4096;
inline constexpr std::uint32_t nvmet_maxh2cdata = 0x40'0000;  // 4 MiB

// What TLS 1.3 puts around the data of a record: a header, the content type and a tag of AES-GCM
// (RFC 8446, 5.2). A record holds 16 KiB at most, and a PDU begins a record.
inline constexpr std::uint32_t tls_header_bytes = 5;
inline constexpr std::uint32_t tls_record_bytes = tls_header_bytes + 1 + 16;
inline constexpr std::uint32_t tls_record_data_bytes = 16384;
[[nodiscard]] constexpr std::uint32_t tls_records_of(std::uint32_t bytes) noexcept {
  return (bytes + tls_record_data_bytes - 1) / tls_record_data_bytes;
}
// What a PDU is long whose records have that many bytes.
[[nodiscard]] constexpr std::uint32_t tls_data_of(std::uint32_t bytes) noexcept {
  constexpr std::uint32_t full = tls_record_data_bytes + tls_record_bytes;
  return bytes - (bytes + full - 1) / full * tls_record_bytes;
}

using IcPdu = std::array<std::byte, ic_pdu_bytes>;
using CapsuleCmdHeader = std::array<std::byte, capsule_cmd_header_bytes>;
using ShortHeader = std::array<std::byte, short_header_bytes>;

// Which digests a connection negotiated. ICReq, ICResp and termination requests never carry them.
struct Digests {
  bool header = false;
  bool data = false;

  constexpr bool operator==(const Digests&) const noexcept = default;
};

struct CommonHeader {
  PduType type = PduType::ic_req;
  std::uint8_t flags = 0;
  std::uint8_t hlen = 0;   // header length without digest
  std::uint8_t pdo = 0;    // offset of the data, 0 without data
  std::uint32_t plen = 0;  // the whole PDU, digests included

  [[nodiscard]] constexpr bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  [[nodiscard]] constexpr Digests digests() const noexcept {
    return {.header = has(pdu_flag_header_digest), .data = has(pdu_flag_data_digest)};
  }
  constexpr bool operator==(const CommonHeader&) const noexcept = default;
};

// Header length that a PDU type prescribes; 0 for types that do not exist.
[[nodiscard]] constexpr std::uint32_t header_bytes(PduType type) noexcept {
  switch (type) {
    case PduType::ic_req:
    case PduType::ic_resp:
      return ic_pdu_bytes;
    case PduType::capsule_cmd:
      return capsule_cmd_header_bytes;
    case PduType::h2c_term_req:
    case PduType::c2h_term_req:
    case PduType::capsule_resp:
    case PduType::h2c_data:
    case PduType::c2h_data:
    case PduType::r2t:
      return short_header_bytes;
  }
  return 0;
}

// Whether digests can occur with this type at all.
[[nodiscard]] constexpr bool carries_header_digest(PduType type) noexcept {
  return type == PduType::capsule_cmd || type == PduType::capsule_resp ||
         type == PduType::h2c_data || type == PduType::c2h_data || type == PduType::r2t;
}
[[nodiscard]] constexpr bool carries_data(PduType type) noexcept {
  return type == PduType::capsule_cmd || type == PduType::h2c_data || type == PduType::c2h_data;
}

// Bytes of a whole PDU with `data` bytes of payload: header, digests where the type has them, data.
// For a termination request `data` is the part of the offending PDU that is quoted, at most 128.
[[nodiscard]] constexpr std::uint64_t pdu_bytes(PduType type, std::uint64_t data = 0,
                                                Digests digests = {}) noexcept {
  const std::uint64_t hdgst = carries_header_digest(type) && digests.header ? digest_bytes : 0U;
  const std::uint64_t ddgst = carries_data(type) && digests.data && data != 0 ? digest_bytes : 0U;
  return header_bytes(type) + hdgst + data + ddgst;
}

// Initialize Connection Request and Response.
struct IcReq {
  std::uint16_t pfv = 0;     // PDU format version
  std::uint8_t hpda = 0;     // host PDU data alignment, dwords, 0's based
  Digests digests{};         // wanted
  std::uint32_t maxr2t = 0;  // outstanding R2Ts per command, 0's based

  constexpr bool operator==(const IcReq&) const noexcept = default;
};

struct IcResp {
  std::uint16_t pfv = 0;
  std::uint8_t cpda = 0;  // controller PDU data alignment, dwords, 0's based; Linux wants 0
  Digests digests{};      // granted
  std::uint32_t maxh2cdata = nvmet_maxh2cdata;  // bytes per H2CData PDU

  constexpr bool operator==(const IcResp&) const noexcept = default;
};

struct CapsuleCmd {
  Command command{};
  std::uint32_t data_offset = 0;       // where in-capsule data starts in the PDU, 0 without data
  std::uint32_t in_capsule_bytes = 0;  // its length
  Digests digests{};                   // present in this PDU

  constexpr bool operator==(const CapsuleCmd&) const noexcept = default;
};

// H2CData and C2HData. The transfer tag means something only towards the controller.
struct DataPdu {
  std::uint16_t cid = 0;
  std::uint16_t ttag = 0;
  std::uint32_t offset = 0;  // bytes from the start of the command's data
  std::uint32_t length = 0;  // bytes in this PDU
  bool last = true;
  bool success = false;  // C2HData only: the command succeeded and no CapsuleResp follows

  constexpr bool operator==(const DataPdu&) const noexcept = default;
};

struct R2t {
  std::uint16_t cid = 0;
  std::uint16_t ttag = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  constexpr bool operator==(const R2t&) const noexcept = default;
};

// Fatal error status of a termination request.
enum class FatalError : std::uint16_t {
  invalid_pdu_header = 0x01,
  pdu_sequence_error = 0x02,
  header_digest_error = 0x03,
  data_out_of_range = 0x04,
  limit_exceeded = 0x05,  // R2T limit or data transfer limit
  unsupported_parameter = 0x06,
};

struct TermReq {
  FatalError error = FatalError::invalid_pdu_header;
  std::uint32_t information = 0;   // byte offset of the offending field, or the bad digest
  std::uint32_t quoted_bytes = 0;  // bytes of the offending PDU that follow, at most 128

  constexpr bool operator==(const TermReq&) const noexcept = default;
};

[[nodiscard]] IcPdu encode_ic_req(const IcReq& req) noexcept;
[[nodiscard]] IcPdu encode_ic_resp(const IcResp& resp) noexcept;
[[nodiscard]] CapsuleCmdHeader encode_capsule_cmd_header(const Command& command,
                                                         std::uint32_t in_capsule_bytes = 0,
                                                         Digests digests = {}) noexcept;
[[nodiscard]] ShortHeader encode_capsule_resp(const Completion& completion,
                                              Digests digests = {}) noexcept;
// `success` is written only by encode_c2h_data_header.
[[nodiscard]] ShortHeader encode_h2c_data_header(const DataPdu& data,
                                                 Digests digests = {}) noexcept;
[[nodiscard]] ShortHeader encode_c2h_data_header(const DataPdu& data,
                                                 Digests digests = {}) noexcept;
[[nodiscard]] ShortHeader encode_r2t(const R2t& r2t, Digests digests = {}) noexcept;
// `type` is h2c_term_req or c2h_term_req.
[[nodiscard]] ShortHeader encode_term_req_header(PduType type, const TermReq& term) noexcept;

// The first 8 bytes of any PDU. Empty when they are not there yet, or when the type does not exist,
// the header length is not the type's, or the PDU claims to end inside its own header.
[[nodiscard]] std::optional<CommonHeader> decode_common_header(ConstBytes in) noexcept;

// Each takes the bytes of a PDU from its first one on; payload need not be present. Empty when the
// header is incomplete, of another type, or when its lengths contradict each other.
[[nodiscard]] std::optional<IcReq> decode_ic_req(ConstBytes in) noexcept;
[[nodiscard]] std::optional<IcResp> decode_ic_resp(ConstBytes in) noexcept;
[[nodiscard]] std::optional<CapsuleCmd> decode_capsule_cmd(ConstBytes in) noexcept;
[[nodiscard]] std::optional<Completion> decode_capsule_resp(ConstBytes in) noexcept;
[[nodiscard]] std::optional<DataPdu> decode_h2c_data(ConstBytes in) noexcept;
[[nodiscard]] std::optional<DataPdu> decode_c2h_data(ConstBytes in) noexcept;
[[nodiscard]] std::optional<R2t> decode_r2t(ConstBytes in) noexcept;
[[nodiscard]] std::optional<TermReq> decode_term_req(PduType type, ConstBytes in) noexcept;

}  // namespace holdfast::wire
