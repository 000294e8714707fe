// SPDX-License-Identifier: Apache-2.0
//
// Hexadecimal text to bytes and back, so that the wire tests can state layouts as they are printed
// by packet dissectors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::wire_test {

// Bytes of a hexadecimal string; blanks are skipped. The vector is exactly as large as its content,
// so that the address sanitizer notices a read of one byte too many.
inline std::vector<std::byte> from_hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') {
      digits.push_back(c);
    }
  }
  std::vector<std::byte> out(digits.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::byte>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
  }
  return out;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out.push_back(digits[std::to_integer<std::size_t>(b) >> 4U]);
    out.push_back(digits[std::to_integer<std::size_t>(b) & 0xFU]);
  }
  return out;
}

// The hexadecimal text of `size` bytes at `offset`.
inline std::string hex_at(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  return to_hex(bytes.subspan(offset, size));
}

// Two hexadecimal digits of zero, `count` times.
inline std::string zeros(std::size_t count) { return std::string(2 * count, '0'); }

}  // namespace holdfast::wire_test
