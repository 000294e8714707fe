// SPDX-License-Identifier: Apache-2.0
// Scenarios at the border: text in, checked text out.
#include <pybind11/stl.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "bindings/python/module/module.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

using Sets = std::vector<std::pair<std::string, std::string>>;

nlohmann::json with_sets(const std::string& text, const std::string& source, const Sets& sets) {
  nlohmann::json document = scenario::parse_document(text, source);
  for (const auto& [path, value] : sets)
    scenario::apply_set(document, path, scenario::parse_document(value, path));
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
      [](const std::string& text, const std::string& source, const Sets& sets) {
        return with_sets(text, source, sets).dump();
      },
      py::arg("text"), py::arg("source"), py::arg("sets"));
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
