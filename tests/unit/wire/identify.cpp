// SPDX-License-Identifier: Apache-2.0
//
// Identify data at true offsets.
#include "models/wire/identify.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <utility>

#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::hex_at;

// Every field holds a value that no other field holds.
IdentifyController distinct_identity() {
  IdentifyController id;
  id.vid = 0x0102;
  id.ssvid = 0x0304;
  id.serial = "serial";
  id.model = "model";
  id.firmware = "fw";
  id.rab = 0x05;
  id.cmic = 0x06;
  id.mdts = 0x07;
  id.cntlid = 0x0809;
  id.ver = 0x0A0B0C0D;
  id.oaes = 0x0E0F1011;
  id.ctratt = 0x12131415;
  id.cntrltype = ControllerType::discovery;
  id.crdt = {0x1617, 0x1819, 0x1A1B};
  id.ciu = 0x1C;
  id.cirn = 0x1D1E1F2021222324;
  id.oacs = 0x2526;
  id.acl = 0x27;
  id.aerl = 0x28;
  id.lpa = 0x29;
  id.elpe = 0x2A;
  id.kas = 0x2B2C;
  id.anatt = 0x2D;
  id.anacap = 0x2E;
  id.anagrpmax = 0x2F303132;
  id.nanagrpid = 0x33343536;
  id.cqt = 0x3738;
  id.sqes = 0x39;
  id.cqes = 0x3A;
  id.maxcmd = 0x3B3C;
  id.nn = 0x3D3E3F40;
  id.oncs = 0x4142;
  id.vwc = 0x43;
  id.awun = 0x4445;
  id.awupf = 0x4647;
  id.sgls = 0x48494A4B;
  id.mnan = 0x4C4D4E4F;
  id.subnqn = "nqn.subsystem";
  id.ioccsz = 0x50515253;
  id.iorcsz = 0x54555657;
  id.icdoff = 0x5859;
  id.fcatt = 0x5A;
  id.msdbd = 0x5B;
  id.dctype = 0x5C;
  id.ccrl = 0x5D;
  return id;
}

TEST_CASE("Identify Controller puts its recovery fields where the standard has them", "[wire]") {
  const IdentifyPage page = encode_identify_controller(distinct_identity());
  CHECK(hex_at(page, 95 - 3, 4) == "11100f0e");  // OAES 95:92
  CHECK(hex_at(page, 96, 4) == "15141312");      // CTRATT 99:96
  CHECK(hex_at(page, 135, 1) == "1c");           // CIU 135
  CHECK(hex_at(page, 136, 8) ==
        "2423222120"
        "1f1e1d");                        // CIRN 143:136
  CHECK(hex_at(page, 320, 2) == "2c2b");  // KAS 321:320
  CHECK(hex_at(page, 342, 2) == "2d2e");  // ANATT 342, ANACAP 343
  CHECK(hex_at(page, 344, 8) ==
        "3231302f"
        "36353433");                       // ANAGRPMAX, NANAGRPID
  CHECK(hex_at(page, 386, 2) == "3837");   // CQT 387:386
  CHECK(hex_at(page, 1806, 2) == "5c5d");  // DCTYPE 1806, CCRL 1807
}

TEST_CASE("Identify Controller puts its other fields where the standard has them", "[wire]") {
  const IdentifyPage page = encode_identify_controller(distinct_identity());
  CHECK(hex_at(page, 0, 4) == "02010403");
  CHECK(hex_at(page, 4, 8) == "73657269616c2020");
  CHECK(hex_at(page, 24, 6) == "6d6f64656c20");
  CHECK(hex_at(page, 64, 9) ==
        "6677202020202020"
        "05");
  CHECK(hex_at(page, 76, 8) ==
        "06"
        "07"
        "0908"
        "0d0c0b0a");
  CHECK(hex_at(page, 111, 1) == "02");
  CHECK(hex_at(page, 128, 6) == "171619181b1a");
  CHECK(hex_at(page, 256, 7) ==
        "2625"
        "27"
        "28"
        "00"
        "29"
        "2a");
  CHECK(hex_at(page, 512, 10) ==
        "39"
        "3a"
        "3c3b"
        "403f3e3d"
        "4241");
  CHECK(hex_at(page, 525, 5) ==
        "43"
        "4544"
        "4746");
  CHECK(hex_at(page, 536, 8) ==
        "4b4a4948"
        "4f4e4d4c");
  CHECK(hex_at(page, 768, 14) == "6e716e2e73756273797374656d00");
  CHECK(hex_at(page, 1792, 12) ==
        "53525150"
        "57565554"
        "5958"
        "5a"
        "5b");
}

