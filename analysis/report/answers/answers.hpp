// SPDX-License-Identifier: Apache-2.0
// The page of answers: what `search`, `rare` and `size` found out, from their documents alone, so
// that a page can be made of one that was kept.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::analysis::report {

/// So many answers stand below each other on a page.
inline constexpr std::size_t most_answers = 8;

/// What a document answers: "search", "rare", "size" or "sweep", as it says itself
/// ("question"); empty: it is no such document.
std::string question_of(const nlohmann::json& document);

/// What is wrong with a document that says that it answers one of the first three questions, as
/// "found ..., expected ..."; empty: nothing that the page needs.
std::string flaw_of(const nlohmann::json& document);

/// The page of 1 to `most_answers` of these. Throws std::invalid_argument for another number of
/// them, and for one with a flaw.
std::string answers_page(const std::vector<nlohmann::json>& documents);

}  // namespace holdfast::analysis::report
