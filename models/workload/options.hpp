// SPDX-License-Identifier: Apache-2.0
// fio's words for what a job does.
#pragma once

#include <cstdint>

namespace holdfast::workload {

enum class Pattern : std::uint8_t { read, write, randread, randwrite, rw, randrw };

}  // namespace holdfast::workload
