// SPDX-License-Identifier: Apache-2.0
// `holdfast report`: the page of runs that were made before, or of scenarios.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace holdfast::cli {

struct ReportArguments {
  std::vector<std::string> sources;  ///< folders of results, results, scenarios
  std::vector<std::string> sets;
  std::string out = "report.html";
  bool what_if = false;
};

void add_report(CLI::App& app, ReportArguments& arguments);
/// Does the runs again, for a result has no more than its sums, and writes the page.
int write_report(const ReportArguments& arguments);

}  // namespace holdfast::cli
