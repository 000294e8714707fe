// SPDX-License-Identifier: Apache-2.0
// Worlds from the declaration of the format: a small world of tests/differential, in which any key
// that the JSON Schema knows may come up with any value of its kind. A scenario has a random subset
// of the keys (swarm testing), so that some worlds are full of one thing and free of another.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "models/scenario/scenario.hpp"

namespace holdfast::wild {

using nlohmann::json;

/// "connect.port", "fault.impair" and so on: an object of the schema and a key of it.
using Keys = std::set<std::string>;

/// Every key of every object that the schema declares; those of the scenario as "scenario.seed".
Keys declared_keys();
/// Those that a document has.
Keys keys_of(const json& document);

struct Drawn {
  json document;                ///< what the loader accepts
  scenario::Scenario scenario;  ///< the same, read
  /// Values are such that whatever heals becomes live within minutes. Else bounds and absurd values
  /// come up as well, and only the run itself is judged.
  bool ordinary = true;
  std::uint64_t refusals = 0;  ///< how often the loader refused it before
  std::string wrong;           ///< a refusal without place or reason; empty: none
};

/// The scenario of a seed: drawn, and what the loader refuses taken away at the place that it
/// names, until it accepts the rest.
Drawn draw(std::uint64_t seed);

}  // namespace holdfast::wild
