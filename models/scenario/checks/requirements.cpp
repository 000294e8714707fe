// SPDX-License-Identifier: Apache-2.0
// Names of requirements, so that a scenario can expect them; what they mean is known to analysis.
#include <nlohmann/json.hpp>

#include "models/scenario/reading/embedded.hpp"

namespace holdfast::scenario {

const std::vector<std::pair<std::string, std::string>>& requirement_titles() {
  static const std::vector<std::pair<std::string, std::string>> all = [] {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, text] : embedded()) {
      if (!name.starts_with("scenarios/requirements/catalogue/"))
        continue;
      const auto document = nlohmann::json::parse(text);
      for (const auto& one : document.at("requirements"))
        out.emplace_back(one.at("id"), one.at("title"));
    }
    return out;
  }();
  return all;
}

}  // namespace holdfast::scenario
