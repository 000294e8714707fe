// SPDX-License-Identifier: Apache-2.0
//
// Copy, zones and reservations: layouts against bytes written by hand.
#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::hex_at;
using wire_test::to_hex;

TEST_CASE("Copy has its destination in CDW10 and 11 and a 0's based number of ranges", "[wire]") {
  const Command c = make_copy(7, 3, 0x0102'0304'0506'0708, 2);
  const auto bytes = encode_command(c);
  CHECK(hex_at(bytes, 0, 8) == "1940070003000000");
  // In the capsule: two descriptors of 32 bytes, SGL type 01h.
  CHECK(hex_at(bytes, 24, 16) == "00000000000000004000000000000001");
  CHECK(hex_at(bytes, 40, 8) == "0807060504030201");
  CHECK(hex_at(bytes, 48, 4) == "01000000");
  CHECK(as_copy(c) == CopyTarget{0x0102'0304'0506'0708, 2});
  // Another descriptor format says something else.
  Command other = c;
  other.cdw12 |= 1U << 8U;
  CHECK_FALSE(as_copy(other));
  CHECK_FALSE(as_copy(make_flush(0, 1)));
}

TEST_CASE("a source range of Copy has SLBA at byte 8 and a 0's based length at byte 16", "[wire]") {
  const auto bytes = encode_copy_range({0x1112'1314'1516'1718, 65'536});
  CHECK(to_hex(bytes) ==
        "0000000000000000"
        "1817161514131211"
        "ffff000000000000"
        "0000000000000000");
  CHECK(decode_copy_range(bytes) == CopyRange{0x1112'1314'1516'1718, 65'536});
}

TEST_CASE("Zone Append names the start of its zone, reset is action 4 of Zone Management Send",
          "[wire]") {
  const BlockRange range{.nsid = 2, .slba = 0x2'0000'0010, .blocks = 3};
  const Command append = make_zone_append(9, range, transport_sgl(3 * 4096));
  const auto bytes = encode_command(append);
  CHECK(hex_at(bytes, 0, 8) == "7d40090002000000");
  CHECK(hex_at(bytes, 40, 12) == "100000000200000002000000");
  CHECK(as_zone_append(append) == range);
  CHECK_FALSE(as_zone_append(make_write(9, range, transport_sgl())));
  CHECK_FALSE(as_block_range(append));

  const Command reset = make_zone_reset(9, 2, 0x2'0000'0010);
  const auto reset_bytes = encode_command(reset);
  CHECK(hex_at(reset_bytes, 0, 8) == "7940090002000000");
  CHECK(hex_at(reset_bytes, 40, 8) == "1000000002000000");
  CHECK(hex_at(reset_bytes, 52, 4) == "04000000");
  CHECK(as_zone_reset(reset) == 0x2'0000'0010);
  Command all = reset;
  all.cdw13 |= 1U << 8U;  // Select All
  CHECK_FALSE(as_zone_reset(all));
  Command finish = reset;
  finish.cdw13 = 0x02;
  CHECK_FALSE(as_zone_reset(finish));
}

TEST_CASE("reservation commands carry action and type in CDW10 and their keys as data", "[wire]") {
  const Command preempt =
      make_reservation_acquire(1, 5, AcquireAction::preempt, ReservationType::exclusive_access);
  const auto bytes = encode_command(preempt);
  CHECK(hex_at(bytes, 0, 8) == "1140010005000000");
  CHECK(hex_at(bytes, 32, 8) == "1000000000000001");  // 16 bytes in the capsule
  CHECK(hex_at(bytes, 40, 4) == "01020000");
  CHECK(as_reservation(preempt) == ReservationFields{1, false, ReservationType::exclusive_access});

  const Command registers = make_reservation_register(1, 5, RegisterAction::replace);
  CHECK(hex_at(encode_command(registers), 0, 1) == "0d");
  CHECK(hex_at(encode_command(registers), 40, 4) == "02000000");
  const Command release =
      make_reservation_release(1, 5, ReleaseAction::release, ReservationType::write_exclusive);
  CHECK(hex_at(encode_command(release), 0, 1) == "15");
  CHECK(hex_at(encode_command(release), 32, 4) == "08000000");
  CHECK(hex_at(encode_command(release), 40, 4) == "00010000");
  Command ignoring = release;
  ignoring.cdw10 |= 1U << 3U;
  CHECK(as_reservation(ignoring)->ignore_existing_key);
  CHECK_FALSE(as_reservation(make_flush(0, 1)));

  const auto keys = encode_keys({0x0102'0304'0506'0708, 0x1112'1314'1516'1718});
  CHECK(to_hex(keys) == "08070605040302011817161514131211");
  CHECK(decode_keys(keys) == ReservationKeys{0x0102'0304'0506'0708, 0x1112'1314'1516'1718});
}

TEST_CASE("half a fused pair may not be repeated by itself", "[wire]") {
  Command compare = make_compare(0, {}, transport_sgl(4096));
  CHECK(is_repeat_safe(compare));
  compare.flags |= command_flag_fuse_first;
  CHECK_FALSE(is_repeat_safe(compare));
  CHECK_FALSE(is_repeat_safe(make_copy(0, 1, 0, 1)));
  CHECK_FALSE(is_repeat_safe(make_zone_append(0, {}, transport_sgl())));
  CHECK_FALSE(is_repeat_safe(make_reservation_register(0, 1, RegisterAction::register_key)));
}

}  // namespace
}  // namespace holdfast::wire
