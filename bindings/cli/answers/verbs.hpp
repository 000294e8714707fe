// SPDX-License-Identifier: Apache-2.0
// The verbs that answer a question about a scenario, and their options.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bindings/cli/answers/report.hpp"
#include "bindings/cli/cli.hpp"

namespace holdfast::cli {

/// What was asked of each of them.
struct Answers {
  TimersArguments timers;
  SearchArguments search;
  RareArguments rare;
  SizeArguments size;
  ReportArguments report;
};

/// `--set`, as most verbs have it.
void add_sets(CLI::App* verb, std::vector<std::string>& sets);
void add_answers(CLI::App& app, Answers& answers);
/// The exit status; none: it was none of them that was asked for.
std::optional<int> answer(const CLI::App& app, const Answers& answers);

}  // namespace holdfast::cli
