// SPDX-License-Identifier: Apache-2.0
// Which requirements one implementation breaks, with the GIL released while its scenarios run, and
// the reports of a matrix that was put together of such answers.
#include <pybind11/stl.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/conform/campaign/matrix.hpp"
#include "analysis/conform/report/compare.hpp"
#include "analysis/conform/report/report.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

using nlohmann::json;

/// The matrix document of one implementation. `policy` and `target` are JSON as a scenario has it:
/// a preset's name, or knobs. `requirements` are ids; none of them: all. After `stop` the document
/// is not complete.
std::string conform_one(const std::string& policy_name, const std::string& policy,
                        const std::string& target_name, const std::string& target,
                        const std::vector<std::string>& requirements, std::uint64_t seed,
                        std::uint32_t swarm, const Stop* stop) {
  const py::gil_scoped_release released;
  conform::MatrixOptions options;
  options.subjects = {
      conform::make_subject(policy_name, json::parse(policy), target_name, json::parse(target))};
  for (const conform::Requirement& one : conform::catalogue()) {
    if (requirements.empty() ||
        std::find(requirements.begin(), requirements.end(), one.id) != requirements.end())
      options.requirements.push_back(&one);
  }
  options.seed = seed;
  options.swarm = swarm;
  options.stop = stop != nullptr ? &stop->flag : nullptr;
  return conform::run_matrix(options).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Throws scenario::ScenarioError if knobs make no valid scenario; nothing runs.
void check_implementation(const std::string& policy_name, const std::string& policy,
                          const std::string& target_name, const std::string& target) {
  static_cast<void>(
      conform::make_subject(policy_name, json::parse(policy), target_name, json::parse(target)));
}

/// The page, Markdown, JUnit XML or the text for a terminal.
std::string conform_report(const std::string& matrix, const std::string& kind) {
  const py::gil_scoped_release released;
  const json document = json::parse(matrix);
  conform::check_matrix(document);
  if (kind == "html")
    return conform::html_report(document);
  if (kind == "junit")
    return conform::junit_report(document);
  return kind == "md" ? conform::markdown_report(document) : conform::text_report(document);
}

}  // namespace

void add_conform(py::module_& m) {
  m.def("conform_one", &conform_one, py::arg("policy_name"), py::arg("policy"),
        py::arg("target_name"), py::arg("target"), py::arg("requirements"), py::arg("seed"),
        py::arg("swarm"), py::arg("stop"));
  m.def("check_implementation", &check_implementation, py::arg("policy_name"), py::arg("policy"),
        py::arg("target_name"), py::arg("target"));
  m.def("conform_report", &conform_report, py::arg("matrix"), py::arg("kind"));
}

}  // namespace holdfast::python
