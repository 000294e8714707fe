// SPDX-License-Identifier: Apache-2.0
// Columns of whole numbers, small: what changes little from row to row is written as differences,
// in as few bytes as each needs, and the whole is compressed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::analysis::report {

class Columns {
 public:
  /// A row's number as it is, or as its difference to that of the row before.
  enum class As : std::uint8_t { value, difference };

  /// Appends a column. Numbers lie within +-2^53, so that a browser's numbers hold them.
  void add(std::string_view name, const std::vector<std::int64_t>& numbers, As as = As::value);

  /// {columns: [[name, rows, 1 if differences]], zip, data}: `data` in base64, zlib's format if
  /// `zip`. decode.js reads it.
  [[nodiscard]] nlohmann::json pack() const;

 private:
  nlohmann::json names_ = nlohmann::json::array();
  std::string bytes_;
};

}  // namespace holdfast::analysis::report
