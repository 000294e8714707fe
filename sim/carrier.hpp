// SPDX-License-Identifier: Apache-2.0
// The seam between the calendar and a foreign event engine. The calendar keeps the actions; a
// carrier only has to say when each of them is due, which is what lets SimGrid vouch for our heap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/check.hpp"

namespace holdfast::sim {

/// Something else than the native heap that carries the events of a calendar. Order contract: fire
/// in order of time_ns, FIFO by sequence among equals.
class Carrier {
 public:
  virtual ~Carrier() = default;
  /// Called for each event scheduled. `time_ns` >= the last fired time, `sequence` strictly
  /// increasing from call to call, `slot` is the calendar's storage of the action.
  virtual void schedule(std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) = 0;
  /// The event (time, sequence) will not fire any more. O(log n) is fine here.
  virtual void cancel(std::int64_t time_ns, std::uint64_t sequence) = 0;
};

/// Which carrier a calendar has, if any. A carried calendar cannot be copied: the engine that
/// carries it is not ours to copy.
class CarrierLink {
 public:
  CarrierLink() = default;
  CarrierLink(const CarrierLink& other) { HOLDFAST_CHECK(other.carrier_ == nullptr); }
  CarrierLink& operator=(const CarrierLink& other) {
    HOLDFAST_CHECK(other.carrier_ == nullptr);
    carrier_ = nullptr;
    return *this;
  }
  ~CarrierLink() = default;
  CarrierLink& operator=(Carrier* to) {
    carrier_ = to;
    return *this;
  }
  Carrier* operator->() const { return carrier_; }
  bool operator==(std::nullptr_t) const { return carrier_ == nullptr; }

 private:
  Carrier* carrier_ = nullptr;
};

/// What a carrier calls when an event is due.
using FireFunction = void (*)(void* context, std::int64_t time_ns, std::uint64_t sequence,
                              std::uint32_t slot);

}  // namespace holdfast::sim
