// SPDX-License-Identifier: Apache-2.0
//
// NVMe/TCP PDU headers and byte counts.
#include "models/wire/tcp_pdu.hpp"

#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::hex_at;
using wire_test::to_hex;
using wire_test::zeros;

constexpr Digests both{.header = true, .data = true};

std::uint32_t plen(ConstBytes header) { return decode_common_header(header).value().plen; }

TEST_CASE("each PDU type has its header length and total", "[wire][tcp][TR-1]") {
  CHECK(pdu_bytes(PduType::ic_req) == 128);
  CHECK(pdu_bytes(PduType::ic_resp) == 128);
  CHECK(pdu_bytes(PduType::h2c_term_req) == 24);
  CHECK(pdu_bytes(PduType::c2h_term_req, 128) == 152);
  CHECK(pdu_bytes(PduType::capsule_cmd) == 72);
  CHECK(pdu_bytes(PduType::capsule_cmd, 1024) == 1096);  // Connect
  CHECK(pdu_bytes(PduType::capsule_resp) == 24);
  CHECK(pdu_bytes(PduType::h2c_data, 4096) == 4120);
  CHECK(pdu_bytes(PduType::c2h_data, 4096) == 4120);
  CHECK(pdu_bytes(PduType::r2t) == 24);
  CHECK(header_bytes(static_cast<PduType>(0x08)) == 0);
  CHECK(header_bytes(static_cast<PduType>(0x0A)) == 0);
}

TEST_CASE("a 4 KiB operation costs the bytes of the table", "[wire][tcp][TR-1]") {
  constexpr std::uint32_t data = 4096;
  // Write in the capsule: 4,168 towards the controller, 24 back.
  const Command inline_write = make_write(1, {.blocks = 8}, in_capsule_sgl(data));
  CHECK(plen(encode_capsule_cmd_header(inline_write, data)) == 4168);
  CHECK(plen(encode_capsule_resp({})) == 24);
  // Write after an R2T: 72 + 4,120 towards the controller, 24 + 24 back.
  const Command write = make_write(1, {.blocks = 8}, transport_sgl(data));
  CHECK(plen(encode_capsule_cmd_header(write)) == 72);
  CHECK(plen(encode_h2c_data_header({.cid = 1, .length = data})) == 4120);
  CHECK(plen(encode_r2t({.cid = 1, .length = data})) == 24);
  // Read: 72 towards the controller; 4,120 back, and 24 more unless SUCCESS replaces the response.
  CHECK(plen(encode_capsule_cmd_header(make_read(1, {.blocks = 8}, data))) == 72);
  CHECK(plen(encode_c2h_data_header({.cid = 1, .length = data, .success = true})) == 4120);
  // Keep Alive, CCR and AER: 72 and 24. Get Log Page 1Eh: 72, then 24 + 4,096 (+ 24).
  CHECK(plen(encode_capsule_cmd_header(make_keep_alive(1))) == 72);
  CHECK(plen(encode_capsule_cmd_header(make_cross_controller_reset(1, {}))) == 72);
  CHECK(plen(encode_capsule_cmd_header(make_async_event_request())) == 72);
  CHECK(pdu_bytes(PduType::c2h_data, ccr_log_max_bytes) == 24 + 4096);
}

TEST_CASE("digests add four bytes each, and only where they exist", "[wire][tcp][TR-1]") {
  CHECK(pdu_bytes(PduType::ic_req, 0, both) == 128);
  CHECK(pdu_bytes(PduType::c2h_term_req, 24, both) == 48);
  CHECK(pdu_bytes(PduType::capsule_cmd, 4096, both) == 4176);
  CHECK(pdu_bytes(PduType::capsule_cmd, 0, both) == 76);  // no data, no data digest
  CHECK(pdu_bytes(PduType::capsule_resp, 0, both) == 28);
  CHECK(pdu_bytes(PduType::h2c_data, 4096, both) == 4128);
  CHECK(pdu_bytes(PduType::c2h_data, 4096, {.header = false, .data = true}) == 4124);
  CHECK(pdu_bytes(PduType::r2t, 0, both) == 28);
}

