// SPDX-License-Identifier: Apache-2.0
// Admin commands that an administrator sends by passthrough (NVME_IOCTL_ADMIN_CMD),
// Cross-Controller Reset among them. They never go out unless the controller is LIVE
// (__nvme_check_ready).
#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

void send(World& w, ControllerId id, OperatorAction action, const wire::Command& command) {
  record<Kind::operator_request>(w, id, action);
  const Controller& c = controller(w, id);
  if (c.state != State::live || queue(w, c.admin).tags.free() <= event_admin_tags) {
    record<Kind::operator_refused>(w, id, action, exists(c) ? error_busy : error_no_device);
    return;
  }
  Request r;
  r.purpose = Purpose::passthrough;
  r.command = command;
  send_request(w, c.admin, r, c.admin_timeout);
}

/// The instance that the command is to name.
wire::CrossControllerReset named(const Controller& source, const Controller& c, CcrNames names) {
  wire::CrossControllerReset ccr{c.cntlid, c.ciu, c.cirn};
  switch (names) {
    case CcrNames::present:
      break;
    case CcrNames::own_id:
      ccr = {source.cntlid, source.ciu, source.cirn};
      break;
    case CcrNames::unknown_id:
      ccr.icid = wire::cntlid_max;
      break;
    case CcrNames::wrong_ciu:
      ccr.ciu = static_cast<std::uint8_t>(c.ciu == 255 ? 1 : c.ciu + 1);
      break;
    case CcrNames::wrong_cirn:
      ccr.cirn = ~c.cirn;
      break;
    case CcrNames::previous:
      ccr = c.previous;
      break;
  }
  return ccr;
}

}  // namespace

void passthrough_ccr(World& w, ControllerId source, ControllerId impacted, CcrNames names) {
  HOLDFAST_CHECK(controller(w, source).host == controller(w, impacted).host,
                 "an administrator works on one host");
  const auto ccr = named(controller(w, source), controller(w, impacted), names);
  send(w, source, OperatorAction::ccr, wire::make_cross_controller_reset(0, ccr));
}

void passthrough(World& w, ControllerId id, const wire::Command& command) {
  send(w, id, OperatorAction::passthrough, command);
}

void passthrough_completed(World& w, ControllerId id, const Request& r, wire::Status status) {
  HOLDFAST_CHECK(r.purpose == Purpose::passthrough, "no administrator has sent that");
  const auto feature = wire::as_set_features(r.command);
  if (!status.ok() || !feature || feature->fid != wire::FeatureId::keep_alive_timer)
    return;
  // nvme_update_keep_alive: whole seconds, rounded up; "keep alive interval updated".
  stop_keep_alive(w, id);
  controller(w, id).kato =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds{feature->value});
  start_keep_alive(w, id);
}

}  // namespace holdfast::host
