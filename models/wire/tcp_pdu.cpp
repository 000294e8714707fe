// SPDX-License-Identifier: Apache-2.0
//
// Encoding and decoding of NVMe/TCP PDU headers, after the structures of the kernel's nvme-tcp.h.
#include "models/wire/tcp_pdu.hpp"

namespace holdfast::wire {
namespace {

// Offsets behind the common header. Data PDUs and R2T share theirs, and so do ICReq and ICResp.
constexpr std::size_t ic_pfv = 8;
constexpr std::size_t ic_alignment = 10;
constexpr std::size_t ic_digests = 11;
constexpr std::size_t ic_limit = 12;
constexpr std::size_t transfer_cid = 8;
constexpr std::size_t transfer_ttag = 10;
constexpr std::size_t transfer_offset = 12;
constexpr std::size_t transfer_length = 16;
constexpr std::size_t term_error = 8;
constexpr std::size_t term_information = 10;

[[nodiscard]] std::uint8_t digest_bits(Digests digests) noexcept {
  return static_cast<std::uint8_t>((digests.header ? 1U : 0U) | (digests.data ? 2U : 0U));
}

[[nodiscard]] Digests digests_of(std::uint8_t bits2) noexcept {
  return {.header = (bits2 & 1U) != 0, .data = (bits2 & 2U) != 0};
}

// Fills in the common header of a PDU with `data` bytes. A data offset is given whenever data
// follows and points behind the header digest (nvme_tcp_setup_cmd_pdu, nvmet_setup_c2h_data_pdu).
template <PduType type>
void put_common(Bytes out, std::uint8_t extra_flags, std::uint32_t data, Digests digests) noexcept {
  const bool hdgst = digests.header && carries_header_digest(type);
  const bool ddgst = digests.data && carries_data(type) && data != 0;
  constexpr std::uint32_t hlen = header_bytes(type);
  const bool offset_given =
      type == PduType::h2c_data || type == PduType::c2h_data || (carries_data(type) && data != 0);
  const std::uint32_t pdo = offset_given ? hlen + (hdgst ? digest_bytes : 0U) : 0U;
  put_u8(out, 0, raw(type));
  put_u8(out, 1,
         static_cast<std::uint8_t>(extra_flags | (hdgst ? pdu_flag_header_digest : 0U) |
                                   (ddgst ? pdu_flag_data_digest : 0U)));
  put_u8(out, 2, static_cast<std::uint8_t>(hlen));
  put_u8(out, 3, static_cast<std::uint8_t>(pdo));
  put_le32(out, 4, static_cast<std::uint32_t>(pdu_bytes(type, data, digests)));
}

// The common header, if it is well formed, of the wanted type, and the whole header is present.
template <PduType type>
[[nodiscard]] std::optional<CommonHeader> header_of(ConstBytes in) noexcept {
  if (in.size() < header_bytes(type) || get_u8(in, 0) != raw(type)) {
    return std::nullopt;
  }
  const std::optional<CommonHeader> header = decode_common_header(in);
  return header && header->hlen == header_bytes(type) ? header : std::nullopt;
}

// Bytes between data offset and data digest; empty when the lengths contradict each other. Padding
// before the data (CPDA, HPDA) is legal, data inside the header is not.
[[nodiscard]] std::optional<std::uint32_t> payload_bytes(const CommonHeader& header) noexcept {
  const std::uint32_t hdgst = header.digests().header ? digest_bytes : 0U;
  const std::uint32_t ddgst = header.digests().data ? digest_bytes : 0U;
  const std::uint32_t start = header.hlen + hdgst;
  if (header.pdo == 0) {
    return header.plen == start ? std::optional<std::uint32_t>(0U) : std::nullopt;
  }
  if (header.pdo < start || header.plen < header.pdo + ddgst) {
    return std::nullopt;
  }
  return header.plen - header.pdo - ddgst;
}

template <PduType type>
[[nodiscard]] ShortHeader encode_data_header(std::uint8_t flags, const DataPdu& data,
                                             Digests digests) noexcept {
  ShortHeader out{};
  put_common<type>(out, flags, data.length, digests);
  put_le16(out, transfer_cid, data.cid);
  put_le16(out, transfer_ttag, data.ttag);
  put_le32(out, transfer_offset, data.offset);
  put_le32(out, transfer_length, data.length);
  return out;
}

template <PduType type>
[[nodiscard]] std::optional<DataPdu> decode_data(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<type>(in);
  if (!header || payload_bytes(*header) != get_le32(in, transfer_length)) {
    return std::nullopt;
  }
  return DataPdu{.cid = get_le16(in, transfer_cid),
                 .ttag = get_le16(in, transfer_ttag),
                 .offset = get_le32(in, transfer_offset),
                 .length = get_le32(in, transfer_length),
                 .last = header->has(pdu_flag_last),
                 .success = type == PduType::c2h_data && header->has(pdu_flag_success)};
}

}  // namespace

IcPdu encode_ic_req(const IcReq& req) noexcept {
  IcPdu out{};
  put_common<PduType::ic_req>(out, 0, 0, {});
  put_le16(out, ic_pfv, req.pfv);
  put_u8(out, ic_alignment, req.hpda);
  put_u8(out, ic_digests, digest_bits(req.digests));
  put_le32(out, ic_limit, req.maxr2t);
  return out;
}

IcPdu encode_ic_resp(const IcResp& resp) noexcept {
  IcPdu out{};
  put_common<PduType::ic_resp>(out, 0, 0, {});
  put_le16(out, ic_pfv, resp.pfv);
  put_u8(out, ic_alignment, resp.cpda);
  put_u8(out, ic_digests, digest_bits(resp.digests));
  put_le32(out, ic_limit, resp.maxh2cdata);
  return out;
}

CapsuleCmdHeader encode_capsule_cmd_header(const Command& command, std::uint32_t in_capsule_bytes,
                                           Digests digests) noexcept {
  CapsuleCmdHeader out{};
  put_common<PduType::capsule_cmd>(out, 0, in_capsule_bytes, digests);
  encode_command(std::span(out).subspan<common_header_bytes, sqe_bytes>(), command);
  return out;
}

ShortHeader encode_capsule_resp(const Completion& completion, Digests digests) noexcept {
  ShortHeader out{};
  put_common<PduType::capsule_resp>(out, 0, 0, digests);
  encode_completion(std::span(out).subspan<common_header_bytes, cqe_bytes>(), completion);
  return out;
}

ShortHeader encode_h2c_data_header(const DataPdu& data, Digests digests) noexcept {
  return encode_data_header<PduType::h2c_data>(data.last ? pdu_flag_last : std::uint8_t{0}, data,
                                               digests);
}

ShortHeader encode_c2h_data_header(const DataPdu& data, Digests digests) noexcept {
  const unsigned flags = (data.last ? pdu_flag_last : 0U) | (data.success ? pdu_flag_success : 0U);
  return encode_data_header<PduType::c2h_data>(static_cast<std::uint8_t>(flags), data, digests);
}

ShortHeader encode_r2t(const R2t& r2t, Digests digests) noexcept {
  ShortHeader out{};
  put_common<PduType::r2t>(out, 0, 0, digests);
  put_le16(out, transfer_cid, r2t.cid);
  put_le16(out, transfer_ttag, r2t.ttag);
  put_le32(out, transfer_offset, r2t.offset);
  put_le32(out, transfer_length, r2t.length);
  return out;
}

ShortHeader encode_term_req_header(PduType type, const TermReq& term) noexcept {
  ShortHeader out{};
  if (type == PduType::h2c_term_req)
    put_common<PduType::h2c_term_req>(out, 0, term.quoted_bytes, {});
  else
    put_common<PduType::c2h_term_req>(out, 0, term.quoted_bytes, {});
  put_le16(out, term_error, raw(term.error));
  put_le32(out, term_information, term.information);
  return out;
}

std::optional<CommonHeader> decode_common_header(ConstBytes in) noexcept {
  if (in.size() < common_header_bytes) {
    return std::nullopt;
  }
  CommonHeader header;
  header.type = static_cast<PduType>(get_u8(in, 0));
  header.flags = get_u8(in, 1);
  header.hlen = get_u8(in, 2);
  header.pdo = get_u8(in, 3);
  header.plen = get_le32(in, 4);
  const std::uint32_t hlen = header_bytes(header.type);
  if (hlen == 0 || header.hlen != hlen || header.plen < hlen) {
    return std::nullopt;
  }
  return header;
}

std::optional<IcReq> decode_ic_req(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<PduType::ic_req>(in);
  if (!header || header->plen != ic_pdu_bytes) {
    return std::nullopt;
  }
  return IcReq{.pfv = get_le16(in, ic_pfv),
               .hpda = get_u8(in, ic_alignment),
               .digests = digests_of(get_u8(in, ic_digests)),
               .maxr2t = get_le32(in, ic_limit)};
}

std::optional<IcResp> decode_ic_resp(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<PduType::ic_resp>(in);
  if (!header || header->plen != ic_pdu_bytes) {
    return std::nullopt;
  }
  return IcResp{.pfv = get_le16(in, ic_pfv),
                .cpda = get_u8(in, ic_alignment),
                .digests = digests_of(get_u8(in, ic_digests)),
                .maxh2cdata = get_le32(in, ic_limit)};
}

std::optional<CapsuleCmd> decode_capsule_cmd(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<PduType::capsule_cmd>(in);
  if (!header) {
    return std::nullopt;
  }
  const std::optional<std::uint32_t> data = payload_bytes(*header);
  if (!data) {
    return std::nullopt;
  }
  return CapsuleCmd{.command = decode_command(in.subspan<common_header_bytes, sqe_bytes>()),
                    .data_offset = header->pdo,
                    .in_capsule_bytes = *data,
                    .digests = header->digests()};
}

std::optional<Completion> decode_capsule_resp(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<PduType::capsule_resp>(in);
  if (!header || header->plen != pdu_bytes(PduType::capsule_resp, 0, header->digests())) {
    return std::nullopt;
  }
  return decode_completion(in.subspan<common_header_bytes, cqe_bytes>());
}

std::optional<DataPdu> decode_h2c_data(ConstBytes in) noexcept {
  return decode_data<PduType::h2c_data>(in);
}

std::optional<DataPdu> decode_c2h_data(ConstBytes in) noexcept {
  return decode_data<PduType::c2h_data>(in);
}

std::optional<R2t> decode_r2t(ConstBytes in) noexcept {
  const std::optional<CommonHeader> header = header_of<PduType::r2t>(in);
  if (!header || header->plen != pdu_bytes(PduType::r2t, 0, header->digests())) {
    return std::nullopt;
  }
  return R2t{.cid = get_le16(in, transfer_cid),
             .ttag = get_le16(in, transfer_ttag),
             .offset = get_le32(in, transfer_offset),
             .length = get_le32(in, transfer_length)};
}

std::optional<TermReq> decode_term_req(PduType type, ConstBytes in) noexcept {
  if (type != PduType::h2c_term_req && type != PduType::c2h_term_req) {
    return std::nullopt;
  }
  const std::optional<CommonHeader> header = type == PduType::h2c_term_req
                                                 ? header_of<PduType::h2c_term_req>(in)
                                                 : header_of<PduType::c2h_term_req>(in);
  if (!header || header->plen > short_header_bytes + term_req_max_data_bytes) {
    return std::nullopt;
  }
  return TermReq{.error = static_cast<FatalError>(get_le16(in, term_error)),
                 .information = get_le32(in, term_information),
                 .quoted_bytes = header->plen - short_header_bytes};
}

}  // namespace holdfast::wire
