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

Change register_key(Reservation& held, const Request& r, wire::RegisterAction action) {
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
Change preempt(Reservation& held, const Request& r, wire::ReservationType type) {
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

Change acquire(Reservation& held, const Request& r, const wire::ReservationFields& fields) {
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

Change release(Reservation& held, const Request& r, const wire::ReservationFields& fields) {
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

/// Commands of the write group of reservations (nvmet_is_req_write_cmd_group).
bool writes(IoOpcode opcode) {
  return opcode == IoOpcode::write || opcode == IoOpcode::write_zeroes ||
         opcode == IoOpcode::dataset_management || opcode == IoOpcode::copy ||
         opcode == IoOpcode::zone_append || opcode == IoOpcode::zone_management_send ||
         opcode == IoOpcode::flush;
}

}  // namespace

Outcome apply_reservation(World& w, const Request& r) {
  HOLDFAST_CHECK(r.host != 0, "hosts are told apart by a hash that is not 0");
  Reservation& held = namespace_of(w, r).reservation;
  const auto fields = wire::as_reservation(r.command);
  Change change = Change::conflict;
  switch (static_cast<IoOpcode>(r.command.opcode)) {
    case IoOpcode::reservation_register:
      change = register_key(held, r, static_cast<wire::RegisterAction>(fields->action));
      break;
    case IoOpcode::reservation_acquire:
      change = acquire(held, r, *fields);
      break;
    default:
      change = release(held, r, *fields);
  }
  if (change == Change::conflict)
    return {refuse(StatusCode::reservation_conflict), 0, {}};
  record<Kind::effect_applied>(w, Token{r.version}, r.command.opcode, change == Change::done,
                               r.keys.current);
  return {};
}

bool is_reserved_against(const Namespace& n, const Controller& c, const wire::Command& command) {
  const Reservation& held = n.reservation;
  if (held.holder == 0 || wire::as_reservation(command))
    return false;
  const bool everything = held.type == wire::ReservationType::exclusive_access;
  if (!everything && !writes(static_cast<IoOpcode>(command.opcode)))
    return false;
  return held.holder != c.hostid;
}

}  // namespace holdfast::target
