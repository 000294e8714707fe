// SPDX-License-Identifier: Apache-2.0
// What was estimated, as a document, and what has to be said of it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analysis/rare/rare.hpp"
#include "analysis/run/result.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis::rare {

using nlohmann::json;

namespace {

/// Fewer beginnings than this behind all that met the event are too few to speak for the others.
constexpr std::size_t enough_ancestors = 10;

const char* name_of(Ended ended) {
  switch (ended) {
    case Ended::complete:
      return "complete";
    case Ended::budget:
      return "budget";
    case Ended::interrupted:
      break;
  }
  return "interrupted";
}

json work_of(const Work& work) {
  return {{"event_count", work.events}, {"copy_count", work.copies}, {"root_count", work.roots}};
}

json levels_of(const Outcome& out) {
  json levels = json::array();
  for (std::size_t i = 0; i < out.stages.size(); ++i) {
    const Stage& stage = out.stages[i];
    json one = {{"level", i},
                {"importance", nullptr},
                {"tried_count", stage.tried},
                {"reached_count", stage.reached},
                {"chance", stage.tried > 0.0 ? json(stage.reached / stage.tried) : json(nullptr)}};
    if (i < out.pilot.levels.size())
      one["importance"] = out.pilot.levels[i];
    if (i < out.factors.size())
      one["factor"] = out.factors[i];
    levels.push_back(std::move(one));
  }
  return levels;
}

}  // namespace

std::vector<std::string> warnings_of(const Outcome& out) {
  std::vector<std::string> says;
  if (out.ended != Ended::complete) {
    says.push_back(fmt::format(
        "{} of {} repetitions were done: what ends by a time may be biased towards what is quick",
        out.values.size(), out.options.repetitions));
  }
  if (out.values.empty())
    return says;
  if (!out.pilot.complete)
    says.emplace_back("the pilot never came near the event, so the last levels are far apart");
  if (out.mean.value == 0.0) {
    says.emplace_back("nobody met the event: there is an upper bound, and no estimate");
    return says;
  }
  if (out.ancestors < enough_ancestors) {
    says.push_back(
        fmt::format("all that met the event come from {} beginnings: too few to be "
                    "told from chance, whatever the interval says",
                    out.ancestors));
  }
  if (2 * out.mean.zeros > out.mean.repetitions) {
    says.push_back(fmt::format("not converged: {} of {} repetitions met nothing", out.mean.zeros,
                               out.mean.repetitions));
  } else if (out.mean.repetitions > 1 && out.mean.high > 3.0 * out.mean.value) {
    says.emplace_back("not converged: the interval is wider than the estimate");
  }
  const bool apart =
      out.crude.hits != 0 && (out.crude.high < out.mean.low || out.crude.low > out.mean.high);
  if (apart) {
    says.emplace_back(
        "the interval of crude Monte Carlo does not overlap: the importance misses a way there");
  }
  return says;
}

json document(const scenario::Scenario& scenario, const Outcome& out) {
  json crude = nullptr;
  if (out.crude.runs != 0) {
    crude = {{"run_count", out.crude.runs},
             {"hit_count", out.crude.hits},
             {"probability",
              {{"value", static_cast<double>(out.crude.hits) / static_cast<double>(out.crude.runs)},
               {"low", out.crude.low},
               {"high", out.crude.high}}},
             {"work", work_of(out.crude_work)}};
  }
  json examples = json::array();
  for (const Example& one : out.examples) {
    examples.push_back(
        {{"scenario", scenario::to_json(one.scenario)}, {"trace_hash", hex(one.trace_hash)}});
  }
  json doc = {{"schema_version", result_schema_version},
              {"question", "rare"},
              {"name", scenario.name},
              {"scenario_hash", scenario::hash(scenario)},
              {"of", name_of(out.event)},
              {"method", name_of(out.options.method)},
              {"seed", out.options.seed},
              {"ended", name_of(out.ended)},
              {"repetition_count", out.values.size()},
              {"effort_count", out.options.effort},
              {"probability", nullptr},
              {"gain", nullptr},
              {"ancestor_count", out.ancestors},
              {"zero_count", out.mean.zeros},
              {"levels", levels_of(out)},
              {"work", work_of(out.work)},
              {"pilot_work", work_of(out.pilot.work)},
              {"crude", std::move(crude)},
              {"repetitions", out.values},
              {"warnings", warnings_of(out)},
              {"examples", std::move(examples)}};
  if (out.options.method == Method::restart)
    doc["prolong"] = out.options.prolong;
  if (out.values.empty())
    return doc;
  doc["probability"] = {{"value", out.mean.value}, {"low", nullptr}, {"high", nullptr}};
  json& p = doc["probability"];
  if (out.mean.value == 0.0) {
    p["low"] = 0.0;
    p["high"] = out.upper;
    return doc;
  }
  if (out.mean.repetitions > 1) {
    p["low"] = out.mean.low;
    p["high"] = out.mean.high;
  }
  if (out.gain > 0.0)
    doc["gain"] = out.gain;
  return doc;
}

}  // namespace holdfast::analysis::rare
