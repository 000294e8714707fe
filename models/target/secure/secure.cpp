// SPDX-License-Identifier: Apache-2.0
// The target's part of TLS handshakes and of DH-HMAC-CHAP: what it computes stands in one line with
// Connects (Profile::connect_time).
#include <algorithm>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::DhChap;
using wire::StatusCode;

namespace {

/// Who computes for a connection that has not said yet what it wants.
Subsystem* subsystem_at(World& w, transport::PortId port) {
  for (Subsystem& s : w.target.subsystems) {
    if (listens(s, port))
      return &s;
  }
  return nullptr;
}

void answer(World& w, QueueId id, const wire::Command& command) {
  Queue& q = w.target.queues[id];
  if (!wire::is_authentication(command)) {
    transport::answer_hello(w, q.transport);
    return;
  }
  HOLDFAST_CHECK(q.messages != 0, "an answer to no message of the host");
  const auto message = static_cast<DhChap>(q.messages - 1);
  if (wire::is_sent_by_host(message)) {
    respond(w, id, command, {});
    return;
  }
  const std::uint32_t bytes = wire::dhchap_receive_bytes;
  const transport::BlobId blob = w.transport.blobs.add(bytes);
  const auto header = wire::dhchap_header(message);
  std::copy(header.begin(), header.end(), w.transport.blobs[blob].begin());
  respond(w, id, command, {}, 0, {bytes, blob, 0});
}

void computed(World& w, LateId id) {
  const Late what = w.target.late[id];
  w.target.late.remove(id);
  if (!w.target.queues.contains(what.queue) || w.target.queues[what.queue].stopped)
    return;
  const NodeId node = w.target.queues[what.queue].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::computed, .queue = what.queue, .command = what.command});
  } else {
    answer(w, what.queue, what.command);
  }
}

/// Answers when that time of the one processor has been spent, behind what came before.
void compute(World& w, Subsystem& s, Duration time, QueueId id, const wire::Command& command) {
  if (time == Duration{}) {
    answer(w, id, command);
    return;
  }
  s.connects_until = std::max(s.connects_until, w.now()) + time;
  Late what;
  what.queue = id;
  what.command = command;
  const LateId late = w.target.late.add(what);
  w.at(s.connects_until, [late](World& world) { computed(world, late); });
}

}  // namespace

void take_hello(World& w, QueueId id) {
  // Between the connect and now the port may have lost its last subsystem.
  if (Subsystem* const s = subsystem_at(w, w.target.queues[id].port))
    compute(w, *s, s->profile->tls_time, id, {});
}

void take_computed(World& w, QueueId id, const wire::Command& command) { answer(w, id, command); }

std::uint32_t authentication_wanted(const World& w, QueueId id, const Subsystem& s) {
  const bool has_tls = transport::has_tls(w, w.target.queues[id].transport);
  const Profile& p = *s.profile;
  return p.dhchap && !s.discovery && (p.dhchap_under_tls || !has_tls)
             ? wire::connect_authentication_required
             : 0;
}

void authenticate(World& w, QueueId id, const wire::Command& command) {
  Queue& q = w.target.queues[id];
  Subsystem& s = w.target.subsystems[sim::index(w.target.controllers[q.controller].subsystem)];
  const auto message = static_cast<DhChap>(q.messages);
  const bool sent = command.is(wire::FabricsType::authentication_send);
  if (!s.profile->dhchap || q.messages > static_cast<std::uint8_t>(DhChap::success2) ||
      sent != wire::is_sent_by_host(message)) {
    respond(w, id, command, wire::Status(StatusCode::invalid_field).with_dnr());
    return;
  }
  ++q.messages;
  const Duration time = message == DhChap::reply ? s.profile->dhchap_time : Duration{};
  compute(w, s, time, id, command);
}

}  // namespace holdfast::target
