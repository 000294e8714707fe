// SPDX-License-Identifier: Apache-2.0
// Results of many hosts: how they are distributed, and a document of which people can read the
// lists.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

#include "analysis/run/patience.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

/// From so many hosts on a result has a part `fleet`.
inline constexpr std::size_t fleet_from = 32;
/// Rows of each list of a document that the program prints, unless it is told otherwise.
inline constexpr std::size_t default_rows = 256;

/// The longest stall over the hosts, the stages of recovery over the lost paths, and how many
/// associations targets made in the busiest millisecond after the first fault. What no host or path
/// came to is absent. Percentiles are nearest rank.
nlohmann::json fleet_part(const World& w, Patience* patience = nullptr);

/// Cuts the lists of a result (hosts, recoveries, windows of exposure, incidents) to their first
/// `most` rows. What is gone is counted by its place under `rows_left_out`.
void cut_rows(nlohmann::json& document, std::size_t most);

}  // namespace holdfast::analysis
