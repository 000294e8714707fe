// SPDX-License-Identifier: Apache-2.0
#include "analysis/conform/check.hpp"

namespace holdfast::conform {

std::span<const Check> keep_alive_host_checks() { return {}; }

}  // namespace holdfast::conform
