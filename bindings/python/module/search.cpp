// SPDX-License-Identifier: Apache-2.0
// The worst case within bounds, with the GIL released while C++ works.
#include "analysis/search/search.hpp"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "analysis/deadline.hpp"
#include "analysis/search/position.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

namespace worst = analysis::search;

/// The document of a search; after Ctrl-C a partial one. `against` is the name of a policy, or
/// empty; no `worlds`, no `seconds`: without such a budget; no `jobs`: as many threads as cores; no
/// `out`: nothing is kept.
std::string search(const std::string& text, const std::string& source, const std::string& objective,
                   const std::string& against, std::uint64_t worlds, std::optional<double> seconds,
                   unsigned jobs, const std::string& strategy, const std::string& out, bool merge,
                   bool reduce) {
  const py::gil_scoped_release released;
  const scenario::Scenario scenario = scenario::parse(text, source);
  Stopper stopper;
  worst::Options options;
  options.jobs = jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency());
  options.worlds = worlds;
  options.strategy = worst::strategy_named(strategy);
  options.merge = merge;
  options.reduce = reduce;
  if (seconds)
    options.deadline = analysis::deadline_after(*seconds);
  options.stop = &stopper.flag();
  options.progress = [&](const worst::Progress&) { stopper.look(); };
  if (!against.empty())
    options.against = scenario::policy_row(against);
  const worst::Objective what = worst::objective_named(objective);
  std::optional<worst::Keeper> keeper;
  if (!out.empty()) {
    try {
      keeper.emplace(out, scenario, options, what);
    } catch (const worst::PositionError& error) {
      const py::gil_scoped_acquire gil;
      misuse(fmt::format("out: {}; expected another folder", error.what()));
    }
    options.from = keeper->from();
    options.keep = [&](const worst::Position& position) { keeper->keep(position); };
    options.keep_met = [&](std::uint64_t before, std::span<const worst::alike::Remembered> worlds) {
      keeper->keep_met(before, worlds);
    };
  }
  const worst::Outcome outcome = worst::search(scenario, options, what);
  const nlohmann::json document = worst::document(scenario, outcome);
  if (keeper)
    keeper->finish(outcome, document);
  return document.dump();
}

}  // namespace

void add_search(py::module_& m) {
  m.def("search", &search, py::arg("text"), py::arg("source"), py::arg("objective"),
        py::arg("against"), py::arg("worlds"), py::arg("seconds"), py::arg("jobs"),
        py::arg("strategy"), py::arg("out"), py::arg("merge"), py::arg("reduce"));
}

}  // namespace holdfast::python
