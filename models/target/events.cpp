// SPDX-License-Identifier: Apache-2.0
// Notices of the target: which asynchronous events are sent, and when they are masked.
#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

std::uint32_t notices_of(const Profile& profile) {
  return wire::aec_namespace_attributes | wire::aec_ana_change |
         (profile.ccrl != 0 ? wire::aec_cross_controller_reset : std::uint32_t{0}) |
         (profile.lost_host_log ? wire::aec_lost_host_communication : std::uint32_t{0});
}

void send_notice(World& w, ControllerId id, std::uint32_t aec_bit, const wire::AsyncEvent& event) {
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK((aec_bit & (aec_bit - 1)) == 0 && aec_bit != 0, "a notice has one bit");
  // nvmet_aen_bit_disabled: the test sets the mask as well.
  if ((c.events_enabled & aec_bit) == 0 || (c.events_masked & aec_bit) != 0)
    return;
  c.events_masked |= aec_bit;
  send_event(w, id, event.encode());
}

void unmask_notice(World& w, ControllerId id, std::uint32_t aec_bit, const wire::GetLogPage& read) {
  // nvmet_clear_aen_bit.
  if (!read.retain_async_event)
    w.target.controllers[id].events_masked &= ~aec_bit;
}

}  // namespace holdfast::target
