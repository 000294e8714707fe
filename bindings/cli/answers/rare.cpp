// SPDX-License-Identifier: Apache-2.0
// `holdfast rare`: the probability of what hardly ever happens, and worlds in which it does.
#include "analysis/rare/rare.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "analysis/deadline.hpp"
#include "analysis/files/answers.hpp"
#include "analysis/run/run.hpp"
#include "bindings/cli/answers/asked.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/out_folder.hpp"
#include "bindings/cli/progress.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace rarity = analysis::rare;
using nlohmann::json;

scenario::Scenario read(const RareArguments& arguments) {
  scenario::Scenario one = read_changed(arguments.scenario, arguments.sets);
  if (one.choices) {
    throw scenario::ScenarioError(
        {arguments.scenario, "/choices", "a script", "none: it leaves nothing to chance", ""});
  }
  return one;
}

rarity::Event event_of(const std::string& typed) {
  try {
    return rarity::event_of(typed);
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string("--of: ") + error.what());
  }
}

double per_year_of(const std::string& typed) {
  return typed.empty() ? 0.0 : number("--per-year", typed, "a number above 0", [](double value) {
    return value > 0.0;
  });
}

void take_budget(const std::string& typed, rarity::Options& options) {
  if (typed.empty())
    return;
  options.deadline = analysis::deadline_after(time_above_zero("--budget", typed, "60s"));
}

std::string answer_of(const rarity::Outcome& out) {
  const rarity::Mean& mean = out.mean;
  if (mean.repetitions == 0)
    return "nothing was done";
  if (mean.value == 0.0)
    return fmt::format("probability below {:.2e} (95 %), nobody met it", out.upper);
  if (mean.repetitions < 2)
    return fmt::format("probability {:.3e}, one repetition has no interval", mean.value);
  return fmt::format("probability {:.3e}, 95 % interval {:.2e} to {:.2e}", mean.value, mean.low,
                     mean.high);
}

std::string levels_of(const rarity::Outcome& out) {
  std::string text = "\n  level  importance      tried    reached  chance\n";
  for (std::size_t i = 0; i < out.stages.size(); ++i) {
    const rarity::Stage& stage = out.stages[i];
    const std::string importance = i < out.pilot.levels.size()
                                       ? fmt::format("{:.4f}", out.pilot.levels[i])
                                       : std::string("the event");
    text += fmt::format(
        "  {:>5}  {:>10}  {:>9.0f}  {:>9.0f}  {}\n", i + 1, importance, stage.tried, stage.reached,
        stage.tried > 0.0 ? fmt::format("{:.4f}", stage.reached / stage.tried) : std::string("-"));
  }
  return text;
}

std::string crude_of(const rarity::Outcome& out) {
  const rarity::Proportion& c = out.crude;
  if (c.runs == 0)
    return "  crude Monte Carlo was not run\n";
  if (c.hits == 0)
    return fmt::format("  crude Monte Carlo: 0 of {} runs, at most {:.2e} (95 %)\n", c.runs,
                       c.high);
  return fmt::format("  crude Monte Carlo: {} of {} runs, {:.3e}, 95 % interval {:.2e} to {:.2e}\n",
                     c.hits, c.runs, static_cast<double>(c.hits) / static_cast<double>(c.runs),
                     c.low, c.high);
}

std::string text_of(const rarity::Outcome& out, const scenario::Scenario& scenario,
                    double per_year) {
  std::string text = fmt::format("{}: {} in a failover: {}\n", scenario.name,
                                 rarity::name_of(out.event), answer_of(out));
  const double most = out.mean.value == 0.0 ? out.upper : out.mean.value;
  if (per_year > 0.0 && out.mean.repetitions != 0) {
    text += fmt::format("  at {:g} failovers a year: {}{:.3g} a year, once in {:.3g} years\n",
                        per_year, out.mean.value == 0.0 ? "at most " : "", most * per_year,
                        1.0 / (most * per_year));
  }
  text += fmt::format("  {}, {} repetitions of {}, seed {}: {} events, {} copies\n",
                      rarity::name_of(out.options.method), out.values.size(), out.options.effort,
                      out.options.seed, out.work.events, out.work.copies);
  if (out.gain > 0.0) {
    text += fmt::format("  crude Monte Carlo would need {:.3g} times the events for this error\n",
                        out.gain);
  }
  text += crude_of(out);
  text += fmt::format("  those that met it come from {} different beginnings\n", out.ancestors);
  for (const std::string& warning : rarity::warnings_of(out))
    text += "  warning: " + warning + "\n";
  return text + levels_of(out);
}

