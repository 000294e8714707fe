// SPDX-License-Identifier: Apache-2.0
// Runs and points of sweeps, with the GIL released while C++ works.
#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/conform/campaign/expected.hpp"
#include "analysis/files/folder.hpp"
#include "analysis/run/point.hpp"
#include "analysis/run/row.hpp"
#include "analysis/run/run.hpp"
#include "analysis/traces/foreign.hpp"
#include "bindings/python/module/module.hpp"
#include "models/records.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::python {
namespace {

using Progress = std::function<void(double)>;

/// The result document; after Ctrl-C a partial one. `seed` replaces the scenario's; `out` is a
/// folder for `traces`.
std::string run(const std::string& text, const std::string& source,
                std::optional<std::uint64_t> seed, const std::string& kernel,
                const std::vector<std::string>& traces, const std::string& out,
                const std::optional<Progress>& progress, Bounds bounds,
                std::tuple<std::int64_t, std::int64_t, std::uint32_t> part) {
  const py::gil_scoped_release released;
  analysis::Point point;
  point.seed = seed;
  const scenario::Scenario scenario =
      analysis::scenario_of(scenario::parse_document(text, source), point, source);
  const analysis::TraceWindow window{std::get<0>(part), std::get<1>(part), std::get<2>(part)};
  const std::string problem = analysis::window_problem(
      window, traces, scenario.duration, {"trace_from", "trace_to", "snaplen", "trace"});
  if (!problem.empty()) {
    const py::gil_scoped_acquire gil;
    misuse(problem);
  }
  std::optional<analysis::Folder> folder;
  if (!out.empty()) {
    const std::string foreign = analysis::foreign_file(out);
    if (!foreign.empty()) {
      const py::gil_scoped_acquire gil;
      misuse(fmt::format(
          "out: found \"{}\" in {}, which no run wrote and which would be lost; expected "
          "another folder",
          foreign, scenario::in_quotes(out)));
    }
    folder.emplace(out);
  }
  Stopper stopper;
  analysis::RunOptions options;
  options.window = window;
  std::tie(options.max_events, options.max_memory) = bounds;
  options.stop = &stopper.flag();
  options.kernel = analysis::kernel_named(kernel);
  options.traces = traces;
  options.out = out;
  options.judge = conform::expected_requirements;
  options.heartbeat = [&](const analysis::Moment&) { stopper.look(); };
  options.progress = [&](double fraction) {
    if (progress) {
      stopper.heed([&] {
        const py::gil_scoped_acquire gil;
        (*progress)(fraction);
      });
    }
  };
  return analysis::run(scenario, options).dump();
}

/// A point at the border: (path, value as JSON text) pairs, and a seed.
using PyPoint =
    std::pair<std::vector<std::pair<std::string, std::string>>, std::optional<std::uint64_t>>;

/// The scenario of a sweep, parsed once.
class Base {
 public:
  Base(const std::string& text, std::string source, Bounds bounds)
      : document_(scenario::parse_document(text, source)),
        source_(std::move(source)),
        bounds_(bounds) {}

  /// One JSON text a point; fewer than points when `stop` was set. What follows a broken invariant
  /// is not run, and the row of that one says so: an error of the type InvariantError.
  std::vector<std::string> run(const std::vector<PyPoint>& points, const Stop* stop) const {
    const py::gil_scoped_release released;
    Interrupts interrupts;
    analysis::RunOptions options;
    std::tie(options.max_events, options.max_memory) = bounds_;
    options.stop = stop == nullptr ? nullptr : &stop->flag;
    std::vector<std::string> rows;
    try {
      for (const PyPoint& one : points) {
        const nlohmann::json row = analysis::run_point(document_, point_of(one), source_, options);
        if (row.is_null())
          break;
        rows.push_back(row.dump());
        interrupts.check();
      }
    } catch (const sim::InvariantError& error) {
      // The rows before it are good, so they come along.
      rows.push_back(
          nlohmann::json{{"error", error.what()}, {"error_type", "InvariantError"}}.dump());
    }
    return rows;
  }

  /// The scenario hash of each point; of a wrong one nothing.
  std::vector<std::optional<std::string>> hashes(const std::vector<PyPoint>& points) const {
    const py::gil_scoped_release released;
    std::vector<std::optional<std::string>> out;
    for (const PyPoint& one : points) {
      try {
        out.emplace_back(scenario::hash(analysis::scenario_of(document_, point_of(one), source_)));
      } catch (const std::exception&) {
        out.emplace_back();
      }
    }
    return out;
  }

 private:
  static analysis::Point point_of(const PyPoint& in) {
    analysis::Point out;
    out.seed = in.second;
    for (const auto& [path, value] : in.first)
      out.sets.emplace_back(path, nlohmann::json::parse(value));
    return out;
  }

  nlohmann::json document_;
  std::string source_;
  Bounds bounds_;
};

const char* name_of(analysis::ColumnType type) {
  switch (type) {
    case analysis::ColumnType::text:
      return "text";
    case analysis::ColumnType::integer:
      return "integer";
    case analysis::ColumnType::number:
      break;
  }
  return "number";
}

/// Name, layer, names of the words.
std::vector<std::tuple<std::string, std::string, std::vector<std::string>>> record_table() {
  std::vector<std::tuple<std::string, std::string, std::vector<std::string>>> out;
  constexpr const char* layers[] = {"full", "protocol", "outcome"};
  for (const RecordInfo& kind : record_kinds) {
    out.emplace_back(std::string(kind.name), layers[static_cast<std::size_t>(kind.layer)],
                     std::vector<std::string>(kind.word.begin(), kind.word.begin() + kind.words));
  }
  return out;
}

}  // namespace

void add_run(py::module_& m) {
  m.def("run", &run, py::arg("text"), py::arg("source"), py::arg("seed"), py::arg("kernel"),
        py::arg("traces"), py::arg("out"), py::arg("progress"), py::arg("bounds"),
        py::arg("window"));
  m.attr("default_max_events") = analysis::default_max_events;
  m.attr("default_max_memory") = analysis::default_max_memory;
  m.def(
      "max_memory_from",
      [](const std::string& typed) {
        try {
          return analysis::max_memory_from(typed);
        } catch (const std::invalid_argument& error) {
          misuse(std::string("max_memory: ") + error.what());
        }
      },
      py::arg("typed"));
  py::class_<Stop>(m, "Stop")
      .def(py::init<>())
      .def("set", [](Stop& stop) { stop.flag = true; })
      .def("is_set", [](const Stop& stop) { return stop.flag.load(); });
  py::class_<Base>(m, "Base")
      .def(py::init<const std::string&, std::string, Bounds>(), py::arg("text"), py::arg("source"),
           py::arg("bounds"))
      .def("run", &Base::run, py::arg("points"), py::arg("stop"))
      .def("hashes", &Base::hashes, py::arg("points"));
  m.def(
      "row",
      [](const std::string& document) {
        return analysis::row_of(nlohmann::json::parse(document)).dump();
      },
      py::arg("document"));
  m.def("record_kinds", &record_table);
  m.def("columns", [] {
    std::vector<std::tuple<std::string, std::string, std::string>> out;
    for (const analysis::Column& c : analysis::columns())
      out.emplace_back(c.name, name_of(c.type), c.doc);
    return out;
  });
}

}  // namespace holdfast::python
