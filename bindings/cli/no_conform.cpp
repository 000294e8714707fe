// SPDX-License-Identifier: Apache-2.0
// Stands for conform.cpp in a program that was built without it (HOLDFAST_CONFORM=OFF), as `make
// run` does where nothing else has been built: the catalogue of requirements with its checks and
// reports is a third of the code, and running scenarios has no use for it.
#include "bindings/cli/cli.hpp"

namespace holdfast::cli {

int conform_matrix(const ConformArguments& /*arguments*/) {
  throw UsageError("this program was built without conform; `make build` adds it");
}

JudgeFactory requirements_judge() { return {}; }

}  // namespace holdfast::cli
