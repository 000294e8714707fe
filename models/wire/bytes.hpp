// SPDX-License-Identifier: Apache-2.0
//
// Little-endian access to named offsets of a byte span. Every layout in this folder is written with
// these few functions, so that no layout depends on struct padding or on the machine's byte order.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace holdfast::wire {

using Bytes = std::span<std::byte>;
using ConstBytes = std::span<const std::byte>;

// The number behind an enumerator; std::to_underlying arrives only with C++23.
template <typename Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] constexpr std::underlying_type_t<Enum> raw(Enum value) noexcept {
  return static_cast<std::underlying_type_t<Enum>>(value);
}

// True when `size` bytes starting at `offset` lie inside `bytes`, without overflow.
[[nodiscard]] constexpr bool holds(ConstBytes bytes, std::size_t offset,
                                   std::size_t size) noexcept {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

// On a machine of this byte order one instruction does what the loops below say; compilers do not
// always see that, and take eight times as many.
inline constexpr bool copies_as_memory = std::endian::native == std::endian::little;

// Writes an unsigned integer at `offset`, least significant byte first. The caller guarantees that
// the bytes are there: decoders check the length once, up front.
template <typename Unsigned>
requires std::is_unsigned_v<Unsigned>
constexpr void put(Bytes out, std::size_t offset, Unsigned value) noexcept {
  assert(holds(out, offset, sizeof(Unsigned)));
  if (copies_as_memory && !std::is_constant_evaluated()) {
    std::memcpy(out.data() + offset, &value, sizeof(Unsigned));
    return;
  }
  const auto wide = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    out[offset + i] = static_cast<std::byte>((wide >> (8U * i)) & 0xFFU);
  }
}

// Reads an unsigned integer at `offset`, least significant byte first. Same precondition as put().
template <typename Unsigned>
requires std::is_unsigned_v<Unsigned>
[[nodiscard]] constexpr Unsigned get(ConstBytes in, std::size_t offset) noexcept {
  assert(holds(in, offset, sizeof(Unsigned)));
  if (copies_as_memory && !std::is_constant_evaluated()) {
    Unsigned value = 0;
    std::memcpy(&value, in.data() + offset, sizeof(Unsigned));
    return value;
  }
  std::uint64_t wide = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    wide |= std::to_integer<std::uint64_t>(in[offset + i]) << (8U * i);
  }
  return static_cast<Unsigned>(wide);
}

constexpr void put_u8(Bytes out, std::size_t offset, std::uint8_t value) noexcept {
  put<std::uint8_t>(out, offset, value);
}
constexpr void put_le16(Bytes out, std::size_t offset, std::uint16_t value) noexcept {
  put<std::uint16_t>(out, offset, value);
}
constexpr void put_le32(Bytes out, std::size_t offset, std::uint32_t value) noexcept {
  put<std::uint32_t>(out, offset, value);
}
constexpr void put_le64(Bytes out, std::size_t offset, std::uint64_t value) noexcept {
  put<std::uint64_t>(out, offset, value);
}
[[nodiscard]] constexpr std::uint8_t get_u8(ConstBytes in, std::size_t offset) noexcept {
  return get<std::uint8_t>(in, offset);
}
[[nodiscard]] constexpr std::uint16_t get_le16(ConstBytes in, std::size_t offset) noexcept {
  return get<std::uint16_t>(in, offset);
}
[[nodiscard]] constexpr std::uint32_t get_le32(ConstBytes in, std::size_t offset) noexcept {
  return get<std::uint32_t>(in, offset);
}
[[nodiscard]] constexpr std::uint64_t get_le64(ConstBytes in, std::size_t offset) noexcept {
  return get<std::uint64_t>(in, offset);
}

// Calls `act(offset, value)` for each little-endian 64-bit word that is not zero. The length is a
// multiple of 4; half a word at the end counts as one.
template <typename Act>
constexpr void for_words(ConstBytes in, Act act) {
  for (std::size_t at = 0; at + 4 <= in.size(); at += 8) {
    const bool whole = at + 8 <= in.size();
    const std::uint64_t value = whole ? get_le64(in, at) : get_le32(in, at);
    if (value != 0)
      act(at, value);
  }
}

// Bits [low, low + width) of a word, shifted down to bit 0.
[[nodiscard]] constexpr std::uint64_t bits(std::uint64_t word, unsigned low,
                                           unsigned width) noexcept {
  return (word >> low) & ((std::uint64_t{1} << width) - 1U);
}

// Fixed-width text as NVMe stores it: N characters, filled up with Pad (blank in serial and model
// numbers, NUL in NVMe qualified names). Longer text is cut at N characters.
template <std::size_t N, char Pad>
struct PaddedText {
  std::array<char, N> chars = filled();

  constexpr PaddedText() noexcept = default;
  // Implicit on purpose: a text field reads naturally when assigned from a string literal.
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  constexpr PaddedText(std::string_view text) noexcept {
    for (std::size_t i = 0; i < N && i < text.size(); ++i) {
      chars[i] = text[i];
    }
  }
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  constexpr PaddedText(const char* text) noexcept : PaddedText(std::string_view(text)) {}

  // The text without its padding. A NUL-padded field ends at its first NUL, as the kernel reads it.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    const std::string_view whole(chars.data(), N);
    if constexpr (Pad == '\0') {
      return whole.substr(0, whole.find('\0'));
    } else {
      return whole.substr(0, whole.find_last_not_of(Pad) + 1U);
    }
  }

  constexpr bool operator==(const PaddedText&) const noexcept = default;

 private:
  [[nodiscard]] static constexpr std::array<char, N> filled() noexcept {
    std::array<char, N> blank{};
    blank.fill(Pad);
    return blank;
  }
};

// An NVMe qualified name field: 256 bytes, NUL padded.
using NqnText = PaddedText<256, '\0'>;

template <std::size_t N, char Pad>
constexpr void put_text(Bytes out, std::size_t offset, const PaddedText<N, Pad>& text) noexcept {
  assert(holds(out, offset, N));
  for (std::size_t i = 0; i < N; ++i) {
    out[offset + i] = static_cast<std::byte>(text.chars[i]);
  }
}

template <typename Text>
[[nodiscard]] constexpr Text get_text(ConstBytes in, std::size_t offset) noexcept {
  Text text;
  assert(holds(in, offset, text.chars.size()));
  for (std::size_t i = 0; i < text.chars.size(); ++i) {
    text.chars[i] = static_cast<char>(std::to_integer<unsigned char>(in[offset + i]));
  }
  return text;
}

// Copies a fixed block of raw bytes (a UUID, a host identifier) to and from an offset.
template <std::size_t N>
constexpr void put_bytes(Bytes out, std::size_t offset,
                         const std::array<std::byte, N>& block) noexcept {
  assert(holds(out, offset, N));
  for (std::size_t i = 0; i < N; ++i) {
    out[offset + i] = block[i];
  }
}

template <std::size_t N>
[[nodiscard]] constexpr std::array<std::byte, N> get_bytes(ConstBytes in,
                                                           std::size_t offset) noexcept {
  assert(holds(in, offset, N));
  std::array<std::byte, N> block{};
  for (std::size_t i = 0; i < N; ++i) {
    block[i] = in[offset + i];
  }
  return block;
}

}  // namespace holdfast::wire
