// SPDX-License-Identifier: Apache-2.0
// Pages of runs; see report_page.hpp.
#include "bindings/cli/answers/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "analysis/pages/pages.hpp"
#include "analysis/report/page.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/render.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {

namespace fs = std::filesystem;
namespace report = analysis::report;
using nlohmann::json;

void check_page(const std::string& option, const std::string& file) {
  std::error_code failed;
  const std::string quoted = scenario::in_quotes(file);
  if (const std::string other = analysis::pages::in_the_way(file); !other.empty())
    throw UsageError(fmt::format("{}: found {}, {}", option, quoted, other));
  const fs::path folder = fs::path(file).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, failed)) {
    throw UsageError(
        fmt::format("{}: found {}, expected a file in a folder that is there", option, quoted));
  }
}

void write_page(const std::string& option, const std::string& file, const std::string& page,
                const std::string& what) {
  try {
    analysis::write_whole(file, page);
  } catch (const analysis::EnvironmentError& error) {
    throw analysis::EnvironmentError(option + ": " + error.what());
  }
  say(fmt::format("{}: {}, {} KB", file, what, (page.size() + 999) / 1000));
}

ReportPage::ReportPage(std::string option, std::string file, std::size_t runs)
    : option_(std::move(option)), file_(std::move(file)) {
  if (file_.empty())
    return;
  if (runs > report::most_runs) {
    throw UsageError(fmt::format("{}: found {} runs, expected at most {} side by side", option_,
                                 runs, report::most_runs));
  }
  check_page(option_, file_);
}

analysis::Onlooker* ReportPage::next() {
  if (file_.empty())
    return nullptr;
  recorder_ = std::make_unique<report::Recorder>();
  return recorder_.get();
}

void ReportPage::add(const scenario::Scenario& scenario, const json& what_if) {
  if (recorder_ != nullptr && !recorder_->run().is_null())
    runs_.push_back(report::told(scenario, *recorder_, what_if));
  recorder_.reset();
}

void ReportPage::write() const {
  if (file_.empty() || runs_.empty())
    return;
  write_page(option_, file_, report::page(runs_),
             fmt::format("{} run{}", runs_.size(), runs_.size() == 1 ? "" : "s"));
}

namespace {

constexpr std::array<const char*, 8> heads = {"policy",   "verdict",       "stale writes",
                                              "exposure", "longest stall", "slowest read",
                                              "held for", "I/O done"};

std::array<std::string, heads.size()> cells_of(const json& row) {
  const auto time = [&](const char* key) {
    return row.contains(key) ? time_text(row[key].get<double>()) : std::string("-");
  };
  std::string name = row["policy"].get<std::string>() + (row.value("own", false) ? " *" : "");
  if (row.contains("error"))
    return {name, "error", row["error"].get<std::string>(), "", "", "", "", ""};
  return {name,
          row["verdict"].get<std::string>(),
          row["stale_writes_count"].dump(),
          time("exposure_s"),
          time("stall_s"),
          time("slowest_read_s"),
          time("hold_s"),
          row["completed_count"].dump()};
}

}  // namespace

std::string what_if_text(const std::string& name, const json& rows) {
  std::vector<std::array<std::string, heads.size()>> all(1);
  std::copy(heads.begin(), heads.end(), all.front().begin());
  for (const json& row : rows)
    all.push_back(cells_of(row));
  std::array<std::size_t, heads.size()> widths{};
  for (const auto& row : all) {
    for (std::size_t c = 0; c < heads.size(); ++c)
      widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out = fmt::format("\n{}: the same seed under each policy (*: its own)\n", name);
  for (const auto& row : all) {
    std::string line = " ";
    for (std::size_t c = 0; c < heads.size(); ++c)
      line += fmt::format(" {:<{}} ", row[c], widths[c]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace holdfast::cli
