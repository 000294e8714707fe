// SPDX-License-Identifier: Apache-2.0
// Files of the source tree that are built in; the build makes the text from them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace holdfast::scenario {

/// Name, from the root of the tree, and text of each.
const std::vector<std::pair<std::string, std::string>>& embedded();

/// Identifier and title of each requirement of the catalogue, scenarios/requirements.
const std::vector<std::pair<std::string, std::string>>& requirement_titles();

}  // namespace holdfast::scenario
