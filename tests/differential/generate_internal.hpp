// SPDX-License-Identifier: Apache-2.0
// What the files of the generator share.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::generate {

using nlohmann::json;

/// The dice of one scenario.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  /// Uniform, both bounds included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    const std::uint64_t bits = sim::random_bits(seed_, sim::hash_name("scenario"), next_++);
    return low + sim::uniform_below(bits, high - low + 1);
  }
  bool percent(std::uint64_t chance) { return between(1, 100) <= chance; }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return *(choices.begin() + between(0, choices.size() - 1));
  }
  template <class T>
  const T& pick(const std::vector<T>& choices) {
    return choices[between(0, choices.size() - 1)];
  }
  std::string span(std::uint64_t low, std::uint64_t high, const char* unit) {
    return std::to_string(between(low, high)) + unit;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

struct Names {
  std::vector<std::string> hosts;
  std::vector<std::string> links;
  std::vector<std::vector<std::string>> ports;  // by subsystem
  std::uint64_t duration_ms = 0;
};

inline std::string numbered(const char* stem, std::uint64_t i) { return stem + std::to_string(i); }
inline std::string subsystem_name(std::uint64_t i) { return numbered("subsystem-", i); }

// generate_faults.cpp
json fault(Dice& dice, const Names& names);
/// What strikes packets, connections and ports; not for Fibre Channel.
json network_fault(Dice& dice, const Names& names, const json& scenario);
/// What an administrator does, wrongly too.
json administrator(Dice& dice, const Names& names, const json& scenario);
/// What a healthy path may be told: an ANA change, or a status instead of data.
json refusal(Dice& dice, const Names& names);
/// The same on Fibre Channel, where ports come and go.
void ride_on_fc(Dice& dice, const Names& names, json& s);

}  // namespace holdfast::generate
