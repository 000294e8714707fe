// SPDX-License-Identifier: Apache-2.0
// What documents the format: JSON Schema, reference page and catalogue, all from the declarations.
#include <fmt/format.h>

#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/reading/embedded.hpp"
#include "models/scenario/reading/kind.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

bool is_alternative(const ObjectInfo& info) {
  for (const auto* one : workload_union().infos()) {
    if (one == &info)
      return true;
  }
  for (const auto* one : fault_union().infos()) {
    if (one == &info)
      return true;
  }
  return false;
}

json object_schema(const ObjectInfo& info) {
  json properties = json::object();
  json needed = json::array();
  if (is_alternative(info)) {
    properties["type"] = {{"const", info.name}};
    needed.push_back("type");
  }
  for (const auto& field : info.fields) {
    json property = parse_document(field.kind->schema, info.name);
    property["description"] = field.doc;
    if (field.fallback != nullptr)
      property["default"] = field.kind->write(field.fallback);
    properties[field.key] = property;
    if (field.required)
      needed.push_back(field.key);
  }
  json out = {{"type", "object"},
              {"description", info.doc},
              {"properties", properties},
              {"additionalProperties", false}};
  if (!needed.empty())
    out["required"] = needed;
  return out;
}

// A bar inside a table cell would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string default_of(const FieldInfo& field) {
  if (field.required)
    return "required";
  if (field.fallback == nullptr)
    return "absent";
  return "`" + field.kind->write(field.fallback).dump() + "`";
}

std::vector<CatalogueEntry> entries_of(const std::vector<const ObjectInfo*>& infos) {
  std::vector<CatalogueEntry> out;
  for (const auto* info : infos)
    out.push_back({info->name, info->doc});
  return out;
}

template <class Row>
std::vector<CatalogueEntry> entries_of(const std::vector<Row>& rows) {
  std::vector<CatalogueEntry> out;
  for (const auto& row : rows)
    out.push_back({row.name, row.doc});
  return out;
}

}  // namespace

nlohmann::json schema() {
  json defs = json::object();
  for (const auto* info : declared_objects())
    defs[info->name] = object_schema(*info);
  json out = defs["scenario"];
  defs.erase("scenario");
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = "Holdfast scenario";
  out["$defs"] = defs;
  return out;
}

std::string reference_markdown() {
  std::string out =
      "# Scenario reference\n\n"
      "Written by `holdfast schema --format markdown`. Quantities are strings with a unit: "
      "`\"15s\"`, `\"25Gbps\"`, `\"4KiB\"`, `\"0.1%\"`.\n";
  for (const auto* info : declared_objects()) {
    out += fmt::format("\n## {}\n\n{}\n\n| Key | Kind | Default | Meaning |\n|---|---|---|---|\n",
                       info->name, info->doc);
    if (is_alternative(*info)) {
      out += fmt::format("| `type` | `{}` | required | which kind |\n", info->name);
    }
    for (const auto& field : info->fields) {
      out += fmt::format("| `{}` | {} | {} | {} |\n", field.key, cell(field.kind->words),
                         cell(default_of(field)), cell(field.doc));
    }
  }
  for (const auto& section : catalogue()) {
    if (section.kind != "policy" && section.kind != "profile")
      continue;
    out += fmt::format("\n## {}\n\n", section.title);
    for (const auto& entry : section.entries) {
      out += fmt::format("* `{}`: {}\n", entry.name, entry.doc);
    }
  }
  return out;
}

std::vector<CatalogueSection> catalogue() {
  std::vector<CatalogueEntry> expectations;
  for (const auto& field : expect_object().info().fields) {
    expectations.push_back({field.key, field.doc});
  }
  std::vector<CatalogueEntry> requirements;
  for (const auto& [id, title] : requirement_titles())
    requirements.push_back({id, title});
  return {{"policy", "Host recovery policies", entries_of(policy_presets())},
          {"profile", "Target profiles", entries_of(target_profiles())},
          {"transport",
           "Transports",
           {{"tcp", "NVMe/TCP, one connection per queue"},
            {"rdma", "NVMe/RDMA, one reliable connected queue pair per queue"},
            {"fc", "NVMe/FC, one association, whose queues are connections in it"}}},
          {"workload", "Workloads", entries_of(workload_union().infos())},
          {"fault", "Faults", entries_of(fault_union().infos())},
          {"expectation", "Expectations", expectations},
          {"requirement", "Requirements of the conformance catalogue", requirements},
          {"scenario", "Bundled scenarios", bundled_scenarios()}};
}

}  // namespace holdfast::scenario
