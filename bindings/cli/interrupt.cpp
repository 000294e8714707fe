// SPDX-License-Identifier: Apache-2.0
// A thread that waits for signals; nothing is done inside of a handler.
#include "bindings/cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>

namespace holdfast::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// Without a sign of life for so long after a signal, the program is ended.
constexpr std::chrono::milliseconds patience{900};

std::atomic<bool> stop{false};
std::atomic<int> first_signal{0};
std::atomic<Clock::rep> signalled_at{0};
std::atomic<Clock::rep> alive_at{0};

// Never destroyed: the thread may still run while the program ends.
struct LastWords {
  std::mutex mutex;
  std::function<void()> say;
};
LastWords& words() {
  static auto* const one = new LastWords;
  return *one;
}

Clock::rep now() { return Clock::now().time_since_epoch().count(); }

void wait_for_signals(sigset_t set) {
  int signal = 0;
  sigwait(&set, &signal);
  signalled_at = alive_at = now();
  first_signal = signal;
  stop = true;
  while (Clock::duration{now() - alive_at} < patience) {
    constexpr timespec a_moment{0, 50'000'000};
    sigtimedwait(&set, nullptr, &a_moment);
  }
  {
    const std::lock_guard lock(words().mutex);
    if (words().say)
      words().say();
  }
  _exit(interrupted_status());
}

}  // namespace

void take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (signal == SIGHUP && before.sa_handler == SIG_IGN)
      continue;
    sigaddset(&set, signal);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread(wait_for_signals, set).detach();
}

const std::atomic<bool>& stop_requested() { return stop; }

int interrupted_status() { return first_signal == 0 ? 0 : 128 + first_signal; }

const char* interrupted_by() {
  switch (first_signal) {
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "Ctrl-C";
  }
}

std::chrono::milliseconds since_signal() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      Clock::duration{now() - signalled_at});
}

void still_alive() { alive_at = now(); }

void last_words(std::function<void()> say) {
  const std::lock_guard lock(words().mutex);
  words().say = std::move(say);
}

}  // namespace holdfast::cli
