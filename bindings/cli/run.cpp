// SPDX-License-Identifier: Apache-2.0
// `holdfast run`: everything typed is checked before the first run starts and before anything is
// written; then the scenarios run one after the other.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "analysis/report/what_if.hpp"
#include "analysis/run/estimate.hpp"
#include "analysis/run/fleet/fleet.hpp"
#include "analysis/run/run.hpp"
#include "analysis/traces/foreign.hpp"
#include "bindings/cli/answers/report_page.hpp"
#include "bindings/cli/answers/strip.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/out_folder.hpp"
#include "bindings/cli/progress.hpp"
#include "bindings/cli/render.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<scenario::Scenario> load_all(const RunArguments& arguments) {
  std::vector<scenario::Scenario> out;
  for (const auto& file : arguments.scenarios) {
    const ReadingProgress progress(file);
    auto document = scenario::read_document(file);
    // What --set does needs a scenario to start from; a wrong file is told as such first.
    if (!arguments.sets.empty())
      scenario::from_json(document, file);
    scenario::Changes changes(document);
    for (const auto& assignment : arguments.sets)
      changes.set(assignment);
    if (!arguments.seed.empty()) {
      const std::uint64_t seed = whole_number("--seed", arguments.seed, 0, UINT64_MAX);
      if (document.is_object())
        changes.set("/seed", seed, "--seed");
    }
    out.push_back(scenario::from_json(document, file));
    scenario::check_choices(out.back());
    if (!out.back().expect.requirements.empty() && !requirements_judge()) {
      throw UsageError(
          fmt::format("{}: /expect/requirements: this program was built without "
                      "conform; `make build` adds it",
                      file));
    }
  }
  return out;
}

// With --out each scenario gets a folder by its name, so two of one name would collide.
void check_output(const RunArguments& arguments, const std::vector<scenario::Scenario>& all) {
  for (const auto& kind : arguments.traces)
    check_word("--trace", kind);
  const bool captures =
      std::find(arguments.traces.begin(), arguments.traces.end(), "pcap") != arguments.traces.end();
  for (std::size_t i = 0; captures && i < all.size(); ++i) {
    if (all[i].fabric.transport != scenario::Transport::tcp) {
      throw UsageError(fmt::format("--trace: pcap exists for tcp, {} has another transport",
                                   arguments.scenarios[i]));
    }
  }
  if (arguments.out.empty()) {
    if (!arguments.traces.empty())
      throw UsageError("--trace: traces are files, so give --out DIR");
    return;
  }
  std::map<std::string, std::string> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [earlier, fresh] = seen.emplace(all[i].name, arguments.scenarios[i]);
    if (fresh)
      continue;
    throw UsageError(fmt::format("--out: {} and {} have the same name {}", earlier->second,
                                 arguments.scenarios[i], scenario::in_quotes(all[i].name)));
  }
  check_out(arguments.out);
  for (const auto& one : all) {
    const fs::path folder = fs::path(arguments.out) / one.name;
    if (const std::string foreign = analysis::foreign_file(folder); !foreign.empty()) {
      throw UsageError(fmt::format(
          "--out: found \"{}\" in {}, which no run wrote and which would be lost; expected another "
          "folder",
          foreign, scenario::in_quotes(folder.string())));
    }
  }
}

std::uint64_t max_events_from(const std::string& typed) {
  return typed.empty() ? analysis::default_max_events
                       : whole_number("--max-events", typed, 1, UINT64_MAX);
}

std::uint64_t max_memory_from(const std::string& typed) {
  if (typed.empty())
    return analysis::default_max_memory;
  try {
    return analysis::max_memory_from(typed);
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string("--max-memory: ") + error.what());
  }
}

std::size_t rows_from(const std::string& typed) {
  if (typed.empty())
    return analysis::default_rows;
  return typed == "all" ? SIZE_MAX : whole_number("--rows", typed, 0, UINT32_MAX);
}

/// A document as it is printed and kept.
json cut(json document, const RunArguments& arguments) {
  analysis::cut_rows(document, rows_from(arguments.rows));
  return document;
}

/// An instant of the run; `otherwise` if nothing was typed.
std::int64_t instant(const std::string& option, const std::string& typed, std::int64_t otherwise) {
  if (typed.empty())
    return otherwise;
  const auto parsed = scenario::parse_duration(typed);
  if (!parsed.ok()) {
    throw UsageError(fmt::format("{}: found {} ({}), expected a time, e.g. \"9.5s\"", option,
                                 scenario::in_quotes(typed), parsed.problem));
  }
  return parsed.value.count();
}

