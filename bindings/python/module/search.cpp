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
#include <vector>

#include "analysis/deadline.hpp"
#include "analysis/search/levels/gather.hpp"
#include "analysis/search/position.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

namespace worst = analysis::search;

/// What is asked, by words that were checked in Python. `against` is the name of a policy, or
/// empty.
worst::Options options_of(const std::string& against, bool merge, bool reduce) {
  worst::Options options;
  options.merge = merge;
  options.reduce = reduce;
  if (!against.empty())
    options.against = scenario::policy_row(against);
  return options;
}

/// The document of a search; after Ctrl-C a partial one. No `worlds`, no `seconds`:
/// without such a budget; no `jobs`: as many threads as cores; no `out`: nothing is kept.
std::string search(const std::string& text, const std::string& source, const std::string& objective,
                   const std::string& against, std::uint64_t worlds, std::optional<double> seconds,
                   unsigned jobs, const std::string& strategy, const std::string& out, bool merge,
                   bool reduce) {
  const py::gil_scoped_release released;
  const scenario::Scenario scenario = scenario::parse(text, source);
  Stopper stopper;
  worst::Options options = options_of(against, merge, reduce);
  options.jobs = jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency());
  options.worlds = worlds;
  options.strategy = worst::strategy_named(strategy);
  if (seconds)
    options.deadline = analysis::deadline_after(*seconds);
  options.stop = &stopper.flag();
  options.progress = [&](const worst::Progress&) { stopper.look(); };
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

/// What one part of a search came to, as text. `seconds`: how long it may take; `stop` ends it.
std::string search_part(const std::string& text, const std::string& source,
                        const std::string& objective, const std::string& against, bool merge,
                        bool reduce, const std::string& part, std::uint64_t before,
                        std::optional<double> seconds, const Stop* stop) {
  const py::gil_scoped_release released;
  worst::Options options = options_of(against, merge, reduce);
  if (seconds)
    options.deadline = analysis::deadline_after(*seconds);
  options.stop = stop != nullptr ? &stop->flag : nullptr;
  return worst::text_of(worst::do_part(scenario::parse(text, source), options,
                                       worst::objective_named(objective), worst::part_of(part),
                                       before));
}

/// A search whose parts are done elsewhere.
class PyGather {
 public:
  PyGather(const std::string& text, const std::string& source, const std::string& objective,
           const std::string& against, const std::string& strategy, bool merge, bool reduce,
           std::uint64_t worlds, bool by_the_clock, std::uint64_t shares)
      : scenario_(scenario::parse(text, source)),
        options_(options_of(against, merge, reduce)),
        question_(scenario_, options_, worst::objective_named(objective)) {
    options_.strategy = worst::strategy_named(strategy);
    options_.worlds = worlds;
    // Walks alone go on until the clock ends them; those who do them look at it.
    if (by_the_clock)
      options_.deadline = std::chrono::steady_clock::time_point::max();
    gather_.emplace(question_, options_, shares);
  }

  std::vector<std::string> next() {
    std::vector<std::string> out;
    for (const worst::Part& part : gather_->next())
      out.push_back(worst::text_of(part));
    return out;
  }
  void take(std::size_t place, const std::string& done) {
    gather_->take(place, worst::done_of(done));
  }
  [[nodiscard]] std::uint64_t before() const { return gather_->before(); }
  std::string finish() {
    const py::gil_scoped_release released;
    return worst::document(scenario_, gather_->finish(worst::Ended::interrupted)).dump();
  }

 private:
  scenario::Scenario scenario_;
  worst::Options options_;
  worst::Question question_;
  std::optional<worst::Gather> gather_;
};

}  // namespace

void add_search(py::module_& m) {
  m.def("search", &search, py::arg("text"), py::arg("source"), py::arg("objective"),
        py::arg("against"), py::arg("worlds"), py::arg("seconds"), py::arg("jobs"),
        py::arg("strategy"), py::arg("out"), py::arg("merge"), py::arg("reduce"));
  m.def("search_part", &search_part, py::arg("text"), py::arg("source"), py::arg("objective"),
        py::arg("against"), py::arg("merge"), py::arg("reduce"), py::arg("part"), py::arg("before"),
        py::arg("seconds"), py::arg("stop"));
  py::class_<PyGather>(m, "Gather")
      .def(py::init<const std::string&, const std::string&, const std::string&, const std::string&,
                    const std::string&, bool, bool, std::uint64_t, bool, std::uint64_t>(),
           py::arg("text"), py::arg("source"), py::arg("objective"), py::arg("against"),
           py::arg("strategy"), py::arg("merge"), py::arg("reduce"), py::arg("worlds"),
           py::arg("by_the_clock"), py::arg("shares"))
      .def("next", &PyGather::next)
      .def("take", &PyGather::take, py::arg("place"), py::arg("done"))
      .def("before", &PyGather::before)
      .def("finish", &PyGather::finish);
}

}  // namespace holdfast::python
