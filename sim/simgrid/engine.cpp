// SPDX-License-Identifier: Apache-2.0
// Creation, locking and running of the process-wide SimGrid engine.
#include "sim/simgrid/engine.hpp"

#include "sim/simgrid/api.hpp"

#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/NetZone.hpp>

#include <array>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace holdfast::simgrid {
namespace {

// Never destroyed: a thread may still hold the lock while the process ends.
struct EngineState {
  std::recursive_mutex mutex;
  std::vector<std::string> arguments{"holdfast", "--log=root.thresh:critical"};
  std::vector<char*> argv;
  bool created = false;
  bool running = false;
};

EngineState& engine_state() {
  static auto* const state = new EngineState;
  return *state;
}

// SimGrid's engine takes over SIGINT (it prints and calls exit) and, where nobody else did, SIGSEGV
// and SIGBUS. A library has no business there: Ctrl-C must keep what is finished. The same holds
// for std::terminate: the program says then that memory has ended (bindings/cli/output.hpp).
class KeepHandlers {
 public:
  KeepHandlers() {
    for (std::size_t i = 0; i < signals.size(); ++i) {
      sigaction(signals.at(i), nullptr, &saved_.at(i));
    }
  }
  ~KeepHandlers() {
    for (std::size_t i = 0; i < signals.size(); ++i) {
      sigaction(signals.at(i), &saved_.at(i), nullptr);
    }
    std::set_terminate(terminate_);
  }
  KeepHandlers(const KeepHandlers&) = delete;
  KeepHandlers(KeepHandlers&&) = delete;
  KeepHandlers& operator=(const KeepHandlers&) = delete;
  KeepHandlers& operator=(KeepHandlers&&) = delete;

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGSEGV, SIGBUS};
  std::array<struct sigaction, 3> saved_{};
  std::terminate_handler terminate_ = std::get_terminate();
};

class Running {
 public:
  explicit Running(bool& flag) : flag_(flag) { flag_ = true; }
  ~Running() { flag_ = false; }
  Running(const Running&) = delete;
  Running(Running&&) = delete;
  Running& operator=(const Running&) = delete;
  Running& operator=(Running&&) = delete;

 private:
  bool& flag_;
};

}  // namespace

EngineAccess::EngineAccess() : lock_(engine_state().mutex) {
  EngineState& state = engine_state();
  if (!state.created) {
    const KeepHandlers keep;
    for (std::string& argument : state.arguments) {
      state.argv.push_back(argument.data());
    }
    int argc = static_cast<int>(state.argv.size());
    state.argv.push_back(nullptr);
    // An engine that the program created before us is taken as it is.
    ::simgrid::s4u::Engine::get_instance(&argc, state.argv.data());
    state.created = true;
  }
  engine_ = ::simgrid::s4u::Engine::get_instance();
}

::simgrid::s4u::NetZone& EngineAccess::root_zone() const {
#if SIMGRID_VERSION < 40000
  if (engine_->get_netzone_root() == nullptr) {
    // Up to 3.x the first zone created becomes the root and brings the resource models up.
    ::simgrid::s4u::create_empty_zone("holdfast/top");
  }
#endif
  return *engine_->get_netzone_root();
}

void EngineAccess::run() const {
  EngineState& state = engine_state();
  if (state.running) {
    throw std::logic_error("SimGrid's engine is already running");
  }
  static_cast<void>(root_zone());
  const Running running(state.running);
  engine_->run();
}

}  // namespace holdfast::simgrid