analysis::TraceWindow window_from(const RunArguments& a) {
  analysis::TraceWindow window;
  window.from_ns = instant("--from", a.from, window.from_ns);
  window.to_ns = instant("--to", a.to, window.to_ns);
  if (!a.snaplen.empty())
    window.snaplen = static_cast<std::uint32_t>(whole_number("--snaplen", a.snaplen, 1, 65535));
  return window;
}

void check_window(const RunArguments& arguments, const std::vector<scenario::Scenario>& all) {
  for (const scenario::Scenario& one : all) {
    const std::string problem =
        analysis::window_problem(window_from(arguments), arguments.traces, one.duration,
                                 {"--from", "--to", "--snaplen", "--trace"});
    if (!problem.empty())
      throw UsageError(problem);
  }
}

/// A run that someone will wait for, or that may not fit, says so first.
void announce(const scenario::Scenario& one) {
  constexpr double long_run_s = 20.0;
  constexpr double large_run_bytes = 2e9;
  const auto cost = analysis::estimate(one);
  if (cost.seconds > long_run_s || cost.bytes > large_run_bytes)
    say(fmt::format("{}: {}", one.name, analysis::words_of(cost)));
}

bool use_colour() {
  const char* off = std::getenv("NO_COLOR");  // the convention of no-color.org
  return isatty(STDOUT_FILENO) != 0 && (off == nullptr || *off == '\0');
}

/// Of the terminal; of one that does not say, that of old ones.
winsize screen_size() {
  winsize out{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &out) != 0 || out.ws_row == 0 || out.ws_col == 0)
    out = {24, 80, 0, 0};
  return out;
}

/// The results so far. They are printed once: at the end, or as last words.
class Results {
 public:
  explicit Results(const RunArguments& arguments) : arguments_(arguments) {
    last_words([this] { say_last(); });
  }
  ~Results() { last_words({}); }
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  void add(json result) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(result));
  }
  void add(Strip strip) {
    const std::lock_guard lock(mutex_);
    strips_.push_back(std::move(strip));
  }
  /// What of it is in no file follows on stdout, whatever was to be printed.
  void cannot_be_kept(const std::string& why) {
    say(why + "; the result follows on standard output");
    documents_ = true;
    is_kept_ = false;
  }
  [[nodiscard]] bool is_kept() const { return is_kept_; }
  [[nodiscard]] const json& all() const { return all_; }

  /// Throws what `print` throws, after the results have gone where they still can go.
  void tell() {
    const std::lock_guard lock(mutex_);
    told_ = true;
    try {
      print(text(use_colour()));
    } catch (const analysis::EnvironmentError&) {
      if (arguments_.out.empty() || !is_kept_)
        say_if_heard(text(false));
      throw;
    }
  }

 private:
  [[nodiscard]] std::string text(bool colour) const {
    if (!documents_) {
      std::string text = render(all_, colour);
      for (const json& result : all_) {
        if (result.contains("what_if"))
          text += what_if_text(result.value("name", ""), result["what_if"]);
      }
      return text + strips(text, colour);
    }
    json documents = json::array();
    for (const json& one : all_)
      documents.push_back(cut(one, arguments_));
    const bool one = arguments_.scenarios.size() == 1 && documents.size() == 1;
    return text_of(one ? documents[0] : documents);
  }
  /// As many strips as there is room for below the rest on one screen.
  [[nodiscard]] std::string strips(const std::string& above, bool colour) const {
    const winsize screen = screen_size();
    std::string out;
    auto left = static_cast<std::ptrdiff_t>(screen.ws_row) - 1 -
                std::count(above.begin(), above.end(), '\n');
    for (const Strip& one : strips_) {
      left -= static_cast<std::ptrdiff_t>(one.height());
      if (left >= 0)
        out += one.text(screen.ws_col, colour);
    }
    return out;
  }
  void say_last() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || told_)
      return;
    try {
      print(text(false));
      say(fmt::format("stopped by {}; {} of {} scenarios finished", interrupted_by(), all_.size(),
                      arguments_.scenarios.size()));
    } catch (const std::exception&) {
      return;  // There is nobody left to tell.
    } catch (const ReaderGone&) {
      return;
    }
  }

  const RunArguments& arguments_;
  std::mutex mutex_;
  json all_ = json::array();
  std::vector<Strip> strips_;
  bool documents_ = arguments_.json;
  bool is_kept_ = true;
  bool told_ = false;
};

