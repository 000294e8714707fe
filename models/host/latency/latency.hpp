// SPDX-License-Identifier: Apache-2.0
// The iopolicy `latency`: the smaller the latency of a path has been, the more I/O it gets.
#pragma once

#include "models/host/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::host::latency {

/// A path came to be, at the end of the list.
void add_path(const World& w, Head& head);
/// The path that was at that place is gone.
void remove_path(Head& head, std::uint32_t at);
/// What was measured of the path over a controller is of no use any more.
void forget(const World& w, Head& head, ControllerId over);

/// The path of an I/O, whose credit it costs; ~0: none is usable.
std::uint32_t take(const World& w, Head& head, const Io& io);
/// An I/O has been answered, so long after it was sent.
void sample(World& w, const Io& io, ControllerId over, Duration took);

}  // namespace holdfast::host::latency
