// SPDX-License-Identifier: Apache-2.0
// How far a search has come, as a file from which it goes on after it was killed.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "analysis/files/folder.hpp"
#include "analysis/search/alike/met_file.hpp"
#include "analysis/search/search.hpp"

namespace holdfast::analysis::search {

/// The file is there, and of another search or none at all.
struct PositionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What is looked for, where, in which order and by which model: a search goes on only as itself.
nlohmann::json identity(const scenario::Scenario& scenario, const Options& options,
                        Objective objective);

/// A finding as it is kept, to the nanosecond.
nlohmann::json json_of(const Finding& finding);
/// Throws nlohmann::json::exception or PositionError if it is none.
Finding finding_of(const nlohmann::json& kept);

/// Replaces the file as a whole, so that whoever is killed meanwhile leaves this or the one before.
void keep_position(const std::filesystem::path& file, const nlohmann::json& identity,
                   const Position& position);
/// None: there is no such file. Throws PositionError.
std::optional<Position> kept_position(const std::filesystem::path& file,
                                      const nlohmann::json& identity);

/// Keeps in a folder, in search-position.json, how far a search is, at most each half second, and
/// takes it up there; worlds that it has met are in search-worlds.bin.
class Keeper {
 public:
  /// Makes and locks the folder. Throws EnvironmentError, and PositionError if a position is there
  /// that is none of this search, or an answer that is none.
  Keeper(const std::filesystem::path& folder, const scenario::Scenario& scenario,
         const Options& options, Objective objective);

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const std::optional<Position>& from() const { return from_; }
  void keep(const Position& position);
  /// Worlds that are new, behind the first `before` ones; kept with the next position.
  void keep_met(std::uint64_t before, std::span<const alike::Remembered> worlds) {
    met_.add(before, worlds);
  }
  /// Writes the document, `search.json` (`search.partial.json` before the end), and the scenario of
  /// what was found beside it; returns where that is, if anything was. The position goes if the
  /// search is through, and is the last one if there is more to do.
  std::optional<std::filesystem::path> finish(const Outcome& out, const nlohmann::json& document);

 private:
  [[nodiscard]] std::optional<std::filesystem::path> write_finding(const Outcome& out,
                                                                   bool through) const;

  Folder folder_;
  std::filesystem::path file_;
  std::string name_;  ///< of the scenario
  nlohmann::json identity_;
  alike::MetFile met_;
  std::optional<Position> from_;
  std::optional<Position> last_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace holdfast::analysis::search
