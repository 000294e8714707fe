// SPDX-License-Identifier: Apache-2.0
// What documents the format: JSON Schema, reference page and catalogue, all from the declarations.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

/// What a preset sets otherwise than the default that the schema states.
struct Change {
  std::string key;
  std::string value, else_value;  ///< as JSON
};

std::vector<Change> changes(const ObjectInfo& info, const void* row) {
  std::vector<Change> out;
  const json written = info.write(row);
  for (const auto& field : info.fields) {
    if (field.key == std::string(info.base_key) || field.fallback == nullptr)
      continue;
    const std::string value = written.value(field.key, json()).dump();
    const std::string fallback = field.kind->write(field.fallback).dump();
    if (value != fallback)
      out.push_back({field.key, value, fallback});
  }
  return out;
}

/// The presets that an object may start from, and what each of them sets.
struct Preset {
  std::string name, doc;
  std::vector<Change> sets;
};

template <class Row>
std::vector<Preset> presets_from(const std::vector<Row>& rows, const ObjectInfo& info) {
  std::vector<Preset> out;
  for (const Row& one : rows)
    out.push_back({one.name, one.doc, changes(info, &one.row)});
  return out;
}

std::vector<Preset> presets_of(const ObjectInfo& info) {
  if (&info == &policy_object().info())
    return presets_from(policy_presets(), info);
  if (&info == &subsystem_object().info())
    return presets_from(target_profiles(), info);
  if (&info == &host_object().info())
    return presets_from(kernel_presets(), info);
  return {};
}

/// The presets under which a key has another default, in words: "array, spdk-like: false".
std::vector<std::string> other_defaults(const std::vector<Preset>& presets, const char* key) {
  std::map<std::string, std::string> by_value;  // value -> names
  for (const Preset& preset : presets) {
    for (const Change& change : preset.sets) {
      if (change.key != key)
        continue;
      std::string& names = by_value[change.value];
      names.append(names.empty() ? "" : ", ").append(preset.name);
    }
  }
  std::vector<std::string> out;
  for (const auto& [value, names] : by_value)
    out.push_back(fmt::format("{}: {}", names, value));
  return out;
}

