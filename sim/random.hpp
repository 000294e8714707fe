// SPDX-License-Identifier: Apache-2.0
// Counter-based randomness: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). A draw is a pure function of (run seed, stream, ordinal), so adding
// an entity or changing a policy shifts nobody else's draws and nothing has to be stored or copied.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast::sim {

/// Ten Philox rounds over a 128-bit counter with a 64-bit key.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// 64 random bits, uniform, for the `ordinal`-th draw of a stream of a run.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream,
                                    std::uint64_t ordinal) {
  const auto out =
      philox4x32({static_cast<std::uint32_t>(ordinal), static_cast<std::uint32_t>(ordinal >> 32),
                  static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return std::uint64_t{out[1]} << 32 | out[0];
}

/// FNV-1a, to name streams by the words that a scenario uses instead of by an index that shifts.
constexpr std::uint64_t hash_name(std::string_view name, std::uint64_t hash = 0xcbf29ce484222325u) {
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

}  // namespace holdfast::sim
