// SPDX-License-Identifier: Apache-2.0
// From names or knobs to an implementation under test.
#include <algorithm>
#include <array>

#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/campaign/matrix.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// What belongs to the place of a target and not to the target.
constexpr auto not_knobs =
    std::to_array<const char*>({"name", "ports", "namespaces", "nodes", "ana_states"});

/// The smallest scenario: it reads knobs as every scenario does.
json frame(const json& policy, const json& target) {
  json subsystem = target;
  subsystem["name"] = "sub";
  subsystem["ports"] = {"a0"};
  subsystem["namespaces"] = {{{"nsid", 1}, {"size", "16MiB"}}};
  return {{"name", "frame"},
          {"fabric", {{"links", {{{"name", "l"}, {"ends", {"h0", "a0"}}}}}}},
          {"subsystems", {subsystem}},
          {"hosts",
           {{{"name", "h0"},
             {"policy", policy},
             {"connect", {{{"subsystem", "sub"}, {"port", "a0"}}}}}}}};
}

}  // namespace

Subject make_subject(const std::string& policy_name, const json& policy,
                     const std::string& target_name, const json& target) {
  Subject s{policy_name, target_name, policy, target, {}, {}};
  if (s.target.is_string())
    s.target = {{"profile", target}};
  if (!s.target.is_object()) {
    scenario::Cursor(target, target_name)
        .fail_value("the name of a profile, or an object with knobs of a subsystem");
  }
  for (const char* key : not_knobs) {
    if (s.target.contains(key)) {
      scenario::Cursor(s.target, target_name)
          .at(key)
          .fail(scenario::in_quotes(key),
                "knobs of the target only; the scenarios bring ports and namespaces");
    }
  }
  const auto read =
      scenario::from_json(frame(s.policy, s.target), policy_name + " on " + target_name);
  s.host_knobs = read.hosts.front().policy;
  s.target_knobs = read.subsystems.front();
  return s;
}

}  // namespace holdfast::conform