TEST_CASE("ICReq and ICResp hold format, alignment, digests and limit", "[wire][tcp]") {
  const IcReq req{.pfv = 0x0102, .hpda = 3, .digests = {.header = true}, .maxr2t = 4};
  const IcPdu req_bytes = encode_ic_req(req);
  CHECK(to_hex(req_bytes) ==
        "00008000"
        "80000000"
        "0201"
        "03"
        "01"
        "04000000" +
            zeros(112));
  CHECK(decode_ic_req(req_bytes) == req);
  const IcResp resp{.pfv = 0, .cpda = 1, .digests = {.data = true}, .maxh2cdata = 0x20000};
  const IcPdu resp_bytes = encode_ic_resp(resp);
  CHECK(to_hex(resp_bytes) ==
        "01008000"
        "80000000"
        "0000"
        "01"
        "02"
        "00000200" +
            zeros(112));
  CHECK(decode_ic_resp(resp_bytes) == resp);
  CHECK_FALSE(decode_ic_resp(req_bytes).has_value());
  CHECK_FALSE(decode_ic_req(resp_bytes).has_value());
}

TEST_CASE("a command capsule points at its data behind the header digest", "[wire][tcp]") {
  const Command write = make_write(0x4001, {.blocks = 1}, in_capsule_sgl(512));
  // 72 + 512 = 584 = 248h; with both digests 592 = 250h and the data at 76 = 4Ch.
  CHECK(hex_at(encode_capsule_cmd_header(write, 512), 0, 8) == "0400484848020000");
  CHECK(hex_at(encode_capsule_cmd_header(write, 512, both), 0, 8) == "0403484c50020000");
  CHECK(hex_at(encode_capsule_cmd_header(make_keep_alive(1), 0, both), 0, 8) == "040148004c000000");
  const auto header = encode_capsule_cmd_header(write, 512, both);
  CHECK(decode_capsule_cmd(header) ==
        CapsuleCmd{.command = write, .data_offset = 76, .in_capsule_bytes = 512, .digests = both});
  CHECK(decode_capsule_cmd(encode_capsule_cmd_header(write)) == CapsuleCmd{.command = write});
}

TEST_CASE("a response capsule holds the completion behind the common header", "[wire][tcp]") {
  Completion c;
  c.dw0 = 0x001EF402;
  c.sqhd = 5;
  c.cid = 31;
  const ShortHeader bytes = encode_capsule_resp(c);
  CHECK(to_hex(bytes) ==
        "05001800"
        "18000000"
        "02f41e00"
        "00000000"
        "0500"
        "0000"
        "1f00"
        "0000");
  CHECK(decode_capsule_resp(bytes) == c);
  const ShortHeader digested = encode_capsule_resp(c, {.header = true});
  CHECK(hex_at(digested, 0, 8) == "050118001c000000");
  CHECK(decode_capsule_resp(digested) == c);
}

TEST_CASE("data PDUs hold identifier, tag, offset and length", "[wire][tcp]") {
  const DataPdu piece{
      .cid = 0x4002, .ttag = 0x0007, .offset = 0x2000, .length = 0x1000, .last = false};
  const ShortHeader h2c = encode_h2c_data_header(piece);
  CHECK(to_hex(h2c) ==
        "06001818"
        "18100000"
        "0240"
        "0700"
        "00200000"
        "00100000"
        "00000000");
  CHECK(decode_h2c_data(h2c) == piece);
  CHECK_FALSE(decode_c2h_data(h2c).has_value());

  DataPdu end = piece;
  end.ttag = 0;
  end.last = true;
  end.success = true;
  const ShortHeader c2h = encode_c2h_data_header(end, both);
  // Flags: HDGST 1, DDGST 2, LAST 4, SUCCESS 8; data at 28, 4,096 + 24 + 8 bytes in all.
  CHECK(hex_at(c2h, 0, 8) == "070f181c20100000");
  CHECK(decode_c2h_data(c2h) == end);
  // SUCCESS belongs to the controller's direction only.
  CHECK(hex_at(encode_h2c_data_header(end), 1, 1) == "04");
}

