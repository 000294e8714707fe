// SPDX-License-Identifier: Apache-2.0
// Worlds that a search has met, in a file beside its position: they are added behind those that are
// there, so that keeping them takes as long as there are new ones. The position says how many of
// them are its own; what lies behind these was written before somebody was killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "analysis/search/alike/remembered.hpp"

namespace holdfast::analysis::search::alike {

class MetFile {
 public:
  explicit MetFile(std::filesystem::path file);

  /// The first `count` worlds; none: they are not there, or their sum is another one.
  std::optional<std::vector<Remembered>> read(std::uint64_t count, std::uint64_t sum);
  /// These come behind the first `before` ones; they are kept until write().
  void add(std::uint64_t before, std::span<const Remembered> worlds);
  /// Throws EnvironmentError.
  void write();
  void remove() const;
  /// Of all that were added.
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_; }

 private:
  std::filesystem::path file_;
  std::uint64_t written_ = 0;
  std::uint64_t sum_ = 0;
  std::vector<Remembered> pending_;
};

}  // namespace holdfast::analysis::search::alike
