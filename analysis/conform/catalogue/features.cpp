// SPDX-License-Identifier: Apache-2.0
// What a requirement may presuppose of an implementation.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "analysis/conform/catalogue/catalogue.hpp"

namespace holdfast::conform {

namespace {

using Policy = scenario::RecoveryPolicy;

bool is_nvmet(const Subject& s) { return s.target_knobs.profile.starts_with("nvmet"); }

}  // namespace

const std::vector<Feature>& features() {
  static const std::vector<Feature> all = {
      {"host_ccr", "the host uses Cross-Controller Reset",
       [](const Subject& s) { return s.host_knobs.ccr; }},
      {"host_no_ccr", "the host does not use Cross-Controller Reset",
       [](const Subject& s) { return !s.host_knobs.ccr; }},
      {"host_fences", "the host has a state in which requests wait",
       [](const Subject& s) { return s.host_knobs.waits != Policy::Waits::nowhere; }},
      {"host_fencing_state", "the host has the states FENCING and FENCED, or RECOVERING",
       [](const Subject& s) {
         return s.host_knobs.waits == Policy::Waits::fencing ||
                s.host_knobs.waits == Policy::Waits::recovering;
       }},
      {"host_holds", "the host has a time-based hold",
       [](const Subject& s) { return s.host_knobs.hold != Policy::Hold::none; }},
      {"host_filters", "the host lets go of what may be executed twice",
       [](const Subject& s) { return s.host_knobs.release_idempotent; }},
      {"host_fc", "the host's policy exists on Fibre Channel",
       [](const Subject& s) { return s.host_knobs.waits != Policy::Waits::resetting; }},
      {"target_ccr", "the target offers Cross-Controller Reset",
       [](const Subject& s) { return s.target_knobs.ccrl != 0; }},
      {"target_no_ccr", "the target does not offer Cross-Controller Reset",
       [](const Subject& s) { return s.target_knobs.ccrl == 0; }},
      {"target_traffic_based", "the target's keep-alive is traffic based (TBKAS)",
       [](const Subject& s) { return s.target_knobs.traffic_based_keep_alive; }},
      {"target_command_based", "the target's keep-alive is command based",
       [](const Subject& s) { return !s.target_knobs.traffic_based_keep_alive; }},
      {"target_cqt", "the target reports a Command Quiesce Time",
       [](const Subject& s) { return s.target_knobs.attr_cqt != sim::Duration{}; }},
      {"target_cqt_zero", "the target reports CQT 0",
       [](const Subject& s) { return s.target_knobs.attr_cqt == sim::Duration{}; }},
      {"target_nvmet", "the target is Linux nvmet", is_nvmet},
      {"target_not_nvmet", "the target is not Linux nvmet",
       [](const Subject& s) { return !is_nvmet(s); }},
      {"target_lost_host_log", "the target has log page 1Fh",
       [](const Subject& s) { return s.target_knobs.lost_host_log; }},
      {"target_kato_max", "the target has a longest KATO",
       [](const Subject& s) { return s.target_knobs.kato_max != sim::Duration{}; }},
      {"target_fused", "the target executes Compare and Write",
       [](const Subject& s) { return s.target_knobs.fused_commands; }},
  };
  return all;
}

std::string why_not(const Requirement& requirement, const Subject& subject) {
  for (const std::string& word : requirement.when) {
    const auto place = std::find_if(features().begin(), features().end(),
                                    [&](const Feature& f) { return f.name == word; });
    if (place == features().end())
      throw std::logic_error(fmt::format("requirement {}: no feature {}", requirement.id, word));
    if (!place->holds(subject))
      return fmt::format("applies only if {}", place->meaning);
  }
  const bool fc_only = requirement.transports.size() == 1 && requirement.transports.front() == "fc";
  if (fc_only && subject.host_knobs.waits == Policy::Waits::resetting)
    return "applies to fc only, for which this policy does not exist";
  return {};
}

}  // namespace holdfast::conform
