// SPDX-License-Identifier: Apache-2.0
// The options of verbs that answer a question about a scenario.
#include "bindings/cli/answers/verbs.hpp"

namespace holdfast::cli {
namespace {

void add_scenario(CLI::App* verb, std::string& scenario) {
  verb->add_option("SCENARIO", scenario, "a scenario file, or the name of a bundled one")
      ->required();
}

void add_jobs(CLI::App* verb, std::string& jobs) {
  verb->add_option("--jobs", jobs, "threads; 0: as many as there are cores")->type_name("N");
}

void add_json(CLI::App* verb, bool& as_json) {
  verb->add_flag("--json", as_json, "print the answer as JSON");
}

void add_timers(CLI::App& app, TimersArguments& timers) {
  auto* verb = app.add_subcommand("timers", "Print the timeline that the settings imply");
  verb->add_option("SCENARIO", timers.scenarios, "scenario files, or names of bundled ones")
      ->required();
  add_sets(verb, timers.sets);
  verb->add_option("--hz", timers.hz, "ticks a second of machines that have none (default 250)")
      ->type_name("N");
  verb->add_flag("--json", timers.json, "print the timelines as JSON");
}

void add_search(CLI::App& app, SearchArguments& search) {
  auto* verb = app.add_subcommand("search", "Find the worst execution within bounds, or none");
  add_scenario(verb, search.scenario);
  verb->add_option("--for", search.objective, "what to look for: corruption, exposure or stall")
      ->type_name("WHAT")
      ->required();
  verb->add_option("--bounds", search.bounds,
                   "a bound instead of that of the scenario's adversary, e.g. losses=2")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_sets(verb, search.sets);
  verb->add_option("--budget", search.budget, "end after so many worlds, or such a time, e.g. 60s")
      ->type_name("N|TIME");
  verb->add_option("--strategy", search.strategy,
                   "portfolio (default), exhaustive, best-first, random-walk or swarm")
      ->type_name("NAME");
  verb->add_flag("!--no-merge", search.merge,
                 "do not leave out worlds that are like one that was met before");
  verb->add_flag("!--no-reduction", search.reduce,
                 "try each side of what happens elsewhere, though it cannot be told apart");
  verb->add_option("--against", search.against,
                   "only executions that are safe under this policy of all hosts")
      ->type_name("POLICY");
  verb->add_option("--out", search.out, "write search.json and what was found into this folder")
      ->type_name("DIR");
  add_jobs(verb, search.jobs);
  add_json(verb, search.json);
  verb->footer(
      "Examples:\n"
      "  holdfast search worst_case --for corruption --bounds deviations=1\n"
      "  holdfast search worst_case --for stall --budget 60s --out found\n"
      "  holdfast search worst_case --for corruption --against spec\n");
}

void add_rare(CLI::App& app, RareArguments& rare) {
  auto* verb = app.add_subcommand("rare", "Estimate the probability of what hardly ever happens");
  add_scenario(verb, rare.scenario);
  verb->add_option("--of", rare.event,
                   "corruption, exposure, or longer than a time: exposure>2s, stall>20s")
      ->type_name("EVENT")
      ->required();
  add_sets(verb, rare.sets);
  verb->add_option("--method", rare.method, "restart (default), fixed-effort or adaptive")
      ->type_name("METHOD");
  verb->add_option("--repetitions", rare.repetitions, "independent estimates (default 20)")
      ->type_name("N");
  verb->add_option("--effort", rare.effort, "worlds that begin in each of them (default 500)")
      ->type_name("N");
  verb->add_option("--seed", rare.seed, "of all random streams (default 1)")->type_name("N");
  verb->add_option("--budget", rare.budget, "begin no further repetition after so long, e.g. 60s")
      ->type_name("TIME");
  verb->add_option("--per-year", rare.per_year, "failovers a year, to tell what that comes to")
      ->type_name("N");
  verb->add_option("--out", rare.out, "write rare.json and worlds that failed into this folder")
      ->type_name("DIR");
  add_jobs(verb, rare.jobs);
  add_json(verb, rare.json);
  verb->footer(
      "Examples:\n"
      "  holdfast rare rare_1e6 --of corruption\n"
      "  holdfast rare rare_1e9 --of corruption --per-year 12 --out found\n"
      "  holdfast rare rare_1e4 --of 'stall>16s' --method fixed-effort\n");
}

void add_size(CLI::App& app, SizeArguments& size) {
  auto* verb = app.add_subcommand("size", "Recommend timeouts for a risk and a stall");
  add_scenario(verb, size.scenario);
  verb->add_option("--risk", size.risk, "most probability of exposure in a failover (1e-9)")
      ->type_name("P");
  verb->add_option("--stall", size.stall, "longest stall of an application, e.g. 20s")
      ->type_name("TIME")
      ->required();
  add_sets(verb, size.sets);
  add_json(verb, size.json);
}

}  // namespace

void add_sets(CLI::App* verb, std::vector<std::string>& sets) {
  verb->add_option("--set", sets, "change one value first, as for run")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
}

void add_answers(CLI::App& app, Answers& answers) {
  add_timers(app, answers.timers);
  add_search(app, answers.search);
  add_rare(app, answers.rare);
  add_size(app, answers.size);
  add_report(app, answers.report);
}

std::optional<int> answer(const CLI::App& app, const Answers& answers) {
  if (app.got_subcommand("timers"))
    return print_timers(answers.timers);
  if (app.got_subcommand("search"))
    return search_worst(answers.search);
  if (app.got_subcommand("rare"))
    return estimate_rare(answers.rare);
  if (app.got_subcommand("size"))
    return recommend_timeouts(answers.size);
  if (app.got_subcommand("report"))
    return write_report(answers.report);
  return std::nullopt;
}

}  // namespace holdfast::cli
