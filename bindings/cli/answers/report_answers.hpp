// SPDX-License-Identifier: Apache-2.0
// `holdfast report` of documents that answer a question: of search, rare, size and sweep.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

struct AnswersPage {
  std::string text;
  std::size_t answers = 0;
};

/// The page of what was typed, if all of it are answers: documents, or folders of `--out` that have
/// some. None: nothing of it is. Throws UsageError if some are, and for one that has a flaw.
std::optional<AnswersPage> page_of_answers(const std::vector<std::string>& typed);

}  // namespace holdfast::cli
