// SPDX-License-Identifier: Apache-2.0
// Statistics at the border: numpy arrays in and out, with the GIL released in between.
#include "analysis/statistics.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "bindings/python/module/module.hpp"

namespace holdfast::python {
namespace {

using Values = py::array_t<double, py::array::c_style | py::array::forcecast>;

Values bootstrap(const Values& sample, std::optional<double> p, std::uint64_t seed,
                 py::ssize_t resamples) {
  // A copy: other threads may write to the array meanwhile.
  const Eigen::ArrayXd values = Eigen::Map<const Eigen::ArrayXd>(sample.data(), sample.size());
  Values out(resamples);
  Eigen::Map<Eigen::ArrayXd> results(out.mutable_data(), out.size());
  const py::gil_scoped_release released;
  Interrupts interrupts;
  constexpr Eigen::Index batch = 64;
  for (Eigen::Index first = 0; first < results.size(); first += batch) {
    const Eigen::Index count = std::min(batch, results.size() - first);
    analysis::bootstrap(values, p, seed, static_cast<std::uint64_t>(first),
                        results.segment(first, count));
    interrupts.check();
  }
  return out;
}

}  // namespace

void add_statistics(py::module_& m) {
  m.def("bootstrap", &bootstrap, py::arg("sample"), py::arg("p"), py::arg("seed"),
        py::arg("resamples"));
}

}  // namespace holdfast::python
