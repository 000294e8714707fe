// SPDX-License-Identifier: Apache-2.0
// A World is a run: all entities, all that is pending, all randomness, as one value. Copy it and
// there are two runs. Entities are named by ids and looked up here; events receive the world.
#pragma once

#include "models/fault/fault.hpp"
#include "models/host/state.hpp"
#include "models/net/state.hpp"
#include "models/oracle/oracle.hpp"
#include "models/oracle/recovery.hpp"
#include "models/records.hpp"
#include "models/target/state.hpp"
#include "models/transport/state.hpp"
#include "models/workload/state.hpp"
#include "sim/calendar.hpp"
#include "sim/choice.hpp"
#include "sim/copy_block.hpp"
#include "sim/trace.hpp"

namespace holdfast {

/// The state of a world, room by room.
struct Rooms {
  sim::Calendar<World> calendar;
  sim::Choices choices;
  sim::Trace trace;

  net::Fabric net;
  transport::Transport transport;
  target::Targets target;
  host::Hosts host;
  workload::Workloads workload;
  fault::Faults fault;
  oracle::Oracle oracle;
  oracle::RecoveryLog recovery;
};

struct World : Rooms {
  // These are compiled once, in world.cpp: what they do to all vectors of all rooms is a second of
  // compilation.
  World();
  /// The vectors of a copy come out of one block.
  World(const World& other);
  World& operator=(const World& other);
  World(World&&) noexcept;
  World& operator=(World&&) noexcept;
  ~World();

  /// What the clock of the machine shows that acts; for everybody else, the time.
  [[nodiscard]] sim::TimePoint now() const { return calendar.now(); }
  [[nodiscard]] sim::TimePoint time() const { return calendar.time(); }

  template <class F>
  sim::EventId at(sim::TimePoint t, F f) {
    return calendar.at(t, f);
  }
  template <class F>
  sim::EventId after(sim::Duration d, F f) {
    return calendar.at(calendar.now() + d, f);
  }

 private:
  World(const World& other, const sim::CopyBlock&);
};

namespace detail {

template <Kind kind, class... Each>
[[gnu::always_inline]] inline sim::Record make_record(const World& w, Each... words) {
  static_assert(are_words_of<kind, Each...>, "a record carries the words of its kind");
  sim::Record r{sim::ns(w.time()), static_cast<std::uint16_t>(kind), info(kind).layer, {}};
  r.word = {to_word(words)...};
  return r;
}

}  // namespace detail

/// Says that something happened, now. Number and types of the words are those of the vocabulary.
template <Kind kind, class... Each>
void record(World& w, Each... words) {
  const sim::Record r = detail::make_record<kind>(w, words...);
  w.trace.put(r);
  if constexpr (oracle::observes(kind))
    oracle::observe(w, r);
  if constexpr (oracle::log_observes(kind))
    oracle::log_recovery(w, r);
}

/// The same of a packet, whose body a sink may look into.
template <Kind kind, class... Each>
void record_packet(World& w, const net::PacketBody& body, Each... words) {
  static_assert(!oracle::observes(kind) && !oracle::log_observes(kind));
  w.trace.put(detail::make_record<kind>(w, words...), body.bytes);
}

}  // namespace holdfast
