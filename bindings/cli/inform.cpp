// SPDX-License-Identifier: Apache-2.0
// The verbs that tell what there is: `schema` and `list`.
#include <fmt/format.h>

#include <algorithm>

#include "bindings/cli/cli.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {

using nlohmann::json;

int print_schema(const std::string& format) {
  if (format == "markdown") {
    print(scenario::reference_markdown());
  } else if (format == "json") {
    print(scenario::schema());
  } else {
    throw UsageError(
        fmt::format("schema: found {}, expected json or markdown", scenario::in_quotes(format)));
  }
  return done;
}

namespace {

std::string told(const scenario::CatalogueSection& section) {
  std::string text = fmt::format("{} ({})\n", section.title, section.kind);
  std::size_t width = 0;
  for (const auto& entry : section.entries)
    width = std::max(width, entry.name.size());
  for (const auto& entry : section.entries)
    text += fmt::format("  {:<{}}  {}\n", entry.name, width, entry.doc);
  return text;
}

std::string told(const scenario::CatalogueEntry& entry) {
  std::string text = fmt::format("{}: {}\n", entry.name, entry.doc);
  std::size_t width = 0;
  for (const auto& [key, value] : entry.more)
    width = std::max(width, key.size());
  for (const auto& [key, value] : entry.more)
    text += fmt::format("  {:<{}}  {}\n", key, width, value);
  if (entry.more.empty())
    text += "  (nothing otherwise than by default)\n";
  return text;
}

json json_of(const scenario::CatalogueEntry& entry, bool all) {
  json out = {{"name", entry.name}, {"doc", entry.doc}};
  for (const auto& [key, value] : entry.more) {
    if (all)
      out["more"][key] = value;
  }
  return out;
}

}  // namespace

int print_list(const std::string& kind, const std::string& name, bool as_json) {
  const auto sections = scenario::catalogue();
  std::vector<std::string> kinds, names;
  for (const auto& section : sections)
    kinds.push_back(section.kind);
  if (!kind.empty())
    check_word("list", kind, kinds);
  json document = {{"schema_version", schema_version}};
  std::string text;
  for (const auto& section : sections) {
    if (!kind.empty() && section.kind != kind)
      continue;
    document[section.kind] = json::array();
    if (name.empty())
      text += (text.empty() ? "" : "\n") + told(section);
    for (const auto& entry : section.entries) {
      names.push_back(entry.name);
      if (!name.empty() && entry.name != name)
        continue;
      document[section.kind].push_back(json_of(entry, !name.empty()));
      if (!name.empty())
        text += told(entry);
    }
  }
  if (text.empty())
    unknown_word("list " + kind, name, names);
  if (as_json) {
    print(document);
  } else {
    print(text);
  }
  return done;
}

}  // namespace holdfast::cli
