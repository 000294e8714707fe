// SPDX-License-Identifier: Apache-2.0
// From what was typed to the options of a matrix; see conform_options.hpp.
#include "bindings/cli/conform_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "analysis/conform/campaign/story.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A policy or target as typed: its name, what a scenario would say, and the file that says it.
struct Named {
  std::string name;
  json knobs;
  std::string file = {};
};

/// A file's name without its end, as UTF-8 whatever it is.
std::string name_of_file(const std::string& file) {
  constexpr auto replace = json::error_handler_t::replace;
  return json::parse(json(fs::path(file).stem().string()).dump(-1, ' ', false, replace));
}

template <class Row>
std::vector<std::string> names_of(const std::vector<Row>& table) {
  std::vector<std::string> names;
  for (const Row& row : table)
    names.push_back(row.name);
  return names;
}

/// A name of a table, or a file with knobs.
Named one_named(const std::string& option, const std::string& typed, const char* also,
                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), typed) != names.end())
    return {typed, typed};
  if (typed.ends_with(".json"))
    return {name_of_file(typed), scenario::read_document(typed), typed};
  const auto near = scenario::nearest(typed, names);
  throw UsageError(fmt::format("{}: found {}, expected {}a file that ends in .json, or {}{}",
                               option, scenario::in_quotes(typed), also, scenario::one_of(names),
                               near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

/// Names that differ in signs that no file's name has would share files of the report.
bool same_name(const Named& a, const Named& b) {
  return conform::incident_name("", a.name, "") == conform::incident_name("", b.name, "");
}

/// All names of a table for "all", or what was typed.
std::vector<Named> named(const std::string& option, const std::vector<std::string>& typed,
                         const std::vector<std::string>& names) {
  std::vector<Named> out;
  for (const std::string& one : typed) {
    if (one == "all") {
      for (const std::string& name : names)
        out.push_back({name, name});
    } else {
      out.push_back(one_named(option, one, "all, ", names));
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (same_name(out[i], out[j]))
        throw UsageError(fmt::format("{}: found {} twice, expected each once", option,
                                     scenario::in_quotes(out[i].name)));
    }
  }
  return out;
}

/// The baseline joins the implementations, before those that are compared with it. It is a policy
/// or a target: presets and profiles have names of their own, and a target's file has "profile".
conform::Baseline join_baseline(const std::string& typed, std::vector<Named>& policies,
                                std::vector<Named>& targets) {
  const std::vector<std::string> profiles = names_of(scenario::target_profiles());
  std::vector<std::string> names = names_of(scenario::policy_presets());
  names.insert(names.end(), profiles.begin(), profiles.end());
  const Named base = one_named("--baseline", typed, "", names);
  const bool is_target =
      base.file.empty() ? std::find(profiles.begin(), profiles.end(), base.name) != profiles.end()
                        : base.knobs.is_object() && base.knobs.contains("profile");
  std::vector<Named>& list = is_target ? targets : policies;
  const char* option = is_target ? "--target" : "--policy";
  const auto known = std::find_if(list.begin(), list.end(),
                                  [&](const Named& one) { return same_name(one, base); });
  if (known == list.end()) {
    list.insert(list.begin(), base);
  } else if (known->file != base.file) {
    throw UsageError(fmt::format("--baseline: {} is the name of another one of {}",
                                 scenario::in_quotes(base.name), option));
  }
  if (list.size() < 2) {
    throw UsageError(fmt::format("--baseline: {} names {} alone, so there is nothing to compare",
                                 option, scenario::in_quotes(base.name)));
  }
  return {base.name, is_target};
}

/// Those of some ids and parties; an empty list: any.
std::vector<const conform::Requirement*> chosen(const std::vector<std::string>& typed,
                                                const std::vector<std::string>& parties) {
  const auto ids = conform::requirement_ids();
  for (const std::string& one : typed) {
    if (std::find(ids.begin(), ids.end(), one) != ids.end())
      continue;
    const auto near = scenario::nearest(one, ids);
    throw UsageError(
        fmt::format("--requirement: found {}, expected {}{}; holdfast list requirement "
                    "has them all",
                    scenario::in_quotes(one), scenario::one_of(ids),
                    near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  std::vector<const conform::Requirement*> out;
  const auto among = [](const std::vector<std::string>& list, std::string_view word) {
    return list.empty() || std::find(list.begin(), list.end(), word) != list.end();
  };
  for (const conform::Requirement& r : conform::catalogue()) {
    if (among(typed, r.id) && among(parties, conform::word(r.party)))
      out.push_back(&r);
  }
  if (out.empty()) {
    throw UsageError(fmt::format("--party: none of the requirements asked for is to be kept by {}",
                                 fmt::join(parties, " or ")));
  }
  return out;
}

std::uint32_t number(const std::string& option, const std::string& typed, std::uint32_t most) {
  return static_cast<std::uint32_t>(whole_number(option, typed, 0, most));
}

/// A mistake in a file of knobs is told as a place in that file.
conform::Subject subject_from(const Named& policy, const Named& target) {
  try {
    return conform::make_subject(policy.name, policy.knobs, target.name, target.knobs);
  } catch (const scenario::ScenarioError& error) {
    scenario::ScenarioError::Parts parts = error.parts();
    const auto within = [&](const Named& one, const std::string& place) {
      if (one.file.empty() || !parts.pointer.starts_with(place))
        return false;
      parts.source = one.file;
      parts.pointer.erase(0, place.size());
      return true;
    };
    if (!within(policy, "/hosts/0/policy") && !within(target, "/subsystems/0"))
      within(target, "");
    throw scenario::ScenarioError(parts);
  }
}

}  // namespace

ConformAsked conform_asked(const ConformArguments& a) {
  ConformAsked out;
  conform::MatrixOptions& options = out.options;
  auto policies = named("--policy", a.policies, names_of(scenario::policy_presets()));
  auto targets = named("--target", a.targets, names_of(scenario::target_profiles()));
  if (!a.baseline.empty())
    out.baseline = join_baseline(a.baseline, policies, targets);
  for (const Named& policy : policies) {
    for (const Named& target : targets)
      options.subjects.push_back(subject_from(policy, target));
  }
  options.requirements = chosen(a.requirements, a.parties);
  options.seed = number("--seed", a.seed, 1'000'000'000);
  options.swarm = number("--swarm", a.swarm, 100'000);
  options.jobs = number("--jobs", a.jobs, 1024);
  if (options.jobs == 0)
    options.jobs = std::max(1U, std::thread::hardware_concurrency());
  return out;
}

}  // namespace holdfast::cli
