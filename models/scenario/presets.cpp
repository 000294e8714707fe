// SPDX-License-Identifier: Apache-2.0
// The tables of presets; see presets.hpp.
#include "models/scenario/presets.hpp"

namespace holdfast::scenario {
namespace {

template <class Row>
Codec<std::string> name_from(const std::vector<Row>& table) {
  std::vector<Choice<std::string>> choices;
  for (const auto& row : table)
    choices.push_back({row.name, row.name, row.doc});
  return choice(std::move(choices));
}

template <class Row>
auto row_of(const std::vector<Row>& table, const std::string& name) {
  std::size_t i = 0;
  while (table[i].name != name)
    ++i;
  return table[i].row;
}

}  // namespace

const std::vector<PolicyPreset>& policy_presets() {
  using Policy = RecoveryPolicy;
  static const std::vector<PolicyPreset> table = {
      {"linux-mainline",
       "mainline Linux: in-flight commands are cancelled and retried elsewhere at once",
       {"linux-mainline", Policy::Hold::none, 0, Policy::CqtZero::no_hold, Duration{0}}},
      {"cqt-only",
       "time-based hold of 2 or 3 x KATO + CQT, no Cross-Controller Reset; CQT 0 means no hold",
       {"cqt-only", Policy::Hold::kato_plus_cqt, 0, Policy::CqtZero::no_hold, Duration{0}}}};
  return table;
}

const std::vector<TargetProfile>& target_profiles() {
  static const std::vector<TargetProfile> table = {
      {"nvmet-mainline",
       "mainline Linux nvmet: traffic-based keep alive, in-flight media commands run to their end",
       Subsystem{}}};
  return table;
}

RecoveryPolicy policy_row(const std::string& name) { return row_of(policy_presets(), name); }
Subsystem profile_row(const std::string& name) { return row_of(target_profiles(), name); }

Codec<std::string> policy_name() { return name_from(policy_presets()); }
Codec<std::string> profile_name() { return name_from(target_profiles()); }

}  // namespace holdfast::scenario
