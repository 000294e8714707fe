// SPDX-License-Identifier: Apache-2.0
// The report as one page. The page is authored (page.html and what it names); here the matrix is
// packed so that what many failures share, scenarios and timelines, is in the page once.
#include <algorithm>
#include <array>
#include <map>

#include "analysis/conform/report/grid.hpp"
#include "analysis/conform/report/report.hpp"
#include "analysis/pages/pages.hpp"

namespace holdfast::conform {

using nlohmann::json;
namespace pages = analysis::pages;

namespace {

constexpr std::string_view parts_folder = "analysis/conform/report/";

/// A part of the page: one of its own, or one that pages share.
const std::string& part(std::string_view name) {
  const bool shared = name.starts_with("common.");
  return pages::part(std::string(shared ? "analysis/pages/" : parts_folder).append(name));
}

/// A list in which equal values are once.
class Pool {
 public:
  std::size_t add(const json& value) {
    const auto [place, fresh] = places_.emplace(value.dump(), all_.size());
    if (fresh)
      all_.push_back(value);
    return place->second;
  }
  [[nodiscard]] const json& all() const { return all_; }

 private:
  std::map<std::string, std::size_t> places_;
  json all_ = json::array();
};

/// Takes `key` out of each object of a list if all have the same value there, and gives it.
json take_common(json& list, const char* key) {
  if (!list.is_array() || list.empty() || !list[0].contains(key))
    return nullptr;
  const json value = list[0][key];
  const bool same = std::all_of(list.begin(), list.end(), [&](const json& one) {
    return one.contains(key) && one[key] == value;
  });
  if (!same)
    return nullptr;
  for (json& one : list)
    one.erase(key);
  return value;
}

class Packer {
 public:
  explicit Packer(const Grid& grid) : grid_(grid) {}

  json pack() {
    const json& m = grid_.matrix();
    json out;
    for (const char* key :
         {"schema_version", "model_version", "seed", "swarm", "variations", "probes", "complete"}) {
      if (m.contains(key))
        out[key] = m[key];
    }
    for (const auto& [key, with] : comparisons(m))
      out["comparisons"].push_back({{"with", with}, {"differences", m[key]}});
    constexpr std::array<const char*, 3> states = {"none", "sings", "dead"};
    out["canary"] = states[static_cast<std::size_t>(grid_.canary())];
    out["requirements"] = json::array();
    out["implementations"] = json::array();
    out["cells"] = json::array();
    for (const auto& one : grid_.implementations())
      out["implementations"].push_back({one.policy, one.target});
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      out["requirements"].push_back(*grid_.requirements()[r]);
      json row = json::array();
      for (const auto& one : grid_.implementations())
        row.push_back(cell(one.results[r]));
      out["cells"].push_back(row);
    }
    out["texts"] = texts_.all();
    out["incidents"] = incidents_.all();
    out["timelines"] = timelines_.all();
    out["documents"] = documents_.all();
    return out;
  }

 private:
  /// [verdict, occasions, scenarios, failed, incident, why it was expected], or [verdict, why not].
  json cell(const json* result) {
    if (result == nullptr)
      return nullptr;
    const Verdict verdict = verdict_of(*result);
    json out = {static_cast<int>(verdict)};
    if (verdict == Verdict::not_applicable) {
      out.push_back(texts_.add(text_at(*result, "why")));
      return out;
    }
    for (const char* key : {"occasions", "scenarios"})
      out.push_back(result->value(key, 0));
    if (verdict != Verdict::fail)
      return out;
    out.push_back(result->value("failed_scenarios", 0));
    out.push_back(result->contains("failure") ? json(incidents_.add(incident(*result))) : json());
    if (result->contains("expected_because"))
      out.push_back(texts_.add(text_at(*result, "expected_because")));
    return out;
  }

  json incident(const json& result) {
    json out = result["failure"];
    out["file"] = failure_file(result);
    if (out.contains("timeline")) {
      json rows = json::array();
      for (const json& m : out["timeline"]) {
        rows.push_back({m["t_s"], text_at(m, "who"), text_at(m, "text")});
        if (m.value("breach", false))
          rows.back().push_back(1);
      }
      out["timeline"] = timelines_.add(rows);
    }
    if (out.contains("document")) {
      // What tells the scenarios of one course apart is kept beside it.
      json document = out["document"];
      for (const char* key : {"name", "description", "expect"}) {
        if (document.contains(key))
          out["fill"][key] = document[key];
        document.erase(key);
      }
      out["fill"]["policy"] = take_common(document["hosts"], "policy");
      out["fill"]["profile"] = take_common(document["subsystems"], "profile");
      out["document"] = documents_.add(document);
    }
    return out;
  }

  const Grid& grid_;
  Pool texts_, incidents_, timelines_, documents_;
};

}  // namespace

std::string html_report(const json& matrix) {
  const Grid grid(matrix);
  const json data = Packer(grid).pack();
  return pages::fill(part("page.html"), [&](std::string_view name) {
    return name == "data" ? pages::for_script(data) : part(name);
  });
}

}  // namespace holdfast::conform
