// SPDX-License-Identifier: Apache-2.0
// Putting the page of many points together; see table.hpp.
#include "analysis/pages/table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
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

}  // namespace

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
