// SPDX-License-Identifier: Apache-2.0
// Two matrices against each other; see compare.hpp.
#include "analysis/conform/report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "analysis/conform/catalogue/catalogue.hpp"
#include "analysis/conform/report/grid.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr const char* absent = "absent";

/// Policy, target, requirement.
using Place = std::tuple<std::string, std::string, std::string>;

Place place_of(const json& result) {
  return {text_at(result, "policy"), text_at(result, "target"), text_at(result, "requirement")};
}

bool is_verdict(const std::string& text) {
  for (const Verdict v :
       {Verdict::pass, Verdict::fail, Verdict::not_applicable, Verdict::not_exercised}) {
    if (text == word(v))
      return true;
  }
  return false;
}

/// The canaries; their verdicts compare with nothing.
std::set<std::string> canaries(const json& matrix) {
  std::set<std::string> out;
  for (const json& r : matrix["requirements"]) {
    if (text_at(r, "kind") == word(Force::canary))
      out.insert(text_at(r, "id"));
  }
  return out;
}

/// What stands under these keys, if there is anything, has these types.
void check_types(const json& object, const std::string& where,
                 const std::vector<std::pair<const char*, std::string_view>>& keys) {
  for (const auto& [key, expected] : keys) {
    if (!object.contains(key))
      continue;
    const json& value = object[key];
    const bool good = expected == "an integer" ? value.is_number_integer() && value >= 0
                      : expected == "a string" ? value.is_string()
                      : expected == "a list"   ? value.is_array()
                                               : value.is_object();
    if (!good) {
      throw std::invalid_argument(
          fmt::format("is no matrix document of holdfast conform: {}{}: "
                      "found {}, expected {}",
                      where, key, scenario::describe(value), expected));
    }
  }
}

void regressions_first(std::vector<Difference>& all) {
  std::stable_partition(all.begin(), all.end(), [](const Difference& d) { return d.worse; });
}

}  // namespace

bool is_worse(const std::string& before, const std::string& after) {
  const bool passed = before == word(Verdict::pass);
  if (after == word(Verdict::fail))
    return before != word(Verdict::fail);
  return passed && (after == word(Verdict::not_exercised) || after == absent);
}

void check_matrix(const json& m) {
  const auto wrong = [](const std::string& what) { throw std::invalid_argument(what); };
  if (!m.is_object() || !m.contains("schema_version") || !m["schema_version"].is_number_integer())
    wrong("is no matrix document of holdfast conform");
  if (m["schema_version"] != matrix_schema_version) {
    wrong(fmt::format("is a matrix document of schema version {}, expected {}",
                      m["schema_version"].dump(), matrix_schema_version));
  }
  if (m.contains("complete") && m["complete"] != true)
    wrong("is the matrix of an interrupted run, expected a complete one");
  for (const char* list : {"requirements", "results"}) {
    if (!m.contains(list) || !m[list].is_array())
      wrong(fmt::format("is no matrix document of holdfast conform: it has no list of {}", list));
  }
  check_types(m, "",
              {{"seed", "an integer"},
               {"swarm", "an integer"},
               {"probes", "an integer"},
               {"variations", "an integer"},
               {"model_version", "a string"},
               {"policies", "a list"},
               {"targets", "a list"},
               {"summary", "an object"}});
  std::set<std::string> ids;
  for (const json& r : m["requirements"]) {
    if (!r.is_object() || text_at(r, "id").empty() || text_at(r, "kind").empty())
      wrong("is no matrix document of holdfast conform: a requirement has no id or no kind");
    check_types(r, text_at(r, "id") + ", ",
                {{"title", "a string"}, {"text", "a string"}, {"party", "a string"}});
    if (!ids.insert(text_at(r, "id")).second)
      wrong("has the requirement " + text_at(r, "id") + " twice, expected each once");
  }
  std::set<Place> places;
  for (const json& r : m["results"]) {
    if (!r.is_object() || text_at(r, "policy").empty() || text_at(r, "target").empty() ||
        text_at(r, "requirement").empty() || !is_verdict(text_at(r, "verdict")))
      wrong("is no matrix document of holdfast conform: one of its results is none");
    const auto [policy, target, requirement] = place_of(r);
    check_types(r, requirement + ", ", {{"why", "a string"}, {"failure", "an object"}});
    if (!places.insert(place_of(r)).second)
      wrong(
          fmt::format("has {} of {} on {} twice, expected each once", requirement, policy, target));
  }
}

