// SPDX-License-Identifier: Apache-2.0
//
// Little-endian access, padded text and CRC32C.
#include "models/wire/bytes.hpp"

#include <catch2/catch.hpp>

#include "models/wire/crc32c.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::from_hex;
using wire_test::to_hex;

TEST_CASE("integers are stored with the least significant byte first", "[wire]") {
  std::array<std::byte, 16> out{};
  put_u8(out, 0, 0x11);
  put_le16(out, 1, 0x2233);
  put_le32(out, 3, 0x44556677);
  put_le64(out, 7, 0x8899AABBCCDDEEFFULL);
  CHECK(to_hex(out) ==
        "11"
        "3322"
        "77665544"
        "ffeeddccbbaa9988"
        "00");
  CHECK(get_u8(out, 0) == 0x11);
  CHECK(get_le16(out, 1) == 0x2233);
  CHECK(get_le32(out, 3) == 0x44556677);
  CHECK(get_le64(out, 7) == 0x8899AABBCCDDEEFFULL);
}

TEST_CASE("integers can be read and written at compile time", "[wire]") {
  constexpr std::uint32_t twice = [] {
    std::array<std::byte, 4> out{};
    put_le32(out, 0, 0xDEADBEEF);
    return get_le32(out, 0);
  }();
  STATIC_REQUIRE(twice == 0xDEADBEEF);
}

TEST_CASE("holds answers for ranges that would overflow", "[wire]") {
  const std::array<std::byte, 8> eight{};
  CHECK(holds(eight, 0, 8));
  CHECK(holds(eight, 8, 0));
  CHECK_FALSE(holds(eight, 1, 8));
  CHECK_FALSE(holds(eight, 9, 0));
  CHECK_FALSE(holds(eight, 4, ~std::size_t{0}));
}

TEST_CASE("padded text keeps its width, drops its padding and is cut when too long", "[wire]") {
  const PaddedText<8, ' '> firmware("6.12");
  CHECK(firmware.view() == "6.12");
  std::array<std::byte, 8> out{};
  put_text(out, 0, firmware);
  CHECK(to_hex(out) == "362e313220202020");
  CHECK(get_text<PaddedText<8, ' '>>(out, 0) == firmware);

  CHECK(PaddedText<4, ' '>("abcdef").view() == "abcd");
  CHECK(PaddedText<4, ' '>("").view().empty());
  CHECK(PaddedText<4, '\0'>("abcd").view() == "abcd");
  CHECK(PaddedText<4, '\0'>("ab").view() == "ab");
}

TEST_CASE("CRC32C gives the published check values", "[wire]") {
  // "123456789" is the catalogue's check string; the 32-byte patterns are those of RFC 3720 B.4,
  // whose digests it prints in wire order: aa 36 91 8a, 43 ab a8 62, 4e 79 dd 46.
  CHECK(crc32c(from_hex("313233343536373839")) == 0xE3069283);
  const std::vector<std::byte> none(32, std::byte{0x00});
  const std::vector<std::byte> ones(32, std::byte{0xFF});
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) {
    rising[i] = static_cast<std::byte>(i);
  }
  CHECK(to_hex(encode_digest(none)) == "aa36918a");
  CHECK(to_hex(encode_digest(ones)) == "43aba862");
  CHECK(to_hex(encode_digest(rising)) == "4e79dd46");
}

TEST_CASE("CRC32C of pieces equals CRC32C of the whole", "[wire]") {
  const std::vector<std::byte> text = from_hex("313233343536373839");
  const ConstBytes all(text);
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    CHECK(crc32c(all.subspan(cut), crc32c(all.first(cut))) == 0xE3069283);
  }
}

}  // namespace
}  // namespace holdfast::wire
