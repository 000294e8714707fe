// SPDX-License-Identifier: Apache-2.0
// The page of many points, of a sweep or of an answer: a plot and a table that filters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace holdfast::analysis::pages {

/// More rows than these are left out, and the page says how many.
inline constexpr std::size_t most_rows = 5000;

/// The page of `table`: title, verdict, about, columns (names), rows (of values: numbers, strings,
/// null), x, y, by (places of columns for the plot, or -1), marked (places of rows), commands (one
/// a row, or none). Throws std::invalid_argument if it is none.
std::string table_page(const nlohmann::json& table);

}  // namespace holdfast::analysis::pages
