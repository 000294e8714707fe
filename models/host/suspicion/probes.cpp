// SPDX-License-Identifier: Apache-2.0
// Signs that take a look: probes of a path that says nothing, and I/O that is out for much longer
// than that of other paths.
#include <algorithm>
#include <cmath>

#include "models/host/internal.hpp"
#include "models/host/suspicion/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host::suspicion {

namespace {

void probe_due(World& w, ControllerId id);

void set_probe(World& w, ControllerId id, Duration in) {
  Watch& at = watch_of(w, id);
  w.calendar.cancel(at.probe_timer);
  at.probe_timer =
      w.at(timer_at(w, controller(w, id), in), [id](World& world) { probe_due(world, id); });
}

void probe_due(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (c.state != State::live)
    return;
  const Duration limit = knobs_of(w, id).probe_idle;
  const Duration silent = w.now() - watch_of(w, id).heard;
  if (silent >= limit)
    send_keep_alive_now(w, id);
  set_probe(w, id, silent >= limit ? limit : limit - silent);
}

/// Since when the oldest I/O of a controller has been out; never: none is.
TimePoint oldest_io(World& w, const Controller& c) {
  TimePoint oldest = sim::never;
  for (std::uint32_t i = 0; i < c.io_queues; ++i) {
    const QueueId q = io_queue(c, i);
    for (std::size_t tag = 0; tag < queue(w, q).tags.used(); ++tag) {
      const Request* const r = request_at(w, q, tag);
      const bool counts = r != nullptr && r->purpose == Purpose::io;
      if (counts && (oldest == sim::never || r->submitted < oldest))
        oldest = r->submitted;
    }
  }
  return oldest;
}

/// The slowest of the other paths that have answered since `from`; 0: none has.
Duration usual_elsewhere(const World& w, ControllerId id, TimePoint from) {
  const Controller& c = w.host.controllers[sim::index(id)];
  Duration slowest{};
  for (const ControllerId other : host_of(w, c).controllers) {
    const Controller& s = w.host.controllers[sim::index(other)];
    const Watch& at = w.host.watches[sim::index(other)];
    const bool answers = s.state == State::live && s.subnqn == c.subnqn && at.io_heard > from;
    if (other != id && answers)
      slowest = std::max(slowest, at.smoothed);
  }
  return slowest;
}

void look_at_io(World& w, ControllerId id);

void set_look(World& w, ControllerId id, Duration in) {
  HOLDFAST_CHECK(in > Duration{}, "looks would follow each other at one instant");
  Watch& at = watch_of(w, id);
  at.looks_at_io = true;
  at.slow_timer =
      w.at(timer_at(w, controller(w, id), in), [id](World& world) { look_at_io(world, id); });
}

void look_at_io(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  const Suspicion& knobs = knobs_of(w, id);
  watch_of(w, id).looks_at_io = false;
  const TimePoint oldest = c.state == State::live ? oldest_io(w, c) : sim::never;
  if (oldest == sim::never)
    return;  // the next I/O sets the next look
  const Duration usual = usual_elsewhere(w, id, oldest);
  const Duration limit =
      std::max(knobs.slow_io,
               Duration{std::llround(knobs.slow_io_factor * static_cast<double>(usual.count()))});
  const Duration age = w.now() - oldest;
  if (usual != Duration{} && age >= limit) {
    suspect(w, id, Sign::slow_io);
    if (c.state != State::live)
      return;
  }
  set_look(w, id, age < limit ? limit - age : knobs.slow_io);
}

}  // namespace

void begin_probing(World& w, ControllerId id) {
  if (const Duration limit = knobs_of(w, id).probe_idle; limit != Duration{})
    set_probe(w, id, limit);
}

void sent(World& w, ControllerId id, const Request& request) {
  if (!is_watched(w.host, id) || request.purpose != Purpose::io)
    return;
  const Duration limit = knobs_of(w, id).slow_io;
  if (limit != Duration{} && !watch_of(w, id).looks_at_io)
    set_look(w, id, limit);
}

void completed(World& w, ControllerId id, const Request& request) {
  // What is cancelled is no sign of life.
  if (!is_watched(w.host, id) || controller(w, id).state != State::live)
    return;
  Watch& at = watch_of(w, id);
  at.heard = w.now();
  if (request.purpose != Purpose::io)
    return;
  at.io_heard = w.now();
  const Duration took = w.now() - request.submitted;
  at.smoothed += (took - at.smoothed) / (at.smoothed == Duration{} ? 1 : 8);
}

void promoted(World& w, HeadId head_id, std::uint32_t path) {
  const Head& head = head_of(w, head_id);
  HOLDFAST_CHECK(path < head.paths.size(), "the head has no such path");
  if (!is_watched(w.host, head.paths[path].controller))
    return;
  for (std::size_t i = 0; i < head.paths.size(); ++i) {
    const ControllerId id = head.paths[i].controller;
    if (i != path && knobs_of(w, id).probe_on_ana && controller(w, id).state == State::live)
      send_keep_alive_now(w, id);
  }
}

}  // namespace holdfast::host::suspicion
