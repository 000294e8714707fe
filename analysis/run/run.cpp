// SPDX-License-Identifier: Apache-2.0
// Running a scenario on the native kernel, on SimGrid, or on both in lockstep.
#include "analysis/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "analysis/run/lockstep.hpp"
#include "analysis/run/result.hpp"
#include "analysis/traces/traces.hpp"
#include "models/scenario/builder/builder.hpp"
#include "sim/check.hpp"
#include "sim/simgrid/carrier.hpp"

namespace holdfast::analysis {

using sim::TimePoint;

namespace {

/// A run is cut into this many stretches, between which progress is told and a stop is heeded.
constexpr int stretches = 200;

void fire(void* context, std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) {
  World& w = *static_cast<World*>(context);
  w.calendar.fire_carried(w, time_ns, sequence, slot);
}

/// Calls `advance(t)` for rising times up to the end of the run.
template <class Advance>
void run_in_stretches(sim::Duration duration, const RunOptions& options, Advance advance) {
  for (int i = 1; i <= stretches; ++i) {
    if (options.stop != nullptr && *options.stop)
      return;
    advance(sim::epoch + duration / stretches * i +
            (i == stretches ? duration % stretches : sim::Duration{}));
    if (options.progress)
      options.progress(static_cast<double>(i) / stretches);
  }
}

/// So many events that looking up in between costs nothing, and so few that nobody waits for it.
constexpr std::uint64_t events_per_beat = 1U << 16;

void run_native(World& w, sim::Duration duration, const RunOptions& options) {
  std::uint64_t events = 0;
  run_in_stretches(duration, options, [&](TimePoint t) {
    while (w.calendar.step(w, t)) {
      if (++events % events_per_beat != 0)
        continue;
      if (options.heartbeat)
        options.heartbeat();
      if (options.stop != nullptr && *options.stop)
        return;
    }
    w.calendar.advance_to(t);
  });
}

void run_simgrid(World& w, simgrid::SimGridCarrier& carrier, sim::Duration duration,
                 const RunOptions& options) {
  run_in_stretches(duration, options, [&](TimePoint t) {
    carrier.run_until(sim::ns(t));
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
    files.push_back(open_trace(kind, w, options.out));
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

nlohmann::json run_once(const scenario::Scenario& scenario, const RunOptions& options) {
  const std::unique_ptr<Judge> judge = judge_of(scenario, options);
  Tee tee;
  World w;
  simgrid::SimGridCarrier carrier(fire, &w);
  if (options.kernel != Kernel::native)
    w.calendar.carry_with(&carrier);
  scenario::build(w, scenario);
  const TraceFiles traces = open_traces(options, w, tee);

  World follower;
  std::unique_ptr<Lockstep> lockstep;
  if (options.kernel == Kernel::both) {
    scenario::build(follower, scenario);
    lockstep = std::make_unique<Lockstep>(follower, sim::epoch + scenario.duration);
    tee.add(lockstep.get());
  }
  if (judge)
    tee.add(judge.get());
  if (!tee.empty())
    w.trace.attach(&tee);

  if (options.kernel == Kernel::native) {
    run_native(w, scenario.duration, options);
  } else {
    run_simgrid(w, carrier, scenario.duration, options);
  }
  w.calendar.check_invariants();
  const bool whole = options.stop == nullptr || !*options.stop;
  if (lockstep) {
    if (whole)
      lockstep->finish();
    if (!lockstep->equal()) {
      throw KernelMismatch("SimGrid (first) and native kernel (second): " + lockstep->difference());
    }
    if (whole && !(w.trace.hashes() == follower.trace.hashes())) {
      throw KernelMismatch("equal records, different hashes");
    }
  }
  for (const auto& file : traces)
    file->close();
  w.trace.attach(nullptr);
  nlohmann::json document = result_document(scenario, w, name_of(options.kernel));
  if (whole && judge)
    judge->judge_into(scenario, document["expect"]);
  if (lockstep && whole) {
    document["kernels"] = {{"simgrid", {{"trace_hash", document["trace_hash"]}}},
                           {"native", {{"trace_hash", hex(follower.trace.hashes().full)}}}};
  }
  return document;
}

}  // namespace

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
