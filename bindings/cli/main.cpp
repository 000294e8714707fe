// SPDX-License-Identifier: Apache-2.0
// The program `holdfast`: its command line and its exit status.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "analysis/run/fleet/fleet.hpp"
#include "analysis/run/model_version.hpp"
#include "analysis/run/run.hpp"
#include "bindings/cli/answers/manual.hpp"
#include "bindings/cli/answers/verbs.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/typed.hpp"
#include "bindings/cli/usage.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"
#include "sim/memory.hpp"

namespace holdfast::cli {
namespace {

std::string started_as = "holdfast";

constexpr const char* about =
    "Simulates what happens when a multipath NVMe over Fabrics host loses a path: how long I/O\n"
    "stalls, how long the corruption window stays open, and whether data can be corrupted.\n";

constexpr const char* after =
    "Examples:\n"
    "  holdfast run scenarios/rw_test_mainline.json scenarios/rw_test_cqt_only.json\n"
    "  holdfast run quickstart --set hosts.h1.policy=cqt-only --seed 7 --json\n"
    "  holdfast verify scenarios/*.json\n"
    "  holdfast schema > holdfast.schema.json\n"
    "  holdfast list policy\n"
    "  holdfast timers quickstart --set hosts.h1.policy=cqt-only\n"
    "  holdfast rare rare_1e6 --of corruption\n"
    "  holdfast size rare_1e6 --risk 1e-9 --stall 20s\n"
    "  holdfast conform --policy linux-mainline --target all --out report\n"
    "  holdfast sweep scenarios/sweeps/policies.json --out policies.parquet\n\n"
    "Exit status: 0 done, every expectation met; 1 an expectation failed; 2 wrong input or usage,\n"
    "nothing was written; 3 internal error; 4 disk full, no permission, or output closed;\n"
    "5 ended by --max-events or --max-memory, a partial result; 130 stopped by Ctrl-C (143 by "
    "SIGTERM, 129 by\n"
    "SIGHUP), what was finished is kept.\n";

void add_run(CLI::App& app, RunArguments& run) {
  auto* verb = app.add_subcommand("run", "Run scenarios and print what happened");
  verb->add_option("SCENARIO", run.scenarios, "scenario files, or names of bundled ones")
      ->required();
  verb->add_option("--seed", run.seed, "seed of all random streams, instead of the scenario's")
      ->type_name("N");
  verb->add_option("--set", run.sets, "change one value, e.g. hosts.h1.policy=cqt-only")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--kernel", run.kernel,
                   "simgrid (default), native, or both: run on both and compare the traces")
      ->type_name("KERNEL");
  verb->add_option("--out", run.out, "write DIR/NAME/result.json, scenario.json and traces")
      ->type_name("DIR");
  verb->add_option("--trace", run.traces,
                   "traces to write below --out, separated by commas: jsonl (every record), kernel "
                   "(kernel.log), perfetto (a timeline for ui.perfetto.dev), pcap (trace.pcapng)")
      ->type_name("KIND")
      ->allow_extra_args(false);
  verb->add_option("--from", run.from, "traces begin at this time of the run, e.g. 9.5s")
      ->type_name("TIME");
  verb->add_option("--to", run.to, "and end with this one")->type_name("TIME");
  verb->add_option("--snaplen", run.snaplen, "the capture keeps so many bytes of each packet")
      ->type_name("N");
  verb->add_option(
          "--max-events", run.max_events,
          fmt::format("end a run after so many events with a partial result (default {}: a "
                      "quarter of an hour at a million events a second)",
                      analysis::default_max_events))
      ->type_name("N");
  verb->add_option("--max-memory", run.max_memory,
                   fmt::format("end a run likewise when its histories, packets and events take so "
                               "much (default {})",
                               scenario::format_size(analysis::default_max_memory)))
      ->type_name("SIZE");
  verb->add_option("--rows", run.rows,
                   fmt::format("rows of each list in result documents (hosts, recoveries, ...), or "
                               "all (default {})",
                               analysis::default_rows))
      ->type_name("N");
  verb->add_option("--report", run.report,
                   "write one page that explains the run, or compares up to 8 runs")
      ->type_name("FILE.html");
  verb->add_flag("--what-if", run.what_if,
                 "and say what the same seed comes to under each other policy");
  verb->add_flag("--json", run.json, "print the result document instead of a table");
  verb->footer(
      "Examples:\n"
      "  holdfast run quickstart\n"
      "  holdfast run quickstart --report quickstart.html --what-if\n"
      "  holdfast run a.json b.json --kernel both --out results\n"
      "  holdfast run a.json --out results --trace kernel,perfetto,pcap\n"
      "  holdfast run a.json --out results --trace pcap --from 9s --to 12s --snaplen 128\n"
      "  holdfast run a.json --set /faults/0/at=7s --set subsystems.0.attr_cqt=1ms --json\n");
}

void add_conform(CLI::App& app, ConformArguments& conform) {
  auto* verb = app.add_subcommand("conform", "Say which requirements an implementation breaks");
  verb->add_option("--policy", conform.policies,
                   "host policies: names, files with knobs (name.json), or all (default)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_option("--target", conform.targets,
                   "target profiles: names, files with knobs (name.json), or all (default)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  verb->add_option("--baseline", conform.baseline,
                   "what a patch changes: a policy or a target, name or file; list what the others "
                   "do worse first, and exit 1 if anything")
      ->type_name("NAME");
  verb->add_option("--requirement", conform.requirements, "only these requirements")
      ->type_name("ID")
      ->allow_extra_args(false);
  verb->add_option("--party", conform.parties,
                   "only requirements that these have to keep: host, target, system")
      ->type_name("PARTY")
      ->allow_extra_args(false);
  verb->add_option("--out", conform.out, "write reports, and failing scenarios, into this folder")
      ->type_name("DIR");
  verb->add_option("--format", conform.formats, "reports below --out: html, junit, md, json")
      ->type_name("KIND")
      ->allow_extra_args(false);
  verb->add_option("--against", conform.against,
                   "an earlier conform.json: list what got worse first, and exit 1 if anything did")
      ->type_name("OLD.json");
  verb->add_option("--expected", conform.expected,
                   "the expected matrix: exit 1 if anything differs from it")
      ->type_name("FILE");
  verb->add_option("--seed", conform.seed, "of the drawn scenarios")->type_name("N");
  verb->add_option("--swarm", conform.swarm, "drawn scenarios per implementation")->type_name("N");
  verb->add_option("--jobs", conform.jobs, "threads; 0: as many as there are cores")
      ->type_name("N");
  verb->add_flag("--json", conform.json, "print the matrix document instead of a table");
  verb->footer(
      "Exit status 1 if a requirement failed; with --baseline or --against, if something is "
      "worse;\n"
      "with --expected, if something differs.\n\nExamples:\n"
      "  holdfast conform --policy linux-mainline --target nvmet-mainline\n"
      "  holdfast conform --baseline tp8028-v3 --policy patch.json --party host --out report\n"
      "  holdfast conform --out new --against old/conform.json\n");
}

CLI::App* add_list(CLI::App& app, std::string& kind, std::string& name, bool& json) {
  auto* list = app.add_subcommand("list", "List what a scenario can name");
  list->add_option("KIND", kind,
                   "policy, profile, transport, workload, fault, expectation, "
                   "requirement or scenario");
  list->add_option("NAME", name,
                   "one of them, and all of it: what a preset sets, a fault's keys, ...");
  list->add_flag("--json", json, "print the list as JSON");
  return list;
}

// One line, whatever the library put into its message.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  return text;
}

