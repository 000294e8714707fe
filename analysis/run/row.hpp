// SPDX-License-Identifier: Apache-2.0
// A run as one flat row of a table: the columns of a sweep. Taken from the result document, so
// that nothing is computed twice.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::analysis {

enum class ColumnType { text, integer, number };

struct Column {
  std::string name;  ///< ends in its unit
  ColumnType type;
  std::string doc;
  std::string pointer;  ///< into the result document; empty: computed here
};

/// All columns, in the order in which tables show them.
const std::vector<Column>& columns();

/// One value for each column that the run has one for; what did not happen is absent.
nlohmann::json row_of(const nlohmann::json& document);

}  // namespace holdfast::analysis
