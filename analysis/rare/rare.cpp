// SPDX-License-Identifier: Apache-2.0
// Repetitions, on several threads, and crude Monte Carlo beside them.
#include "analysis/rare/rare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "analysis/parallel.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"

namespace holdfast::analysis::rare {

namespace {

// Repetitions have the streams 0, 1, ...; nothing else may have one of these.
constexpr std::uint64_t pilot_stream = std::uint64_t{1} << 40;
constexpr std::uint64_t crude_stream = std::uint64_t{2} << 40;
/// Crude runs that are handed out together, so that their number does not depend on threads.
constexpr std::uint64_t crude_batch = 50;
/// What a run of them costs is measured by as many at least.
constexpr std::uint64_t least_crude_runs = 200;

/// About as many of those at a level come to the next one.
double chance_of(Method method) { return method == Method::adaptive ? 0.6 : 0.2; }

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

class Run {
 public:
  Run(const scenario::Scenario& scenario, const Event& event, const Options& options)
      : options_(options),
        worlds_(scenario, event, options.importance, options.stop, options.deadline) {
    out_.event = event;
    out_.options = options;
  }

  Outcome all() {
    const double began = processor_seconds();
    place_levels();
    repeat();
    out_.seconds = processor_seconds() - began;
    if (is_over())
      out_.ended = how_it_ended();
    else
      run_crude();
    sum_up();
    if (out_.ended != Ended::interrupted)
      tell_examples();
    return std::move(out_);
  }

 private:
  /// What is kept of a repetition.
  struct Done {
    double value = 0.0;
    std::vector<Stage> stages;
    std::vector<Lineage> hits;
    std::size_t ancestors = 0;
    Work work;
    bool finished = false;
  };

  [[nodiscard]] Ended how_it_ended() const {
    return options_.stop != nullptr && *options_.stop ? Ended::interrupted : Ended::budget;
  }

  [[nodiscard]] bool is_over() const {
    return (options_.stop != nullptr && *options_.stop) ||
           (options_.deadline && std::chrono::steady_clock::now() >= *options_.deadline);
  }

  void place_levels() {
    if (!options_.levels.empty() && options_.method != Method::restart) {
      out_.pilot.levels = options_.levels;
      out_.pilot.complete = true;
      return;
    }
    try {
      const std::size_t effort = std::max<std::size_t>(200, options_.effort / 2);
      const Seeds seeds(options_.seed, pilot_stream);
      out_.pilot = options_.levels.empty()
                       ? pilot(worlds_, effort, chance_of(options_.method), seeds)
                       : measure(worlds_, options_.levels, effort, seeds);
    } catch (const Stopped&) {
      out_.ended = how_it_ended();
      return;
    }
    for (const double chance : out_.pilot.chances)
      out_.factors.push_back(std::max<std::uint32_t>(
          1, static_cast<std::uint32_t>(std::lround(1.0 / std::max(chance, 1e-3)))));
    if (options_.method != Method::restart)
      out_.factors.clear();
    out_.work += out_.pilot.work;
  }

  Done one(std::size_t repetition) {
    const Seeds seeds(options_.seed, repetition);
    const std::vector<double>& levels = out_.pilot.levels;
    Estimate<Worlds> e =
        options_.method == Method::fixed_effort
            ? fixed_effort(worlds_, levels, options_.effort, seeds)
        : options_.method == Method::adaptive
            ? adaptive(worlds_, levels, options_.effort, seeds)
            : restart(worlds_, levels, out_.factors, options_.prolong, options_.effort, seeds);
    Done done{e.value, std::move(e.stages), {}, e.lines.size(), e.work, true};
    for (const Particle<Worlds>& hit : e.hits)
      done.hits.push_back(hit.path.lineage);
    return done;
  }

  void repeat() {
    if (out_.ended != Ended::complete)
      return;
    done_.resize(options_.repetitions);
    std::atomic<std::size_t> finished{0};
    const auto main = std::this_thread::get_id();
    parallel_for(options_.repetitions, options_.jobs, [&](std::size_t i) {
      if (is_over())
        return;
      try {
        done_[i] = one(i);
      } catch (const Stopped&) {
        return;
      }
      ++finished;
      if (options_.progress && std::this_thread::get_id() == main)
        options_.progress(finished, options_.repetitions);
    });
    // Those before the first that was not finished: what comes later was quick by chance.
    const auto last =
        std::find_if(done_.begin(), done_.end(), [](const Done& one) { return !one.finished; });
    if (last != done_.end()) {
      out_.ended = how_it_ended();
    }
    done_.erase(last, done_.end());
  }

