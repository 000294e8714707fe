// SPDX-License-Identifier: Apache-2.0
// Exact decimal arithmetic for quantities with units; see units.hpp.
#include "models/scenario/reading/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <locale>
#include <new>
#include <span>
#include <sstream>
#include <string>

namespace holdfast::scenario {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// In each table the units that format_* writes come first, largest first.
constexpr std::array<Unit, 6> duration_units = {{{"s", 1'000'000'000},
                                                 {"ms", 1'000'000},
                                                 {"us", 1'000},
                                                 {"ns", 1},
                                                 {"min", 60'000'000'000},
                                                 {"h", 3'600'000'000'000}}};
constexpr std::size_t written_duration_units = 4;

constexpr std::array<Unit, 6> rate_units = {{{"Tbps", 1'000'000'000'000},
                                             {"Gbps", 1'000'000'000},
                                             {"Mbps", 1'000'000},
                                             {"Kbps", 1'000},
                                             {"bps", 1},
                                             {"kbps", 1'000}}};
constexpr std::size_t written_rate_units = 5;

constexpr std::uint64_t ki = 1024;
constexpr std::array<Unit, 13> size_units = {{{"TiB", ki* ki* ki* ki},
                                              {"GiB", ki* ki* ki},
                                              {"MiB", ki* ki},
                                              {"KiB", ki},
                                              {"B", 1},
                                              {"kB", 1'000},
                                              {"MB", 1'000'000},
                                              {"GB", 1'000'000'000},
                                              {"TB", 1'000'000'000'000},
                                              {"k", ki},
                                              {"m", ki* ki},
                                              {"g", ki* ki* ki},
                                              {"t", ki* ki* ki* ki}}};
constexpr std::size_t written_size_units = 5;

struct Opcode {
  std::string_view name;
  std::uint8_t value;
};
constexpr auto opcodes = std::to_array<Opcode>({{"flush", 0x00},
                                                {"write", 0x01},
                                                {"read", 0x02},
                                                {"compare", 0x05},
                                                {"write_zeroes", 0x08},
                                                {"deallocate", 0x09},
                                                {"register", 0x0d},
                                                {"acquire", 0x11},
                                                {"release", 0x15},
                                                {"copy", 0x19},
                                                {"zone_reset", 0x79},
                                                {"zone_append", 0x7d}});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "12.5Gbps" cut into "12", "5" and "Gbps".
struct Pieces {
  std::string_view whole, fraction, unit;
};

Parsed<Pieces> cut(std::string_view text) {
  if (text.empty())
    return {{}, "empty"};
  if (text.front() == '-')
    return {{}, "negative"};
  std::size_t i = 0;
  while (i < text.size() && is_digit(text[i]))
    ++i;
  if (i == 0)
    return {{}, "not a number followed by a unit"};
  Pieces pieces{text.substr(0, i), {}, {}};
  if (i < text.size() && text[i] == '.') {
    const std::size_t start = ++i;
    while (i < text.size() && is_digit(text[i]))
      ++i;
    if (i == start)
      return {{}, "no digit after the point"};
    pieces.fraction = text.substr(start, i - start);
  }
  pieces.unit = text.substr(i);
  if (pieces.unit.empty())
    return {{}, "without a unit"};
  return {pieces, {}};
}

// whole.fraction x factor, exactly. The fraction is folded in from its last digit: each partial
// sum is an integer whenever the whole product is one, so a remainder means "too fine".
Parsed<std::uint64_t> scale(const Pieces& pieces, std::uint64_t factor) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(pieces.whole.data(), pieces.whole.data() + pieces.whole.size(), value);
  static_cast<void>(end);
  if (error != std::errc{} || __builtin_mul_overflow(value, factor, &value)) {
    return {0, "too large"};
  }
  std::uint64_t part = 0;
  for (auto digit = pieces.fraction.rbegin(); digit != pieces.fraction.rend(); ++digit) {
    part += static_cast<std::uint64_t>(*digit - '0') * factor;
    if (part % 10 != 0)
      return {0, "finer than the smallest unit"};
    part /= 10;
  }
  if (__builtin_add_overflow(value, part, &value))
    return {0, "too large"};
  return {value, {}};
}

Parsed<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto pieces = cut(text);
  if (!pieces.ok())
    return {0, pieces.problem};
  for (const auto& unit : units) {
    if (unit.name == pieces.value.unit)
      return scale(pieces.value, unit.factor);
  }
  return {0, "unknown unit"};
}

std::string format_quantity(std::uint64_t value, std::span<const Unit> written,
                            std::string_view zero_unit) {
  if (value == 0)
    return fmt::format("0{}", zero_unit);
  for (const auto& unit : written) {
    if (value % unit.factor == 0)
      return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return fmt::format("{}{}", value, written.back().name);
}

std::string pattern_of(std::span<const Unit> units) {
  std::string names;
  for (const auto& unit : units)
    names += (names.empty() ? "" : "|") + std::string(unit.name);
  return fmt::format("^[0-9]+(\\.[0-9]+)?({})$", names);
}

}  // namespace

Parsed<sim::Duration> parse_duration(std::string_view text) {
  const auto parsed = parse_quantity(text, duration_units);
  if (!parsed.ok()) {
    const bool fine = parsed.problem.starts_with("finer");
    return {{}, fine ? "finer than 1 ns" : parsed.problem};
  }
  if (parsed.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return {{}, "too large"};
  }
  return {sim::Duration{static_cast<std::int64_t>(parsed.value)}, {}};
}

Parsed<std::uint64_t> parse_rate(std::string_view text) { return parse_quantity(text, rate_units); }

Parsed<std::uint64_t> parse_size(std::string_view text) { return parse_quantity(text, size_units); }

Parsed<double> parse_percent(std::string_view text) {
  const auto pieces = cut(text);
  if (!pieces.ok())
    return {0.0, pieces.problem};
  if (pieces.value.unit != "%")
    return {0.0, "unknown unit"};
  // Moving the point in the decimal text, not dividing, keeps "0.1%" equal to the number 0.001.
  const std::string decimal = fmt::format(
      "{}.{}e-2", pieces.value.whole, pieces.value.fraction.empty() ? "0" : pieces.value.fraction);
  // Through a stream, which libc++ has for doubles while its from_chars has integers only.
  std::istringstream in(decimal);
  in.imbue(std::locale::classic());
  double value = 0.0;
  in >> value;
  if (in.bad())  // a stream catches what the lack of memory throws
    throw std::bad_alloc();
  const bool vanished = value == 0.0 && decimal.find_first_of("123456789") < decimal.find('e');
  if (!in || vanished)
    return {0.0, "out of range"};
  return {value, {}};
}

std::string format_duration(sim::Duration value) {
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.count()));
  return format_quantity(count, std::span(duration_units).first(written_duration_units), "s");
}

std::string format_rate(std::uint64_t bits_per_second) {
  return format_quantity(bits_per_second, std::span(rate_units).first(written_rate_units), "bps");
}

std::string format_size(std::uint64_t bytes) {
  return format_quantity(bytes, std::span(size_units).first(written_size_units), "B");
}

std::string duration_pattern() { return pattern_of(duration_units); }
std::string rate_pattern() { return pattern_of(rate_units); }
std::string size_pattern() { return pattern_of(size_units); }

int opcode_of(std::string_view name) {
  for (const auto& opcode : opcodes) {
    if (opcode.name == name)
      return opcode.value;
  }
  return -1;
}

std::string opcode_name(std::uint8_t opcode) {
  for (const auto& known : opcodes) {
    if (known.value == opcode)
      return std::string(known.name);
  }
  return {};
}

std::vector<std::string> opcode_names() {
  std::vector<std::string> names;
  for (const auto& opcode : opcodes)
    names.emplace_back(opcode.name);
  return names;
}

}  // namespace holdfast::scenario
