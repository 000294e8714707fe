// SPDX-License-Identifier: Apache-2.0
// Rows of defaults that have a name: host recovery policies that name real code (protocol.md 4.7)
// and target profiles (protocol.md 1.8). A scenario starts from a row and may override any knob.
#pragma once

#include <string>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

struct PolicyPreset {
  std::string name;
  std::string doc;
  RecoveryPolicy row;
};

struct TargetProfile {
  std::string name;
  std::string doc;
  Subsystem row;
};

/// What a release of Linux does at a host (protocol.md 16). The row has what is a key of a host.
struct KernelPreset {
  std::string name;
  std::string doc;
  Host row;
  transport::SynLimits syn;
  bool has_controller_timeouts = true;  ///< sysfs `io_timeout` and `admin_timeout`
  bool has_delayed_removal = true;      ///< sysfs `delayed_removal_secs`
};

const std::vector<PolicyPreset>& policy_presets();
const std::vector<KernelPreset>& kernel_presets();
const std::vector<TargetProfile>& target_profiles();

/// The row of that name; the name must be one of the table.
RecoveryPolicy policy_row(const std::string& name);
const KernelPreset& kernel_preset(const std::string& name);
Host kernel_row(const std::string& name);
/// How a host connects: as the fabric says, else as its kernel does.
transport::SynLimits syn_limits(const Fabric& fabric, const Host& host);
Subsystem profile_row(const std::string& name);

/// The names of a table as a kind of value.
Codec<std::string> policy_name();
Codec<std::string> kernel_name();
Codec<std::string> profile_name();

}  // namespace holdfast::scenario
