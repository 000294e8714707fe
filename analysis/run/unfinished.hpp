// SPDX-License-Identifier: Apache-2.0
// What a run leaves open at its end: "ok" then means "ok so far as it went".
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "analysis/run/io_statistics.hpp"

namespace holdfast::analysis {

/// {io: {count, oldest_s}, recoveries, faults, workloads}: I/O that is out, and for how long the
/// oldest of it; paths that were given up and are neither back nor gone; faults that end after the
/// run; workloads that have not begun, so that nothing is known of their data.
nlohmann::json unfinished_part(const World& w, const std::vector<IoStatistics>& io);

}  // namespace holdfast::analysis
