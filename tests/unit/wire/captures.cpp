// SPDX-License-Identifier: Apache-2.0
//
// The codec against bytes that a real Linux 6.12 host and target exchanged. The literals are the
// start of TCP payloads in the reference captures; the captures are cut at 120 to 200 bytes per
// frame.
#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::from_hex;
using wire_test::hex_at;
using wire_test::to_hex;
using wire_test::zeros;

// a_612_k5_idle_r0.pcap: host side of a first connect, KATO 5 s. The frames are cut at 54 bytes of
// payload.
TEST_CASE("ICReq and ICResp equal frames 4 and 6 of the idle capture", "[wire][capture]") {
  CHECK(hex_at(encode_ic_req({}), 0, 54) == "0000800080000000" + zeros(46));
  // MAXH2CDATA is nvmet's 4 MiB, 400000h.
  CHECK(hex_at(encode_ic_resp({}), 0, 54) == "01008000800000000000000000004000" + zeros(38));
}

TEST_CASE("Set Features equals frames 45 and 56 of the idle capture", "[wire][capture]") {
  CHECK(hex_at(encode_capsule_cmd_header(make_set_number_of_queues(0x1006, {})), 0, 54) ==
        "0400480048000000"
        "09400610" +
            zeros(35) + "5a" + "070000000000");
  CHECK(hex_at(encode_capsule_cmd_header(
                   make_set_async_event_config(0x1007, 0x00000900 & aec_linux_mainline)),
               0, 54) ==
        "0400480048000000"
        "09400710" +
            zeros(35) + "5a" + "0b0000000009");
}

TEST_CASE("the answer to Number of Queues equals frame 46 of the idle capture", "[wire][capture]") {
  Completion c;
  c.dw0 = QueueCounts{.submission = 128, .completion = 128}.encode();
  c.sqhd = 12;
  c.cid = 0x1006;
  CHECK(to_hex(encode_capsule_resp(c)) == "05001800180000007f007f00000000000c00000006100000");
}

// d_sk_r0.target-side.pcap: target side of path 1, with a reconnect from frame 38 on.
TEST_CASE("an in-capsule write equals frame 1 of the target-side capture", "[wire][capture]") {
  const Command write =
      make_write(0x0024, {.nsid = 1, .slba = 0, .blocks = 8}, in_capsule_sgl(4096));
  CHECK(to_hex(encode_capsule_cmd_header(write, 4096)) ==
        "040048484810000001402400010000000000000000000000000000000000000000000000000000000010000000"
        "000001000000000000000007000000" +
            zeros(12));
}

TEST_CASE("the completion of that write equals frame 3 of the target-side capture",
          "[wire][capture]") {
  const auto frame = from_hex("050018001800000000000000000000000500010024000000");
  const auto c = decode_capsule_resp(frame);
  REQUIRE(c.has_value());
  CHECK(CommandId::unpack(c->cid) == CommandId{.tag = 0x24, .generation = 0});
  CHECK(c->sqhd == 5);
  CHECK(c->sqid == 1);
  CHECK(c->status.ok());
  CHECK(to_hex(encode_capsule_resp(*c)) == to_hex(frame));
}

TEST_CASE("Keep Alive equals frame 15 of the target-side capture", "[wire][capture]") {
  CHECK(
      to_hex(encode_capsule_cmd_header(make_keep_alive(0x3001))) ==
      "04004800480000001840013000000000000000000000000000000000000000000000000000000000000000000000"
      "005a" +
          zeros(24));
}

TEST_CASE("the admin Connect equals frame 42 of the target-side capture", "[wire][capture]") {
  const Command c = make_connect(
      0x4000, {.record_format = 0, .qid = 0, .sqsize = 31, .attributes = 0, .kato_ms = 5000});
  CHECK(to_hex(encode_capsule_cmd_header(c, 1024)) ==
        "04004848480400007f400040010000000000000000000000000000000000000000000000000000000004000000"
        "000001000000001f00000088130000" +
            zeros(12));
  ConnectData data;
  data.host_id = get_bytes<16>(from_hex("11111111222233334444555555555555"), 0);
  CHECK(hex_at(encode_connect_data(data), 0, 62) ==
        "11111111222233334444555555555555"
        "ffff" +
            zeros(44));
}

TEST_CASE("the I/O Connect equals frame 80 of the target-side capture", "[wire][capture]") {
  const Command c = make_connect(0x1000, {.qid = 1, .sqsize = 127});
  CHECK(to_hex(encode_capsule_cmd_header(c, 1024)) ==
        "04004848480400007f400010010000000000000000000000000000000000000000000000000000000004000000"
        "000001000001007f00000000000000" +
            zeros(12));
}

