// SPDX-License-Identifier: Apache-2.0
//
// Submission queue entries and their typed builders, against bytes written by hand.
#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::hex_at;
using wire_test::to_hex;
using wire_test::zeros;

TEST_CASE("a command puts every field at its offset and comes back unchanged", "[wire]") {
  Command c;
  c.opcode = 0x02;
  c.flags = 0x41;
  c.cid = 0xB001;
  c.nsid = 0x04030201;
  c.cdw2 = 0x08070605;
  c.cdw3 = 0x0C0B0A09;
  c.metadata = 0x1716151413121110;
  c.sgl = {.address = 0x2726252423222120, .length = 0x33323130, .type = SglType::in_capsule};
  c.cdw10 = 0x43424140;
  c.cdw11 = 0x47464544;
  c.cdw12 = 0x4B4A4948;
  c.cdw13 = 0x4F4E4D4C;
  c.cdw14 = 0x53525150;
  c.cdw15 = 0x57565554;
  const auto bytes = encode_command(c);
  CHECK(to_hex(bytes) ==
        "024101b0"
        "01020304"
        "05060708"
        "090a0b0c"
        "1011121314151617"
        "2021222324252627"
        "30313233"
        "000000"
        "01"
        "40414243"
        "44454647"
        "48494a4b"
        "4c4d4e4f"
        "50515253"
        "54555657");
  CHECK(decode_command(bytes) == c);
}

TEST_CASE("the command identifier is a 4-bit generation above a 12-bit tag", "[wire]") {
  // The kernel's example in the timeout message: I/O tag 1 (b001).
  CHECK(CommandId{.tag = 1, .generation = 0xB}.packed() == 0xB001);
  CHECK(CommandId::unpack(0xB001) == CommandId{.tag = 1, .generation = 0xB});
  CHECK(CommandId{.tag = 0x1FFF, .generation = 0x1F}.packed() == 0xFFFF);
  for (unsigned cid = 0; cid <= 0xFFFF; ++cid) {
    const auto packed = static_cast<std::uint16_t>(cid);
    REQUIRE(CommandId::unpack(packed).packed() == packed);
  }
}

TEST_CASE("Connect carries queue, size, attributes and KATO in milliseconds", "[wire]") {
  const Connect connect{
      .record_format = 0, .qid = 1, .sqsize = 127, .attributes = 0x04, .kato_ms = 5000};
  const Command c = make_connect(0x1234, connect);
  const auto bytes = encode_command(c);
  CHECK(hex_at(bytes, 0, 5) == "7f40341201");
  CHECK(hex_at(bytes, 24, 16) == zeros(8) + "00040000" + "00000001");
  CHECK(hex_at(bytes, 40, 8) ==
        "0000"
        "0100"
        "7f00"
        "04"
        "00");
  CHECK(hex_at(bytes, 48, 4) == "88130000");  // 5,000 = 1388h
  CHECK(as_connect(decode_command(bytes)) == connect);
  CHECK(c.has_in_capsule_data());
  CHECK_FALSE(as_connect(make_keep_alive(1)).has_value());
  CHECK_FALSE(as_connect(make_property_get(1, Property::cap)).has_value());
}

TEST_CASE("Connect data has host id, CNTLID and both names at their offsets", "[wire]") {
  ConnectData data;
  data.host_id[0] = std::byte{0xAA};
  data.host_id[15] = std::byte{0xBB};
  data.cntlid = 0x0102;
  data.subnqn = "nqn.s";
  data.hostnqn = "nqn.h";
  const auto bytes = encode_connect_data(data);
  STATIC_REQUIRE(bytes.size() == 1024);
  CHECK(hex_at(bytes, 0, 1) == "aa");
  CHECK(hex_at(bytes, 15, 4) == "bb020100");
  CHECK(hex_at(bytes, 256, 6) == "6e716e2e7300");
  CHECK(hex_at(bytes, 512, 6) == "6e716e2e6800");
  CHECK(hex_at(bytes, 768, 256) == zeros(256));
  CHECK(decode_connect_data(bytes) == data);
  CHECK_FALSE(decode_connect_data(ConstBytes(bytes).first(1023)).has_value());
  CHECK(ConnectData{}.cntlid == 0xFFFF);
}

