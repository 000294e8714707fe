// SPDX-License-Identifier: Apache-2.0
// `holdfast run`: everything typed is checked before the first run starts and before anything is
// written; then the scenarios run one after the other.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "analysis/run/estimate.hpp"
#include "analysis/run/run.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/render.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::atomic<bool> stop_requested{false};

// The first Ctrl-C asks the run to end in good order; a second one ends the program at once.
extern "C" void on_interrupt(int) {
  stop_requested.store(true);
  std::signal(SIGINT, SIG_DFL);
}

std::uint64_t seed_from(const std::string& typed) {
  std::uint64_t seed = 0;
  const auto* end = typed.data() + typed.size();
  const auto result = std::from_chars(typed.data(), end, seed);
  if (result.ec != std::errc{} || result.ptr != end) {
    throw UsageError(fmt::format("--seed: found {}, expected an integer from 0 to {}",
                                 scenario::in_quotes(typed), UINT64_MAX));
  }
  return seed;
}

std::vector<scenario::Scenario> load_all(const RunArguments& arguments) {
  std::vector<scenario::Scenario> out;
  for (const auto& file : arguments.scenarios) {
    auto document = scenario::read_document(file);
    // What --set does needs a scenario to start from; a wrong file is told as such first.
    if (!arguments.sets.empty())
      scenario::from_json(document, file);
    for (const auto& assignment : arguments.sets)
      scenario::apply_set(document, assignment);
    if (!arguments.seed.empty() && document.is_object()) {
      document["seed"] = seed_from(arguments.seed);
    }
    out.push_back(scenario::from_json(document, file));
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
  const std::vector<std::string> kinds(trace_kinds.begin(), trace_kinds.end());
  for (const auto& kind : arguments.traces) {
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end())
      continue;
    const auto near = scenario::nearest(kind, kinds);
    throw UsageError(fmt::format("--trace: found {}, expected {}{}", scenario::in_quotes(kind),
                                 scenario::one_of(kinds),
                                 near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
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
  std::error_code error;
  if (fs::exists(arguments.out, error) && !fs::is_directory(arguments.out, error)) {
    throw UsageError(
        fmt::format("--out: {} exists and is not a directory", scenario::in_quotes(arguments.out)));
  }
}

fs::path make_folder(const RunArguments& arguments, const std::string& name) {
  if (arguments.out.empty())
    return {};
  const fs::path folder = fs::path(arguments.out) / name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw UsageError(fmt::format("--out: cannot make {}: {}", scenario::in_quotes(folder.string()),
                                 error.message()));
  }
  return folder;
}

void write_file(const fs::path& path, const json& document) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << document.dump(2) << '\n';
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path.string());
}

// One line that overwrites itself, on a terminal only.
std::function<void(double)> progress_line(const std::string& name) {
  if (isatty(STDERR_FILENO) == 0)
    return {};
  return [name, shown = -1](double fraction) mutable {
    const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100.0);
    if (percent == shown)
      return;
    shown = percent;
    fmt::print(stderr, "\r\x1b[K{} {} %", name, percent);
    if (percent == 100)
      fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
  };
}

void clear_progress_line() {
  if (isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\x1b[K");
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

}  // namespace

int run_scenarios(const RunArguments& arguments) {
  const auto scenarios = load_all(arguments);
  check_output(arguments, scenarios);
  std::vector<fs::path> folders;
  for (const auto& one : scenarios)
    folders.push_back(make_folder(arguments, one.name));

  std::signal(SIGINT, on_interrupt);
  json results = json::array();
  for (std::size_t i = 0; i < scenarios.size() && !stop_requested; ++i) {
    const auto& one = scenarios[i];
    announce(one);
    analysis::RunOptions options;
    options.kernel = analysis::kernel_named(arguments.kernel);
    options.traces = arguments.traces;
    options.out = folders[i];
    options.progress = progress_line(one.name);
    options.stop = &stop_requested;
    options.judge = requirements_judge();
    results.push_back(analysis::run(one, options));
    clear_progress_line();
    if (folders[i].empty())
      continue;
    write_file(folders[i] / "scenario.json", scenario::to_json(one));
    write_file(folders[i] / "result.json", results.back());
  }

  if (arguments.json) {
    print(scenarios.size() == 1 && results.size() == 1 ? results[0] : results);
  } else {
    print(render(results, use_colour()));
  }
  if (stop_requested) {
    say(fmt::format("stopped by Ctrl-C; {} of {} scenarios begun", results.size(),
                    scenarios.size()));
    return interrupted;
  }
  const bool failed = std::any_of(results.begin(), results.end(),
                                  [](const json& result) { return !failures(result).empty(); });
  return failed ? expectation_failed : done;
}

}  // namespace holdfast::cli
