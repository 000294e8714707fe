// SPDX-License-Identifier: Apache-2.0
// The one SimGrid engine of the process and the lock around it. SimGrid allows a single engine per
// process and none of its calls is safe on two threads at once, so everything of ours that touches
// SimGrid goes through this door: routes, the carrier and, for those who bring them, platform
// files, profiles and S4U actors.
#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace simgrid::s4u {
class Engine;
class NetZone;
}  // namespace simgrid::s4u

namespace holdfast::simgrid {

/// Adds command line arguments for SimGrid ("--cfg=...", "--log=..."). They come after our own
/// "--log=root.thresh:critical", so they may raise the log level again. Has to be called before
/// the first EngineAccess of the process; throws std::logic_error afterwards. SimGrid ends the
/// process by itself on an argument that it does not know.
void add_engine_arguments(const std::vector<std::string>& arguments);

/// Exclusive access to the process-wide engine for as long as the object lives. The first one
/// creates the engine (quiet: it logs critical errors only, to stderr, and writes nothing to
/// stdout; the handlers of SIGINT, SIGSEGV and SIGBUS stay the ones of the program). The engine is
/// never destroyed by us; SimGrid releases it at exit. Locking again on the same thread is fine.
///
/// A door for later: `engine().load_platform(file)` has to come before the first route or run of
/// the process, because SimGrid fixes the root zone once and ours would be it otherwise. Actors
/// and profiles then advance together with the timers of a carrier; while any of them has work
/// left, `run` goes on after the last timer.
class EngineAccess {
 public:
  EngineAccess();

  [[nodiscard]] ::simgrid::s4u::Engine& engine() const noexcept { return *engine_; }

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
