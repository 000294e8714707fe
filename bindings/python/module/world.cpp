// SPDX-License-Identifier: Apache-2.0
// A world in Python's hands.
#include "bindings/python/module/module.hpp"

namespace holdfast::python {

void add_world(py::module_&) {}

}  // namespace holdfast::python