/// The lists that are separated by commas, and the words that are one of a few.
void take_apart(RunArguments& run, ConformArguments& conform) {
  run.traces = items("--trace", run.traces);
  check_word("--kernel", run.kernel);
  conform.policies = items("--policy", conform.policies);
  conform.targets = items("--target", conform.targets);
  conform.requirements = items("--requirement", conform.requirements);
  conform.parties = items("--party", conform.parties);
  for (const std::string& one : conform.parties)
    check_word("--party", one);
  conform.formats = items("--format", conform.formats);
  for (const std::string& one : conform.formats)
    check_word("--format", one, {"html", "junit", "md", "json"});
}

/// An option that is given and says nothing is a mistake (an unset variable of a shell, mostly).
void refuse_empty_values(CLI::App& app) {
  const CLI::Validator given(
      [](const std::string& value) {
        return value.empty() ? std::string("found \"\", expected a value") : std::string();
      },
      "", "given");
  for (auto* verb : app.get_subcommands(nullptr)) {
    for (auto* option : verb->get_options()) {
      if (option->get_items_expected_max() > 0)
        option->check(given);
    }
  }
}

int dispatch(int argc, char** argv) {
  CLI::App app(about, "holdfast");
  app.footer(after);
  app.set_version_flag("--version",
                       fmt::format("holdfast {}, model {}", version, analysis::model_version()));
  app.require_subcommand(1);

  RunArguments run;
  add_run(app, run);
  ConformArguments conform;
  add_conform(app, conform);

  std::vector<std::string> files;
  bool json = false;
  auto* verify = app.add_subcommand("verify", "Check scenarios without running them");
  verify->add_option("SCENARIO", files, "scenario files, or names of bundled ones")->required();
  std::vector<std::string> sets;
  add_sets(verify, sets);
  verify->add_flag("--json", json, "print the findings as JSON");

  std::string format = "json";
  auto* schema = app.add_subcommand("schema", "Print the format of scenarios");
  schema->add_option("--format", format, "json (JSON Schema, default) or markdown (a page to read)")
      ->type_name("FORMAT");

  std::string kind, name;
  auto* list = add_list(app, kind, name, json);
  Answers answers;
  add_answers(app, answers);

  app.add_subcommand("sweep", "Run a scenario at many points (needs the Python package)");
  std::string shell;
  auto* shells = app.add_subcommand("completion", "Print a completion script, or the manual page");
  shells->add_option("SHELL", shell, "bash, zsh, fish, or man for the manual page")->required();

  refuse_empty_values(app);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  check_verb(app, words);
  if (words.front() == "sweep")
    return sweep({words.begin() + 1, words.end()});
  if (words.front()[0] != '-')
    check_words(*app.get_subcommand(words.front()), {words.begin() + 1, words.end()});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream help;
      app.exit(error, help, help);
      print(help.str());
      return done;
    }
    throw UsageError(one_line(error.what()) + "; see holdfast --help");
  }
  take_apart(run, conform);
  take_signals();
  if (app.got_subcommand("conform"))
    return conform_matrix(conform);
  if (verify->parsed())
    return verify_scenarios(files, sets, json);
  if (const auto status = answer(app, answers))
    return *status;
  if (schema->parsed())
    return print_schema(format);
  if (shells->parsed())
    return print_completion(app, shell);
  if (list->parsed())
    return print_list(kind, name, json);
  return run_scenarios(run);
}

}  // namespace