json object_schema(const ObjectInfo& info) {
  json properties = json::object();
  json needed = json::array();
  const auto presets = presets_of(info);
  if (is_alternative(info)) {
    properties["type"] = {{"const", info.name}};
    needed.push_back("type");
  }
  for (const auto& field : info.fields) {
    json property = parse_document(field.kind->schema, info.name);
    std::string words = field.doc;
    for (const auto& other : other_defaults(presets, field.key))
      words += "; default of " + other;
    property["description"] = words;
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

std::string default_of(const FieldInfo& field, const std::vector<Preset>& presets) {
  if (field.required)
    return "required";
  if (field.fallback == nullptr)
    return "absent";
  std::string out = "`" + field.kind->write(field.fallback).dump() + "`";
  for (const auto& other : other_defaults(presets, field.key))
    out += "; " + other;
  return out;
}

std::vector<CatalogueEntry> entries_of(const std::vector<const ObjectInfo*>& infos) {
  std::vector<CatalogueEntry> out;
  for (const auto* info : infos) {
    out.push_back({info->name, info->doc});
    for (const auto& field : info->fields) {
      out.back().more.emplace_back(
          field.key,
          fmt::format("{} (default: {})", field.doc,
                      field.required              ? "none, required"
                      : field.fallback == nullptr ? "absent"
                                                  : field.kind->write(field.fallback).dump()));
    }
  }
  return out;
}

std::vector<CatalogueEntry> entries_of(const ObjectInfo& info) {
  std::vector<CatalogueEntry> out;
  for (const Preset& preset : presets_of(info)) {
    out.push_back({preset.name, preset.doc});
    for (const Change& one : preset.sets)
      out.back().more.emplace_back(one.key, fmt::format("{} (else {})", one.value, one.else_value));
  }
  return out;
}

/// In a template a string may have braces where the expanded one has a number, so its pattern holds
/// for strings without braces only. That goes for all objects that a template has in it.
void allow_braces(json& node, json& defs, std::set<std::string>& done);

void allow_braces(json& defs, const std::string& name, std::set<std::string>& done) {
  if (done.insert(name).second)
    allow_braces(defs[name], defs, done);
}

void allow_braces(json& node, json& defs, std::set<std::string>& done) {
  if (node.is_object() && node.contains("pattern") && node["pattern"].is_string())
    node["pattern"] = fmt::format("{}|[{{}}]", node["pattern"].get<std::string>());
  if (node.is_object() && node.contains("$ref") && node["$ref"].is_string()) {
    const auto ref = node["$ref"].get<std::string>();
    return allow_braces(defs, ref.substr(ref.rfind('/') + 1), done);
  }
  if (!node.is_structured())
    return;
  for (json& below : node)
    allow_braces(below, defs, done);
}

std::string source_in_words(const json& source) {
  std::string out = source.at("document");
  for (const char* part : {"section", "figure", "function"}) {
    if (source.contains(part))
      out += ", " + source[part].get<std::string>();
  }
  return out;
}

std::vector<CatalogueEntry> requirement_entries() {
  std::vector<CatalogueEntry> out;
  for (const auto& [file, text] : embedded()) {
    if (!file.starts_with("scenarios/requirements/catalogue/"))
      continue;
    const json document = parse_document(text, file);
    for (const json& one : document.at("requirements")) {
      out.push_back({one.at("id"),
                     one.at("title"),
                     {{"text", one.at("text")},
                      {"source", source_in_words(one.at("source"))},
                      {"kind", one.at("kind")},
                      {"kept by", one.at("applies_to").at("party")},
                      {"confidence", one.at("confidence")}}});
    }
  }
  return out;
}

}  // namespace

std::string told_as(const RecoveryPolicy& policy) {
  const ObjectInfo& info = policy_object().info();
  const json written = info.write(&policy);
  const RecoveryPolicy row = policy_row(policy.preset);
  const json expected = info.write(&row);
  std::size_t changed = 0;
  for (const auto& [key, value] : written.items())
    changed += expected.value(key, json()) != value ? 1 : 0;
  if (changed == 0)
    return policy.preset;
  return fmt::format("{} + {} knob{}", policy.preset, changed, changed == 1 ? "" : "s");
}

nlohmann::json schema() {
  json defs = json::object();
  for (const auto* info : declared_objects())
    defs[info->name] = object_schema(*info);
  std::set<std::string> done;
  for (const auto* info : declared_objects()) {
    if (info->copies_key != nullptr)
      allow_braces(defs, info->name, done);
  }
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
    const auto presets = presets_of(*info);
    out += fmt::format("\n## {}\n\n{}\n\n| Key | Kind | Default | Meaning |\n|---|---|---|---|\n",
                       info->name, info->doc);
    if (is_alternative(*info)) {
      out += fmt::format("| `type` | `{}` | required | which kind |\n", info->name);
    }
    for (const auto& field : info->fields) {
      out += fmt::format("| `{}` | {} | {} | {} |\n", field.key, cell(field.kind->words),
                         cell(default_of(field, presets)), cell(field.doc));
    }
  }
  for (const auto& section : catalogue()) {
    if (section.kind != "policy" && section.kind != "profile" && section.kind != "kernel")
      continue;
    out += fmt::format("\n## {}\n\n", section.title);
    for (const auto& entry : section.entries) {
      out += fmt::format("* `{}`: {}\n", entry.name, entry.doc);
      for (const auto& [key, value] : entry.more)
        out += fmt::format("  - `{}`: {}\n", key, value);
    }
  }
  return out;
}

std::vector<CatalogueSection> catalogue() {
  std::vector<CatalogueEntry> expectations;
  for (const auto& field : expect_object().info().fields) {
    expectations.push_back({field.key, field.doc});
  }
  return {{"policy", "Host recovery policies", entries_of(policy_object().info())},
          {"profile", "Target profiles", entries_of(subsystem_object().info())},
          {"kernel", "Linux releases of hosts", entries_of(host_object().info())},
          {"transport",
           "Transports",
           {{"tcp", "NVMe/TCP, one connection per queue"},
            {"rdma", "NVMe/RDMA, one reliable connected queue pair per queue"},
            {"fc", "NVMe/FC, one association, whose queues are connections in it"}}},
          {"workload", "Workloads", entries_of(workload_union().infos())},
          {"fault", "Faults", entries_of(fault_union().infos())},
          {"expectation", "Expectations", expectations},
          {"requirement", "Requirements of the conformance catalogue", requirement_entries()},
          {"scenario", "Bundled scenarios", bundled_scenarios()}};
}

}  // namespace holdfast::scenario
