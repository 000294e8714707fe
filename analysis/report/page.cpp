// SPDX-License-Identifier: Apache-2.0
// Putting the page of runs together. What says most, the verdict and the story, is there as text,
// so that it is read at once, printed, and found by a reader that runs no scripts.
#include "analysis/report/page.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "analysis/pages/pages.hpp"
#include "analysis/report/moments.hpp"
#include "analysis/report/words.hpp"
#include "analysis/run/model_version.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;
using pages::for_markup;

namespace {

constexpr const char* folder = "analysis/report/page/";
/// It grows when a page of another version could not read the data.
constexpr int page_schema_version = 1;

std::string story_markup(const json& run) {
  std::string out = "<ol class=\"story\">\n";
  for (const std::string& sentence : story(run["document"], run["faults"]))
    out += "<li>" + for_markup(sentence) + "</li>\n";
  return out + "</ol>\n";
}

/// The first incident as a table of moments.
std::string incident_markup(const json& document) {
  const json& incidents = document["integrity"]["incidents"];
  if (incidents.empty())
    return {};
  const json& first = incidents[0];
  return moments_markup(
      first,
      fmt::format("on {}, block {}{}", first.value("namespace", ""),
                  first.value("lba", std::uint64_t{0}),
                  incidents.size() > 1 ? fmt::format(" (the first of {})", incidents.size()) : ""));
}

std::string run_markup(const json& run, std::size_t place, bool alone) {
  const json& document = run["document"];
  const std::string letter(1, static_cast<char>('A' + place));
  std::string out = fmt::format("<article class=\"run {}\">\n", tone_of(document));
  out += fmt::format("<h2>{}<span class=\"name\">{}</span> <span class=\"policy\">{}</span></h2>\n",
                     alone ? "" : "<span class=\"letter\">" + letter + "</span> ",
                     for_markup(document.value("name", "")), for_markup(policies_of(document)));
  out += "<p class=\"verdict\">" + for_markup(verdict_words(document)) + "</p>\n";
  out += alone ? "<details class=\"told\" open>" : "<details class=\"told\">";
  out += "<summary>What happened</summary>\n" + story_markup(run) + incident_markup(document);
  return out + "</details>\n</article>\n";
}

std::string title_of(const std::vector<json>& runs) {
  std::string out;
  for (const json& run : runs) {
    const std::string name = run["document"].value("name", "");
    if (out.find(name) == std::string::npos)
      out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

std::string scripts() {
  std::string out = pages::part("analysis/pages/common.js");
  for (const char* name : {"decode.js", "scale.js", "model.js", "rules.js", "lanes.js", "paint.js",
                           "charts.js", "detail.js", "compare.js", "keys.js", "page.js"})
    out += pages::part(std::string(folder) + name);
  return out;
}

}  // namespace

json told(const scenario::Scenario& scenario, const Recorder& recorder, const json& what_if) {
  json out = recorder.run();
  out["scenario"] = scenario::to_json(scenario);
  if (!what_if.is_null())
    out["what_if"] = what_if;
  return out;
}

std::string page(const std::vector<json>& runs) {
  if (runs.empty() || runs.size() > most_runs)
    throw std::invalid_argument(
        fmt::format("found {} runs, expected 1 to {}", runs.size(), most_runs));
  const json data = {
      {"schema_version", page_schema_version}, {"model_version", model_version()}, {"runs", runs}};
  return pages::fill(pages::part(std::string(folder) + "page.html"), [&](std::string_view name) {
    if (name == "data")
      return pages::for_script(data);
    if (name == "common.html")
      return pages::part("analysis/pages/common.html");
    if (name == "title")
      return for_markup(title_of(runs));
    if (name == "style")
      return pages::part("analysis/pages/common.css") +
             pages::part(std::string(folder) + "page.css");
    if (name == "script")
      return scripts();
    std::string out;  // "runs"
    for (std::size_t i = 0; i < runs.size(); ++i)
      out += run_markup(runs[i], i, runs.size() == 1);
    return out;
  });
}

}  // namespace holdfast::analysis::report
