// SPDX-License-Identifier: Apache-2.0
// Putting the page of answers together; see answers.hpp. Verdicts and stories are there as text,
// so that they are read at once, printed, and found by a reader that runs no scripts.
#include "analysis/report/answers/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "analysis/pages/pages.hpp"
#include "analysis/report/answers/words.hpp"
#include "analysis/report/moments.hpp"
#include "analysis/run/model_version.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;
using pages::for_markup;

namespace {

constexpr const char* answers_folder = "analysis/report/answers/page/";
/// Worlds that failed are scenarios with all their choices; beyond so many bytes of them the page
/// has their hashes only.
constexpr std::size_t most_example_bytes = 2'000'000;

std::string list_of(const char* tag, const char* kind, const std::vector<std::string>& sentences) {
  if (sentences.empty())
    return {};
  std::string out = fmt::format("<{} class=\"{}\">\n", tag, kind);
  for (const std::string& one : sentences)
    out += "<li>" + for_markup(one) + "</li>\n";
  return out + fmt::format("</{}>\n", tag);
}

/// The incident of a finding's replay as a table of moments.
std::string incident_of(const json& document) {
  if (!document.contains("worst") || !document["worst"].is_object() ||
      !document["worst"].contains("story"))
    return {};
  const json& story = document["worst"]["story"];
  return moments_markup(
      story, fmt::format("on host {}, namespace {}, block {}", story["host"].get<std::string>(),
                         story["namespace"].get<std::string>(), story["lba"].dump()));
}

std::string answer_markup(const json& document, std::size_t place) {
  const Told told = told_of(document);
  std::string out =
      fmt::format("<article class=\"answer {}\" id=\"answer-{}\">\n", told.tone, place);
  out += fmt::format("<h2><span class=\"name\">{}</span> <span class=\"policy\">{}</span></h2>\n",
                     for_markup(document["name"].get<std::string>()), for_markup(told.heading));
  out += "<p class=\"verdict\">" + for_markup(told.verdict);
  if (!told.bound.empty())
    out += " <span class=\"bound\">" + for_markup(told.bound) + "</span>";
  out += "</p>\n";
  out += list_of("ul", "warnings", told.notes) + list_of("ol", "story", told.story);
  out += incident_of(document);
  return out + "</article>\n" + fmt::format("<div class=\"parts\" id=\"parts-{}\"></div>\n", place);
}

/// The document without scenarios that would make the page too large.
json cut(json document, std::size_t& bytes) {
  // A browser would round it.
  if (document.contains("seed"))
    document["seed"] = document["seed"].dump();
  if (!document.contains("examples") || !document["examples"].is_array())
    return document;
  std::size_t left = 0;
  for (json& one : document["examples"]) {
    one["choices_count"] =
        one["scenario"].contains("choices") ? one["scenario"]["choices"].size() : 0;
    bytes += one["scenario"].dump(-1, ' ', false, json::error_handler_t::replace).size();
    if (bytes > most_example_bytes) {
      one["scenario"] = nullptr;
      ++left;
    }
  }
  if (left != 0)
    document["examples_left_out_count"] = left;
  return document;
}

std::string title_of_answers(const std::vector<json>& documents) {
  std::string out;
  for (const json& one : documents) {
    const std::string name = one["name"].get<std::string>() + ": " + told_of(one).heading;
    if (out.find(name) == std::string::npos)
      out += (out.empty() ? "" : "; ") + name;
  }
  return out;
}

std::string answers_style() {
  std::string out = pages::part("analysis/pages/common.css") +
                    pages::part("analysis/pages/chart.css") +
                    pages::part(std::string(answers_folder) + "answers.css");
  return out;
}

std::string answers_scripts() {
  std::string out;
  for (const char* name : {"common.js", "table/model.js", "chart.js"})
    out += pages::part(std::string("analysis/pages/") + name);
  for (const char* name : {"facts.js", "search.js", "rare.js", "size.js", "answers.js"})
    out += pages::part(std::string(answers_folder) + name);
  return out;
}

}  // namespace

std::string answers_page(const std::vector<json>& documents) {
  if (documents.empty() || documents.size() > most_answers)
    throw std::invalid_argument(
        fmt::format("found {} answers, expected 1 to {}", documents.size(), most_answers));
  std::string markup;
  std::size_t bytes = 0;
  json data = {{"model_version", model_version()}, {"answers", json::array()}};
  for (const json& one : documents) {
    if (std::string flaw = flaw_of(one); !flaw.empty())
      throw std::invalid_argument(flaw);
    json whole = one;
    whole.emplace("worst", nullptr);  // for those that have none
    markup += answer_markup(whole, data["answers"].size());
    data["answers"].push_back(cut(std::move(whole), bytes));
  }
  return pages::fill(pages::part(std::string(answers_folder) + "answers.html"),
                     [&](std::string_view name) {
                       if (name == "data")
                         return pages::for_script(data);
                       if (name == "common.html")
                         return pages::part("analysis/pages/common.html");
                       if (name == "title")
                         return for_markup(title_of_answers(documents));
                       if (name == "style")
                         return answers_style();
                       if (name == "script")
                         return answers_scripts();
                       return markup;  // "answers"
                     });
}

}  // namespace holdfast::analysis::report
