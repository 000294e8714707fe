// SPDX-License-Identifier: Apache-2.0
// How far a search has come, as a file from which it goes on after it was killed.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>

#include "analysis/search/search.hpp"

namespace holdfast::analysis::search {

/// The file is there, and of another search or none at all.
struct PositionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What is looked for, where, in which order and by which model: a search goes on only as itself.
nlohmann::json identity(const scenario::Scenario& scenario, const Options& options,
                        Objective objective);

/// Replaces the file as a whole, so that whoever is killed meanwhile leaves this or the one before.
void keep_position(const std::filesystem::path& file, const nlohmann::json& identity,
                   const Position& position);
/// None: there is no such file. Throws PositionError.
std::optional<Position> kept_position(const std::filesystem::path& file,
                                      const nlohmann::json& identity);

}  // namespace holdfast::analysis::search
