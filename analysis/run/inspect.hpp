// SPDX-License-Identifier: Apache-2.0
// What is going on in a world right now, as a document to look at.
#pragma once

#include <nlohmann/json.hpp>

#include "models/world.hpp"

namespace holdfast::analysis {

/// Time, what is in flight, each host controller with its state, each controller of the targets,
/// each application, and the oracle's counts so far.
nlohmann::json inspect(const World& w);

/// I/O commands that a controller of a host has sent and not completed.
std::uint64_t io_in_flight(const World& w, const host::Controller& c);

}  // namespace holdfast::analysis
