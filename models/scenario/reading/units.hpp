// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them: "15s", "25Gbps", "4KiB", "0.1%". Durations, rates and sizes are
// exact decimals turned into integers; no double is involved, so 0.1 s is 100,000,000 ns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/time.hpp"

namespace holdfast::scenario {

/// A value, or the reason why there is none.
template <class T>
struct Parsed {
  T value{};
  std::string problem;  ///< empty: `value` holds
  bool ok() const { return problem.empty(); }
};

/// "10ns", "5us", "250ms", "1.5s", "5min", "1h". At most about 292 years; never finer than 1 ns.
Parsed<sim::Duration> parse_duration(std::string_view text);
/// Bits per second, decimal: "800bps", "1Kbps", "10Mbps", "25Gbps", "1Tbps".
Parsed<std::uint64_t> parse_rate(std::string_view text);
/// Bytes: "512B", binary "4KiB" ... "1TiB", decimal "1kB" ... "1TB", and fio's "16k" = 16KiB.
Parsed<std::uint64_t> parse_size(std::string_view text);
/// "0.1%" as 0.001, correctly rounded.
Parsed<double> parse_percent(std::string_view text);

/// The largest unit in which the value is a whole number; parsing gives the value back.
std::string format_duration(sim::Duration value);
std::string format_rate(std::uint64_t bits_per_second);
std::string format_size(std::uint64_t bytes);

/// Regular expressions of the three notations (ECMA 262, as JSON Schema wants them).
std::string duration_pattern();
std::string rate_pattern();
std::string size_pattern();

/// The I/O command of that name ("flush", "write", ...); nothing known: -1.
int opcode_of(std::string_view name);
/// The name of an opcode, or empty.
std::string opcode_name(std::uint8_t opcode);
std::vector<std::string> opcode_names();

}  // namespace holdfast::scenario
