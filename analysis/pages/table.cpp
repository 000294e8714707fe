// SPDX-License-Identifier: Apache-2.0
// Putting the page of many points together; see table.hpp.
#include "analysis/pages/table.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "analysis/pages/pages.hpp"

namespace holdfast::analysis::pages {

namespace {

constexpr const char* table_folder = "analysis/pages/table/";

/// As many rows as a page takes.
nlohmann::json cut(nlohmann::json table) {
  for (const char* key : {"columns", "rows", "marked", "commands"}) {
    if (!table.contains(key) || !table[key].is_array())
      throw std::invalid_argument(std::string("found no list \"") + key + "\", expected a table");
  }
  const std::size_t rows = table["rows"].size();
  if (rows > most_rows) {
    table["left_out"] = rows - most_rows;
    for (const char* key : {"rows", "commands"}) {
      auto& list = table[key].get_ref<nlohmann::json::array_t&>();
      list.resize(std::min(list.size(), most_rows));
    }
  }
  return table;
}

using nlohmann::json;
using nlohmann::ordered_json;

/// A cell as the page has it: a number, a text, or nothing.
json cell_of(const ordered_json& value) {
  if (value.is_boolean())
    return value.get<bool>() ? "yes" : "no";
  if (value.is_null() || value.is_string())
    return value;
  // Beyond 2^53 a browser would round; such a number is a name, as a hash is.
  constexpr std::uint64_t exact = std::uint64_t{1} << 53;
  if (value.is_number_float() ||
      (value.is_number_unsigned() && value.get<std::uint64_t>() <= exact))
    return value;
  return value.dump();
}

std::vector<std::string> columns_of(const std::vector<ordered_json>& rows) {
  std::vector<std::string> columns;
  std::set<std::string> known;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_object()) {
      throw std::invalid_argument("found row " + std::to_string(i) +
                                  " that is no object, expected {column: value}");
    }
    for (const auto& [key, value] : rows[i].items()) {
      if (known.insert(key).second)
        columns.push_back(key);
    }
  }
  return columns;
}

/// The place of the first of these names, or -1.
int place_of(const std::vector<std::string>& columns, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found != columns.end())
      return static_cast<int>(found - columns.begin());
  }
  return -1;
}

/// How many corrupted data, of rows (which have a verdict) or points (which count them).
std::string verdict_of_sweep(const std::vector<ordered_json>& rows) {
  std::uint64_t runs = 0, corrupt = 0;
  for (const ordered_json& row : rows) {
    const ordered_json counted = row.value("corrupt", ordered_json(nullptr));
    const ordered_json of = row.value("runs", ordered_json(nullptr));
    const bool point = counted.is_number_unsigned() && of.is_number_unsigned();
    runs += point ? of.get<std::uint64_t>() : 1;
    corrupt += point
                   ? counted.get<std::uint64_t>()
                   : static_cast<std::uint64_t>(row.value("verdict", ordered_json()) == "corrupt");
  }
  return std::to_string(corrupt) + " of " + std::to_string(runs) + " runs corrupted data.";
}

}  // namespace

std::string sweep_page(const std::vector<ordered_json>& rows, const std::string& title) {
  if (rows.empty())
    throw std::invalid_argument("found no rows, expected one at least");
  const std::vector<std::string> columns = columns_of(rows);
  json cells = json::array();
  for (const ordered_json& row : rows) {
    json line = json::array();
    for (const std::string& column : columns)
      line.push_back(row.contains(column) ? cell_of(row[column]) : json(nullptr));
    cells.push_back(std::move(line));
  }
  // What was swept comes first, and a name or a setting is what tells points apart.
  const bool first_is_swept = !columns.empty() && columns[0] != "seed" && columns[0] != "runs";
  return table_page({{"title", title},
                     {"verdict", verdict_of_sweep(rows)},
                     {"columns", columns},
                     {"rows", std::move(cells)},
                     {"x", place_of(columns, {"exposure_max_s"})},
                     {"y", place_of(columns, {"stall_s", "stall_max_s"})},
                     {"by", first_is_swept ? 0 : -1},
                     {"marked", json::array()},
                     {"commands", json::array()}});
}

std::string table_page(const nlohmann::json& table) {
  const nlohmann::json data = cut(table);
  const std::string folder = table_folder;
  return fill(part(folder + "table.html"), [&](std::string_view name) {
    if (name == "data")
      return for_script(data);
    if (name == "common.html")
      return part("analysis/pages/common.html");
    if (name == "style")
      return part("analysis/pages/common.css") + part(folder + "table.css");
    if (name == "script")
      return part("analysis/pages/common.js") + part(folder + "model.js") +
             part(folder + "page.js");
    return for_markup(data.value(std::string(name), ""));  // "title", "verdict"
  });
}

}  // namespace holdfast::analysis::pages