const std::string& program() { return started_as; }

}  // namespace holdfast::cli

int main(int argc, char** argv) {
  using namespace holdfast;
  sim::keep_freed_memory();
  cli::prepare_output();
  cli::expect_no_memory();
  try {
    if (argc > 0 && *argv[0] != '\0')
      cli::started_as = argv[0];
    return cli::dispatch(argc, argv);
  } catch (const cli::ReaderGone&) {
    return 128 + SIGPIPE;
  } catch (const scenario::ScenarioError& error) {
    cli::say(error.what());
    return cli::bad_input;
  } catch (const cli::UsageError& error) {
    cli::say(error.what());
    return cli::bad_input;
  } catch (const analysis::EnvironmentError& error) {
    const int status = cli::interrupted_status();
    cli::say(error.what());
    return status != 0 ? status : cli::environment;
  } catch (const std::bad_alloc&) {
    cli::say_no_memory();
    std::_Exit(cli::environment);  // What destroys the rest of a program may want memory, too.
  } catch (const std::system_error& error) {
    // No thread to be had, a folder that cannot be read: what the system refuses.
    cli::say(error.what());
    return cli::environment;
  } catch (const std::exception& error) {
    cli::say(std::string("internal error: ") + error.what());
    return cli::internal_error;
  }
}
