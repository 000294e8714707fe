// SPDX-License-Identifier: Apache-2.0
// Ctrl-C while a result is made. What a long history says takes seconds to find out, and whoever
// pressed Ctrl-C does not wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace holdfast::analysis {

/// Thrown by a part of the result for which there is no time left.
struct OutOfPatience {};

/// Unlimited until the run is asked to stop; from then on there is a third of a second.
class Patience {
 public:
  Patience() = default;
  /// `stop` may be null, `heartbeat` empty; it may throw.
  Patience(const std::atomic<bool>* stop, std::function<void()> heartbeat)
      : stop_(stop), heartbeat_(std::move(heartbeat)) {}

  /// Called for each of many steps; a clock is looked at now and then only. Throws OutOfPatience.
  void look() {
    if ((++looks_ & 0xfffU) == 0)
      check();
  }
  void check() {
    if (heartbeat_)
      heartbeat_();
    if (stop_ == nullptr || !*stop_)
      return;
    const auto now = std::chrono::steady_clock::now();
    if (!limited_)
      until_ = now + std::chrono::milliseconds{330};
    limited_ = true;
    if (now > until_)
      throw OutOfPatience{};
  }
  /// The run, or the making of its result, was asked to stop.
  [[nodiscard]] bool is_limited() const { return limited_; }

 private:
  const std::atomic<bool>* stop_ = nullptr;
  std::function<void()> heartbeat_;
  std::uint64_t looks_ = 0;
  bool limited_ = false;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace holdfast::analysis
