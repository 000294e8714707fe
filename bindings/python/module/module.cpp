// SPDX-License-Identifier: Apache-2.0
// The Python module holdfast._core, and how a C++ error becomes a Python exception.
#include "bindings/python/module/module.hpp"

#include <stdexcept>

#include "analysis/run/model_version.hpp"
#include "analysis/run/run.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/patience.hpp"
#include "sim/check.hpp"
#include "sim/memory.hpp"
#include "sim/simgrid/platform.hpp"

namespace holdfast::python {
namespace {

/// Raises holdfast.errors.NAME(message).
void raise(const char* name, const std::string& message) {
  const py::object type = py::module_::import("holdfast.errors").attr(name);
  PyErr_SetObject(type.ptr(), type(message).ptr());
}

void raise(const scenario::ScenarioError& error) {
  const auto& p = error.parts();
  const py::object type = py::module_::import("holdfast.errors").attr("ScenarioError");
  const py::object value = type(error.what(), py::arg("source") = scenario::printable(p.source),
                                py::arg("pointer") = p.pointer, py::arg("found") = p.found,
                                py::arg("expected") = p.expected, py::arg("nearest") = p.nearest,
                                py::arg("line") = p.line, py::arg("column") = p.column);
  PyErr_SetObject(type.ptr(), value.ptr());
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is pybind11's.
void translate(std::exception_ptr pointer) {
  try {
    if (pointer)
      std::rethrow_exception(pointer);
  } catch (const scenario::ScenarioError& error) {
    raise(error);
  } catch (const analysis::NothingYet&) {
    const py::object type = py::module_::import("holdfast.errors").attr("Interrupted");
    PyErr_SetObject(type.ptr(), type().ptr());
  } catch (const analysis::TracesLost& error) {
    const py::object type = py::module_::import("holdfast.errors").attr("WriteError");
    PyErr_SetObject(type.ptr(),
                    type(error.what(), py::arg("document") = error.document.dump()).ptr());
  } catch (const analysis::EnvironmentError& error) {
    raise("WriteError", error.what());
  } catch (const simgrid::PlatformError& error) {
    raise("PlatformError", error.what());
  } catch (const analysis::KernelMismatch& error) {
    raise("KernelMismatch", error.what());
  } catch (const sim::InvariantError& error) {
    raise("InvariantError", error.what());
  }
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled half of holdfast; use the package, not this.";
  sim::keep_freed_memory();
  py::register_exception_translator(&translate);
  // On the thread that imports, which is the one that Ctrl-C comes to.
  scenario::while_reading([] {
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0)
      throw py::error_already_set();
  });
  m.def("model_version", &analysis::model_version);
  add_scenario(m);
  add_report(m);
  add_conform(m);
  add_run(m);
  add_world(m);
  add_statistics(m);
  add_search(m);
  add_rare(m);
  add_sizing(m);
}

}  // namespace holdfast::python
