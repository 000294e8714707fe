// SPDX-License-Identifier: Apache-2.0
#include "models/scenario/reading/patience.hpp"

namespace holdfast::scenario {
namespace {

thread_local Meanwhile meanwhile = nullptr;
thread_local unsigned came_by = 0;

}  // namespace

void while_reading(Meanwhile called) { meanwhile = called; }

void take_time() {
  if (meanwhile != nullptr && ++came_by % 256 == 0)
    meanwhile();
}

}  // namespace holdfast::scenario
