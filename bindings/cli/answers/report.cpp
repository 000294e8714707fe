// SPDX-License-Identifier: Apache-2.0
// `holdfast report`; see report.hpp.
#include "bindings/cli/answers/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "analysis/report/what_if.hpp"
#include "analysis/run/run.hpp"
#include "bindings/cli/answers/asked.hpp"
#include "bindings/cli/answers/report_answers.hpp"
#include "bindings/cli/answers/report_page.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/progress.hpp"
#include "bindings/cli/render.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Source {
  scenario::Scenario scenario;
  std::string name;        ///< as it was typed, or found below what was typed
  std::string trace_hash;  ///< of the result that is there; empty: there is none
};

Source scenario_at(const std::string& file, const ReportArguments& arguments) {
  return {read_changed(file, arguments.sets), file, {}};
}

/// A folder of `run --out`: beside the result lies its scenario.
Source result_at(const fs::path& folder, const ReportArguments& arguments) {
  const fs::path scenario = folder / "scenario.json";
  std::error_code failed;
  if (!fs::is_regular_file(scenario, failed)) {
    throw UsageError(fmt::format(
        "report: found {} without a scenario.json beside it, expected what `run --out` wrote",
        scenario::in_quotes((folder / "result.json").string())));
  }
  Source out = scenario_at(scenario.string(), arguments);
  out.name = folder.string();
  if (!arguments.sets.empty())
    return out;
  const fs::path file = folder / "result.json";
  const json result = json::parse(scenario::read_text(file), nullptr, false);
  if (!result.is_object() || !result.contains("trace_hash") || !result["trace_hash"].is_string()) {
    throw UsageError(
        fmt::format("report: found {}, which is no result of a run, expected what "
                    "`run --out` wrote",
                    scenario::in_quotes(file.string())));
  }
  if (!result.contains("partial"))
    out.trace_hash = result["trace_hash"].get<std::string>();
  return out;
}

bool is_result(const fs::path& file) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed))
    return false;
  const json document = json::parse(scenario::read_text(file), nullptr, false);
  return document.is_object() && document.contains("trace_hash");
}

std::vector<Source> sources_at(const std::string& typed, const ReportArguments& arguments) {
  std::error_code failed;
  if (!fs::is_directory(typed, failed)) {
    return {is_result(typed) ? result_at(fs::path(typed).parent_path(), arguments)
                             : scenario_at(typed, arguments)};
  }
  if (fs::exists(fs::path(typed) / "result.json", failed))
    return {result_at(typed, arguments)};
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(typed)) {
    if (fs::exists(entry.path() / "result.json", failed))
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) {
    throw UsageError(
        fmt::format("report: found no result in {}, expected a folder of `run`, `search` or "
                    "`rare` with --out",
                    scenario::in_quotes(typed)));
  }
  std::vector<Source> out;
  for (const fs::path& folder : folders)
    out.push_back(result_at(folder, arguments));
  return out;
}

json run_again(const Source& source, ReportPage& page, bool with_what_if) {
  RunProgress progress(source.scenario.name);
  analysis::RunOptions options;
  options.heartbeat = [&](const analysis::Moment& moment) {
    progress.tell(moment);
    still_alive();
  };
  options.stop = &stop_requested();
  options.judge = requirements_judge();
  options.onlookers = {page.next()};
  json result;
  try {
    result = analysis::run(source.scenario, options);
  } catch (const analysis::NothingYet&) {
    progress.clear();
    return nullptr;
  }
  progress.clear();
  const std::string hash = result.value("trace_hash", "");
  if (!source.trace_hash.empty() && source.trace_hash != hash && !result.contains("partial")) {
    say(
        fmt::format("{}: its result is of another version of the models (trace hash {}, now {}); "
                    "the page shows what this version does",
                    source.name, source.trace_hash, hash));
  }
  json what_if;
  if (with_what_if) {
    what_if = analysis::report::what_if(source.scenario, options.max_events, options.max_memory,
                                        options.stop);
    result["what_if"] = what_if;
  }
  page.add(source.scenario, what_if);
  return result;
}

}  // namespace

void add_report(CLI::App& app, ReportArguments& arguments) {
  auto* verb =
      app.add_subcommand("report", "Write one page that explains runs, or what was found out");
  verb->add_option("SOURCE", arguments.sources,
                   "folders of `run --out`, results in them, or scenarios; or documents of search, "
                   "rare, size or sweep; at most 8 of either")
      ->required();
  verb->add_option("--set", arguments.sets, "change one value first, as for run")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--out", arguments.out, "where the page goes (default report.html)")
      ->type_name("FILE");
  verb->add_flag("--what-if", arguments.what_if,
                 "and what the same seed comes to under each other policy");
  verb->footer(
      "Runs are done again for it: a result has sums only, and the same scenario gives the same "
      "run.\nThe first run is what the others are compared with. Of answers the document is all "
      "that "
      "it takes: what\n--json prints or --out keeps.\n\nExamples:\n"
      "  holdfast report rw_test_mainline --what-if --out mainline.html\n"
      "  holdfast report rw_test_mainline rw_test_cqt_only rw_test_ccr\n"
      "  holdfast report results/before results/after\n"
      "  holdfast report found/search.json --out found.html\n");
}

int write_report(const ReportArguments& arguments) {
  if (const std::optional<AnswersPage> page = page_of_answers(arguments.sources)) {
    if (!arguments.sets.empty() || arguments.what_if)
      throw UsageError("report: found --set or --what-if with answers, expected them with runs");
    check_page("--out", arguments.out);
    write_page("--out", arguments.out, page->text,
               fmt::format("{} answer{}", page->answers, page->answers == 1 ? "" : "s"));
    return done;
  }
  std::vector<Source> sources;
  for (const std::string& typed : arguments.sources) {
    for (Source& one : sources_at(typed, arguments))
      sources.push_back(std::move(one));
  }
  ReportPage page("--out", arguments.out, sources.size());
  json results = json::array();
  for (const Source& source : sources) {
    if (stop_requested())
      break;
    json result = run_again(source, page, arguments.what_if);
    if (!result.is_null())
      results.push_back(std::move(result));
  }
  std::string text = render(results, false);
  for (const json& result : results) {
    if (result.contains("what_if"))
      text += what_if_text(result.value("name", ""), result["what_if"]);
  }
  keep_then_tell([&] { page.write(); }, [&] { print(text); });
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; the page has what was done until then", interrupted_by()));
    return interrupted_status();
  }
  return done;
}

}  // namespace holdfast::cli
