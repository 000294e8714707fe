// SPDX-License-Identifier: Apache-2.0
// Running a scenario on the native kernel, on SimGrid, or on both in lockstep.
#include "analysis/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <set>

#include "analysis/run/lockstep.hpp"
#include "analysis/run/result.hpp"
#include "analysis/traces/traces.hpp"
#include "models/footprint.hpp"
#include "models/scenario/builder/builder.hpp"
#include "sim/check.hpp"
#include "sim/memory.hpp"
#include "sim/simgrid/carrier.hpp"

namespace holdfast::analysis {

using sim::TimePoint;

namespace {

/// A run is cut into this many stretches, after each of which progress is told.
constexpr int stretches = 200;

/// Counts the events of a run, and says when it is to end before its time.
class Watch {
 public:
  Watch(const World& w, const RunOptions& options, TimePoint end)
      : w_(w), options_(options), end_(end) {}

  /// Asked after each event, and told whether another one is due.
  template <class IsDue>
  bool goes_on(IsDue is_due) {
    return --left_ != 0 || looks_up(is_due());
  }
  /// Asked between stretches.
  bool is_stopped() {
    if (options_.stop != nullptr && *options_.stop)
      early_ = Early::interrupted;
    return early_.has_value();
  }
  /// Nothing: the run came to its end.
  [[nodiscard]] std::optional<Early> early() const { return early_; }

  void beat() const {
    if (options_.heartbeat)
      options_.heartbeat({w_.now(), end_, w_.calendar.fired()});
  }
  [[nodiscard]] TimePoint end() const { return end_; }

 private:
  bool looks_up(bool is_due) {
    beat();
    const std::uint64_t fired = w_.calendar.fired();
    if (!is_stopped() && is_due && fired >= options_.max_events)
      early_ = Early::max_events;
    if (!early_ && is_due && fired >= next_weighing_) {
      next_weighing_ = fired + std::min(fired, events_per_weighing);
      if (footprint(w_) > options_.max_memory)
        early_ = Early::max_memory;
    }
    left_ = std::min(fired, events_per_look);
    if (fired < options_.max_events)
      left_ = std::min(left_, options_.max_events - fired);
    return !early_;
  }

  const World& w_;
  const RunOptions& options_;
  TimePoint end_;
  std::uint64_t left_ = 1;           ///< events to the next look; a short run is looked at as well
  std::uint64_t next_weighing_ = 1;  ///< in events, too: the first one, and as often as they double
  std::optional<Early> early_;
};

/// What SimGrid calls an event with.
struct Carried {
  World& w;
  simgrid::SimGridCarrier* carrier = nullptr;
  Watch* watch = nullptr;
};

void fire(void* context, std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) {
  const Carried& c = *static_cast<Carried*>(context);
  c.w.calendar.fire_carried(c.w, time_ns, sequence, slot);
  if (!c.watch->goes_on([&] { return c.carrier->is_due(sim::ns(c.watch->end())); }))
    c.carrier->stop();
}

/// Calls `advance(t)` for rising times up to the end of the run.
template <class Advance>
void run_in_stretches(Watch& watch, const RunOptions& options, Advance advance) {
  const sim::Duration duration = watch.end() - sim::epoch;
  for (int i = 1; i <= stretches && !watch.is_stopped(); ++i) {
    advance(sim::epoch + duration / stretches * i +
            (i == stretches ? duration % stretches : sim::Duration{}));
    if (watch.early())
      return;
    watch.beat();
    if (options.progress)
      options.progress(static_cast<double>(i) / stretches);
  }
}

void run_native(World& w, Watch& watch, const RunOptions& options) {
  const auto is_due = [&] { return w.calendar.is_due(watch.end()); };
  run_in_stretches(watch, options, [&](TimePoint t) {
    while (w.calendar.step(w, t)) {
      if (!watch.goes_on(is_due))
        return;
    }
    w.calendar.advance_to(t);
  });
}

void run_simgrid(World& w, simgrid::SimGridCarrier& carrier, Watch& watch,
                 const RunOptions& options) {
  run_in_stretches(watch, options, [&](TimePoint t) {
    if (carrier.run_until(sim::ns(t)))
      w.calendar.advance_to(t);
  });
}

const char* name_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::native:
      return "native";
    case Kernel::simgrid:
      return "simgrid";
    case Kernel::both:
      break;
  }
  return "both";
}

using TraceFiles = std::vector<std::unique_ptr<TraceFile>>;

/// The trace files that were asked for, each kind once. `w` must be built.
TraceFiles open_traces(const RunOptions& options, const World& w, Tee& tee) {
  TraceFiles files;
  if (options.out.empty())
    return files;
  const std::set<std::string> kinds(options.traces.begin(), options.traces.end());
  for (const std::string& kind : kinds) {
    files.push_back(open_trace(kind, w, options.out, options.window));
    tee.add(files.back().get());
  }
  return files;
}

/// None for a scenario that expects no requirement to be kept.
std::unique_ptr<Judge> judge_of(const scenario::Scenario& scenario, const RunOptions& options) {
  if (scenario.expect.requirements.empty())
    return nullptr;
  if (!options.judge) {
    throw std::invalid_argument(
        "/expect/requirements: this build has no catalogue of requirements");
  }
  return options.judge();
}

