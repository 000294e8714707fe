// SPDX-License-Identifier: Apache-2.0
#include "analysis/conform/check.hpp"

namespace holdfast::conform {

std::span<const Check> association_checks() { return {}; }

}  // namespace holdfast::conform
