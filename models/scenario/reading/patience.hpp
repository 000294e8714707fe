// SPDX-License-Identifier: Apache-2.0
// Thousands of hosts take seconds to read. Whoever waits for it may be told, or end it.
#pragma once

namespace holdfast::scenario {

/// What is called meanwhile; what it throws ends the reading.
using Meanwhile = void (*)();

/// From here on, on this thread; none: nullptr, as at first.
void while_reading(Meanwhile called);

/// Each object that is read, and each copy that a template makes, comes by here; every 256th calls.
void take_time();

}  // namespace holdfast::scenario