  void run_crude() {
    const double began = processor_seconds();
    const auto most = static_cast<std::uint64_t>(options_.crude_part *
                                                 static_cast<double>(out_.work.events + work()));
    std::uint64_t hits = 0, runs = 0;
    try {
      const std::size_t together = 20;  // batches, whatever the number of threads
      while (runs < least_crude_runs || out_.crude_work.events < most) {
        std::vector<Work> works(together);
        std::vector<std::uint64_t> some(together);
        const std::uint64_t first = runs / crude_batch;
        parallel_for(together, options_.jobs, [&](std::size_t i) {
          some[i] =
              crude(worlds_, crude_batch, Seeds(options_.seed, crude_stream + first + i), works[i]);
        });
        for (std::size_t i = 0; i < together; ++i) {
          hits += some[i];
          runs += crude_batch;
          out_.crude_work += works[i];
        }
        if (is_over()) {
          out_.ended = how_it_ended();
          break;
        }
        if (options_.progress)
          options_.progress(options_.repetitions, options_.repetitions);
      }
    } catch (const Stopped&) {
      out_.ended = how_it_ended();
    }
    out_.crude = proportion_of(hits, runs);
    out_.crude_seconds = processor_seconds() - began;
  }

  [[nodiscard]] std::uint64_t work() const {
    std::uint64_t events = 0;
    for (const Done& one : done_)
      events += one.work.events;
    return events;
  }

  void sum_up() {
    for (const Done& one : done_) {
      out_.values.push_back(one.value);
      out_.work += one.work;
      out_.ancestors += one.ancestors;
      out_.stages.resize(std::max(out_.stages.size(), one.stages.size()));
      for (std::size_t i = 0; i < one.stages.size(); ++i) {
        out_.stages[i].tried += one.stages[i].tried;
        out_.stages[i].reached += one.stages[i].reached;
      }
    }
    out_.mean = mean_of(out_.values);
    if (out_.crude.runs != 0) {
      out_.gain = gain_over_crude(
          out_.mean, static_cast<double>(out_.work.events),
          static_cast<double>(out_.crude_work.events) / static_cast<double>(out_.crude.runs));
    }
    if (out_.mean.value == 0.0) {
      const std::uint64_t paths = out_.crude.runs + out_.work.roots - out_.pilot.work.roots;
      out_.upper = proportion_of(0, paths).high;
    }
  }

  /// Of each repetition the first, then the second ones, and so on.
  void tell_examples() {
    for (std::size_t nth = 0; nth < detail::hits_kept; ++nth) {
      for (const Done& one : done_) {
        if (nth >= one.hits.size() || out_.examples.size() >= options_.examples)
          continue;
        Example example{worlds_.replaying(one.hits[nth]), worlds_.hash_of(one.hits[nth])};
        example.scenario.name += fmt::format("-{}", out_.examples.size());
        out_.examples.push_back(std::move(example));
      }
    }
  }

  const Options& options_;
  Worlds worlds_;
  std::vector<Done> done_;
  Outcome out_;
};

}  // namespace

Method method_named(std::string_view word) {
  for (const Method one : {Method::fixed_effort, Method::restart, Method::adaptive}) {
    if (word == name_of(one))
      return one;
  }
  throw std::invalid_argument(
      fmt::format("found \"{}\", expected one of fixed-effort, restart, adaptive", word));
}

const char* name_of(Method method) {
  switch (method) {
    case Method::fixed_effort:
      return "fixed-effort";
    case Method::restart:
      return "restart";
    case Method::adaptive:
      break;
  }
  return "adaptive";
}

Event event_of(std::string_view text) {
  const std::size_t greater = text.find('>');
  const std::string_view what = text.substr(0, greater);
  Event out;
  if (greater != std::string_view::npos) {
    const auto time = scenario::parse_duration(text.substr(greater + 1));
    if (!time.ok() || time.value < Duration{}) {
      throw std::invalid_argument(
          fmt::format("found \"{}\", expected a time behind \">\", e.g. {}>2s", text, what));
    }
    out.above = time.value;
  }
  if (what == "corruption" && greater == std::string_view::npos)
    return out;
  if (what == "exposure") {
    out.kind = Event::Kind::exposure;
    return out;
  }
  if (what == "stall" && out.above > Duration{}) {
    out.kind = Event::Kind::stall;
    return out;
  }
  throw std::invalid_argument(fmt::format(
      "found \"{}\", expected corruption, exposure, exposure>TIME or stall>TIME", text));
}

std::string name_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::corruption:
      return "corruption";
    case Event::Kind::exposure:
      return event.above == Duration{} ? "exposure"
                                       : "exposure>" + scenario::format_duration(event.above);
    case Event::Kind::stall:
      break;
  }
  return "stall>" + scenario::format_duration(event.above);
}

Outcome rare(const scenario::Scenario& scenario, const Event& event, const Options& options) {
  // Copies of a world would throw the same dice from there on.
  if (scenario.reseed)
    throw scenario::ScenarioError({scenario.name, "/reseed", "a second seed",
                                   "none: rare gives each copy of a world dice of its own", ""});
  return Run(scenario, event, options).all();
}

}  // namespace holdfast::analysis::rare
