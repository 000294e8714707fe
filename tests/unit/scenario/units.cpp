// SPDX-License-Identifier: Apache-2.0
// Quantities with units: exact values, every unit, and what is refused.
#include <catch2/catch.hpp>
#include <cstdint>

#include "models/scenario/reading/units.hpp"

using namespace holdfast::scenario;
using namespace std::chrono_literals;

TEST_CASE("Durations are exact integers of nanoseconds in every unit", "[scenario]") {
  CHECK(parse_duration("10ns").value == 10ns);
  CHECK(parse_duration("5us").value == 5us);
  CHECK(parse_duration("250ms").value == 250ms);
  CHECK(parse_duration("15s").value == 15s);
  CHECK(parse_duration("5min").value == 300s);
  CHECK(parse_duration("1h").value == 3600s);
  CHECK(parse_duration("0s").value == 0s);
  CHECK(parse_duration("1.5s").value == 1500ms);
  // 0.1 has no exact double; as a decimal it is 100,000,000 ns.
  CHECK(parse_duration("0.1s").value == 100ms);
  CHECK(parse_duration("0.000000001s").value == 1ns);
  CHECK(parse_duration("0.1000000000000000000000s").value == 100ms);
  // 2^63 - 1 ns is the largest count.
  CHECK(parse_duration("9223372036854775807ns").value.count() == INT64_MAX);
}

TEST_CASE("Durations that cannot be meant are refused with the reason", "[scenario]") {
  CHECK(parse_duration("").problem == "empty");
  CHECK(parse_duration("15").problem == "without a unit");
  CHECK(parse_duration("-1s").problem == "negative");
  CHECK(parse_duration("s").problem == "not a number followed by a unit");
  CHECK(parse_duration("1.s").problem == "no digit after the point");
  CHECK(parse_duration("15 s").problem == "unknown unit");
  CHECK(parse_duration("15S").problem == "unknown unit");
  CHECK(parse_duration("1e3s").problem == "unknown unit");
  CHECK(parse_duration("0.5ns").problem == "finer than 1 ns");
  CHECK(parse_duration("0.0000000001s").problem == "finer than 1 ns");
  CHECK(parse_duration("9223372036854775808ns").problem == "too large");
  CHECK(parse_duration("99999999999999999999999999s").problem == "too large");
  CHECK(parse_duration("3000000h").problem == "too large");
}

TEST_CASE("Rates are decimal and sizes tell binary from decimal", "[scenario]") {
  CHECK(parse_rate("25Gbps").value == 25'000'000'000);
  CHECK(parse_rate("2.5Gbps").value == 2'500'000'000);
  CHECK(parse_rate("10Mbps").value == 10'000'000);
  CHECK(parse_rate("1Kbps").value == 1'000);
  CHECK(parse_rate("1Tbps").value == 1'000'000'000'000);
  CHECK_FALSE(parse_rate("0.5bps").ok());
  CHECK_FALSE(parse_rate("25GB").ok());
  CHECK(parse_size("512B").value == 512);
  CHECK(parse_size("4KiB").value == 4096);
  CHECK(parse_size("4kB").value == 4000);
  CHECK(parse_size("1GiB").value == 1'073'741'824);
  CHECK(parse_size("1GB").value == 1'000'000'000);
  CHECK(parse_size("16k").value == 16'384);  // fio's k is 1,024
  CHECK(parse_size("0.5KiB").value == 512);
  CHECK_FALSE(parse_size("0.3KiB").ok());  // 307.2 bytes
  CHECK_FALSE(parse_size("4096").ok());
  CHECK_FALSE(parse_size("20000000TiB").ok());  // 2^64 bytes are 16,777,216 TiB
}

TEST_CASE("Percentages are the nearest double of the decimal", "[scenario]") {
  CHECK(parse_percent("0.1%").value == 0.001);
  CHECK(parse_percent("100%").value == 1.0);
  CHECK(parse_percent("12.5%").value == 0.125);
  CHECK_FALSE(parse_percent("1").ok());
  CHECK_FALSE(parse_percent("-1%").ok());
}

TEST_CASE("What is written is read back as the same value", "[scenario]") {
  for (const std::int64_t ns : {0L, 1L, 999L, 1000L, 1500L, 2'000'000L, 15'001'000'000L, 7L}) {
    const holdfast::sim::Duration value{ns};
    CHECK(parse_duration(format_duration(value)).value == value);
  }
  for (const std::uint64_t n : {0UL, 1UL, 1000UL, 1024UL, 4096UL, 25'000'000'000UL, 12345UL}) {
    CHECK(parse_rate(format_rate(n)).value == n);
    CHECK(parse_size(format_size(n)).value == n);
  }
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(15s) == "15s");
  CHECK(format_size(65536) == "64KiB");
  CHECK(format_rate(25'000'000'000) == "25Gbps");
}

TEST_CASE("Opcodes have the names of the NVM command set", "[scenario]") {
  CHECK(opcode_of("flush") == 0);
  CHECK(opcode_of("write") == 1);
  CHECK(opcode_of("read") == 2);
  CHECK(opcode_of("wirte") == -1);
  CHECK(opcode_name(1) == "write");
  CHECK(opcode_name(77).empty());
}