TEST_CASE("Identify Controller comes back unchanged and writes nothing else", "[wire]") {
  const IdentifyController id = distinct_identity();
  const IdentifyPage page = encode_identify_controller(id);
  CHECK(decode_identify_controller(page) == id);
  CHECK_FALSE(decode_identify_controller(ConstBytes(page).first(4095)).has_value());
  // Reserved gaps stay zero: 144..255, 544..767, 1024..1791 and the power states from 2048 on.
  const ConstBytes bytes(page);
  for (const auto& [from, size] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
           {144, 112}, {544, 224}, {1024, 768}, {1808, 240}, {2048, 2048}}) {
    for (const std::byte b : bytes.subspan(from, size)) {
      REQUIRE(b == std::byte{0});
    }
  }
}

TEST_CASE("derived Identify values follow from their fields", "[wire]") {
  IdentifyController id;
  CHECK_FALSE(id.traffic_based_keep_alive());
  id.ctratt = 0x41;  // what nvmet reports
  CHECK(id.traffic_based_keep_alive());
  // nvmet's inline data of 16 KiB: IOCCSZ 1,028, and 1,028 * 16 - 64 = 16,384.
  id.ioccsz = 1028;
  CHECK(id.in_capsule_data_bytes() == 16384);
  id.ioccsz = 4;
  CHECK(id.in_capsule_data_bytes() == 0);
  id.ioccsz = 0;
  CHECK(id.in_capsule_data_bytes() == 0);
}

TEST_CASE("Identify Namespace holds sizes, group, identifier and block size", "[wire]") {
  IdentifyNamespace ns;
  ns.size_blocks = 0x0102030405060708;
  ns.capacity_blocks = 0x10;
  ns.used_blocks = 0x20;
  ns.features = 0x12;
  ns.nmic = 0x01;
  ns.ana_group = 0x0A0B0C0D;
  ns.nguid[0] = std::byte{0xEE};
  ns.lba_shift = 12;
  const IdentifyPage page = encode_identify_namespace(ns);
  CHECK(hex_at(page, 0, 25) ==
        "0807060504030201"
        "1000000000000000"
        "2000000000000000"
        "12");
  CHECK(hex_at(page, 30, 1) == "01");
  CHECK(hex_at(page, 92, 4) == "0d0c0b0a");
  CHECK(hex_at(page, 104, 2) == "ee00");
  CHECK(hex_at(page, 128, 4) == "00000c00");
  CHECK(decode_identify_namespace(page) == ns);
  CHECK_FALSE(decode_identify_namespace(ConstBytes(page).first(4095)).has_value());
}

TEST_CASE("the active namespace list ends at a zero and takes at most 1,024 entries", "[wire]") {
  const std::array<std::uint32_t, 3> nsids{1, 2, 9};
  const IdentifyPage page = encode_namespace_list(nsids);
  CHECK(hex_at(page, 0, 16) ==
        "01000000"
        "02000000"
        "09000000"
        "00000000");
  std::array<std::uint32_t, 8> out{};
  CHECK(decode_namespace_list(page, out) == 3);
  CHECK(out[2] == 9);
  CHECK(decode_namespace_list(page, std::span(out).first(2)) == 2);
  CHECK(decode_namespace_list(ConstBytes(page).first(7), out) == 1);
  const std::vector<std::uint32_t> many(2000, 5);
  std::vector<std::uint32_t> back(2000);
  CHECK(decode_namespace_list(encode_namespace_list(many), back) == 1024);
}

TEST_CASE("namespace descriptors carry the UUID and skip what they do not know", "[wire]") {
  NamespaceDescriptors ids;
  ids.uuid.fill(std::byte{0xA5});
  ids.csi = 2;
  IdentifyPage page = encode_namespace_descriptors(ids);
  CHECK(hex_at(page, 0, 6) == "03100000a5a5");
  CHECK(hex_at(page, 20, 6) == "040100000200");
  CHECK(decode_namespace_descriptors(page) == ids);
  page[0] = std::byte{0x7F};  // an unknown type of the same length
  CHECK(decode_namespace_descriptors(page)->uuid == NamespaceDescriptors{}.uuid);
  CHECK(decode_namespace_descriptors(page)->csi == 2);
  IdentifyPage endless{};
  endless.fill(std::byte{0xFF});  // 255-byte descriptors do not fit 4,096 bytes evenly
  CHECK_FALSE(decode_namespace_descriptors(endless).has_value());
}

}  // namespace
}  // namespace holdfast::wire
