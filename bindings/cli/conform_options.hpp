// SPDX-License-Identifier: Apache-2.0
// What `holdfast conform` was asked for: implementations, requirements, a baseline.
#pragma once

#include <optional>

#include "analysis/conform/campaign/matrix.hpp"
#include "analysis/conform/report/compare.hpp"
#include "bindings/cli/cli.hpp"

namespace holdfast::cli {

struct ConformAsked {
  conform::MatrixOptions options;
  std::optional<conform::Baseline> baseline;  ///< among the implementations; what others change
};

/// Throws UsageError, or scenario::ScenarioError for a mistake in a file of knobs.
ConformAsked conform_asked(const ConformArguments& arguments);

}  // namespace holdfast::cli
