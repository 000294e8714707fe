// SPDX-License-Identifier: Apache-2.0
// Taking the matrix document apart; see grid.hpp.
#include "analysis/conform/report/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "analysis/conform/campaign/story.hpp"
#include "analysis/conform/report/report.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

bool is_canary(const json& requirement) { return requirement["kind"] == word(Force::canary); }

/// Fewer faults, then fewer hosts, then less to read. Without a scenario it is no use to anybody.
auto size_of(const json& result) {
  static const json none;
  const json& failure = result.contains("failure") ? result["failure"] : none;
  const json& d = failure.contains("document") ? failure["document"] : none;
  const auto count = [&](const char* key) { return d.contains(key) ? d[key].size() : 0; };
  return std::tuple(!d.is_object(), count("faults"), count("hosts"), d.dump().size());
}

}  // namespace

void Counts::add(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      ++pass;
      return;
    case Verdict::fail:
      ++fail;
      return;
    case Verdict::not_applicable:
      ++not_applicable;
      return;
    case Verdict::not_exercised:
      ++not_exercised;
      return;
  }
}

Grid::Grid(const json& matrix) : matrix_(&matrix) {
  std::map<std::string, std::size_t> places;
  for (const json& r : matrix["requirements"]) {
    if (is_canary(r))
      continue;
    places.emplace(r["id"], requirements_.size());
    requirements_.push_back(&r);
  }
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  for (const json& r : matrix["results"]) {
    const std::pair<std::string, std::string> key(r["policy"], r["target"]);
    const auto [place, fresh] = known.emplace(key, all_.size());
    if (fresh) {
      all_.push_back({key.first, key.second, {}, nullptr});
      all_.back().results.assign(requirements_.size(), nullptr);
    }
    const auto requirement = places.find(r["requirement"]);
    if (requirement == places.end()) {
      all_[place->second].canary = &r;
    } else {
      all_[place->second].results[requirement->second] = &r;
    }
  }
}

Counts Grid::counts(const Implementation& one) const {
  Counts out;
  for (const json* result : one.results) {
    if (result != nullptr)
      out.add(verdict_of(*result));
  }
  return out;
}

Counts Grid::counts() const {
  Counts out;
  for (const Implementation& one : all_) {
    for (const json* result : one.results) {
      if (result != nullptr)
        out.add(verdict_of(*result));
    }
  }
  return out;
}

std::vector<std::size_t> Grid::failing(std::size_t requirement) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const json* result = all_[i].results[requirement];
    if (result != nullptr && verdict_of(*result) == Verdict::fail)
      out.push_back(i);
  }
  return out;
}

const json& Grid::smallest(std::size_t requirement) const {
  const auto places = failing(requirement);
  const auto result = [&](std::size_t i) -> const json& { return *all_[i].results[requirement]; };
  return result(*std::min_element(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return size_of(result(a)) < size_of(result(b));
  }));
}

Grid::Canary Grid::canary() const {
  Canary out = Canary::none;
  for (const Implementation& one : all_) {
    if (one.canary == nullptr)
      continue;
    if (verdict_of(*one.canary) != Verdict::fail)
      return Canary::dead;
    out = Canary::sings;
  }
  return out;
}

Verdict verdict_of(const json& result) {
  for (const Verdict v : {Verdict::pass, Verdict::fail, Verdict::not_applicable}) {
    if (result["verdict"] == word(v))
      return v;
  }
  return Verdict::not_exercised;
}

