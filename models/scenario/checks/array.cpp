// SPDX-License-Identifier: Apache-2.0
// Cross checks of what the nodes of an array do about each other; see check.hpp.
#include <fmt/format.h>

#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {

namespace {

/// Whoever knows an address, for discovery or another subsystem as well, has to find it wherever it
/// may be.
void addresses(const Scenario& s, const Subsystem& sub, const Ways& ways, const Cursor& at) {
  if (s.fabric.transport != Transport::tcp)
    at.at("by").fail("addresses that move with another transport", "\"transport\": \"tcp\"");
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (std::find(sub.ports.begin(), sub.ports.end(), c.port) == sub.ports.end())
        continue;
      for (const std::string& port : sub.ports) {
        if (!ways.lead(host.name, port)) {
          at.at("by").fail(fmt::format("no way from {} to {}, where the address of {} may move",
                                       in_quotes(host.name), in_quotes(port), in_quotes(c.port)),
                           "links that lead there, or \"ana\"");
        }
      }
    }
  }
}

void check_reservations(const Subsystem& sub, const Cursor& at) {
  if (sub.reservations_per_node && sub.nodes.size() < 2)
    at.at("reservations")
        .fail(fmt::format("reservations per node among {} nodes", sub.nodes.size()),
              "at least two \"nodes\"");
  if (sub.reservation_delay && !sub.reservations_per_node)
    at.at("reservation_delay")
        .fail("\"reservation_delay\" of what is shared", "\"reservations\": \"per_node\" as well");
}

}  // namespace

void arrays(const Scenario& s, const Ways& ways, const Cursor& at) {
  for (std::size_t i = 0; i < s.subsystems.size(); ++i) {
    const Subsystem& sub = s.subsystems[i];
    check_reservations(sub, at.at(i));
    if (!sub.takeover)
      continue;
    const Cursor here = at.at(i).at("takeover");
    if (sub.nodes.size() < 2)
      here.fail(fmt::format("a takeover among {} nodes", sub.nodes.size()),
                "at least two \"nodes\"");
    const bool by_address = sub.takeover->by == Takeover::By::address;
    if (sub.takeover->learn && !by_address)
      here.at("learn").fail("\"learn\" of ANA states", "\"by\": \"address\" as well");
    if (by_address)
      addresses(s, sub, ways, here);
  }
}

}  // namespace holdfast::scenario::check
