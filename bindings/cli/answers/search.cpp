// SPDX-License-Identifier: Apache-2.0
// `holdfast search`: the worst case within bounds, and the scenario that shows it.
#include "analysis/search/search.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "analysis/deadline.hpp"
#include "analysis/run/run.hpp"
#include "analysis/search/position.hpp"
#include "bindings/cli/answers/asked.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/out_folder.hpp"
#include "bindings/cli/progress.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace engine = analysis::search;
using nlohmann::json;

scenario::Scenario read(const SearchArguments& arguments) {
  const ReadingProgress progress(arguments.scenario);
  json document = scenario::read_document(arguments.scenario);
  scenario::Changes changes(document);
  for (const std::string& assignment : arguments.sets)
    changes.set(assignment);
  if (!arguments.bounds.empty() && !document.contains("adversary"))
    document["adversary"] = json::object();
  for (const std::string& bound : arguments.bounds)
    changes.set("adversary." + bound, "--bounds");
  return scenario::from_json(document, arguments.scenario);
}

/// A number of worlds, or a time.
void take_budget(const std::string& typed, engine::Options& options) {
  if (typed.empty())
    return;
  if (typed.find_first_not_of("0123456789") == std::string::npos) {
    options.worlds = whole_number("--budget", typed, 1, UINT64_MAX);
    return;
  }
  options.deadline = analysis::deadline_after(
      time_above_zero("--budget", typed, "60s", "a number of worlds, or a time above 0"));
}

std::optional<scenario::RecoveryPolicy> policy_named(const std::string& name) {
  if (name.empty())
    return std::nullopt;
  std::vector<std::string> names;
  for (const auto& preset : scenario::policy_presets())
    names.emplace_back(preset.name);
  check_word("--against", name, names);
  return scenario::policy_row(name);
}

std::string times(std::int64_t ns) {
  return fmt::format("{:.9g} s", static_cast<double>(ns) / 1e9);
}

/// The verdict, with its bound.
std::string verdict_of(const engine::Outcome& out, const scenario::Scenario& scenario) {
  std::uint64_t worlds = out.walks;
  for (const engine::Level& level : out.levels)
    worlds += level.worlds;
  const std::string where = engine::told(out.bounds, scenario);
  const std::string whole =
      out.ended == engine::Ended::exhausted
          ? "exhausted"
          : fmt::format("not exhausted: {} done", out.ended == engine::Ended::budget
                                                      ? "the budget is"
                                                      : "what came until it was stopped is");
  const bool corruption = out.objective == engine::Objective::corruption;
  if (!out.worst) {
    return fmt::format("no {} within {}: {} worlds, {}",
                       corruption ? "corrupting execution" : "exposure", where, worlds, whole);
  }
  const std::string against =
      out.against.empty() ? "" : fmt::format(" that is safe under {}", out.against);
  if (corruption) {
    return fmt::format("a corrupting execution{} with {} deviation{}, found within {}: {} worlds",
                       against, out.worst->deviations.size(),
                       out.worst->deviations.size() == 1 ? "" : "s", where, worlds);
  }
  return fmt::format("longest {} {} (own run {}) within {}: {} worlds, {}",
                     engine::name_of(out.objective), times(out.worst->value), times(out.own_value),
                     where, worlds, whole);
}

/// When the corruption became inevitable.
std::string likelihood_of(const engine::Outcome& out, const json& document) {
  if (out.likelihood.empty())
    return "";
  const engine::Chance& first = out.likelihood.front();
  std::string text =
      fmt::format("  of {} executions with random choices within the bounds {} corrupt",
                  first.worlds, first.corrupt);
  const json& since = document["worst"]["inevitable_s"];
  if (since.is_number())
    text += fmt::format("; from {:.9g} s of this one on all do", since.get<double>());
  return text + "\n";
}