TEST_CASE("Property Get and Set name offset and width", "[wire]") {
  const auto get_cap = encode_command(make_property_get(0x10, Property::cap));
  CHECK(hex_at(get_cap, 0, 8) == "7f40100004000000");
  CHECK(hex_at(get_cap, 40, 8) == "0100000000000000");
  const auto get_csts = encode_command(make_property_get(0x10, Property::csts));
  CHECK(hex_at(get_csts, 40, 8) == "000000001c000000");
  CHECK(as_property_get(decode_command(get_csts)) ==
        PropertyGet{.property = Property::csts, .bytes = 4});

  const Command set_cc = make_property_set(0x11, Property::cc, 0x00460061);
  const auto bytes = encode_command(set_cc);
  CHECK(hex_at(bytes, 0, 8) == "7f40110000000000");
  CHECK(hex_at(bytes, 40, 16) ==
        "00000000"
        "14000000"
        "6100460000000000");
  CHECK(as_property_set(set_cc) ==
        PropertySet{.property = Property::cc, .bytes = 4, .value = 0x00460061});
  CHECK_FALSE(as_property_get(set_cc).has_value());

  Command odd = make_property_get(1, Property::cap);
  odd.cdw10 = 2;
  CHECK_FALSE(as_property_get(odd).has_value());
}

TEST_CASE("a 4-byte Property Set ignores the upper half of its value", "[wire]") {
  Command c = make_property_set(1, Property::cc, 0x1);
  c.cdw13 = 0xFFFFFFFF;
  CHECK(as_property_set(c)->value == 1);
}

TEST_CASE("Identify names the structure, the namespace and a 4,096-byte transfer", "[wire]") {
  const Identify id{.cns = Cns::namespace_descriptors, .nsid = 7, .cntid = 0x0203, .csi = 2};
  const auto bytes = encode_command(make_identify(5, id));
  CHECK(hex_at(bytes, 0, 8) == "0640050007000000");
  CHECK(hex_at(bytes, 32, 8) == "001000000000005a");
  CHECK(hex_at(bytes, 40, 8) ==
        "0300"
        "0302"
        "00000002");
  CHECK(as_identify(decode_command(bytes)) == id);
  CHECK_FALSE(as_identify(make_keep_alive(1)).has_value());
}

TEST_CASE("Get Log Page splits its dword count and offset over four dwords", "[wire]") {
  const GetLogPage log{.lid = LogId::cross_controller_reset,
                       .nsid = all_namespaces,
                       .dwords = 0x00120003,
                       .lsp = ccr_lsp_remove_completed,
                       .retain_async_event = true,
                       .offset = 0x0000000100000008};
  const auto bytes = encode_command(make_get_log_page(9, log));
  CHECK(hex_at(bytes, 4, 4) == "ffffffff");
  // LID 1Eh, LSP 01h with RAE in bit 15, NUMDL 0003h, NUMDU 0012h, offset low, offset high.
  CHECK(hex_at(bytes, 40, 16) ==
        "1e"
        "81"
        "0300"
        "12000000"
        "08000000"
        "01000000");
  CHECK(as_get_log_page(decode_command(bytes)) == log);
  // A full page 1Eh: 4,096 / 4 - 1 = 1,023; the ANA log of nvmet: 8,208 / 4 - 1 = 2,051.
  CHECK(GetLogPage::dwords_for(4096) == 1023);
  CHECK(GetLogPage::dwords_for(8208) == 2051);
  CHECK(GetLogPage{.dwords = 2051}.length_bytes() == 8208);
  CHECK(make_get_log_page(1, {.dwords = 2051}).sgl.length == 8208);
}