/// Worlds of an earlier answer beyond the `count` of this one are not of it.
void forget_worlds(const std::filesystem::path& place, const std::string& name, std::size_t count,
                   bool whole) {
  std::error_code none;
  for (std::size_t i = 0; i < rarity::Options{}.examples; ++i) {
    const std::string stem = fmt::format("{}-rare-{}", name, i);
    if (whole || i >= count)
      std::filesystem::remove(place / (stem + ".partial.json"), none);
    if (whole && i >= count)
      std::filesystem::remove(place / (stem + ".json"), none);
  }
}

void keep(const RareArguments& arguments, const rarity::Outcome& out, const json& document) {
  if (arguments.out.empty())
    return;
  const auto folder = make_out(arguments.out);
  const std::filesystem::path place(arguments.out);
  const bool whole = out.ended == rarity::Ended::complete;
  analysis::write_answer(place, "rare", document, whole);
  // As with the answers: worlds of a part take the place of no whole one's.
  const char* const ending = whole ? ".json" : ".partial.json";
  for (const rarity::Example& one : out.examples) {
    analysis::write_whole(place / (one.scenario.name + ending),
                          cli::text_of(scenario::to_json(one.scenario)));
  }
  forget_worlds(place, document.at("name").get<std::string>(), out.examples.size(), whole);
  if (!out.examples.empty()) {
    const std::filesystem::path file = place / (out.examples.front().scenario.name + ending);
    say(fmt::format("replay one with: {} run {} --kernel both", program(),
                    scenario::printable(file.string())));
  }
}

void tell_time(const rarity::Outcome& out) {
  if (out.seconds <= 0.0 || out.crude.runs == 0 || out.crude_seconds <= 0.0)
    return;
  const double gain = rarity::gain_over_crude(
      out.mean, out.seconds, out.crude_seconds / static_cast<double>(out.crude.runs));
  say(
      fmt::format("{:.2f} s of processor time, and {:.2f} s for crude Monte Carlo; by time the "
                  "gain is {:.3g}",
                  out.seconds, out.crude_seconds, gain));
}

}  // namespace

int estimate_rare(const RareArguments& arguments) {
  rarity::Options options;
  options.jobs = threads(arguments.jobs);
  check_word("--method", arguments.method);
  options.method = rarity::method_named(arguments.method);
  options.repetitions = whole_number("--repetitions", arguments.repetitions, 2, 1'000'000);
  options.effort = whole_number("--effort", arguments.effort, 2, 10'000'000);
  options.seed = whole_number("--seed", arguments.seed, 0, UINT64_MAX);
  const rarity::Event event = event_of(arguments.event);
  const double per_year = per_year_of(arguments.per_year);
  if (!arguments.out.empty())
    check_out(arguments.out);
  if (const std::string file = analysis::in_the_way_of_answer(arguments.out, "rare");
      !arguments.out.empty() && !file.empty()) {
    throw UsageError(fmt::format(
        "--out: found {}, which no estimate wrote and which would be lost; expected another folder",
        scenario::in_quotes(file)));
  }
  const scenario::Scenario scenario = read(arguments);
  take_budget(arguments.budget, options);
  options.stop = &stop_requested();
  Pace pace;
  options.progress = [&](std::size_t done, std::size_t of) {
    still_alive();
    if (pace.is_time())
      pace.show(fmt::format("{} of {} repetitions", done, of));
  };
  const rarity::Outcome out = rarity::rare(scenario, event, options);
  pace.clear();
  const json document = rarity::document(scenario, out);
  keep_then_tell([&] { keep(arguments, out, document); },
                 [&] {
                   if (arguments.json) {
                     print(document);
                   } else {
                     print(text_of(out, scenario, per_year));
                   }
                 });
  tell_time(out);
  return status_of_answer(out.ended == rarity::Ended::budget);
}

}  // namespace holdfast::cli