std::string text_of(const engine::Outcome& out, const scenario::Scenario& scenario,
                    const json& document) {
  std::string text = scenario.name + ": " + verdict_of(out, scenario) + "\n\n";
  text += "  deviations      worlds      probes\n";
  for (const engine::Level& level : out.levels) {
    text += fmt::format("  {:>10}  {:>10}  {:>10}  {}\n", level.deviations, level.worlds,
                        level.probes, level.exhausted ? "exhausted" : "not exhausted");
  }
  if (out.walks != 0)
    text += fmt::format("  {:>10}  {:>10}  {:>10}  at random\n", "any", out.walks, 0);
  if (out.merging.on) {
    text += fmt::format("  {} worlds remembered, {} met again\n", out.merging.distinct,
                        out.merging.again);
  }
  if (!out.worst)
    return text;
  text += "\n";
  for (const engine::Deviation& d : out.worst->deviations)
    text += "  " + engine::told(d) + "\n";
  if (out.worst->deviations.empty())
    text += "  the scenario's own run\n";
  if (out.objective == engine::Objective::corruption)
    text += fmt::format("  at {} it is done\n", times(sim::ns(out.worst->seen)));
  if (out.aftermath)
    text += "  " + engine::told(*out.aftermath) + "\n";
  text += likelihood_of(out, document);
  const json story = document["worst"].value("story", json::object());
  if (story.contains("timeline")) {
    text += fmt::format("\n  {} on host {}, namespace {}, LBA {}\n",
                        story["kind"].get<std::string>(), story["host"].get<std::string>(),
                        story["namespace"].get<std::string>(), story["lba"].dump());
    for (const json& line : story["timeline"]) {
      const std::string when =
          line["t_s"].is_number() ? fmt::format("{:.6f} s", line["t_s"].get<double>()) : "";
      text += fmt::format("  {:>16}  {}\n", when, line["text"].get<std::string>());
    }
  }
  return text;
}

/// Tells how far a search is, on stderr.
class Teller {
 public:
  void tell(const engine::Progress& p) {
    still_alive();
    if (!pace_.is_time())
      return;
    const double seconds = pace_.elapsed_s();
    pace_.show(fmt::format("{} worlds, {:.0f}/s, {} deviation{}, frontier {}{}", p.worlds,
                           static_cast<double>(p.worlds) / std::max(seconds, 1e-3), p.deviations,
                           p.deviations == 1 ? "" : "s", p.frontier,
                           p.found ? ", something found" : ""));
  }
  void clear() { pace_.clear(); }

 private:
  Pace pace_;
};

/// What keeps in --out how far the search is, and has taken it up from there.
std::unique_ptr<engine::Keeper> keeper_of(const std::string& out,
                                          const scenario::Scenario& scenario,
                                          engine::Options& options, engine::Objective objective) {
  if (out.empty())
    return nullptr;
  try {
    auto keeper = std::make_unique<engine::Keeper>(out, scenario, options, objective);
    options.from = keeper->from();
    options.keep = [one = keeper.get()](const engine::Position& position) { one->keep(position); };
    options.keep_met = [one = keeper.get()](
                           std::uint64_t before,
                           std::span<const analysis::search::alike::Remembered> m) {
      one->keep_met(before, m);
    };
    if (options.from)
      say("goes on from " + scenario::printable(keeper->file().string()));
    return keeper;
  } catch (const engine::PositionError& error) {
    throw UsageError(fmt::format("--out: {}; take another folder", error.what()));
  } catch (const analysis::EnvironmentError& error) {
    throw analysis::EnvironmentError(std::string("--out: ") + error.what());
  }
}

}  // namespace

int search_worst(const SearchArguments& arguments) {
  engine::Options options;
  options.jobs = threads(arguments.jobs);
  check_word("--for", arguments.objective);
  const engine::Objective objective = engine::objective_named(arguments.objective);
  check_word("--strategy", arguments.strategy);
  options.strategy = engine::strategy_named(arguments.strategy);
  options.merge = arguments.merge;
  options.reduce = arguments.reduce;
  options.against = policy_named(arguments.against);
  if (options.against && objective != engine::Objective::corruption)
    throw UsageError("--against: found another --for than corruption, expected that");
  if (!arguments.out.empty())
    check_out(arguments.out);
  const scenario::Scenario scenario = read(arguments);
  take_budget(arguments.budget, options);
  options.stop = &stop_requested();
  Teller teller;
  options.progress = [&](const engine::Progress& p) { teller.tell(p); };
  const std::unique_ptr<engine::Keeper> keeper =
      keeper_of(arguments.out, scenario, options, objective);
  const engine::Outcome out = engine::search(scenario, options, objective);
  teller.clear();
  const json document = engine::document(scenario, out);
  std::optional<std::filesystem::path> finding;
  const auto keep = [&] {
    if (keeper)
      finding = keeper->finish(out, document);
  };
  const auto tell = [&] {
    if (arguments.json) {
      print(document);
    } else {
      print(text_of(out, scenario, document));
    }
  };
  keep_then_tell(keep, tell);
  if (finding) {
    say(fmt::format("replay it with: {} run {} --kernel both", program(),
                    scenario::printable(finding->string())));
  }
  return status_of_answer(out.ended == engine::Ended::budget);
}

}  // namespace holdfast::cli
