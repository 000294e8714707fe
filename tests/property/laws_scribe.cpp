// SPDX-License-Identifier: Apache-2.0
// Records in names that two worlds share.
#include <algorithm>

#include "models/scenario/builder/builder.hpp"
#include "tests/property/laws.hpp"

namespace holdfast::laws {

namespace {

using transport::TransportKind;

/// What rdma::Packet calls Op::response: such packets carry a version.
constexpr std::uint64_t op_response = 11;

net::RouteId route_of(const World& w, std::uint64_t connection) {
  // A record has the place only.
  const auto in = [&](const auto& arena) -> const auto& {
    return arena[arena.id_at(static_cast<std::uint32_t>(connection))];
  };
  switch (w.transport.kind) {
    case TransportKind::tcp:
      return in(w.transport.connections).route[0];
    case TransportKind::rdma:
      return in(w.transport.rdma.pairs).route[0];
    case TransportKind::fc:
      break;
  }
  return in(w.transport.fc.connections).route[0];
}

std::uint64_t found(const std::map<std::uint64_t, std::uint64_t>& in, std::uint64_t id) {
  const auto place = in.find(id);
  return place == in.end() ? nobody : place->second;
}

}  // namespace

std::uint64_t Scribe::operation(std::uint64_t serial) const {
  if (serial == 0)
    return 0;
  return serial <= operations_.size() ? operations_[serial - 1] : nobody;
}

std::uint64_t Scribe::token(std::uint64_t token) const {
  const std::uint64_t of = operation(serial_of(token));
  return of == nobody ? nobody : of << 16 | attempt_of(Token{token});
}

/// A connection is told as the two nodes that it joins and how many there were before; which number
/// it has in its world depends on what others have open.
void Scribe::name_connection(std::uint64_t id) {
  const net::Route& route = world_.net.routes[sim::index(route_of(world_, id))];
  const std::uint64_t from = numbers_.of(Role::net_node, sim::index(route.from));
  const std::uint64_t to = numbers_.of(Role::net_node, sim::index(route.to));
  if (from == nobody || to == nobody) {
    connections_[id] = nobody;
    return;
  }
  const std::uint64_t pair = from << 48 | to << 32;
  connections_[id] = pair | ++opened_[pair];
}

bool Scribe::opens_connection(const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::tcp_state:
      return Words<Kind::tcp_state>(r).get<"state">() == transport::TcpState::syn_sent;
    case Kind::queue_pair_state: {
      // It begins with asking for the address, or where that is known with the request.
      const Words<Kind::queue_pair_state> words(r);
      const auto id = static_cast<std::uint64_t>(words.get<"connection">());
      if (words.get<"state">() == rdma::State::resolving)
        return resolving_.insert(id).second;
      return words.get<"state">() == rdma::State::requesting && resolving_.erase(id) == 0;
    }
    case Kind::iu_sent:
      return Words<Kind::iu_sent>(r).get<"iu">() == transport::fc::Iu::ls_request;
    default:
      return false;
  }
}

void Scribe::note_births(const sim::Record& r) {
  const Kind kind{r.kind};
  if (kind == Kind::app_submit) {
    const auto job = static_cast<std::uint64_t>(Words<Kind::app_submit>(r).get<"job">());
    const std::uint64_t known = numbers_.of(Role::job, job);
    operations_.push_back(known == nobody ? nobody : known << 32 | ++operations_of_job_[known]);
  }
  const bool opens_one = opens_connection(r);
  for (std::size_t i = 0; i < record_kinds[r.kind].words; ++i) {
    const bool names_one = role_of_word[r.kind][i] == Role::connection;
    if (names_one && (opens_one || connections_.count(r.word[i]) == 0))
      name_connection(r.word[i]);
  }
  if (kind != Kind::iu_sent)
    return;
  const Words<Kind::iu_sent> words(r);
  const auto iu = words.get<"iu">();
  const auto exchange = static_cast<std::uint64_t>(words.get<"exchange">());
  const bool opens = iu == transport::fc::Iu::command || iu == transport::fc::Iu::ls_request;
  if (!opens && exchanges_.count(exchange) != 0)
    return;
  const auto on = found(connections_, static_cast<std::uint64_t>(words.get<"connection">()));
  exchanges_[exchange] = on == nobody ? nobody : on * 0x9E3779B97F4A7C15u + ++opened_[~on];
}

std::uint64_t Scribe::packet_head(std::uint64_t word) {
  const std::uint64_t id = word & 0xffffffffu;
  const bool fc = world_.transport.kind == TransportKind::fc;
  const std::uint64_t known = found(fc ? exchanges_ : connections_, id);
  // Side, flags and length beside whose it is.
  return known * 0x9E3779B97F4A7C15u ^ (word >> 32);
}

std::uint64_t Scribe::packet_end(const sim::Record& r, std::uint64_t word) const {
  const auto later = static_cast<std::uint64_t>(change_.later.count());
  if (world_.transport.kind == TransportKind::fc)
    return word - later;
  if (world_.transport.kind == TransportKind::rdma) {
    const std::size_t head = record_kinds[r.kind].place("head");
    return (r.word[head] >> 40 & 0xff) == op_response ? token(word) : word;
  }
  const std::uint64_t ms = later / 1'000'000;
  const std::uint64_t sent = (word & 0xffffffffu) - ms;
  const std::uint64_t echo = word >> 32;  // 0: there was none yet
  return sent | (echo == 0 ? 0 : echo - ms) << 32;
}

std::uint64_t Scribe::told(const sim::Record& r, std::size_t place, Role role) {
  const std::uint64_t word = r.word[place];
  switch (role) {
    case Role::plain:
      break;
    case Role::connection:
      return found(connections_, word);
    case Role::exchange:
      return found(exchanges_, word);
    case Role::operation:
      return operation(word);
    case Role::token:
      return token(word);
    case Role::packet_head:
      return packet_head(word);
    case Role::packet_value:
      return world_.transport.kind == TransportKind::fc ? token(word) : word;
    case Role::packet_end:
      return packet_end(r, word);
    case Role::fingerprint:
      return 0;
    default:
      return numbers_.of(role, word);
  }
  // Plain words that are names in some records only.
  const Kind kind{r.kind};
  const std::string_view name = record_kinds[r.kind].word[place];
  if (kind == Kind::app_complete && name == "version") {
    const oracle::Operation& op = world_.oracle.operations[r.word[0] - 1];
    return op.kind == host::IoKind::read ? token(word) : word;
  }
  if (kind == Kind::effect_applied && name == "value") {
    const oracle::Operation& op = world_.oracle.operations[serial_of(r.word[0]) - 1];
    return op.kind == host::IoKind::copy ? 0 : word;  // a hash over what it copied
  }
  if (kind == Kind::program_line && name == "value") {
    const auto line = Words<Kind::program_line>(r).get<"line">();
    const bool serial = line == workload::Line::validated || line == workload::Line::invalid;
    return serial ? operation(word) : word;
  }
  return word;
}

void Scribe::on_record(const sim::Record& r) {
  note_births(r);
  sim::Record out = r;
  out.time_ns -= change_.later.count();
  bool subject = true;
  for (std::size_t i = 0; i < record_kinds[r.kind].words; ++i) {
    const Role role = role_of_word[r.kind][i];
    out.word[i] = told(r, i, role);
    // The first name says whose record it is.
    if (!subject || role == Role::plain)
      continue;
    subject = false;
    if (out.word[i] == nobody)
      return;
  }
  records_.push_back(out);
}

}  // namespace holdfast::laws
