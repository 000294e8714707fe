// SPDX-License-Identifier: Apache-2.0
// `holdfast report` of documents that answer a question: of search, rare, size and sweep.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

/// The page of what was typed, if all of it are answers: documents, or folders of `--out` that have
/// one. None: nothing of it is. Throws UsageError if some are, and for one that has a flaw.
std::optional<std::string> page_of_answers(const std::vector<std::string>& typed);

}  // namespace holdfast::cli
