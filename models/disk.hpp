// SPDX-License-Identifier: Apache-2.0
// The name of what is stored behind a namespace, whoever serves it.
#pragma once

#include <cstdint>

namespace holdfast {

enum class DiskId : std::uint32_t {};

}  // namespace holdfast
