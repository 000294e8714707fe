// SPDX-License-Identifier: Apache-2.0
// Reading the catalogue and the probes. They are part of the program, so a mistake in them is one
// of ours and throws std::logic_error.
#include "analysis/conform/catalogue/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "models/scenario/reading/embedded.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr std::string_view folder = "scenarios/requirements/catalogue/";
constexpr std::string_view probe_folder = "scenarios/requirements/probes/";

constexpr std::array<std::string_view, 4> forces = {"shall", "should", "linux", "canary"};
constexpr std::array<std::string_view, 3> parties = {"host", "target", "system"};

template <class Enum, std::size_t N>
Enum from_word(const std::array<std::string_view, N>& words, const std::string& word) {
  const auto place = std::find(words.begin(), words.end(), word);
  if (place == words.end())
    throw std::logic_error(fmt::format("requirements: {} is not a word", word));
  return static_cast<Enum>(place - words.begin());
}

std::string source_of(const json& source) {
  std::string out = source.at("document").get<std::string>();
  for (const char* part : {"section", "figure", "function"}) {
    if (source.contains(part))
      out += fmt::format(", {}", source[part].get<std::string>());
  }
  return out;
}

Requirement requirement_from(const json& in) {
  Requirement r;
  in.at("id").get_to(r.id);
  in.at("title").get_to(r.title);
  in.at("text").get_to(r.text);
  r.source = source_of(in.at("source"));
  r.force = from_word<Force>(forces, in.at("kind"));
  const json& applies = in.at("applies_to");
  r.party = from_word<Party>(parties, applies.at("party"));
  r.transports = applies.value("transports", std::vector<std::string>{});
  r.when = applies.value("when", std::vector<std::string>{});
  in.at("confidence").get_to(r.confidence);
  in.at("protocol").get_to(r.protocol);
  r.timing = in.value("timing", false);
  return r;
}

bool is_file_of(std::string_view name, std::string_view where) {
  return name.starts_with(where) && name.ends_with(".json") &&
         name.find('/', where.size()) == std::string_view::npos;
}

Probe probe_from(const std::string& name, const json& in) {
  Probe p;
  p.name = name;
  p.scenario = in.at("scenario");
  if (in.contains("judges")) {
    const auto judged = in["judges"].get<std::vector<std::string>>();
    const auto has = [&](const char* who) {
      return std::find(judged.begin(), judged.end(), who) != judged.end();
    };
    for (const std::string& who : judged)
      from_word<Party>(parties, who);
    p.judges_host = has("host");
    p.judges_target = has("target");
    p.judges_system = has("system");
  }
  return p;
}

}  // namespace

const std::vector<Requirement>& catalogue() {
  static const std::vector<Requirement> all = [] {
    std::vector<Requirement> out;
    for (const auto& [name, text] : scenario::embedded()) {
      if (!is_file_of(name, folder))
        continue;
      const json document = json::parse(text);
      for (const json& one : document.at("requirements"))
        out.push_back(requirement_from(one));
    }
    return out;
  }();
  return all;
}

const Requirement* find_requirement(std::string_view id) {
  for (const Requirement& r : catalogue()) {
    if (r.id == id)
      return &r;
  }
  return nullptr;
}

std::vector<std::string> requirement_ids() {
  std::vector<std::string> out;
  for (const Requirement& r : catalogue())
    out.push_back(r.id);
  return out;
}

std::string_view word(Force force) { return forces[static_cast<std::size_t>(force)]; }
std::string_view word(Party party) { return parties[static_cast<std::size_t>(party)]; }

const std::vector<Probe>& probes() {
  static const std::vector<Probe> all = [] {
    std::vector<Probe> out;
    for (const auto& [name, text] : scenario::embedded()) {
      if (!is_file_of(name, probe_folder))
        continue;
      const auto stem = name.substr(probe_folder.size(), name.size() - probe_folder.size() - 5);
      out.push_back(probe_from(stem, json::parse(text)));
    }
    return out;
  }();
  return all;
}

}  // namespace holdfast::conform