TEST_CASE("R2T holds identifier, tag, offset and length", "[wire][tcp]") {
  const R2t r2t{.cid = 0x4002, .ttag = 0x0007, .offset = 0, .length = 0x10000};
  const ShortHeader bytes = encode_r2t(r2t);
  CHECK(to_hex(bytes) ==
        "09001800"
        "18000000"
        "0240"
        "0700"
        "00000000"
        "00000100"
        "00000000");
  CHECK(decode_r2t(bytes) == r2t);
  CHECK(hex_at(encode_r2t(r2t, both), 0, 8) == "090118001c000000");
  CHECK(decode_r2t(encode_r2t(r2t, both)) == r2t);
}

TEST_CASE("a termination request holds error, information and what it quotes", "[wire][tcp]") {
  const TermReq term{
      .error = FatalError::data_out_of_range, .information = 0x04030201, .quoted_bytes = 72};
  const ShortHeader bytes = encode_term_req_header(PduType::c2h_term_req, term);
  CHECK(to_hex(bytes) ==
        "03001800"
        "60000000"
        "0400"
        "01020304" +
            zeros(10));
  CHECK(decode_term_req(PduType::c2h_term_req, bytes) == term);
  CHECK_FALSE(decode_term_req(PduType::h2c_term_req, bytes).has_value());
  CHECK_FALSE(decode_term_req(PduType::r2t, bytes).has_value());
  const ShortHeader most = encode_term_req_header(PduType::h2c_term_req, {.quoted_bytes = 128});
  CHECK(decode_term_req(PduType::h2c_term_req, most).has_value());
  const ShortHeader excess = encode_term_req_header(PduType::h2c_term_req, {.quoted_bytes = 129});
  CHECK_FALSE(decode_term_req(PduType::h2c_term_req, excess).has_value());
}

TEST_CASE("headers whose lengths contradict each other are refused", "[wire][tcp]") {
  const auto with_byte = [](auto header, std::size_t at, unsigned value) {
    header[at] = static_cast<std::byte>(value);
    return header;
  };
  const ShortHeader r2t = encode_r2t({});
  CHECK(decode_common_header(r2t).has_value());
  CHECK_FALSE(decode_common_header(with_byte(r2t, 0, 0x08)).has_value());  // no such type
  CHECK_FALSE(decode_common_header(with_byte(r2t, 2, 0x10)).has_value());  // wrong header length
  CHECK_FALSE(decode_common_header(with_byte(r2t, 4, 0x17)).has_value());  // ends in its header
  CHECK_FALSE(decode_r2t(with_byte(r2t, 4, 0x19)).has_value());            // longer than an R2T

  const ShortHeader data = encode_c2h_data_header({.length = 512});
  CHECK_FALSE(decode_c2h_data(with_byte(data, 4, 0x19)).has_value());   // PLEN one too large
  CHECK_FALSE(decode_c2h_data(with_byte(data, 3, 0x14)).has_value());   // data inside the header
  CHECK_FALSE(decode_c2h_data(with_byte(data, 3, 0x00)).has_value());   // data without an offset
  CHECK_FALSE(decode_c2h_data(with_byte(data, 16, 0x04)).has_value());  // DATAL disagrees

  const CapsuleCmdHeader capsule = encode_capsule_cmd_header(make_connect(1, {}), 1024);
  CHECK(decode_capsule_cmd(capsule).has_value());
  CHECK_FALSE(decode_capsule_cmd(with_byte(capsule, 3, 0x47)).has_value());
  CHECK_FALSE(decode_capsule_cmd(with_byte(capsule, 3, 0x00)).has_value());
  // Padding before the data, as CPDA asks for, moves the data and is not part of it.
  const auto padded = decode_capsule_cmd(with_byte(capsule, 3, 0x50));
  REQUIRE(padded.has_value());
  CHECK(padded->data_offset == 80);
  CHECK(padded->in_capsule_bytes == 1096 - 80);
}

}  // namespace
}  // namespace holdfast::wire
