// SPDX-License-Identifier: Apache-2.0
// Random scenarios: valid by construction, different for every seed, the same for the same seed on
// every machine. They are text, so that every one of them goes through the loader as well.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace holdfast::generate {

using nlohmann::json;

/// A scenario as JSON text: 1-3 hosts, 1-4 switches in one of three shapes, 1-3 subsystems, random
/// links, namespaces, policies, timers, loads, and 0-4 faults of all types. It takes a fraction of
/// a second to run.
std::string scenario_text(std::uint64_t seed);

using Rename = std::function<std::string(const std::string&)>;
/// The same scenario, in which hosts, subsystems, ports, switches, links and nodes of arrays have
/// other names. `to` must not give two of them the same.
json renamed(json scenario, const Rename& to);
/// Both in one: what the second has comes after what the first has, in each list. Everything that
/// concerns the whole of a run (transport, fabric, duration, seed) is the first one's. They must
/// not share a name.
json joined(json first, const json& second);

}  // namespace holdfast::generate
