// SPDX-License-Identifier: Apache-2.0
// Values of a kind of the JSON Schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/dice.hpp"

namespace holdfast::wild {

using nlohmann::json;

/// What the keys that refer to something may name.
struct Names {
  std::vector<std::string> hosts, subsystems, ports, links, nodes, ends;
};

/// Whether a node of the schema is an object (or a list of objects) of ours, by its name in $defs.
/// Such a value is drawn key by key.
const json* declared(const json& node);

class Values {
 public:
  /// Whether bounds and absurd values may come up.
  Values(sim::Dice& dice, const Names& names, bool absurd)
      : dice_(dice), names_(names), absurd_(absurd) {}

  /// A value of `node`, which is the key `key` of the object `object`.
  json of(const json& node, const std::string& object, const std::string& key);

 private:
  json text(const json& node, const std::string& object, const std::string& key);
  json name(const std::string& key);
  json number(const json& node);
  json list(const json& node, const std::string& object, const std::string& key);
  json duration(const json& node);
  json size(const json& node);

  sim::Dice& dice_;
  const Names& names_;
  bool absurd_;
};

}  // namespace holdfast::wild
