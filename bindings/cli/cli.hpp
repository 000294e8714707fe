// SPDX-License-Identifier: Apache-2.0
// The verbs of the program `holdfast`. Data goes to stdout, words go to stderr.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/cli/output.hpp"

namespace holdfast::analysis {
class Judge;
}

namespace holdfast::cli {

/// Every JSON document this program prints carries it; it grows when a key changes its meaning.
inline constexpr int schema_version = 1;
/// What --trace can ask for.
inline constexpr std::array<const char*, 4> trace_kinds = {"jsonl", "kernel", "perfetto", "pcap"};
inline constexpr const char* version = "0.1.0";

/// What the exit status says (design: the command line).
enum Exit : int {
  done = 0,
  expectation_failed = 1,
  bad_input = 2,
  internal_error = 3,
  environment = 4,  ///< disk full, no permission, stdout closed
  bounded = 5,      ///< a run came to its bound on events: a partial result
};
// After a signal it is 128 and the number of the signal (interrupt.hpp).

/// A mistake in the command line: told in one line, exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RunArguments {
  std::vector<std::string> scenarios;
  std::string seed;               ///< as typed; empty: the scenario's own
  std::vector<std::string> sets;  ///< PATH=VALUE
  std::string kernel = "simgrid";
  std::string out;  ///< empty: nothing is written
  std::vector<std::string> traces;
  std::string from, to;    ///< the part of the run that traces have, as typed; empty: all
  std::string snaplen;     ///< likewise
  std::string max_events;  ///< as typed; empty: the default
  std::string max_memory;  ///< likewise
  std::string rows;        ///< likewise
  std::string report;      ///< the file of a page; empty: none
  bool what_if = false;    ///< the same seed under each policy
  bool json = false;
};

struct ConformArguments {
  std::vector<std::string> policies = {"all"};  ///< names, files, or "all"
  std::vector<std::string> targets = {"all"};
  std::string baseline;                   ///< a policy or target that others change; empty: none
  std::vector<std::string> requirements;  ///< ids; empty: all
  std::vector<std::string> parties;       ///< whose requirements; empty: everybody's
  std::string out;                        ///< empty: nothing is written
  std::vector<std::string> formats;       ///< empty: all of them
  std::string against;                    ///< a matrix of another time; empty: none
  std::string expected;                   ///< the expected matrix; empty: none
  std::string seed = "1";                 ///< as typed
  std::string swarm = "60";
  std::string jobs = "0";
  bool json = false;
};

struct TimersArguments {
  std::vector<std::string> scenarios;
  std::vector<std::string> sets;
  std::string hz = "250";  ///< as typed: the tick rate of machines that have none
  bool json = false;
};

struct SearchArguments {
  std::string scenario;
  std::string objective;            ///< corruption, exposure or stall
  std::vector<std::string> bounds;  ///< KEY=VALUE of the adversary
  std::vector<std::string> sets;
  std::string strategy = "portfolio";
  std::string budget;   ///< as typed: worlds or a time; empty: none
  std::string against;  ///< a policy; empty: none
  bool merge = true;    ///< worlds that are like one that was met before are left out
  bool reduce = true;   ///< instants that cannot be told apart are tried once
  std::string out;      ///< empty: nothing is written
  std::string jobs = "0";
  bool json = false;
};

struct RareArguments {
  std::string scenario;
  std::string event;  ///< corruption, exposure, exposure>TIME, stall>TIME
  std::vector<std::string> sets;
  std::string method = "restart";
  std::string repetitions = "20";  ///< as typed, like the rest
  std::string effort = "500";
  std::string seed = "1";
  std::string budget;    ///< a time; empty: none
  std::string per_year;  ///< failovers a year; empty: not told
  std::string out;       ///< empty: nothing is written
  std::string jobs = "0";
  bool json = false;
};

struct SizeArguments {
  std::string scenario;
  std::vector<std::string> sets;
  std::string risk = "1e-9";  ///< as typed, like the rest
  std::string stall;
  bool json = false;
};

/// Each verb prints its data and gives the exit status.
int run_scenarios(const RunArguments& arguments);
int conform_matrix(const ConformArguments& arguments);
int verify_scenarios(const std::vector<std::string>& files, const std::vector<std::string>& sets,
                     bool json);
int print_schema(const std::string& format);
/// All kinds, one, or one name of it (empty: all) with all that is known of it.
int print_list(const std::string& kind, const std::string& name, bool json);
/// What judges the requirements that a scenario expects to be kept; empty in a program without
/// conform.
using JudgeFactory = std::function<std::unique_ptr<analysis::Judge>()>;
JudgeFactory requirements_judge();
/// What settings imply on a silent path, without running them.
int print_timers(const TimersArguments& arguments);
/// The worst execution within bounds.
int search_worst(const SearchArguments& arguments);
/// The probability of what hardly ever happens.
int estimate_rare(const RareArguments& arguments);
/// Timeouts for a risk and a stall.
int recommend_timeouts(const SizeArguments& arguments);
/// Becomes the Python program that does it; returns only by an exception.
int sweep(const std::vector<std::string>& arguments);

/// How this program was started, so that a command it prints works where it was typed.
const std::string& program();

}  // namespace holdfast::cli
