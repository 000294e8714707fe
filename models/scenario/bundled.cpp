// SPDX-License-Identifier: Apache-2.0
// The scenarios that come with the program, by name.
#include "models/scenario/reading/embedded.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::scenario {
namespace {

/// The name of a bundled scenario by its file in the tree; nothing for other files.
std::string bundled_name(std::string_view file) {
  constexpr std::string_view folder = "scenarios/", end = ".json";
  if (!file.starts_with(folder) || !file.ends_with(end))
    return {};
  file.remove_prefix(folder.size());
  file.remove_suffix(end.size());
  const bool listed = file.find('/') == std::string_view::npos || file.starts_with("reference/") ||
                      file.starts_with("operators/") || file.starts_with("faster/");
  return listed ? std::string(file) : std::string();
}

std::vector<std::string> bundled_names() {
  std::vector<std::string> out;
  for (const auto& [file, text] : embedded()) {
    if (!bundled_name(file).empty())
      out.push_back(bundled_name(file));
  }
  return out;
}

}  // namespace

std::string bundled_text(const std::string& name) {
  for (const auto& [file, text] : embedded()) {
    if (!name.empty() && bundled_name(file) == name)
      return text;
  }
  // Who types an ending means a file.
  if (std::filesystem::path(name).has_extension())
    throw ScenarioError({name, {}, "no such file", "a file that can be read", {}});
  throw ScenarioError({name,
                       {},
                       "no file and no bundled scenario of this name",
                       "a scenario file, or a name that \"holdfast list scenario\" has",
                       nearest(name, bundled_names())});
}

std::vector<CatalogueEntry> bundled_scenarios() {
  std::vector<CatalogueEntry> out;
  for (const auto& [file, text] : embedded()) {
    const std::string name = bundled_name(file);
    if (name.empty())
      continue;
    // The first sentence says what it is; the others say why it is so.
    const std::string words = parse_document(text, name).value("description", "");
    out.push_back({name, words.substr(0, words.find(". ")), {{"description", words}}});
  }
  return out;
}

}  // namespace holdfast::scenario
