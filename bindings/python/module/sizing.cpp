// SPDX-License-Identifier: Apache-2.0
// Timeouts for a risk and a stall, and the closed form by itself.
#include "analysis/sizing/sizing.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "bindings/python/module/module.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

namespace engine = analysis::sizing;

/// The document of a recommendation. `risk` in (0, 1), `stall_ns` above 0.
std::string size(const std::string& text, const std::string& source, double risk,
                 std::int64_t stall_ns) {
  const py::gil_scoped_release released;
  const scenario::Scenario scenario = scenario::parse(text, source);
  const engine::Sizing sizing = engine::size(scenario, {risk, sim::Duration{stall_ns}});
  return engine::document(scenario, sizing).dump();
}

/// Probability of exposure, and worst stall in seconds, by the closed form.
std::pair<double, double> exposure(const std::string& text, const std::string& source) {
  const py::gil_scoped_release released;
  const engine::Path path = engine::path_of(scenario::parse(text, source));
  return {engine::exposure_of(path), sim::seconds(engine::worst_stall(path))};
}

}  // namespace

void add_sizing(py::module_& m) {
  m.def("size", &size, py::arg("text"), py::arg("source"), py::arg("risk"), py::arg("stall_ns"));
  m.def("exposure", &exposure, py::arg("text"), py::arg("source"));
}

}  // namespace holdfast::python
