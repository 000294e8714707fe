// SPDX-License-Identifier: Apache-2.0
// Scenarios at the border: text in, checked text out.
#include <pybind11/stl.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "analysis/run/estimate.hpp"
#include "analysis/timers/timers.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

using Sets = std::vector<std::pair<std::string, std::string>>;

nlohmann::json with_sets(const std::string& text, const std::string& source, const Sets& sets,
                         const std::string& said_by) {
  nlohmann::json document = scenario::parse_document(text, source);
  scenario::Changes changes(document);
  for (const auto& [path, value] : sets)
    changes.set(path, scenario::parse_document(value, path), said_by);
  return document;
}

/// Name, hash, canonical form, duration in seconds, seed.
std::tuple<std::string, std::string, std::string, double, std::uint64_t> check(
    const std::string& text, const std::string& source) {
  const scenario::Scenario s = scenario::parse(text, source);
  return {s.name, scenario::hash(s), scenario::to_json(s).dump(), sim::seconds(s.duration), s.seed};
}

}  // namespace

void add_scenario(py::module_& m) {
  m.def("check", &check, py::arg("text"), py::arg("source"));
  m.def(
      "read", [](const std::string& path) { return scenario::read_document(path).dump(); },
      py::arg("path"));
  m.def(
      "apply",
      [](const std::string& text, const std::string& source, const Sets& sets,
         const std::string& said_by) { return with_sets(text, source, sets, said_by).dump(); },
      py::arg("text"), py::arg("source"), py::arg("sets"), py::arg("said_by"));
  m.def(
      "read_text", [](const std::string& path) { return py::bytes(scenario::read_text(path)); },
      py::arg("path"));
  m.def(
      "printable", [](const py::bytes& text) { return scenario::printable(std::string(text)); },
      py::arg("text"));
  m.def(
      "estimate",
      [](const std::string& text, const std::string& source) {
        const auto e = analysis::estimate(scenario::parse(text, source));
        return std::tuple(e.ios, e.events, e.bytes, e.seconds, e.most, analysis::words_of(e));
      },
      py::arg("text"), py::arg("source"));
  m.def(
      "timers",
      [](const std::string& text, const std::string& source, std::uint32_t hz) {
        return analysis::timers::document(scenario::parse(text, source), hz).dump();
      },
      py::arg("text"), py::arg("source"), py::arg("hz"));
  m.def("schema", [] { return scenario::schema().dump(); });
  m.def("nearest", &scenario::nearest, py::arg("word"), py::arg("names"));
  m.def("catalogue", [] {
    std::vector<std::tuple<std::string, std::string, std::string>> out;
    for (const auto& section : scenario::catalogue()) {
      for (const auto& entry : section.entries)
        out.emplace_back(section.kind, entry.name, entry.doc);
    }
    return out;
  });
}

}  // namespace holdfast::python