std::string text_at(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

std::string extent(const Grid& grid) {
  const auto number = [](std::uint64_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  const json& m = grid.matrix();
  const auto variations = m.value("variations", std::uint64_t{0});
  const std::string varied =
      variations == 0 ? std::string()
                      : fmt::format(" and up to {} of probes", number(variations, "variation"));
  return fmt::format(
      "{}, {}; {}{} {}{} for each, seed {}", number(grid.requirements().size(), "requirement"),
      number(grid.implementations().size(), "implementation"),
      number(m["probes"].get<std::uint64_t>(), "probe"), varied.empty() ? " and" : ",",
      number(m["swarm"].get<std::uint64_t>(), "drawn scenario"), varied,
      m["seed"].get<std::uint64_t>());
}

std::vector<std::pair<std::string, std::string>> comparisons(const json& matrix) {
  std::vector<std::pair<std::string, std::string>> out;
  if (matrix.contains("baseline") && matrix["baseline"].size() == 1)
    out.emplace_back("against_baseline", matrix["baseline"].front().get<std::string>());
  out.emplace_back("against", "the earlier matrix");
  out.emplace_back("against_expected", "the expected matrix");
  std::erase_if(out, [&](const auto& one) { return !matrix.contains(one.first); });
  return out;
}

std::string canary_text(Grid::Canary canary) {
  switch (canary) {
    case Grid::Canary::sings:
      return "The canary, a check that must fail, failed for every implementation: the checker is "
             "alive.";
    case Grid::Canary::dead:
      return "THE CANARY, A CHECK THAT MUST FAIL, DID NOT FAIL: do not believe this report.";
    case Grid::Canary::none:
      break;
  }
  return "There is no result of the canary, a check that must fail.";
}

std::string text(const Counts& c) {
  return fmt::format("{} pass, {} fail, {} not applicable, {} not exercised", c.pass, c.fail,
                     c.not_applicable, c.not_exercised);
}

std::string fault_text(const json& fault) {
  std::string out = text_at(fault, "type");
  const auto add = [&](const std::string& key, const json& value) {
    out += fmt::format(" {} {}", key, value.is_string() ? time_words(value) : value.dump());
  };
  for (const auto& [key, value] : fault.items()) {
    if (key != "type" && key != "at" && key != "for")
      add(key, value);
  }
  for (const char* key : {"at", "for"}) {
    if (fault.contains(key))
      add(key, fault[key]);
  }
  return out;
}

std::string scenario_text(const json& failure) {
  if (!failure.contains("document"))
    return "";
  const json& d = failure["document"];
  std::string out =
      fmt::format("{} host{}, {} of simulated time, ", d["hosts"].size(),
                  d["hosts"].size() == 1 ? "" : "s", time_words(text_at(d, "duration")));
  if (!d.contains("faults") || d["faults"].empty())
    return out + "no fault";
  std::vector<std::string> faults;
  for (const json& fault : d["faults"])
    faults.push_back(fault_text(fault));
  return out + fmt::format("{}", fmt::join(faults, "; "));
}

std::string moment_text(const json& moment) {
  const bool breach = moment.value("breach", false);
  return fmt::format("{} {:>13.6f} s  {:<11}  {}", breach ? ">>" : "  ",
                     moment["t_s"].get<double>(), breach ? "BREACH" : text_at(moment, "who"),
                     text_at(moment, "text"));
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  std::string out;
  std::size_t used = columns;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view one = text.substr(at, end - at);
    at = end + 1;
    if (one.empty())
      continue;
    if (used + 1 + one.size() > columns) {
      out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
      used = indent;
    } else {
      out += ' ';
      ++used;
    }
    out += one;
    used += one.size();
  }
  return out + '\n';
}

std::string in_few_words(const Grid& grid, const std::vector<std::size_t>& implementations) {
  const auto& all = grid.implementations();
  if (implementations.size() == all.size() && all.size() > 1)
    return fmt::format("all {} implementations", all.size());
  // Policies that fail on the same targets go together.
  std::vector<std::pair<std::string, std::vector<std::string>>> by_policy, groups;
  for (const std::size_t i : implementations) {
    if (by_policy.empty() || by_policy.back().first != all[i].policy)
      by_policy.emplace_back(all[i].policy, std::vector<std::string>{});
    by_policy.back().second.push_back(all[i].target);
  }
  for (const auto& [policy, targets] : by_policy) {
    const auto has = static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&p = policy](const auto& one) { return one.policy == p; }));
    const std::string on = has == targets.size() && has > 1
                               ? "all targets"
                               : fmt::format("{}", fmt::join(targets, ", "));
    const auto place = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& group) { return group.first == on; });
    if (place == groups.end()) {
      groups.push_back({on, {policy}});
    } else {
      place->second.push_back(policy);
    }
  }
  std::string out;
  for (const auto& [on, policies] : groups) {
    out += out.empty() ? "" : "; ";
    out += fmt::format("{} on {}", fmt::join(policies, ", "), on);
  }
  return out;
}

}  // namespace holdfast::conform
