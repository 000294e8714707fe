// SPDX-License-Identifier: Apache-2.0
// Fabrics and admin commands of the target, as far as an I/O controller over fabrics needs them.
#include <algorithm>
#include <bit>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::BlobId;
using transport::Payload;
using wire::FeatureId;
using wire::StatusCode;

namespace {

const Subsystem& subsystem_of(const World& w, const Controller& c) {
  return w.target.subsystems[sim::index(c.subsystem)];
}

/// A payload of `length` bytes that holds as much of `page` as fits.
Payload page_payload(World& w, wire::ConstBytes page, std::uint32_t length) {
  HOLDFAST_CHECK(length != 0, "a page has bytes");
  const BlobId blob = w.transport.blobs.add(length);
  std::copy_n(page.begin(), std::min<std::size_t>(page.size(), length),
              w.transport.blobs[blob].begin());
  return {length, blob, 0};
}

void set_configuration(World& w, ControllerId id, std::uint32_t value) {
  Controller& c = w.target.controllers[id];
  const auto cc = wire::Configuration::decode(value);
  const bool was_enabled = c.enabled || c.leaving;
  if (cc.enable && !c.enabled) {
    c.enabled = true;
    HOLDFAST_CHECK(!c.queues.empty(), "a controller without queues is enabled");
    // nvmet_start_ctrl: CIU, CIRN, completed entries, then RDY. What it has asked for and is not
    // over stays in its log.
    renew_instance(w, id);
    forget_completed_resets(w, id);
    c.losses.clear();
    c.ready = true;
    record<Kind::controller_ready>(w, c.subsystem, c.cntlid);
    c.shut_down = cc.shn != wire::ShutdownRequest::none;
    // nvmet_start_ctrl: a full KATO from here.
    start_watchdog(w, id);
  } else if (!cc.enable && c.enabled) {
    c.enabled = c.ready = false;
  }
  c.shut_down = cc.shn != wire::ShutdownRequest::none;
  c.leaving = was_enabled && (!c.enabled || c.shut_down);
  // A timer that belongs to an enabled controller ends with it; nvmet's runs on.
  if (c.leaving && subsystem_of(w, c).profile->keep_alive_from == KeepAliveFrom::enable)
    start_watchdog(w, id);
}

void property_get(World& w, QueueId queue, const wire::Command& command) {
  const auto get = wire::as_property_get(command);
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  if (!get) {
    respond(w, queue, command, refuse(StatusCode::invalid_field));
    return;
  }
  wire::ControllerStatus csts;
  csts.ready = c.ready;
  csts.fatal = c.fatal;
  csts.shst = c.shut_down ? wire::ShutdownStatus::complete : wire::ShutdownStatus::normal;
  wire::Configuration cc;
  cc.enable = c.enabled;
  switch (get->property) {
    case wire::Property::cap:
      respond(w, queue, command, {}, wire::Capabilities{}.encode());
      return;
    case wire::Property::vs:
      respond(w, queue, command, {}, wire::nvme_version(2, 1, 0));
      return;
    case wire::Property::cc:
      respond(w, queue, command, {}, cc.encode());
      return;
    case wire::Property::csts:
      respond(w, queue, command, {}, csts.encode());
      return;
    default:
      respond(w, queue, command, refuse(StatusCode::invalid_field));
  }
}

wire::IdentifyController identify_controller(const World& w, const Controller& c) {
  const Subsystem& s = subsystem_of(w, c);
  wire::IdentifyController id;
  id.model = "Holdfast";
  id.cmic = 0x0b;  // several ports, several controllers, ANA reporting
  id.cntlid = c.cntlid;
  id.ver = wire::nvme_version(2, 1, 0);
  id.oaes = notices_of(*s.profile);
  id.ctratt =
      wire::ctratt_host_id_128 | (s.profile->traffic_based ? wire::ctratt_tbkas : std::uint32_t{0});
  id.cntrltype = wire::ControllerType::io;
  id.kas = static_cast<std::uint16_t>(s.profile->kas / std::chrono::milliseconds{100});
  id.anatt = s.profile->anatt_s;
  id.crdt = s.profile->crdt;
  id.anacap = 0x1f;
  id.anagrpmax = wire::ana_groups_max;
  id.nanagrpid = wire::ana_groups_max;
  id.cqt = s.profile->cqt_ms;
  if (s.profile->ccrl != 0) {
    id.ciu = c.ciu;
    id.cirn = c.cirn;
    id.ccrl = s.profile->ccrl;
  }
  id.maxcmd = 1024;
  id.nn = 1024;
  id.mnan = 1024;
  id.subnqn = std::string_view(w.target.nqns[sim::index(c.subsystem)]);
  id.ioccsz = (64 + s.profile->inline_data_bytes) / 16;
  id.iorcsz = 1;
  if (s.discovery)
    describe_discovery(id);
  return id;
}

void identify(World& w, QueueId queue, const wire::Command& command) {
  const auto request = wire::as_identify(command);
  HOLDFAST_CHECK(request.has_value(), "that is no Identify");
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  const Subsystem& s = subsystem_of(w, c);
  const auto send = [&](const wire::IdentifyPage& page) {
    respond(w, queue, command, {}, 0, page_payload(w, page, wire::identify_bytes));
  };
  if (request->cns == wire::Cns::identify_controller) {
    send(wire::encode_identify_controller(identify_controller(w, c)));
    return;
  }
  if (request->cns == wire::Cns::active_namespace_list) {
    std::vector<std::uint32_t> nsids;
    for (const NamespaceId ns : s.namespaces) {
      nsids.push_back(w.target.namespaces[sim::index(ns)].nsid);
    }
    std::sort(nsids.begin(), nsids.end());
    send(wire::encode_namespace_list(nsids));
    return;
  }
  if (request->cns != wire::Cns::identify_namespace) {
    respond(w, queue, command, refuse(StatusCode::invalid_field));
    return;
  }
  for (const NamespaceId ns : s.namespaces) {
    const Namespace& n = w.target.namespaces[sim::index(ns)];
    if (n.nsid != request->nsid)
      continue;
    wire::IdentifyNamespace page;
    page.size_blocks = page.capacity_blocks = page.used_blocks = n.blocks;
    page.lba_shift = static_cast<std::uint8_t>(std::countr_zero(n.block_bytes));
    page.nmic = 1;
    page.ana_group = n.ana_group;
    send(wire::encode_identify_namespace(page));
    return;
  }
  respond(w, queue, command, refuse(StatusCode::invalid_namespace));
}

void get_log_page(World& w, QueueId queue, const wire::Command& command) {
  const auto request = wire::as_get_log_page(command);
  HOLDFAST_CHECK(request.has_value(), "that is no Get Log Page");
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  const Subsystem& s = subsystem_of(w, c);
  constexpr std::uint64_t longest = transport::BlobPool::sizes.back();
  const std::uint64_t length = request->length_bytes();
  // nvmet_execute_disc_get_log_page knows one page. Its records are left out: zero of them.
  const bool other_page = s.discovery && request->lid != wire::LogId::discovery;
  if (length > longest || other_page) {
    respond(w, queue, command, refuse(StatusCode::invalid_field));
    return;
  }
  const BlobId blob = w.transport.blobs.add(static_cast<std::uint32_t>(length));
  if (request->lid == wire::LogId::commands_effects) {
    effects_log_page(w, c, w.transport.blobs[blob].first(length));
  } else if (request->lid == wire::LogId::ana) {
    ana_log_page(w, w.target.queues[queue].controller, w.transport.blobs[blob].first(length),
                 *request);
  } else if (request->lid == wire::LogId::cross_controller_reset) {
    ccr_log_page(w, w.target.queues[queue].controller, w.transport.blobs[blob].first(length),
                 *request);
  } else if (request->lid == wire::LogId::lost_host_communication) {
    lost_host_log_page(w, w.target.queues[queue].controller, w.transport.blobs[blob].first(length),
                       *request);
  }
  respond(w, queue, command, {}, 0, {static_cast<std::uint32_t>(length), blob, 0});
}

void set_features(World& w, QueueId queue, const wire::Command& command) {
  const auto feature = wire::as_set_features(command);
  HOLDFAST_CHECK(feature.has_value(), "that is no Set Features");
  const ControllerId id = w.target.queues[queue].controller;
  Controller& c = w.target.controllers[id];
  const Profile& profile = *subsystem_of(w, c).profile;
  switch (feature->fid) {
    case FeatureId::number_of_queues: {
      const auto asked = wire::QueueCounts::decode(feature->value);
      wire::QueueCounts granted;
      granted.submission = std::min<std::uint32_t>(asked.submission, profile.qid_max);
      granted.completion = std::min<std::uint32_t>(asked.completion, profile.qid_max);
      respond(w, queue, command, {}, granted.encode());
      return;
    }
    case FeatureId::async_event_configuration:
      c.events_enabled = feature->value;
      respond(w, queue, command, {});
      return;
    case FeatureId::keep_alive_timer:
      if (!accepts_kato(profile, feature->value, false)) {
        // The effective value stays as it was.
        respond(w, queue, command, StatusCode::keep_alive_timeout_invalid);
        return;
      }
      c.katt = effective_kato(profile, feature->value);
      start_watchdog(w, id);
      // nvmet answers in seconds where milliseconds are due (protocol.md 1.2).
      respond(w, queue, command, {},
              static_cast<std::uint64_t>(c.katt / (profile.kato_result_in_seconds
                                                       ? std::chrono::milliseconds{1000}
                                                       : std::chrono::milliseconds{1})));
      return;
  }
  respond(w, queue, command, refuse(StatusCode::invalid_field));
}

void get_features(World& w, QueueId queue, const wire::Command& command) {
  const auto feature = wire::as_get_features(command);
  HOLDFAST_CHECK(feature.has_value(), "that is no Get Features");
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  if (feature->fid == FeatureId::keep_alive_timer) {
    respond(w, queue, command, {},
            static_cast<std::uint64_t>(c.katt / std::chrono::milliseconds{1}));
  } else if (feature->fid == FeatureId::async_event_configuration) {
    respond(w, queue, command, {}, c.events_enabled);
  } else {
    respond(w, queue, command, refuse(StatusCode::invalid_field));
  }
}

void keep_alive(World& w, QueueId queue, const wire::Command& command) {
  const ControllerId id = w.target.queues[queue].controller;
  if (w.target.controllers[id].katt == Duration{}) {
    respond(w, queue, command, wire::Status(StatusCode::keep_alive_timeout_invalid));
    return;
  }
  // The Keep Alive is itself an accepted command and has left traffic_seen set: with traffic-based
  // keep-alive the next check only opens another window, so a host that sends nothing else expires
  // after two (protocol.md 1.8).
  keep_alive_received(w, id);
  respond(w, queue, command, {});
}

void async_event_request(World& w, QueueId queue, const wire::Command& command) {
  const ControllerId id = w.target.queues[queue].controller;
  Controller& c = w.target.controllers[id];
  if (c.event_request_count == c.event_requests.size()) {
    respond(w, queue, command, refuse(StatusCode::async_event_limit_exceeded));
    return;
  }
  c.event_requests[c.event_request_count++] = command.cid;
  HOLDFAST_CHECK(std::count(c.event_requests.begin(),
                            c.event_requests.begin() + c.event_request_count, command.cid) == 1,
                 "two AERs wait under one command identifier");
  if (c.events.empty())
    return;
  const std::uint32_t dw0 = c.events.front();
  c.events.erase(c.events.begin());
  send_event(w, id, dw0);
}

}  // namespace

