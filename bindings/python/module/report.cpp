// SPDX-License-Identifier: Apache-2.0
// The page of runs, with the GIL released while they go on.
#include "analysis/report/page.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/conform/campaign/expected.hpp"
#include "analysis/pages/pages.hpp"
#include "analysis/pages/table.hpp"
#include "analysis/report/answers/answers.hpp"
#include "analysis/report/what_if.hpp"
#include "analysis/run/point.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

/// Text and source of a scenario, and the seed that is to be taken instead of its own.
using Source = std::tuple<std::string, std::string, std::optional<std::uint64_t>>;

/// Of 1 to 8 runs. After Ctrl-C there is none: throws NothingYet.
std::string report(const std::vector<Source>& sources, bool with_what_if) {
  namespace page = analysis::report;
  const py::gil_scoped_release released;
  Stopper stopper;
  std::vector<nlohmann::json> runs;
  for (const auto& [text, source, seed] : sources) {
    analysis::Point point;
    point.seed = seed;
    const scenario::Scenario scenario =
        analysis::scenario_of(scenario::parse_document(text, source), point, source);
    page::Recorder recorder;
    analysis::RunOptions options;
    options.stop = &stopper.flag();
    options.judge = conform::expected_requirements;
    options.heartbeat = [&](const analysis::Moment&) { stopper.look(); };
    options.onlookers = {&recorder};
    static_cast<void>(analysis::run(scenario, options));
    nlohmann::json what_if;
    if (with_what_if) {
      what_if = page::what_if(scenario, options.max_events, options.max_memory, options.stop);
      stopper.look();
    }
    if (stopper.flag())
      throw analysis::NothingYet{};
    runs.push_back(page::told(scenario, recorder, what_if));
  }
  return page::page(runs);
}

}  // namespace

void add_report(py::module_& m) {
  m.def(
      "table_page",
      [](const std::string& table) {
        const py::gil_scoped_release released;
        return analysis::pages::table_page(nlohmann::json::parse(table));
      },
      py::arg("table"));
  m.def(
      "answers_page",
      [](const std::vector<std::string>& documents) {
        const py::gil_scoped_release released;
        std::vector<nlohmann::json> all;
        for (const std::string& one : documents)
          all.push_back(nlohmann::json::parse(one));
        return analysis::report::answers_page(all);
      },
      py::arg("documents"));
  m.def(
      "in_the_way_of_page",
      [](const std::string& file) { return analysis::pages::in_the_way(file); }, py::arg("file"));
  m.def("report", &report, py::arg("sources"), py::arg("what_if"));
}

}  // namespace holdfast::python
