// SPDX-License-Identifier: Apache-2.0
// Discovery controllers of the target (protocol.md 1.9): served under the well-known name at every
// port, without I/O queues and namespaces. Their log page tells of no records: the host of this
// model knows its subsystems, what matters is how long the association lives.
#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

void add_discovery(World& w, SubsystemId beside, const std::vector<transport::PortId>& ports) {
  const Subsystem& owner = w.target.subsystems[sim::index(beside)];
  HOLDFAST_CHECK(!owner.discovery && !ports.empty(), "a discovery service belongs to a subsystem");
  Profile own = *owner.profile;
  // Cross-Controller Reset is for I/O controllers only.
  own.ccrl = 0;
  own.cqt_ms = 0;
  own.kato_zero = KatoZero::off;  // what asks for it is served with a value of the target's own
  // All of them have the one NQN, so their dice go by the subsystem that they belong to.
  const std::string part = w.target.nqns[sim::index(beside)] + " discovery";
  const SubsystemId id = add_subsystem(w, wire::discovery_nqn, own, ports, part);
  w.target.subsystems[sim::index(id)].discovery = true;
}

void describe_discovery(wire::IdentifyController& id) {
  // nvmet_execute_disc_identify reports neither KAS nor TBKAS, ANA nor namespaces.
  id.cntrltype = wire::ControllerType::discovery;
  id.cmic = 0;
  id.oaes = wire::aec_discovery_change;
  id.ctratt = 0;
  id.kas = 0;
  id.anatt = 0;
  id.anacap = 0;
  id.anagrpmax = id.nanagrpid = 0;
  id.crdt = {};
  id.cqt = 0;
  id.nn = id.mnan = 0;
  id.ioccsz = id.iorcsz = 0;
}

Duration connect_katt(const Subsystem& s, std::uint32_t kato_ms) {
  HOLDFAST_CHECK(s.profile->discovery_kato > Duration{},
                 "a stale discovery session would stay for ever");
  // nvmet_alloc_ctrl: "some arbitrary high value in order to clean up stale discovery sessions".
  const bool substituted = s.discovery && kato_ms == 0;
  return substituted ? s.profile->discovery_kato : effective_kato(*s.profile, kato_ms);
}

}  // namespace holdfast::target