void execute_fabrics(World& w, QueueId queue, const wire::Command& command, const Payload&) {
  if (command.is(wire::FabricsType::property_get)) {
    property_get(w, queue, command);
  } else if (const auto set = wire::as_property_set(command);
             set && set->property == wire::Property::cc) {
    set_configuration(w, w.target.queues[queue].controller, static_cast<std::uint32_t>(set->value));
    respond(w, queue, command, {});
  } else if (wire::is_authentication(command)) {
    authenticate(w, queue, command);
  } else {
    respond(w, queue, command, refuse(StatusCode::invalid_field));
  }
}

void execute_admin(World& w, QueueId queue, const wire::Command& command) {
  switch (static_cast<wire::AdminOpcode>(command.opcode)) {
    case wire::AdminOpcode::identify:
      identify(w, queue, command);
      return;
    case wire::AdminOpcode::get_log_page:
      get_log_page(w, queue, command);
      return;
    case wire::AdminOpcode::set_features:
      set_features(w, queue, command);
      return;
    case wire::AdminOpcode::get_features:
      get_features(w, queue, command);
      return;
    case wire::AdminOpcode::keep_alive:
      keep_alive(w, queue, command);
      return;
    case wire::AdminOpcode::async_event_request:
      async_event_request(w, queue, command);
      return;
    case wire::AdminOpcode::cross_controller_reset:
      cross_controller_reset(w, queue, command);
      return;
    default:
      respond(w, queue, command, refuse(StatusCode::invalid_opcode));
  }
}

}  // namespace holdfast::target
