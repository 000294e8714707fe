// SPDX-License-Identifier: Apache-2.0
// How rare, with the GIL released while C++ works.
#include "analysis/rare/rare.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "analysis/deadline.hpp"
#include "bindings/python/module/module.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::python {
namespace {

namespace rarity = analysis::rare;

/// What a function of the user says of a world: of the time and of the writes that are a danger, in
/// seconds (how long each is out, and how long until its retry may be sent; negative: since). It
/// must outlive what is returned. Ctrl-C while it is asked is heeded, and not its answer.
rarity::Importance importance_of(const py::object& function, const scenario::Scenario& scenario,
                                 Stopper& stopper) {
  const sim::TimePoint end = sim::epoch + scenario.duration;
  const bool late = rarity::may_deliver_late(scenario);
  const auto read = [&function, &stopper, end, late](const World& w, double) {
    const std::vector<rarity::WriteOut> out = rarity::writes_out(w, end, late);
    const py::gil_scoped_acquire gil;
    py::list writes;
    for (const rarity::WriteOut& one : out) {
      writes.append(
          py::make_tuple(sim::seconds(w.now() - one.sent), sim::seconds(one.release - w.now())));
    }
    rarity::Reading reading;
    stopper.heed([&] {
      reading.value = function(sim::seconds(w.now() - sim::epoch), writes).cast<double>();
    });
    return reading;
  };
  return {.read = read, .sees_ends = false};
}

/// The document of an estimate; after Ctrl-C a partial one. No `seconds`: without such a budget; no
/// `jobs`: as many threads as cores. The scenario must have no `choices`. An importance in Python
/// is asked by one thread: two would hand the lock of the interpreter to and fro at each event,
/// which took four times as long in all.
std::string rare(const std::string& text, const std::string& source, const std::string& of,
                 const std::string& method, std::size_t repetitions, std::size_t effort,
                 std::uint64_t seed, std::optional<double> seconds, unsigned jobs,
                 const py::object& importance) {
  const bool is_theirs = !importance.is_none();
  const py::gil_scoped_release released;
  const scenario::Scenario scenario = scenario::parse(text, source);
  Stopper stopper;
  rarity::Options options;
  options.jobs = is_theirs   ? 1
                 : jobs != 0 ? jobs
                             : std::max(1u, std::thread::hardware_concurrency());
  options.method = rarity::method_named(method);
  options.repetitions = repetitions;
  options.effort = effort;
  options.seed = seed;
  if (seconds)
    options.deadline = analysis::deadline_after(*seconds);
  options.stop = &stopper.flag();
  options.progress = [&](std::size_t, std::size_t) { stopper.look(); };
  if (is_theirs)
    options.importance = importance_of(importance, scenario, stopper);
  const rarity::Event event = rarity::event_of(of);
  const rarity::Outcome outcome = rarity::rare(scenario, event, options);
  return rarity::document(scenario, outcome).dump();
}

}  // namespace

void add_rare(py::module_& m) {
  m.def("rare", &rare, py::arg("text"), py::arg("source"), py::arg("of"), py::arg("method"),
        py::arg("repetitions"), py::arg("effort"), py::arg("seed"), py::arg("seconds"),
        py::arg("jobs"), py::arg("importance"));
}

}  // namespace holdfast::python
