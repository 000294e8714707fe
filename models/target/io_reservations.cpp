// SPDX-License-Identifier: Apache-2.0
// Reservations of a namespace, as far as their hazards need (protocol.md 9.3): a second Acquire or
// Release answers Reservation Conflict although the first one succeeded. Hosts are told apart by
// Host Identifier (nvmet: pr.c compares ctrl->hostid), whatever their NQN.
#include <algorithm>

#include "models/target/io_internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::IoOpcode;
using wire::StatusCode;

namespace {

/// What an action did. A success that changed nothing can be repeated without harm.
enum class Change : std::uint8_t { conflict, none, done };

Registrant* find(Reservation& held, std::uint64_t host) {
  HOLDFAST_CHECK(held.holder == 0 || held.type != wire::ReservationType::none,
                 "a reservation has a type");
  const auto place = std::find_if(held.registrants.begin(), held.registrants.end(),
                                  [&](const Registrant& one) { return one.host == host; });
  return place == held.registrants.end() ? nullptr : &*place;
}

void give_up(Reservation& held) {
  HOLDFAST_CHECK(
      held.registrants.empty() || held.holder == 0 || held.type != wire::ReservationType::none,
      "what is given up was no reservation");
  held.holder = 0;
  held.type = wire::ReservationType::none;
}

Change register_key(Reservation& held, const ReservationCommand& r, wire::RegisterAction action) {
  Registrant* const mine = find(held, r.host);
  if (action == wire::RegisterAction::register_key) {
    if (mine != nullptr)
      return mine->key == r.keys.other ? Change::none : Change::conflict;
    held.registrants.push_back({r.host, r.keys.other});
    return Change::done;
  }
  if (mine == nullptr || mine->key != r.keys.current)
    return Change::conflict;
  if (action == wire::RegisterAction::replace) {
    mine->key = r.keys.other;
    return Change::done;
  }
  held.registrants.erase(held.registrants.begin() + (mine - held.registrants.data()));
  if (held.holder == r.host)
    give_up(held);
  return Change::done;
}

/// Whoever registered `key` is thrown out, with the reservation that it may hold.
Change preempt(Reservation& held, const ReservationCommand& r, wire::ReservationType type) {
  const Registrant* const holder = find(held, held.holder);
  const bool of_holder = holder != nullptr && holder->key == r.keys.other;
  const auto out = std::remove_if(
      held.registrants.begin(), held.registrants.end(),
      [&](const Registrant& one) { return one.key == r.keys.other && one.host != r.host; });
  if (out == held.registrants.end())
    return Change::conflict;
  held.registrants.erase(out, held.registrants.end());
  if (of_holder) {
    held.holder = r.host;
    held.type = type;
  }
  return Change::done;
}

Change acquire(Reservation& held, const ReservationCommand& r,
               const wire::ReservationFields& fields) {
  const Registrant* const mine = find(held, r.host);
  if (mine == nullptr || mine->key != r.keys.current)
    return Change::conflict;
  if (static_cast<wire::AcquireAction>(fields.action) != wire::AcquireAction::acquire)
    return preempt(held, r, fields.type);
  if (held.holder != 0)
    return Change::conflict;
  held.holder = r.host;
  held.type = fields.type;
  return Change::done;
}

Change release(Reservation& held, const ReservationCommand& r,
               const wire::ReservationFields& fields) {
  const Registrant* const mine = find(held, r.host);
  if (mine == nullptr || mine->key != r.keys.current)
    return Change::conflict;
  if (static_cast<wire::ReleaseAction>(fields.action) == wire::ReleaseAction::clear) {
    held.registrants.clear();
    give_up(held);
    return Change::done;
  }
  if (held.holder != r.host || held.type != fields.type)
    return Change::conflict;
  give_up(held);
  return Change::done;
}

Change carry_out(Reservation& held, const ReservationCommand& r) {
  const auto fields = wire::as_reservation(r.command);
  switch (static_cast<IoOpcode>(r.command.opcode)) {
    case IoOpcode::reservation_register:
      return register_key(held, r, static_cast<wire::RegisterAction>(fields->action));
    case IoOpcode::reservation_acquire:
      return acquire(held, r, *fields);
    default:
      return release(held, r, *fields);
  }
}

ReservationCopy* copy_of(Namespace& n, NodeId node) {
  const auto copy = std::find_if(n.copies.begin(), n.copies.end(),
                                 [&](const ReservationCopy& one) { return one.node == node; });
  return copy == n.copies.end() ? nullptr : &*copy;
}

/// The node carries out what others have told it, in their order; what contradicts what it knows
/// changes nothing.
void catch_up(Namespace& n, ReservationCopy& copy) {
  HOLDFAST_CHECK(copy.told <= copy.due && copy.due <= n.reservation_commands.size(),
                 "a node has heard of a command that nobody carried out");
  for (; copy.told < copy.due; ++copy.told) {
    const ReservationCommand& command = n.reservation_commands[copy.told];
    if (command.node != copy.node || copy.told < copy.own_from)
      carry_out(copy.known, command);
  }
}

/// A node that is not up is told when it is.
void tell_others(World& w, NamespaceId ns) {
  Namespace& n = w.target.namespaces[sim::index(ns)];
  const Profile& profile = *w.target.subsystems[sim::index(n.subsystem)].profile;
  const auto count = static_cast<std::uint32_t>(n.reservation_commands.size());
  if (!profile.reservations_told)
    return;
  const Duration delay = draw(w.choices, n.reservation_choice, profile.reservation_delay);
  w.after(delay, [ns, count](World& world) {
    Namespace& told = world.target.namespaces[sim::index(ns)];
    for (ReservationCopy& copy : told.copies) {
      copy.due = std::max(copy.due, count);
      if (answers(world, copy.node))
        catch_up(told, copy);
    }
  });
}

/// Commands of the write group of reservations (nvmet_is_req_write_cmd_group).
bool writes(IoOpcode opcode) {
  return opcode == IoOpcode::write || opcode == IoOpcode::write_zeroes ||
         opcode == IoOpcode::dataset_management || opcode == IoOpcode::copy ||
         opcode == IoOpcode::zone_append || opcode == IoOpcode::zone_management_send ||
         opcode == IoOpcode::flush;
}

}  // namespace

