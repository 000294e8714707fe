// SPDX-License-Identifier: Apache-2.0
// Scenarios under other names, and two of them side by side.
#include <set>
#include <string_view>

#include "tests/differential/generate.hpp"

namespace holdfast::generate {

namespace {

/// Under these keys a scenario names its entities.
constexpr std::string_view keys[] = {"name", "ends",  "ports", "port", "subsystem", "host",
                                     "link", "links", "node",  "from", "to",        "what"};

void collect(std::set<std::string>& out, const json& list, const char* key) {
  for (const json& one : list) {
    const json& value = one.at(key);
    for (const json& name : value.is_array() ? value : json::array({value}))
      out.insert(name);
  }
}

std::set<std::string> names_of(const json& scenario) {
  std::set<std::string> out;
  collect(out, scenario.at("fabric").at("links"), "name");
  collect(out, scenario.at("fabric").at("links"), "ends");
  collect(out, scenario.at("fabric").value("groups", json::array()), "name");
  collect(out, scenario.at("hosts"), "name");
  collect(out, scenario.at("subsystems"), "name");
  for (const json& subsystem : scenario.at("subsystems")) {
    collect(out, json::array({subsystem}), "ports");
    collect(out, subsystem.value("nodes", json::array()), "name");
  }
  return out;
}

void rename(json& at, bool names, const std::set<std::string>& known, const Rename& to) {
  if (at.is_string() && names && known.count(at.get<std::string>()) != 0)
    at = to(at.get<std::string>());
  if (at.is_array()) {
    for (json& one : at)
      rename(one, names, known, to);
  }
  if (!at.is_object())
    return;
  for (auto& [key, value] : at.items()) {
    const bool named = std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
    rename(value, named, known, to);
  }
}

}  // namespace

json renamed(json scenario, const Rename& to) {
  const std::set<std::string> known = names_of(scenario);
  for (auto& [key, value] : scenario.items()) {
    if (key != "name" && key != "expect")
      rename(value, false, known, to);
  }
  return scenario;
}

json joined(json first, const json& second) {
  const auto append = [](json& to, const json& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(first["fabric"]["links"], second.at("fabric").at("links"));
  if (second.at("fabric").contains("groups")) {
    json& groups = first["fabric"]["groups"];
    groups = groups.is_null() ? json::array() : groups;
    append(groups, second.at("fabric").at("groups"));
  }
  for (const char* list : {"subsystems", "hosts", "workloads", "faults"}) {
    if (!first.contains(list))
      first[list] = json::array();
    append(first[list], second.value(list, json::array()));
  }
  return first;
}

}  // namespace holdfast::generate
