// SPDX-License-Identifier: Apache-2.0
// Answers in sentences, from their documents (without a flaw, see answers.hpp).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::analysis::report {

struct Told {
  std::string heading;             ///< which question: "search for corruption"
  std::string tone;                ///< "corrupt", "exposed", "ok", "partial", or none; for colours
  std::string verdict;             ///< one sentence, with what it is worth
  std::string bound;               ///< within which it holds, a sentence; empty: it is said
  std::vector<std::string> notes;  ///< what has to be known before it is believed
  std::vector<std::string> story;  ///< of what was found, a sentence each
};

Told told_of(const nlohmann::json& document);

}  // namespace holdfast::analysis::report