TEST_CASE("Set Features and Get Features carry KATO, queue counts and event masks", "[wire]") {
  const auto kato = encode_command(make_set_kato(1, 15000));
  CHECK(hex_at(kato, 40, 8) ==
        "0f000000"
        "983a0000");  // 15,000 = 3A98h
  const auto queues =
      encode_command(make_set_number_of_queues(1, {.submission = 8, .completion = 4}));
  CHECK(hex_at(queues, 40, 8) ==
        "07000000"
        "07000300");
  CHECK(QueueCounts::decode(0x00030007) == QueueCounts{.submission = 8, .completion = 4});
  // nvmet grants 128 of each, 007F007Fh in DW0.
  CHECK(QueueCounts::decode(0x007F007F) == QueueCounts{.submission = 128, .completion = 128});
  const auto aec = encode_command(
      make_set_async_event_config(1, aec_namespace_attributes | aec_cross_controller_reset));
  CHECK(hex_at(aec, 40, 8) ==
        "0b000000"
        "00011000");

  CHECK(as_set_features(decode_command(kato)) ==
        Feature{.fid = FeatureId::keep_alive_timer, .value = 15000});
  const Command get = make_get_features(2, FeatureId::keep_alive_timer);
  CHECK(get.opcode == 0x0A);
  CHECK(as_get_features(get)->fid == FeatureId::keep_alive_timer);
  CHECK_FALSE(as_get_features(make_set_kato(1, 1)).has_value());
  CHECK_FALSE(as_set_features(get).has_value());
}

TEST_CASE("Keep Alive and Asynchronous Event Request have no fields of their own", "[wire]") {
  CHECK(to_hex(encode_command(make_keep_alive(0x3001))) ==
        "18400130" + zeros(35) + "5a" + zeros(24));
  CHECK(to_hex(encode_command(make_async_event_request())) ==
        "0c401f00" + zeros(35) + "5a" + zeros(24));
}

TEST_CASE("Cross-Controller Reset: opcode 38h, ICID and CIU in CDW10, CIRN in CDW12/13",
          "[wire][CCR-1]") {
  const CrossControllerReset ccr{.icid = 0x1234, .ciu = 0xAB, .cirn = 0x1122334455667788};
  const Command c = make_cross_controller_reset(0x0042, ccr);
  CHECK(c.cdw10 == 0x1234U + (0xABU << 16U));
  CHECK(c.cdw11 == 0);
  CHECK(c.cdw12 == 0x55667788);
  CHECK(c.cdw13 == 0x11223344);
  const auto bytes = encode_command(c);
  // Opcode 38h, SGL flag, identifier, NSID 0, then no data: a null descriptor of 0 bytes. ICID in
  // bytes 41:40, CIU in 42, 43 to 47 reserved, CIRN in 55:48.
  CHECK(to_hex(bytes) ==
        "38404200" + zeros(35) + "5a" + "3412" + "ab" + zeros(5) + "8877665544332211" + zeros(8));
  CHECK(as_cross_controller_reset(decode_command(bytes)) == ccr);
  CHECK_FALSE(as_cross_controller_reset(make_keep_alive(1)).has_value());
}

TEST_CASE("a Cross-Controller Reset in the v3 order is misread by a conforming target",
          "[wire][ccr]") {
  const CrossControllerReset ccr{.icid = 0x0001, .ciu = 0x5A, .cirn = 7};
  const Command c = make_cross_controller_reset(1, ccr, CcrLayout::ciu_first);
  CHECK(hex_at(encode_command(c), 40, 4) == "5a000100");
  CHECK(as_cross_controller_reset(c, CcrLayout::ciu_first) == ccr);
  // Read by the specification, the uniquifier stands where the controller identifier belongs.
  CHECK(as_cross_controller_reset(c) ==
        CrossControllerReset{.icid = 0x005A, .ciu = 0x01, .cirn = 7});
}

