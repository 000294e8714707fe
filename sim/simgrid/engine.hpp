// SPDX-License-Identifier: Apache-2.0
// The one SimGrid engine of the process and the lock around it. SimGrid allows a single engine per
// process and none of its calls is safe on two threads at once, so everything of ours that touches
// SimGrid goes through this door: routes and the carrier.
#pragma once

#include <mutex>

namespace simgrid::s4u {
class Engine;
class NetZone;
}  // namespace simgrid::s4u

namespace holdfast::simgrid {

/// Exclusive access to the process-wide engine for as long as the object lives. The first one
/// creates the engine (quiet: it logs critical errors only, to stderr, and writes nothing to
/// stdout; the handlers of SIGINT, SIGSEGV and SIGBUS stay the ones of the program). The engine is
/// never destroyed by us; SimGrid releases it at exit. Locking again on the same thread is fine.
class EngineAccess {
 public:
  EngineAccess();

  /// The root zone: the one of the platform that was loaded, else an empty one created here.
  /// SimGrid needs one before it runs and takes its resource models from it.
  [[nodiscard]] ::simgrid::s4u::NetZone& root_zone() const;

  /// Runs the engine until nothing is left to do. May be called any number of times; the clock
  /// goes on. Throws std::logic_error if the engine is already running (a call from inside an
  /// event), because SimGrid's main loop cannot be entered twice.
  void run() const;

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  ::simgrid::s4u::Engine* engine_;
};

}  // namespace holdfast::simgrid
