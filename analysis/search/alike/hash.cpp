// SPDX-License-Identifier: Apache-2.0
// The hash of a form: four chains of multiplications of 64 by 64 to 128 bits, of which each folds
// the upper half into the lower, two for each half of the hash.
#include <cstring>

#include "analysis/search/alike/form.hpp"
#include "sim/wide.hpp"

namespace holdfast::analysis::search::alike {

namespace {

using sim::Wide;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Odd numbers with as many ones as zeroes: digits of the golden ratio, of the roots of 2, 3 and 5.
constexpr std::uint64_t key[4] = {0x9e3779b97f4a7c15, 0x6a09e667f3bcc909, 0xbb67ae8584caa73b,
                                  0x3c6ef372fe94f82b};

std::uint64_t word(const std::byte* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace

Hash hash_of(std::span<const std::byte> bytes) {
  std::uint64_t a = key[0], b = key[1], c = key[2], d = key[3];
  const auto take = [&](const std::byte* at) {
    const std::uint64_t w0 = word(at), w1 = word(at + 8), w2 = word(at + 16), w3 = word(at + 24);
    a = fold(a ^ w0, w1 ^ key[0]);
    b = fold(b ^ w2, w3 ^ key[1]);
    c = fold(c ^ w1, w0 ^ key[2]) + w2;
    d = fold(d ^ w3, w2 ^ key[3]) + w0;
  };
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32)
    take(bytes.data() + at);
  std::byte rest[32] = {};
  std::memcpy(rest, bytes.data() + at, bytes.size() - at);
  take(rest);
  const std::uint64_t length = bytes.size();
  Hash out;
  out.high = fold(fold(a ^ length, key[2]) ^ b, key[3] ^ c);
  out.low = fold(fold(c ^ length, key[0]) ^ d, key[1] ^ a);
  return out;
}

}  // namespace holdfast::analysis::search::alike
