// SPDX-License-Identifier: Apache-2.0
// The catalogue of requirements, scenarios/requirements/catalogue/*.json, which is built into the
// library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/scenario/declaration/spec.hpp"

namespace holdfast::conform {

/// How binding a requirement is.
enum class Force : std::uint8_t {
  shall,
  should,
  linux_behaviour,  ///< no text of a specification: what Linux does, and others rely on
  canary,           ///< not a requirement: a check that must fail, or the checker is dead
};

/// Who has to keep it.
enum class Party : std::uint8_t { host, target, system };

struct Requirement {
  std::string id;
  std::string title;   ///< a few words
  std::string text;    ///< in our own words
  std::string source;  ///< document, section, figure; kernel function
  Force force = Force::shall;
  Party party = Party::host;
  std::vector<std::string> transports;  ///< empty: all
  std::vector<std::string> when;        ///< features that it presupposes; see `applies`
  std::string confidence;               ///< V, D or UNVERIFIED, as in protocol.md
  std::string protocol;                 ///< section of protocol.md
  bool timing = false;                  ///< sensitive to timing: needs many scenarios
};

/// All requirements, in the order of the files and of each file.
const std::vector<Requirement>& catalogue();
/// The requirement of that id, or null.
const Requirement* find_requirement(std::string_view id);
std::vector<std::string> requirement_ids();

std::string_view word(Force force);
std::string_view word(Party party);

/// An implementation under test: a policy of hosts and the knobs of a target.
struct Subject {
  std::string policy_name;
  std::string target_name;
  nlohmann::json policy;  ///< as in a scenario: a name, or an object
  nlohmann::json target;  ///< knobs of a subsystem, `profile` among them
  // The same, read.
  scenario::RecoveryPolicy host_knobs;
  scenario::Subsystem target_knobs;
};

/// The words that `when` may use, each with its meaning.
struct Feature {
  std::string_view name;
  std::string_view meaning;
  bool (*holds)(const Subject&);
};
const std::vector<Feature>& features();

/// Why a requirement does not apply to an implementation; empty: it does.
std::string why_not(const Requirement& requirement, const Subject& subject);

/// A probe: a scenario that is made to exercise requirements; policy and target are filled in.
struct Probe {
  std::string name;
  nlohmann::json scenario;
  /// Who is judged in it; a probe whose target misbehaves on purpose judges hosts only.
  bool judges_host = true;
  bool judges_target = true;
  bool judges_system = true;
};
const std::vector<Probe>& probes();

}  // namespace holdfast::conform