std::vector<Difference> compare(const json& before, const json& after) {
  check_matrix(before);
  std::map<Place, std::string> old;
  for (const json& r : before["results"])
    old[place_of(r)] = text_at(r, "verdict");
  const auto left_out = [names = canaries(before), more = canaries(after)](const std::string& id) {
    return names.count(id) != 0 || more.count(id) != 0;
  };
  std::vector<Difference> out;
  const auto add = [&](const Place& place, const std::string& was, const std::string& is) {
    const auto& [policy, target, requirement] = place;
    if (was != is && !left_out(requirement))
      out.push_back({policy, target, requirement, was, is, is_worse(was, is)});
  };
  std::set<std::pair<std::string, std::string>> asked;
  for (const json& r : after["results"]) {
    const Place place = place_of(r);
    asked.emplace(std::get<0>(place), std::get<1>(place));
    const auto known = old.find(place);
    add(place, known == old.end() ? absent : known->second, text_at(r, "verdict"));
    if (known != old.end())
      old.erase(known);
  }
  for (const auto& [place, was] : old) {
    const auto& [policy, target, requirement] = place;
    if (asked.count({policy, target}) != 0 && find_requirement(requirement) == nullptr)
      add(place, was, absent);
  }
  regressions_first(out);
  return out;
}

std::vector<Difference> compare_baseline(const json& matrix, const Baseline& baseline) {
  const char* compared = baseline.is_target ? "target" : "policy";
  const char* common = baseline.is_target ? "policy" : "target";
  const auto left_out = canaries(matrix);
  std::map<std::pair<std::string, std::string>, std::string> was;  // what is common, requirement
  for (const json& r : matrix["results"]) {
    if (text_at(r, compared) == baseline.name)
      was[{text_at(r, common), text_at(r, "requirement")}] = text_at(r, "verdict");
  }
  std::vector<Difference> out;
  for (const json& r : matrix["results"]) {
    const std::string requirement = text_at(r, "requirement"), is = text_at(r, "verdict");
    const auto before = was.find({text_at(r, common), requirement});
    // In a run that was stopped the baseline itself may be missing.
    if (before == was.end() || before->second == is || left_out.count(requirement) != 0)
      continue;
    out.push_back({text_at(r, "policy"), text_at(r, "target"), requirement, before->second, is,
                   is_worse(before->second, is)});
  }
  regressions_first(out);
  return out;
}

std::string text_of(const std::vector<Difference>& differences, std::string_view with) {
  const auto worse = std::count_if(differences.begin(), differences.end(),
                                   [](const Difference& d) { return d.worse; });
  const auto others = static_cast<std::ptrdiff_t>(differences.size()) - worse;
  if (differences.empty())
    return fmt::format("{}: no difference\n", with);
  std::string out = fmt::format("{}: {} worse, {} other difference{}\n", with, worse, others,
                                others == 1 ? "" : "s");
  std::size_t id_width = 0, name_width = 0;
  const auto name = [](const Difference& d) { return d.policy + " on " + d.target; };
  for (const Difference& d : differences) {
    id_width = std::max(id_width, d.requirement.size());
    name_width = std::max(name_width, name(d).size());
  }
  for (const Difference& d : differences) {
    out += fmt::format("  {:<5}  {:<{}}  {:<{}}  was {}, is {}\n", d.worse ? "worse" : "",
                       d.requirement, id_width, name(d), name_width, d.before, d.after);
  }
  return out;
}

json to_json(const std::vector<Difference>& differences) {
  json out = json::array();
  for (const Difference& d : differences) {
    out.push_back({{"policy", d.policy},
                   {"target", d.target},
                   {"requirement", d.requirement},
                   {"before", d.before},
                   {"after", d.after},
                   {"worse", d.worse}});
  }
  return out;
}

}  // namespace holdfast::conform
