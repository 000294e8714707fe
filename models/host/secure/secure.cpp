// SPDX-License-Identifier: Apache-2.0
// DH-HMAC-CHAP (nvme_queue_auth_work): after a Connect that asks for it, queue by queue, four
// messages or five, each a command of its own.
#include "models/host/secure/secure.hpp"

#include <algorithm>

#include "models/world.hpp"

namespace holdfast::host::secure {

namespace {

using wire::DhChap;

void send_message(World& w, QueueId id, DhChap message) {
  const Queue& q = queue(w, id);
  const Controller& c = controller(w, q.controller);
  const std::uint32_t bytes = wire::dhchap_bytes(message, c.credentials.dh_bytes);
  Request r;
  r.purpose = Purpose::setup;
  r.argument = q.qid;
  r.serial = static_cast<std::uint32_t>(message);
  r.command = wire::make_dhchap(0, message, bytes);
  if (wire::is_sent_by_host(message)) {
    const transport::BlobId blob = w.transport.blobs.add(bytes);
    const auto header = wire::dhchap_header(message);
    std::copy(header.begin(), header.end(), w.transport.blobs[blob].begin());
    r.data = {bytes, blob, 0};
  }
  send_request(w, id, r, c.admin_timeout);
}

/// The host has computed its answer to the challenge.
void reply(World& w, QueueId id, transport::HostQueueId transport) {
  const Queue& q = queue(w, id);
  // The attempt may have failed meanwhile, and the next one have begun.
  if (q.allocated && q.live && q.transport == transport)
    send_message(w, id, DhChap::reply);
}

}  // namespace

bool authenticates(World& w, ControllerId id, const Request& request,
                   const wire::Completion& completion) {
  const Controller& c = controller(w, id);
  if (const auto connect = wire::as_connect(request.command)) {
    if ((completion.dw0 & wire::connect_authentication_required) == 0)
      return false;
    send_message(w, QueueId{sim::index(c.admin) + connect->qid}, DhChap::negotiate);
    return true;
  }
  if (!wire::is_authentication(request.command))
    return false;
  const auto done = static_cast<DhChap>(request.serial);
  if (done == (c.credentials.both_ways ? DhChap::success2 : DhChap::success1)) {
    record<Kind::authenticated>(w, id, static_cast<std::uint16_t>(request.argument));
    return false;
  }
  const QueueId at{sim::index(c.admin) + request.argument};
  const Duration busy = c.credentials.dhchap_time;
  if (done == DhChap::challenge && busy != Duration{}) {
    w.after(busy, [at = sim::Filled(at), transport = queue(w, at).transport](World& world) {
      reply(world, at, transport);
    });
  } else {
    send_message(w, at, static_cast<DhChap>(request.serial + 1));
  }
  return true;
}

}  // namespace holdfast::host::secure
