// SPDX-License-Identifier: Apache-2.0
// How near a world is to harm. Built in: the age of an attempt that is still out, against the
// instant at which its retry may be sent. That instant is known once a hold runs; before, it is
// made of the timers that are pending. An attempt whose controller will have stopped all that
// executes before then is no danger.
//
// It does not look at when a command will have been executed, so that this may be drawn anew.
#pragma once

#include <functional>
#include <vector>

#include "models/world.hpp"

namespace holdfast::analysis::rare {

/// An importance, and how it goes on as long as nothing happens.
struct Reading {
  double value = 0.0;
  double per_ns = 0.0;  ///< how fast it grows, for whoever places levels
  /// When it will be at the level that was asked for; never: not before something happens.
  sim::TimePoint at_level = sim::never;
};

/// An importance of somebody else; without `read` there is none.
struct Importance {
  /// Reads a world, for a level above its importance.
  std::function<Reading(const World&, double level)> read;
  /// Whether it may see when a command will have been executed. Then that is not drawn anew where a
  /// path splits, and copies that are made late share their future.
  bool sees_ends = true;

  explicit operator bool() const { return static_cast<bool>(read); }
};

/// A write that is out and may still land, and when its retry may be sent.
struct WriteOut {
  sim::TimePoint sent{};
  sim::TimePoint release{};
};
/// All of them that are a danger, as below; `end` and `late_delivery` too.
std::vector<WriteOut> writes_out(const World& w, sim::TimePoint end, bool late_delivery);

/// 0: nothing is out. In between the part of the way from the sending of a write to the release of
/// its retry that has been gone. 1: its retry is out, and the write may still land.
/// `end`: of the run. `late_delivery`: what the target has not got counts too, because a network
/// that loses packets, or heals, may still bring it there; otherwise it is only in the way.
Reading age_against_release(const World& w, double level, sim::TimePoint end, bool late_delivery);

}  // namespace holdfast::analysis::rare
