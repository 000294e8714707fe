// SPDX-License-Identifier: Apache-2.0
// Commands Supported and Effects, log page 05h: which commands change what (protocol.md 9.3).
#include <algorithm>
#include <array>
#include <vector>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::AdminOpcode;
using wire::IoOpcode;

void effects_log_page(const World& w, const Controller& c, wire::Bytes out) {
  const Profile& profile = profile_of(w, c);
  std::vector<std::byte> page(wire::effects_log_bytes);
  const auto put = [&](bool admin, std::uint8_t opcode, std::uint32_t effects) {
    const bool has_room = wire::put_effects(page, admin, opcode, effects);
    HOLDFAST_CHECK(has_room, "the page has an entry for each opcode");
  };
  for (const AdminOpcode opcode :
       {AdminOpcode::get_log_page, AdminOpcode::identify, AdminOpcode::set_features,
        AdminOpcode::get_features, AdminOpcode::async_event_request, AdminOpcode::keep_alive})
    put(true, raw(opcode), wire::effect_supported);
  if (profile.ccrl != 0)
    put(true, raw(AdminOpcode::cross_controller_reset), wire::effect_supported);
  // nvmet names no effect of Dataset Management and of reservations, though they have some.
  for (const IoOpcode opcode : {IoOpcode::read, IoOpcode::flush, IoOpcode::compare,
                                IoOpcode::dataset_management, IoOpcode::reservation_register,
                                IoOpcode::reservation_acquire, IoOpcode::reservation_release})
    put(false, raw(opcode), wire::effect_supported);
  for (const IoOpcode opcode : {IoOpcode::write, IoOpcode::write_zeroes, IoOpcode::zone_append,
                                IoOpcode::zone_management_send})
    put(false, raw(opcode), wire::effect_supported | wire::effect_content);
  for (const std::uint8_t opcode : profile.effects_lbcc)
    put(false, opcode, wire::effect_supported | wire::effect_content);
  std::copy_n(page.begin(), std::min(page.size(), out.size()), out.begin());
}

}  // namespace holdfast::target
