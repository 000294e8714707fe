// SPDX-License-Identifier: Apache-2.0
// What the files of the generator share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/dice.hpp"
#include "tests/differential/generate.hpp"

namespace holdfast::generate {

using sim::Dice;

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
/// Hosts that stand still; for tcp. Not clocks that drift, and not bonds, which look at multiples
/// of miimon: laws that shift a run in time do not hold for them.
void stand_still(Dice& dice, const Names& names, json& s);
/// TLS, authentication, and routes with a floor of their own; for tcp.
void shake_hands(Dice& dice, json& s);
/// The same on Fibre Channel, where ports come and go.
void ride_on_fc(Dice& dice, const Names& names, json& s);

}  // namespace holdfast::generate
