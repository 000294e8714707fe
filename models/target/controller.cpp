// SPDX-License-Identifier: Apache-2.0
// Controllers of the target: Connect and CNTLID allocation.
#include <algorithm>
#include <string>

#include "models/target/internal.hpp"
#include "models/world.hpp"
#include "sim/random.hpp"

namespace holdfast::target {

using transport::Payload;
using wire::StatusCode;

namespace {

/// The subsystem of that name at that port, or none.
SubsystemId find_subsystem(const World& w, std::string_view nqn, transport::PortId port) {
  for (std::size_t i = 0; i < w.target.subsystems.size(); ++i) {
    if (w.target.nqns[i] == nqn && listens(w.target.subsystems[i], port))
      return SubsystemId{static_cast<std::uint32_t>(i)};
  }
  return sim::none<SubsystemId>;
}

/// Lowest free CNTLID (ida_alloc_range); 0: the range is used up. A draining controller still
/// holds its own, so a host that reconnects early gets another one (protocol.md 5.4).
std::uint16_t free_cntlid(Subsystem& s) {
  std::uint32_t& candidate = s.lowest_free;
  candidate = std::max<std::uint32_t>(candidate, s.profile->cntlid_min);
  while (candidate < s.by_cntlid.size() && s.by_cntlid[candidate] != sim::none<ControllerId>)
    ++candidate;
  return candidate <= s.profile->cntlid_max ? static_cast<std::uint16_t>(candidate) : 0;
}

void attach(World& w, QueueId queue, ControllerId controller, const wire::Connect& request) {
  Queue& q = w.target.queues[queue];
  HOLDFAST_CHECK(q.controller == sim::none<ControllerId>, "a queue belongs to one controller");
  q.controller = controller;
  q.qid = request.qid;
  q.sqsize = request.sqsize;
  w.target.controllers[controller].queues.push_back(queue);
}

/// Who holds a reservation: the Host Identifier, or, of a host that says none, its NQN. Not 0,
/// which is nobody.
std::uint64_t holder_of(const wire::ConnectData& data) {
  if (data.host_id == decltype(data.host_id){})
    return sim::hash_name(data.hostnqn.view());
  std::string text(data.host_id.size(), '\0');
  std::transform(data.host_id.begin(), data.host_id.end(), text.begin(),
                 [](std::byte b) { return static_cast<char>(b); });
  return sim::hash_name(text) | 1;
}

void connect_admin(World& w, QueueId queue, const wire::Command& command,
                   const wire::Connect& request, const wire::ConnectData& data, SubsystemId sid) {
  Subsystem& s = w.target.subsystems[sim::index(sid)];
  if (!accepts_kato(*s.profile, request.kato_ms, true)) {
    respond(w, queue, command, StatusCode::keep_alive_timeout_invalid);
    return;
  }
  const std::uint16_t cntlid = free_cntlid(s);
  if (cntlid == 0) {
    respond(w, queue, command, wire::Status(StatusCode::connect_controller_busy).with_dnr());
    return;
  }
  const ControllerId id = w.target.controllers.add();
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK(c.queues.empty() && c.ccr_entries.empty() && c.ccr_sources.empty(),
                 "the place still holds another controller");
  c.cntlid = cntlid;
  c.subsystem = sid;
  c.hostnqn = data.hostnqn;
  c.hostid = holder_of(data);
  c.node = w.target.queues[queue].node;
  c.port = w.target.queues[queue].port;
  c.katt = connect_katt(s, request.kato_ms);
  s.controllers.push_back(id);  // nvmet_alloc_ctrl: at the end of subsys->ctrls
  if (s.by_cntlid.size() <= cntlid)
    s.by_cntlid.resize(cntlid + std::size_t{1}, sim::none<ControllerId>);
  HOLDFAST_CHECK(s.by_cntlid[cntlid] == sim::none<ControllerId>,
                 "two controllers of a subsystem have one CNTLID");
  s.by_cntlid[cntlid] = id;
  // nvmet_alloc_ctrl: NVMET_AEN_CFG_OPTIONAL, so a notice needs no Set Features.
  if (s.profile->notices_on && !s.discovery)
    c.events_enabled = notices_of(*s.profile);
  attach(w, queue, id, request);
  renew_instance(w, id);
  record<Kind::controller_created>(w, sid, cntlid, sim::hash_name(data.hostnqn.view()), c.katt);
  // nvmet_alloc_ctrl: the timer runs from here, so that a host that dies before it enables the
  // controller is cleaned up as well. Other targets wait for CC.EN (KeepAliveFrom).
  start_watchdog(w, id);
  respond(w, queue, command, {}, cntlid | authentication_wanted(w, queue, s));
}

void connect_io(World& w, QueueId queue, const wire::Command& command, const wire::Connect& request,
                const wire::ConnectData& data, SubsystemId sid) {
  HOLDFAST_CHECK(request.qid != 0, "that is an admin queue");
  const ControllerId id = find_controller(w, sid, data.cntlid);
  if (id == sim::none<ControllerId> || w.target.controllers[id].hostnqn != data.hostnqn ||
      w.target.controllers[id].fatal) {
    respond(w, queue, command, wire::Status(StatusCode::connect_invalid_parameters).with_dnr());
    return;
  }
  if (!w.target.controllers[id].enabled) {
    respond(w, queue, command, wire::Status(StatusCode::command_sequence_error).with_dnr());
    return;
  }
  attach(w, queue, id, request);
  const Subsystem& s = w.target.subsystems[sim::index(sid)];
  respond(w, queue, command, {}, data.cntlid | authentication_wanted(w, queue, s));
}

}  // namespace

void connect(World& w, QueueId queue, const wire::Command& command, const Payload& data,
             bool waited) {
  const auto request = wire::as_connect(command);
  if (!request || data.blob == sim::none<transport::BlobId>) {
    respond(w, queue, command, wire::Status(StatusCode::command_sequence_error).with_dnr());
    return;
  }
  const auto connect_data = wire::decode_connect_data(w.transport.blobs[data.blob]);
  const SubsystemId sid =
      connect_data ? find_subsystem(w, connect_data->subnqn.view(), w.target.queues[queue].port)
                   : sim::none<SubsystemId>;
  if (sid == sim::none<SubsystemId>) {
    respond(w, queue, command, wire::Status(StatusCode::connect_invalid_parameters).with_dnr());
  } else if (!waited && delay_connect(w, sid, queue, command, data)) {
    return;
  } else if (request->qid == 0) {
    connect_admin(w, queue, command, *request, *connect_data, sid);
  } else {
    connect_io(w, queue, command, *request, *connect_data, sid);
  }
}

}  // namespace holdfast::target
