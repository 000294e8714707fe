// SPDX-License-Identifier: Apache-2.0
// `holdfast conform`: which requirement does an implementation break?
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>

#include "analysis/conform/campaign/expected.hpp"
#include "analysis/conform/campaign/matrix.hpp"
#include "analysis/conform/campaign/story.hpp"
#include "analysis/conform/report/compare.hpp"
#include "analysis/conform/report/report.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/conform_options.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/out_folder.hpp"
#include "bindings/cli/progress.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/memory.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// An earlier or the expected matrix; everything about it is checked before anything runs.
json read_json(const std::string& option, const std::string& file, void (*check)(const json&)) {
  if (file.empty())
    return nullptr;
  const std::string where = option + ": " + scenario::in_quotes(file);
  std::error_code ignored;
  std::ifstream in = sim::open_to_read(file);
  if (!in || fs::is_directory(file, ignored))
    throw UsageError(where + ": found no file that can be read, expected a JSON document");
  const json document = json::parse(in, nullptr, false);
  if (document.is_discarded() || !document.is_object())
    throw UsageError(where + ": found no JSON object, expected a document of holdfast conform");
  try {
    check(document);
  } catch (const std::invalid_argument& error) {
    throw UsageError(where + " " + error.what());
  }
  return document;
}

/// JSON text, even of names that are no UTF-8.
std::string dumped(const json& document, int indent) {
  return document.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

/// The matrix of an earlier run in this folder; null if there is none.
json earlier_matrix(const fs::path& out) {
  std::error_code ignored;
  if (!fs::is_regular_file(out / "conform.json", ignored))
    return nullptr;
  std::ifstream in = sim::open_to_read(out / "conform.json");
  json earlier = json::parse(in, nullptr, false);
  try {
    conform::check_matrix(earlier);
  } catch (const std::invalid_argument&) {
    return nullptr;
  }
  return earlier;
}

/// What is in each report but the matrix.
bool names_us(const std::string& report) {
  return report.find("onformance report") != std::string::npos ||
         report.find("holdfast conform") != std::string::npos;
}

/// Reports of the same names that conform did not write would be lost.
void refuse_foreign(const fs::path& out) {
  for (const char* name : {"conform.json", "conform.html", "conform.md", "conform.junit.xml"}) {
    std::ifstream file = sim::open_to_read(out / name);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const json document = json::parse(text, nullptr, false);
    const bool is_matrix = document.is_object() && document.contains("results");
    if (!text.empty() && !is_matrix && !names_us(text)) {
      throw UsageError(
          fmt::format("--out: found \"{}\" in {}, which conform did not write and which would be "
                      "lost; expected "
                      "another folder",
                      name, scenario::in_quotes(out.string())));
    }
  }
}

/// Where the reports go: those of a run that was stopped do not take the place of a whole one's.
fs::path folder_for(const std::string& out, const json& matrix) {
  const json earlier = earlier_matrix(out);
  if (matrix.value("complete", true) || earlier.is_null() || !earlier.value("complete", true))
    return out;
  say(fmt::format(
      "{}/conform.json is of a run that came to its end, and stays; the reports of what "
      "was finished are in {}/partial",
      out, out));
  return fs::path(out) / "partial";
}

/// New files first. What an earlier run left and this one does not write goes last: a scenario in
/// there would look as if it failed still.
void write_reports(const ConformArguments& a, const json& matrix) {
  if (a.out.empty())
    return;
  const fs::path out = folder_for(a.out, matrix);
  static_cast<void>(analysis::Folder(out / "failures"));  // takes away what a killed run left
  std::error_code error;
  if (!fs::create_directories(out / "failures", error) && error)
    throw analysis::EnvironmentError("cannot make " + out.string() + "/failures", error.value());
  const json earlier = earlier_matrix(out);
  std::set<fs::path> written;
  const auto write = [&](const fs::path& name, const std::string& text) {
    analysis::write_whole(out / name, text);
    written.insert(name);
    still_alive();
  };
  for (const json& r : matrix["results"]) {
    if (r.contains("failure") && r["failure"].contains("document"))
      write(conform::failure_file(r), dumped(r["failure"]["document"], 2));
  }
  const auto wanted = [&](const char* format) {
    return a.formats.empty() ||
           std::find(a.formats.begin(), a.formats.end(), format) != a.formats.end();
  };
  if (wanted("json"))
    write("conform.json", dumped(matrix, 1));
  if (wanted("html"))
    write("conform.html", conform::html_report(matrix));
  if (wanted("md"))
    write("conform.md", conform::markdown_report(matrix));
  if (wanted("junit"))
    write("conform.junit.xml", conform::junit_report(matrix));
  std::vector<fs::path> old = {"conform.json", "conform.html", "conform.md", "conform.junit.xml"};
  if (!earlier.is_null()) {
    for (const json& r : earlier["results"])
      old.emplace_back(conform::failure_file(r));
  }
  for (const fs::path& name : old) {
    if (!written.contains(name))
      fs::remove(out / name, error);
  }
}

/// A failing scenario is named by what fails, and that may be too long for a file.
void check_names(const ConformArguments& a, const conform::MatrixOptions& options) {
  if (a.out.empty())
    return;
  constexpr std::size_t longest = 255;  // NAME_MAX of every file system of Linux that is in use
  for (const conform::Subject& s : options.subjects) {
    for (const conform::Requirement* r : options.requirements) {
      const auto name = conform::incident_name(r->id, s.policy_name, s.target_name) + ".json";
      if (name.size() > longest)
        throw analysis::EnvironmentError("--out: cannot write failures/" + name, ENAMETOOLONG);
    }
  }
}

std::function<void(double)> progress_line(Pace& pace) {
  return [&pace, shown = -1](double fraction) mutable {
    const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100.0);
    if (percent == shown || !pace.is_time())
      return;
    shown = percent;
    pace.show(fmt::format("conform {} %: {}", percent,
                          fraction < conform::share_of_runs ? "running scenarios"
                                                            : "making failing scenarios small"));
  };
}