/// Requirements are judged on whole runs: a check that waits for something takes its absence at the
/// end for a breach.
void judge_requirements(const scenario::Scenario& scenario, Judge* judge,
                        nlohmann::json& document) {
  if (judge == nullptr)
    return;
  if (!document.contains("partial")) {
    judge->judge_into(scenario, document["expect"]);
    return;
  }
  for (const std::string& id : scenario.expect.requirements) {
    document["expect"].push_back({{"name", "requirement " + id},
                                  {"expected", "kept"},
                                  {"value", nullptr},
                                  {"verdict", not_judged}});
  }
}

/// Throws KernelMismatch. Gives the document's part about the two kernels; null if one of them was
/// not asked to go to the end.
nlohmann::json compare_kernels(Lockstep& lockstep, const World& w, const World& follower,
                               bool whole, Patience& patience) {
  try {
    if (whole)
      lockstep.finish([&] { patience.look(); });
  } catch (const OutOfPatience&) {
    whole = false;
  }
  if (!lockstep.equal())
    throw KernelMismatch("SimGrid (first) and native kernel (second): " + lockstep.difference());
  if (!whole)
    return nullptr;
  if (!(w.trace.hashes() == follower.trace.hashes()))
    throw KernelMismatch("equal records, different hashes");
  return {{"simgrid", {{"trace_hash", hex(w.trace.hashes().full)}}},
          {"native", {{"trace_hash", hex(follower.trace.hashes().full)}}}};
}

/// A run that fails leaves the traces that led to it, unless they would lie beside the result of
/// another one.
void close_of_failed(const TraceFiles& traces, const RunOptions& options) {
  std::error_code ignored;
  if (std::filesystem::exists(options.out / "result.json", ignored))
    return;
  for (const auto& file : traces)
    file->close();
}

void publish(const TraceFiles& traces, const RunOptions& options, const nlohmann::json& document) {
  if (options.out.empty() || (document.contains("partial") && has_whole_result(options.out)))
    return;
  std::string lost;
  for (const std::string_view kind : trace_names) {
    std::error_code ignored;
    if (std::find(options.traces.begin(), options.traces.end(), kind) == options.traces.end())
      std::filesystem::remove(options.out / file_of(kind), ignored);
  }
  for (const auto& file : traces) {
    try {
      file->close();
    } catch (const EnvironmentError& error) {
      lost += (lost.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (!lost.empty())
    throw TracesLost(lost, document);
}

nlohmann::json run_once(const scenario::Scenario& scenario, const RunOptions& options) {
  const std::unique_ptr<Judge> judge = judge_of(scenario, options);
  Tee tee;
  World w;
  Watch watch(w, options, sim::epoch + scenario.duration);
  Carried carried{w, nullptr, &watch};
  simgrid::SimGridCarrier carrier(fire, &carried);
  carried.carrier = &carrier;
  if (options.kernel != Kernel::native)
    w.calendar.carry_with(&carrier);
  const auto look = [&] {
    watch.beat();
    if (watch.is_stopped())
      throw NothingYet{};
  };
  constexpr std::size_t of_a_host = std::size_t{128} << 10;  // docs/performance.md, "Many hosts"
  sim::expect_memory(scenario.hosts.size() * of_a_host);
  scenario::build(w, scenario, look);
  const TraceFiles traces = open_traces(options, w, tee);

  World follower;
  std::unique_ptr<Lockstep> lockstep;
  if (options.kernel == Kernel::both) {
    scenario::build(follower, scenario, look);
    lockstep = std::make_unique<Lockstep>(follower, watch.end());
    tee.add(lockstep.get());
  }
  if (judge)
    tee.add(judge.get());
  for (Onlooker* one : options.onlookers) {
    one->begins(w);
    tee.add(one);
  }
  if (!tee.empty())
    w.trace.attach(&tee);

  Patience patience(options.stop, [&] { watch.beat(); });
  nlohmann::json kernels;
  try {
    if (options.kernel == Kernel::native) {
      run_native(w, watch, options);
    } else {
      run_simgrid(w, carrier, watch, options);
    }
    w.calendar.check_invariants();
    if (lockstep)
      kernels = compare_kernels(*lockstep, w, follower, !watch.early(), patience);
  } catch (...) {
    close_of_failed(traces, options);
    throw;
  }
  w.trace.attach(nullptr);
  nlohmann::json document =
      result_document(scenario, w, name_of(options.kernel), watch.early(), &patience);
  judge_requirements(scenario, judge.get(), document);
  if (!kernels.is_null())
    document["kernels"] = kernels;
  if (!traces.empty() && options.window != TraceWindow{})
    document["trace_window"] = to_json(options.window);
  for (Onlooker* one : options.onlookers)
    one->ends(w, document);
  publish(traces, options, document);
  return document;
}

}  // namespace

bool has_whole_result(const std::filesystem::path& folder) {
  std::ifstream file = sim::open_to_read(folder / "result.json");
  const nlohmann::json document = nlohmann::json::parse(file, nullptr, false);
  return document.is_object() && document.contains("trace_hash") && !document.contains("partial");
}

Kernel kernel_named(std::string_view word) {
  for (const Kernel one : {Kernel::native, Kernel::simgrid, Kernel::both}) {
    if (word == name_of(one))
      return one;
  }
  throw std::invalid_argument(
      fmt::format("found the kernel \"{}\", expected native, simgrid or both", word));
}

nlohmann::json run(const scenario::Scenario& scenario, const RunOptions& options) {
  try {
    return run_once(scenario, options);
  } catch (const sim::InvariantError& error) {
    throw sim::InvariantError(
        fmt::format("{}; in {}, seed {}", error.what(), scenario.name, scenario.seed));
  }
}

}  // namespace holdfast::analysis