Outcome apply_reservation(World& w, const Request& r) {
  const ReservationCommand command{r.command, r.keys, r.host, r.node};
  HOLDFAST_CHECK(r.host != 0, "hosts are told apart by a hash that is not 0");
  Namespace& n = namespace_of(w, r);
  ReservationCopy* const copy = copy_of(n, r.node);
  const Change change = carry_out(copy == nullptr ? n.reservation : copy->known, command);
  if (copy != nullptr && change != Change::conflict) {
    // What the subsystem as a whole should have done: it is the measure of what nodes do alone.
    carry_out(n.reservation, command);
    n.reservation_commands.push_back(command);
    tell_others(w, r.ns);
  }
  if (change == Change::conflict)
    return {refuse(StatusCode::reservation_conflict), 0, {}};
  record<Kind::effect_applied>(w, Token{r.version}, r.command.opcode, change == Change::done,
                               r.keys.current);
  return {};
}

void split_reservations(World& w, SubsystemId subsystem) {
  for (const NamespaceId ns : w.target.subsystems[sim::index(subsystem)].namespaces) {
    Namespace& n = w.target.namespaces[sim::index(ns)];
    for (std::uint32_t i = 0; i < w.target.nodes.size(); ++i) {
      if (w.target.nodes[i].subsystem == subsystem)
        n.copies.push_back({NodeId{i}, {}, 0, 0, 0});
    }
    n.reservation_choice = w.choices.add(
        "subsystem " + w.target.nqns[sim::index(subsystem)] + " nsid " + std::to_string(n.nsid),
        "reservation delay");
  }
}

void node_hears_reservations(World& w, NodeId id) {
  for (Namespace& n : w.target.namespaces) {
    if (ReservationCopy* const copy = copy_of(n, id); copy != nullptr)
      catch_up(n, *copy);
  }
}

void node_forgets_reservations(World& w, NodeId id) {
  for (Namespace& n : w.target.namespaces) {
    if (ReservationCopy* const copy = copy_of(n, id); copy != nullptr) {
      copy->known = {};
      copy->told = 0;
      copy->own_from = static_cast<std::uint32_t>(n.reservation_commands.size());
    }
  }
}

bool is_let_through(const Namespace& n, const Controller& c, const wire::Command& command) {
  return !n.copies.empty() && is_reserved_against(n.reservation, c, command);
}

bool is_reserved_against(const Namespace& n, const Controller& c, const wire::Command& command) {
  const auto copy = std::find_if(n.copies.begin(), n.copies.end(),
                                 [&](const ReservationCopy& one) { return one.node == c.node; });
  return is_reserved_against(copy == n.copies.end() ? n.reservation : copy->known, c, command);
}

bool is_reserved_against(const Reservation& held, const Controller& c,
                         const wire::Command& command) {
  if (held.holder == 0 || wire::as_reservation(command))
    return false;
  const bool everything = held.type == wire::ReservationType::exclusive_access;
  if (!everything && !writes(static_cast<IoOpcode>(command.opcode)))
    return false;
  return held.holder != c.hostid;
}

}  // namespace holdfast::target