TEST_CASE("the property exchange equals frames 44 to 55 of the target-side capture",
          "[wire][capture]") {
  const std::string head = "0400480048000000";
  const auto capsule = [](const Command& c) { return to_hex(encode_capsule_cmd_header(c)); };
  CHECK(capsule(make_property_get(0x3001, Property::cap)) ==
        head + "7f40013004" + zeros(34) + "5a" + "01000000" + zeros(20));
  CHECK(capsule(make_property_set(0x5000, Property::cc, Configuration{}.encode())) ==
        head + "7f40005000" + zeros(34) + "5a" +
            "0000000014000000"
            "60004600" +
            zeros(12));
  CHECK(capsule(make_property_set(0x6000, Property::cc, Configuration{.enable = true}.encode())) ==
        head + "7f40006000" + zeros(34) + "5a" +
            "0000000014000000"
            "61004600" +
            zeros(12));
  CHECK(capsule(make_property_get(0x5001, Property::csts)) ==
        head + "7f40015004" + zeros(34) + "5a" + "000000001c000000" + zeros(16));
  CHECK(capsule(make_property_get(0x7000, Property::vs)) ==
        head + "7f40007004" + zeros(34) + "5a" + "0000000008000000" + zeros(16));

  Completion cap;
  cap.set_result64(Capabilities{}.encode());
  cap.sqhd = 2;
  cap.cid = 0x3001;
  CHECK(to_hex(encode_capsule_resp(cap)) == "0500180018000000ff03000f200800000200000001300000");
  Completion vs;
  vs.dw0 = nvme_version(1, 3, 0);
  vs.sqhd = 7;
  vs.cid = 0x7000;
  CHECK(to_hex(encode_capsule_resp(vs)) == "050018001800000000030100000000000700000000700000");
}

TEST_CASE("Identify Controller equals frames 56 and 57 of the target-side capture",
          "[wire][capture]") {
  CHECK(to_hex(encode_capsule_cmd_header(make_identify(
            0x300A, {.cns = Cns::identify_controller}))) == "040048004800000006400a30" + zeros(28) +
                                                                "001000000000005a"
                                                                "01000000" +
                                                                zeros(20));
  CHECK(to_hex(encode_c2h_data_header({.cid = 0x300A, .length = 4096})) ==
        "07041818181000000a3000000000000000100000"
        "00000000");
  IdentifyController id;
  id.serial = "da0b3a230733527721a3";
  id.model = "Linux";
  id.firmware = "6.12.95+";
  id.rab = 6;
  id.cmic = 0x0B;
  id.cntlid = 1;
  id.ver = nvme_version(1, 3, 0);
  id.oaes = 0x00000900;
  id.ctratt = ctratt_tbkas | ctratt_host_id_128;
  CHECK(hex_at(encode_identify_controller(id), 0, 110) ==
        "0000000064613062336132333037333335323737323161334c696e7578202020202020202020202020202020"
        "2020202020202020202020202020202020202020362e31322e39352b060000000b0001000003010000000000"
        "00000000000900004100000000000000000000000000");
}

TEST_CASE("the ANA log equals frames 62 and 63 of the target-side capture", "[wire][capture]") {
  const GetLogPage ana{.lid = LogId::ana, .dwords = GetLogPage::dwords_for(8208)};
  CHECK(to_hex(encode_capsule_cmd_header(make_get_log_page(0x300B, ana))) ==
        "040048004800000002400b30ffffffff" + zeros(24) +
            "102000000000005a"
            "0c000308" +
            zeros(20));
  CHECK(to_hex(encode_c2h_data_header({.cid = 0x300B, .length = 8208})) ==
        "07041818282000000b3000000000000010200000"
        "00000000");
  const std::array<std::uint32_t, 1> nsids{1};
  std::array<std::byte, 8208> log{};
  AnaLogWriter writer(log);
  REQUIRE(writer.begin(0));
  REQUIRE(writer.add({.group_id = 1, .state = AnaState::optimized}, nsids));
  CHECK(hex_at(log, 0, 110) ==
        "00000000000000000100000000000000"
        "0100000001000000"
        "0000000000000000"
        "01000000000000000000000000000000"
        "01000000" +
            zeros(58));
}

TEST_CASE("the event request equals frame 84 of the target-side capture", "[wire][capture]") {
  CHECK(to_hex(encode_capsule_cmd_header(make_async_event_request())) ==
        "04004800480000000c401f00" + zeros(35) + "5a" + zeros(24));
}

TEST_CASE("the namespace scan equals frames 99 and 105 of the target-side capture",
          "[wire][capture]") {
  const auto frame99 = from_hex("0310000097b2fa710cbb4e64b91ca4810b4883430401000000");
  NamespaceDescriptors ids;
  ids.uuid = get_bytes<16>(frame99, 4);
  CHECK(hex_at(encode_namespace_descriptors(ids), 0, 25) == to_hex(frame99));
  IdentifyNamespace ns;
  ns.size_blocks = ns.capacity_blocks = ns.used_blocks = 0x20000;
  ns.features = 0x12;
  ns.nmic = 1;
  ns.ana_group = 1;
  const IdentifyPage page = encode_identify_namespace(ns);
  CHECK(hex_at(page, 0, 32) ==
        "000002000000000000000200000000000000020000000000"
        "1200000000000100");
  CHECK(hex_at(page, 92, 4) == "01000000");
}

TEST_CASE("a read equals frames 124 and 125 of the target-side capture", "[wire][capture]") {
  const Command read = make_read(0x0027, {.blocks = 8}, 4096);
  CHECK(to_hex(encode_capsule_cmd_header(read)) == "04004800480000000240270001000000" + zeros(24) +
                                                       "001000000000005a" +
                                                       "0000000000000000"
                                                       "07000000" +
                                                       zeros(12));
  // Default Linux reads carry LAST and not SUCCESS: a CapsuleResp follows, in frame 129.
  CHECK(to_hex(encode_c2h_data_header({.cid = 0x0027, .length = 4096})) ==
        "070418181810000027000000"
        "00000000"
        "00100000"
        "00000000");
}

}  // namespace
}  // namespace holdfast::wire
