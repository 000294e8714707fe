// SPDX-License-Identifier: Apache-2.0
// The loader: scenario text in, checked values out; and what documents the format.
// What reads throws ScenarioError (error.hpp) on the first mistake of the input.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::scenario {

/// Reads and checks a scenario file, or a bundled scenario by its name.
Scenario load(const std::filesystem::path& path);
/// The same for a text; `source` is what error messages call it.
Scenario parse(std::string_view text, const std::string& source);

/// The text of a file, of at most 16 MiB.
std::string read_text(const std::filesystem::path& path);
/// The steps of `load`, for callers that change the document in between (`apply_set`).
nlohmann::json read_document(const std::filesystem::path& path);
/// The text of a bundled scenario ("quickstart", "reference/a_k5_io"); what `read_text` gives where
/// there is no such file.
std::string bundled_text(const std::string& name);
nlohmann::json parse_document(std::string_view text, const std::string& source);
Scenario from_json(const nlohmann::json& document, const std::string& source);
/// The document with its templates expanded; without templates itself.
nlohmann::json without_templates(const nlohmann::json& document, const std::string& source);

/// Sets one value: "PATH=VALUE". PATH is a JSON pointer ("/hosts/0/policy") or dotted
/// ("hosts.0.policy"; a list element may go by its name, "hosts.h1.policy"). VALUE is JSON, else a
/// bare string. A path that the schema does not know is an error; values are checked by from_json.
/// The segment "*" stands for every element of a list ("/hosts/0/connect/*/keep_alive_tmo").
/// `source` is what error messages call the place where that was typed.
void apply_set(nlohmann::json& document, const std::string& assignment,
               const std::string& source = "--set");
void apply_set(nlohmann::json& document, const std::string& path, const nlohmann::json& value,
               const std::string& source = "--set");

/// The canonical form: every key with its value, defaults and presets spelled out.
/// `parse(to_json(s).dump())` gives `s` again.
nlohmann::json to_json(const Scenario& scenario);
/// 16 hexadecimal digits of a 64-bit hash over the canonical form.
std::string hash(const Scenario& scenario);

/// All mistakes of a document, as far as one can be told without the other; empty: it is right.
std::vector<ScenarioError::Parts> all_errors(const nlohmann::json& document,
                                             const std::string& source);
/// What is allowed and seldom meant: a place, and why.
struct Warning {
  std::string pointer;
  std::string text;
};
std::vector<Warning> warnings(const Scenario& scenario);

/// JSON Schema, draft 2020-12.
nlohmann::json schema();
/// The same knowledge as a page to read, in Markdown.
std::string reference_markdown();

/// What can be named in a scenario, for `holdfast list`.
struct CatalogueEntry {
  std::string name;
  std::string doc;
  /// More of it, for whoever asks for this one: of a preset what it sets otherwise than the
  /// defaults of the schema, of a workload or fault its keys, of a requirement its text.
  std::vector<std::pair<std::string, std::string>> more = {};
};
struct CatalogueSection {
  std::string kind;  ///< "policy", "profile", "transport", "workload", "fault", "expectation",
                     ///< "requirement", "scenario"
  std::string title;
  std::vector<CatalogueEntry> entries;
};
std::vector<CatalogueSection> catalogue();
/// A policy by its name, and whether it was changed: "tp8028-v3 + 2 knobs".
std::string told_as(const RecoveryPolicy& policy);
/// Names of the bundled scenarios and what they say of themselves.
std::vector<CatalogueEntry> bundled_scenarios();

}  // namespace holdfast::scenario
