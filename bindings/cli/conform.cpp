// SPDX-License-Identifier: Apache-2.0
// `holdfast conform`: which requirement does an implementation break?
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "analysis/conform/matrix.hpp"
#include "analysis/conform/report.hpp"
#include "bindings/cli/cli.hpp"
#include "models/scenario/presets.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::atomic<bool> stop_requested{false};

extern "C" void on_conform_interrupt(int) {
  stop_requested.store(true);
  std::signal(SIGINT, SIG_DFL);
}

/// A policy or target as typed: its name, and what a scenario would say.
using Named = std::pair<std::string, json>;

/// The names of a table for "all", a name of it, or a file with knobs.
template <class Row>
std::vector<Named> named(const std::string& option, const std::vector<std::string>& typed,
                         const std::vector<Row>& table) {
  std::vector<std::string> names;
  for (const Row& row : table)
    names.push_back(row.name);
  std::vector<Named> out;
  for (const std::string& one : typed) {
    if (one == "all") {
      for (const std::string& name : names)
        out.emplace_back(name, name);
    } else if (std::find(names.begin(), names.end(), one) != names.end()) {
      out.emplace_back(one, one);
    } else if (one.ends_with(".json")) {
      out.emplace_back(fs::path(one).stem().string(), scenario::read_document(one));
    } else {
      const auto near = scenario::nearest(one, names);
      throw UsageError(fmt::format("{}: found {}, expected all, a file that ends in .json, or {}{}",
                                   option, scenario::in_quotes(one), scenario::one_of(names),
                                   near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (out[i].first == out[j].first)
        throw UsageError(fmt::format("{}: {} twice", option, scenario::in_quotes(out[i].first)));
    }
  }
  return out;
}

std::vector<const conform::Requirement*> chosen(const std::vector<std::string>& typed) {
  std::vector<const conform::Requirement*> out;
  for (const conform::Requirement& r : conform::catalogue()) {
    if (typed.empty() || std::find(typed.begin(), typed.end(), r.id) != typed.end())
      out.push_back(&r);
  }
  const auto ids = conform::requirement_ids();
  for (const std::string& one : typed) {
    if (std::find(ids.begin(), ids.end(), one) != ids.end())
      continue;
    const auto near = scenario::nearest(one, ids);
    throw UsageError(fmt::format("--requirement: found {}, expected {}{}; holdfast list requirement "
                                 "has them all",
                                 scenario::in_quotes(one), scenario::one_of(ids),
                                 near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  return out;
}

/// A matrix or an expectation; everything about it is checked before anything runs.
json read_json(const std::string& option, const std::string& file) {
  if (file.empty())
    return nullptr;
  std::ifstream in(file, std::ios::binary);
  const json document = in ? json::parse(in, nullptr, false) : json();
  if (!in || document.is_discarded() || !document.is_object()) {
    throw UsageError(fmt::format("{}: {} is no JSON file written by holdfast conform", option,
                                 scenario::in_quotes(file)));
  }
  return document;
}

void check_output(const ConformArguments& a) {
  if (a.out.empty() && !a.formats.empty())
    throw UsageError("--format: reports are files, so give --out DIR");
  std::error_code error;
  if (!a.out.empty() && fs::exists(a.out, error) && !fs::is_directory(a.out, error)) {
    throw UsageError(
        fmt::format("--out: {} exists and is not a directory", scenario::in_quotes(a.out)));
  }
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path.string());
}

void write_reports(const ConformArguments& a, const json& matrix) {
  if (a.out.empty())
    return;
  std::error_code error;
  fs::create_directories(fs::path(a.out) / "failures", error);
  if (error) {
    throw UsageError(
        fmt::format("--out: cannot make {}: {}", scenario::in_quotes(a.out), error.message()));
  }
  const auto wanted = [&](const char* format) {
    return a.formats.empty() ||
           std::find(a.formats.begin(), a.formats.end(), format) != a.formats.end();
  };
  const fs::path out(a.out);
  for (const json& r : matrix["results"]) {
    if (r.contains("failure") && r["failure"].contains("document"))
      write_text(out / conform::failure_file(r), r["failure"]["document"].dump(2) + "\n");
  }
  if (wanted("json"))
    write_text(out / "conform.json", matrix.dump(1) + "\n");
  if (wanted("html"))
    write_text(out / "conform.html", conform::html_report(matrix));
  if (wanted("md"))
    write_text(out / "conform.md", conform::markdown_report(matrix));
  if (wanted("junit"))
    write_text(out / "conform.junit.xml", conform::junit_report(matrix));
}

std::function<void(double)> progress_line() {
  if (isatty(STDERR_FILENO) == 0)
    return {};
  return [shown = -1](double fraction) mutable {
    const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100.0);
    if (percent == shown)
      return;
    shown = percent;
    fmt::print(stderr, "\r\x1b[Kconform {} %", percent);
    std::fflush(stderr);
  };
}

std::uint32_t number(const std::string& option, const std::string& typed, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto* end = typed.data() + typed.size();
  const auto result = std::from_chars(typed.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value > most) {
    throw UsageError(fmt::format("{}: found {}, expected an integer from 0 to {}", option,
                                 scenario::in_quotes(typed), most));
  }
  return value;
}

/// What the exit status says: with an old or an expected matrix whether anything is worse, else
/// whether anything failed.
int status_of(const json& matrix, const std::vector<conform::Difference>& differences,
              bool compared) {
  if (compared) {
    const bool worse = std::any_of(differences.begin(), differences.end(),
                                   [](const conform::Difference& d) { return d.worse; });
    return worse ? expectation_failed : done;
  }
  return matrix["summary"]["fail"] == 0 ? done : expectation_failed;
}

}  // namespace

int conform_matrix(const ConformArguments& a) {
  conform::MatrixOptions options;
  const auto policies = named("--policy", a.policies, scenario::policy_presets());
  const auto targets = named("--target", a.targets, scenario::target_profiles());
  for (const auto& [policy_name, policy] : policies) {
    for (const auto& [target_name, target] : targets)
      options.subjects.push_back(conform::make_subject(policy_name, policy, target_name, target));
  }
  options.requirements = chosen(a.requirements);
  options.seed = number("--seed", a.seed, 1'000'000'000);
  options.swarm = number("--swarm", a.swarm, 100'000);
  options.jobs = number("--jobs", a.jobs, 1024);
  if (options.jobs == 0)
    options.jobs = std::max(1U, std::thread::hardware_concurrency());
  const json old = read_json("--against", a.against);
  const json expected = read_json("--expected", a.expected);
  try {
    if (!old.is_null())
      conform::compare(old, old);
    if (!expected.is_null())
      conform::compare_expected(expected, {{"results", json::array()}});
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  check_output(a);

  std::signal(SIGINT, on_conform_interrupt);
  options.stop = &stop_requested;
  options.progress = progress_line();
  const json matrix = conform::run_matrix(options);
  if (isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\x1b[K");
  write_reports(a, matrix);
  std::vector<conform::Difference> differences;
  if (!old.is_null())
    differences = conform::compare(old, matrix);
  if (!expected.is_null()) {
    const auto more = conform::compare_expected(expected, matrix);
    differences.insert(differences.end(), more.begin(), more.end());
  }
  if (a.json) {
    print(matrix);
  } else {
    print(conform::text_of(differences) + conform::text_report(matrix));
  }
  if (stop_requested) {
    say("stopped by Ctrl-C; what is finished is in the report");
    return interrupted;
  }
  if (!conform::canary_sings(matrix)) {
    say("internal error: the canary passed, so this run checked nothing");
    return internal_error;
  }
  return status_of(matrix, differences, !old.is_null() || !expected.is_null());
}

}  // namespace holdfast::cli
