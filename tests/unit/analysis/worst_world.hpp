// SPDX-License-Identifier: Apache-2.0
// The world that tests of the search search.
#pragma once

#include <nlohmann/json.hpp>

#include "models/scenario/scenario.hpp"

namespace holdfast::test {

/// The bundled scenario with a path that fails after the first two writes and before the third.
inline nlohmann::json worst_case() {
  nlohmann::json s = scenario::read_document("scenarios/worst_case.json");
  s["faults"][0]["at"] = "1s";
  return s;
}

/// The same under a policy, by its name or as an object, and with other bounds.
inline scenario::Scenario with(const nlohmann::json& policy, const nlohmann::json& bounds) {
  nlohmann::json s = worst_case();
  s["hosts"][0]["policy"] = policy;
  s["adversary"].update(bounds);
  return scenario::from_json(s, "test");
}

}  // namespace holdfast::test
