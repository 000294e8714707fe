// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when. Faults compose in a list, as workloads do; each is a plain record that
// switches something in another room on and, maybe, off again.
#pragma once

#include <cstdint>
#include <vector>

#include "models/net/state.hpp"
#include "models/target/state.hpp"
#include "sim/time.hpp"

namespace holdfast::fault {

using sim::Duration;
using sim::TimePoint;

enum class Type : std::uint8_t { blackhole, link_down, loss, command };

struct Fault {
  Type type = Type::blackhole;
  TimePoint at{};
  TimePoint until = sim::never;  ///< never: for ever
  net::LinkId link{};
  bool forward = true;  ///< direction of the link, for blackhole and loss
  bool backward = true;
  double probability = 0.0;               ///< loss
  std::uint64_t saved_threshold[2] = {};  ///< loss that was there before
  target::SubsystemId subsystem{};
  target::CommandFault command;
};

struct Faults {
  std::vector<Fault> faults;
};

void add_fault(World& w, const Fault& fault);

}  // namespace holdfast::fault
