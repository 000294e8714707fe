// SPDX-License-Identifier: Apache-2.0
// The parts of the Python module. Documents cross the border as JSON text: the package turns them
// into dictionaries, so that both sides mean the same by them.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace holdfast::python {

namespace py = pybind11;

void add_scenario(py::module_& m);
void add_conform(py::module_& m);
void add_report(py::module_& m);
void add_run(py::module_& m);
void add_world(py::module_& m);
void add_statistics(py::module_& m);
void add_search(py::module_& m);
void add_rare(py::module_& m);
void add_sizing(py::module_& m);

/// Lets Python's signal handlers run now and then while C++ works without the GIL, so that Ctrl-C
/// ends a run. Call it often; it looks at a clock first.
class Interrupts {
 public:
  /// Throws py::error_already_set when a handler raised (KeyboardInterrupt).
  void check() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_)
      return;
    next_ = now + std::chrono::milliseconds{50};
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0)
      throw py::error_already_set();
  }

 private:
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds{50};
};

/// Ctrl-C ends a run of C++ in good order: its result is made and given back.
class Stopper {
 public:
  [[nodiscard]] const std::atomic<bool>& flag() const { return flag_; }
  /// Looks for signals now and then. What else a handler raised is thrown.
  void look() {
    heed([this] { interrupts_.check(); });
  }
  /// Calls something in Python, of which KeyboardInterrupt may come.
  template <class Call>
  void heed(Call call) {
    try {
      call();
    } catch (const py::error_already_set& error) {
      const py::gil_scoped_acquire gil;
      if (!error.matches(PyExc_KeyboardInterrupt))
        throw;
      flag_ = true;
    }
  }

 private:
  Interrupts interrupts_;
  std::atomic<bool> flag_{false};
};

/// After how many events, and with how many bytes, a run ends before its time.
using Bounds = std::pair<std::uint64_t, std::uint64_t>;

/// Raises UsageError; under the GIL.
[[noreturn]] inline void misuse(const std::string& message) {
  const py::object type = py::module_::import("holdfast.errors").attr("UsageError");
  PyErr_SetObject(type.ptr(), type(message).ptr());
  throw py::error_already_set();
}

/// Set from another thread, it ends the runs that were given it.
struct Stop {
  std::atomic<bool> flag{false};
};

}  // namespace holdfast::python
