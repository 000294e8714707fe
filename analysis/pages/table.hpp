// SPDX-License-Identifier: Apache-2.0
// The page of many points, of a sweep or of an answer: a plot and a table that filters.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace holdfast::analysis::pages {

/// More rows than these are left out, and the page says how many.
inline constexpr std::size_t most_rows = 5000;

/// The page of `table`: title, verdict, about, columns (names), rows (of values: numbers, strings,
/// null), x, y, by (places of columns for the plot, or -1), marked (places of rows), commands (one
/// a row, or none). Throws std::invalid_argument if it is none.
std::string table_page(const nlohmann::json& table);

/// The same of a sweep's rows or points as it keeps and prints them: objects, whose keys are
/// columns in the order in which they come. Throws std::invalid_argument if there is none, or one
/// is no object.
std::string sweep_page(const std::vector<nlohmann::ordered_json>& rows, const std::string& title);

}  // namespace holdfast::analysis::pages
