// SPDX-License-Identifier: Apache-2.0
// The page that `run --report` and `report` write, and what the other policies would have done.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/report/recorder.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::cli {

/// Throws UsageError, which names `option`, if the file cannot be one.
void check_page(const std::string& option, const std::string& file);
/// Writes a page, and says so. Throws EnvironmentError.
void write_page(const std::string& option, const std::string& file, const std::string& page,
                const std::string& what);

class ReportPage {
 public:
  /// `file`: where the page goes; empty: there is none. Throws UsageError, which names `option`, if
  /// it cannot be a file or the runs are too many.
  ReportPage(std::string option, std::string file, std::size_t runs);

  /// Who looks on at the next run; null if there is no page.
  analysis::Onlooker* next();
  /// That run is over: keeps what was written down. A run that gave no result is no part of it.
  void add(const scenario::Scenario& scenario, const nlohmann::json& what_if);
  /// Writes the file, if there was a run, and says so. Throws EnvironmentError.
  void write() const;

 private:
  std::string option_, file_;
  std::unique_ptr<analysis::report::Recorder> recorder_;
  std::vector<nlohmann::json> runs_;
};

/// The rows of what_if.hpp as a table.
std::string what_if_text(const std::string& name, const nlohmann::json& rows);

}  // namespace holdfast::cli