/// A partial result lies beside that of an earlier run which came to its end, not in its place.
void write_results(const fs::path& folder, const scenario::Scenario& scenario, const json& result) {
  const bool beside = result.contains("partial") && analysis::has_whole_result(folder);
  if (beside) {
    say(
        fmt::format("{} is of a run that came to its end, and stays; the partial result is in "
                    "result.partial.json",
                    (folder / "result.json").string()));
    analysis::write_whole(folder / "result.partial.json", text_of(result));
    return;
  }
  // The result first: beside it the rest is known as ours (analysis/traces/foreign.hpp).
  analysis::write_whole(folder / "result.json", text_of(result));
  analysis::write_whole(folder / "scenario.json", text_of(scenario::to_json(scenario)));
  std::error_code ignored;
  fs::remove(folder / "result.partial.json", ignored);
}

using Folders = std::vector<std::unique_ptr<analysis::Folder>>;

/// All of them before the first run, so that none fails after hours.
Folders make_folders(const RunArguments& arguments,
                     const std::vector<scenario::Scenario>& scenarios) {
  Folders out;
  if (arguments.out.empty())
    return out;
  for (const auto& one : scenarios)
    out.push_back(make_out(fs::path(arguments.out) / one.name));
  return out;
}

void run_one(const RunArguments& arguments, const scenario::Scenario& scenario,
             const fs::path& folder, Results& results, ReportPage& page) {
  announce(scenario);
  RunProgress progress(scenario.name);
  analysis::RunOptions options;
  options.kernel = analysis::kernel_named(arguments.kernel);
  options.traces = arguments.traces;
  options.window = window_from(arguments);
  options.out = folder;
  options.max_events = max_events_from(arguments.max_events);
  options.max_memory = max_memory_from(arguments.max_memory);
  options.heartbeat = [&](const analysis::Moment& moment) {
    progress.tell(moment);
    still_alive();
  };
  options.stop = &stop_requested();
  options.judge = requirements_judge();
  if (analysis::Onlooker* recorder = page.next())
    options.onlookers.push_back(recorder);
  Strip strip;
  const bool with_strip = isatty(STDOUT_FILENO) != 0 && !arguments.json;
  if (with_strip)
    options.onlookers.push_back(&strip);
  json result;
  try {
    result = analysis::run(scenario, options);
  } catch (const analysis::NothingYet&) {
    progress.clear();
    return;
  } catch (const analysis::TracesLost& lost) {
    progress.clear();
    result = lost.document;
    results.cannot_be_kept(lost.what());
  }
  progress.clear();
  if (arguments.what_if) {
    result["what_if"] =
        analysis::report::what_if(scenario, options.max_events, options.max_memory, options.stop);
  }
  page.add(scenario, result.value("what_if", json()));
  results.add(result);
  if (with_strip)
    results.add(std::move(strip));
  if (folder.empty())
    return;
  try {
    write_results(folder, scenario, cut(result, arguments));
  } catch (const analysis::EnvironmentError& error) {
    if (results.is_kept())
      results.cannot_be_kept(std::string("--out: ") + error.what());
  }
}

int status_of(const Results& results, std::size_t asked) {
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; {} of {} scenarios begun", interrupted_by(),
                    results.all().size(), asked));
    return interrupted_status();
  }
  if (!results.is_kept())
    return environment;
  const auto any = [&](auto has) {
    return std::any_of(results.all().begin(), results.all().end(), has);
  };
  if (any([](const json& result) { return !failures(result).empty(); }))
    return expectation_failed;
  return any([](const json& result) { return result.contains("partial"); }) ? bounded : done;
}

}  // namespace

int run_scenarios(const RunArguments& arguments) {
  static_cast<void>(max_events_from(arguments.max_events));
  static_cast<void>(max_memory_from(arguments.max_memory));
  static_cast<void>(rows_from(arguments.rows));
  const auto scenarios = load_all(arguments);
  check_window(arguments, scenarios);
  check_output(arguments, scenarios);
  if (arguments.out.empty() && arguments.report.empty())
    check_stdout();
  ReportPage page("--report", arguments.report, scenarios.size());
  const Folders folders = make_folders(arguments, scenarios);
  Results results(arguments);
  for (std::size_t i = 0; i < scenarios.size() && !stop_requested(); ++i)
    run_one(arguments, scenarios[i], folders.empty() ? fs::path() : folders[i]->path(), results,
            page);
  keep_then_tell([&] { page.write(); }, [&] { results.tell(); });
  return status_of(results, scenarios.size());
}

}  // namespace holdfast::cli