/// The matrix against its baseline, the earlier and the expected one. What differs becomes a part
/// of it, and so of every report; gives the words for the terminal.
std::string compare_with(json& matrix, const std::optional<conform::Baseline>& baseline,
                         const json& old, const json& expected) {
  std::string out;
  if (baseline) {
    const auto found = conform::compare_baseline(matrix, *baseline);
    matrix["baseline"] = {{baseline->is_target ? "target" : "policy", baseline->name}};
    matrix["against_baseline"] = conform::to_json(found);
    out += conform::text_of(found, "Against " + baseline->name) + "\n";
  }
  if (!old.is_null()) {
    const auto found = conform::compare(old, matrix);
    matrix["against"] = conform::to_json(found);
    out += conform::text_of(found, "Against the earlier matrix") + "\n";
  }
  if (!expected.is_null()) {
    const auto found = conform::compare_expected(expected, matrix);
    matrix["against_expected"] = conform::to_json(found);
    out += conform::text_of(found, "Against the expected matrix") + "\n";
    for (json& r : matrix["results"]) {
      const auto why =
          conform::expected_reason(expected, r["requirement"].get<std::string>(),
                                   r["policy"].get<std::string>(), r["target"].get<std::string>());
      if (r["verdict"] == conform::word(conform::Verdict::fail) && !why.empty())
        r["expected_because"] = why;
    }
  }
  return out;
}

/// What the exit status says: with a baseline or an earlier matrix whether anything is worse, with
/// the expected one whether anything differs, without any whether anything failed.
int status_of(const json& matrix) {
  bool compared = matrix.contains("against_expected");
  bool bad = compared && !matrix["against_expected"].empty();
  for (const char* key : {"against_baseline", "against"}) {
    if (!matrix.contains(key))
      continue;
    compared = true;
    for (const json& difference : matrix[key])
      bad = bad || difference["worse"].get<bool>();
  }
  if (!compared)
    return matrix["summary"]["fail"] != 0 ? expectation_failed : done;
  return bad ? expectation_failed : done;
}

}  // namespace

int conform_matrix(const ConformArguments& a) {
  auto [options, baseline] = conform_asked(a);
  const json old = read_json("--against", a.against, conform::check_matrix);
  const json expected = read_json("--expected", a.expected, conform::check_expected);
  if (a.out.empty() && !a.formats.empty())
    throw UsageError("--format: reports are files, so give --out DIR");
  check_names(a, options);
  if (a.out.empty())
    check_stdout();
  std::unique_ptr<analysis::Folder> folder;
  if (!a.out.empty()) {
    check_out(a.out);
    refuse_foreign(a.out);
    folder = make_out(a.out);
  }

  options.stop = &stop_requested();
  Pace pace(std::chrono::seconds{30});
  options.progress = progress_line(pace);
  json matrix = conform::run_matrix(options);
  pace.clear();
  const std::string differences = compare_with(matrix, baseline, old, expected);
  // Files first: a reader of stdout that goes away must not cost them.
  std::string lost;
  try {
    write_reports(a, matrix);
  } catch (const analysis::EnvironmentError& error) {
    lost = error.what();
    say("--out: " + lost + "; the matrix follows on standard output");
  }
  if (a.json || !lost.empty()) {
    print(matrix);
  } else {
    print(differences + conform::text_report(matrix, a.out, program()));
  }
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; what is finished is in the report", interrupted_by()));
    return interrupted_status();
  }
  if (!lost.empty())
    return environment;
  if (!conform::checker_is_alive(matrix)) {
    say("internal error: the canary passed or was not exercised, so this run checked nothing");
    return internal_error;
  }
  return status_of(matrix);
}

JudgeFactory requirements_judge() { return conform::expected_requirements; }

}  // namespace holdfast::cli