TEST_CASE("Read, Write, Compare and Write Zeroes carry SLBA and a 0's based block count",
          "[wire]") {
  const BlockRange range{
      .nsid = 1, .slba = 0x0102030405060708, .blocks = 8, .control = io_control_fua};
  const auto read = encode_command(make_read(1, range, 4096));
  CHECK(hex_at(read, 0, 8) == "0240010001000000");
  CHECK(hex_at(read, 32, 8) == "001000000000005a");
  CHECK(hex_at(read, 40, 12) ==
        "0807060504030201"
        "0700"
        "0040");
  CHECK(as_block_range(decode_command(read)) == range);

  const auto write = encode_command(make_write(1, range, in_capsule_sgl(4096)));
  CHECK(hex_at(write, 0, 1) == "01");
  CHECK(hex_at(write, 32, 8) == "0010000000000001");
  CHECK(as_block_range(decode_command(write)) == range);

  const Command zeroes = make_write_zeroes(1, {.nsid = 1, .slba = 0, .blocks = 65536});
  CHECK(zeroes.cdw12 == 0xFFFF);
  CHECK(zeroes.sgl == transport_sgl(0));
  CHECK(as_block_range(zeroes)->blocks == 65536);
  CHECK(as_block_range(make_compare(1, range, transport_sgl(4096))) == range);
  CHECK_FALSE(as_block_range(make_flush(1, 1)).has_value());
  CHECK(hex_at(encode_command(make_flush(3, 9)), 0, 8) == "0040030009000000");
}

TEST_CASE("deallocation counts its ranges 0's based and sets the deallocate attribute", "[wire]") {
  const Command c = make_deallocate(1, 1, 2);
  CHECK(c.opcode == 0x09);
  CHECK(c.cdw10 == 1);
  CHECK(c.cdw11 == 4);
  CHECK(c.sgl == in_capsule_sgl(32));
  CHECK(as_deallocate(c) == 2U);
  CHECK_FALSE(as_deallocate(make_flush(1, 1)).has_value());
  const DatasetRange range{.attributes = 0, .blocks = 0x10, .slba = 0x20};
  const auto bytes = encode_dataset_range(range);
  CHECK(to_hex(bytes) ==
        "00000000"
        "10000000"
        "2000000000000000");
  CHECK(decode_dataset_range(bytes) == range);
}

TEST_CASE("commands are named as the kernel names them", "[wire]") {
  CHECK(command_name(make_keep_alive(1), 0) == "Keep Alive");
  CHECK(command_name(make_cross_controller_reset(1, {}), 0) == "Cross Controller Reset");
  CHECK(command_name(make_connect(1, {}), 0) == "Connect");
  CHECK(command_name(make_connect(1, {}), 3) == "Connect");
  CHECK(command_name(make_property_get(1, Property::cap), 0) == "Property Get");
  CHECK(command_name(make_read(1, {}, 512), 1) == "Read");
  CHECK(command_name(make_write(1, {}, transport_sgl(512)), 1) == "Write");
  CHECK(command_name(make_write_zeroes(1, {}), 1) == "Write Zeroes");
  // Opcode 02h is another command on the admin queue.
  CHECK(command_name(make_read(1, {}, 512), 0) == "Get Log Page");
  CHECK(io_opcode_name(0x19) == "Unknown");
  CHECK(admin_opcode_name(0xC1) == "Unknown");
  // Debian's 6.12 prints: type 4 opcode 0x18 (Admin Cmd) QID 0 timeout.
  CHECK(command_name(make_keep_alive(1), 0, NameStyle::plain) == "Admin Cmd");
  CHECK(command_name(make_flush(1, 1), 1, NameStyle::plain) == "I/O Cmd");
  CHECK(command_name(make_connect(1, {}), 0, NameStyle::plain) == "Fabrics Cmd");
}

TEST_CASE("commands that change nothing are the ones that may be repeated", "[wire]") {
  CHECK(is_repeat_safe(IoOpcode::read));
  CHECK(is_repeat_safe(IoOpcode::flush));
  CHECK(is_repeat_safe(IoOpcode::compare));
  CHECK_FALSE(is_repeat_safe(IoOpcode::write));
  CHECK_FALSE(is_repeat_safe(IoOpcode::write_zeroes));
  CHECK_FALSE(is_repeat_safe(IoOpcode::dataset_management));
  CHECK_FALSE(is_repeat_safe(IoOpcode::zone_append));
  CHECK_FALSE(is_repeat_safe(IoOpcode::reservation_acquire));
  CHECK_FALSE(is_repeat_safe(IoOpcode::copy));
  CHECK(is_repeat_safe(AdminOpcode::keep_alive));
  CHECK_FALSE(is_repeat_safe(AdminOpcode::cross_controller_reset));
}

}  // namespace
}  // namespace holdfast::wire
