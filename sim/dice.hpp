// SPDX-License-Identifier: Apache-2.0
// Dice for whoever draws scenarios: a stream of random numbers under a seed and a name, with the
// throws that drawing needs. Models draw through choice points instead (sim/choice.hpp).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::sim {

class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view stream) : seed_(seed), stream_(hash_name(stream)) {}

  /// Uniform, both bounds included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    HOLDFAST_CHECK(low <= high, "the bounds of a throw are the wrong way round");
    const std::uint64_t bits = random_bits(seed_, stream_, next_++);
    return low + uniform_below(bits, high - low + 1);
  }
  bool percent(std::uint64_t chance) { return between(1, 100) <= chance; }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    HOLDFAST_CHECK(choices.size() != 0, "there is nothing to pick from");
    return *(choices.begin() + between(0, choices.size() - 1));
  }
  template <class T>
  const T& pick(const std::vector<T>& choices) {
    HOLDFAST_CHECK(!choices.empty(), "there is nothing to pick from");
    return choices[between(0, choices.size() - 1)];
  }
  /// "17ms": a whole number with its unit.
  std::string span(std::uint64_t low, std::uint64_t high, const char* unit) {
    return std::to_string(between(low, high)) + unit;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t next_ = 0;
};

}  // namespace holdfast::sim
