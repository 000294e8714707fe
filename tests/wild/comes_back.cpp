// SPDX-License-Identifier: Apache-2.0
#include "tests/wild/comes_back.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>

namespace holdfast::wild {
namespace {

using namespace std::chrono_literals;

constexpr sim::Duration linux_kato = 5s;  ///< NVME_DEFAULT_KATO

/// Whether hosts may never learn that they can use a path again: of an ANA change they are told by
/// an event, which a target may lose, and a request for events that Fibre Channel lost is not
/// repeated. Nor does a host without a KATO notice that the connection is gone over which it would
/// be told, unless it sends something.
bool may_miss_a_change(const scenario::Scenario& s) {
  const auto loses = [](const scenario::Subsystem& one) { return one.ana_event_lost; };
  const auto sends_none = [](const scenario::Host& host) {
    return std::any_of(host.connect.begin(), host.connect.end(),
                       [](const auto& one) { return one.keep_alive_tmo == sim::Duration{}; });
  };
  if (s.fabric.transport != scenario::Transport::fc &&
      !std::any_of(s.subsystems.begin(), s.subsystems.end(), loses) &&
      !std::any_of(s.hosts.begin(), s.hosts.end(), sends_none))
    return false;
  const auto changes = [](const scenario::Fault& fault) {
    return std::holds_alternative<scenario::AnaChange>(fault);
  };
  const auto in_a_group = [](const scenario::Namespace& ns) { return ns.ana_group != 1; };
  return std::any_of(s.faults.begin(), s.faults.end(), changes) ||
         std::any_of(s.subsystems.begin(), s.subsystems.end(), [&](const auto& one) {
           return !one.ana_states.empty() || one.takeover ||
                  std::any_of(one.namespaces.begin(), one.namespaces.end(), in_a_group);
         });
}

/// Whether some host loses its discovery controllers again and again: without the mend they
/// reconnect with KATO 0, send no Keep Alive, and are given up by a target that took its own for
/// that.
bool comes_and_goes(const scenario::Scenario& s) {
  return std::any_of(s.hosts.begin(), s.hosts.end(), [](const scenario::Host& host) {
    return !host.policy.discovery_reconnect_kato &&
           std::any_of(host.connect.begin(), host.connect.end(),
                       [](const auto& one) { return one.subsystem == scenario::discovery_name; });
  });
}

/// Whether a discovery controller is refused for good once it has been lost twice. A host that
/// reconnected one with KATO 0 asks for the default of Linux from then on (protocol.md 1.9), and a
/// target whose maximum is less refuses that each time, without DNR.
bool asks_for_too_much(const scenario::Scenario& s) {
  const auto has_service_with_less = [&](const std::string& port) {
    const auto owner = std::find_if(s.subsystems.begin(), s.subsystems.end(), [&](const auto& one) {
      return std::find(one.ports.begin(), one.ports.end(), port) != one.ports.end();
    });
    return owner != s.subsystems.end() && owner->kato_max > 0s && owner->kato_max < linux_kato;
  };
  return std::any_of(s.hosts.begin(), s.hosts.end(), [&](const scenario::Host& host) {
    return host.policy.discovery_reconnect_kato &&
           std::any_of(host.connect.begin(), host.connect.end(), [&](const auto& one) {
             return one.subsystem == scenario::discovery_name &&
                    one.keep_alive_tmo.value_or(0s) == 0s && has_service_with_less(one.port);
           });
  });
}

/// What all loads together may have out at once.
std::uint64_t bytes_at_once(const scenario::Scenario& s) {
  constexpr std::uint64_t of_a_step = 64U << 10U;  // drawn steps have at most eight blocks
  std::uint64_t out = 0;
  for (const scenario::Workload& load : s.workloads) {
    const auto* fio = std::get_if<scenario::Fio>(&load);
    out += fio == nullptr ? of_a_step : std::uint64_t{fio->bs_bytes} * fio->iodepth * fio->numjobs;
  }
  return out;
}

/// Whether an I/O may never get through: a queue that several I/Os do not fit into drops part of
/// what is sent at once, and an adapter that repeats nothing ends the connection for it, each time.
/// One that repeats gets a queueful through per acknowledgement time-out. If that takes longer than
/// the I/O may, the host gives all of it up and sends it again at once over the next association.
bool never_gets_through(const scenario::Scenario& s) {
  constexpr std::uint64_t deep_enough = 1u << 20;
  if (s.fabric.transport != scenario::Transport::rdma)
    return false;
  std::uint64_t shortest = deep_enough;
  for (const scenario::Link& link : s.fabric.links)
    shortest = std::min(shortest, link.queue_bytes);
  if (shortest == deep_enough)
    return false;
  // The headers of the smallest packets are half as much as what they carry.
  const std::uint64_t queuefuls = bytes_at_once(s) * 3 / 2 / std::max<std::uint64_t>(shortest, 1);
  const auto is_hasty = [&](const scenario::Host& host) {
    return std::any_of(host.connect.begin(), host.connect.end(), [&](const auto& one) {
      return host.io_timeout_of(one) / (2 + queuefuls) <= s.fabric.ack_timeout;
    });
  };
  return s.fabric.retry_count == 0 || std::any_of(s.hosts.begin(), s.hosts.end(), is_hasty);
}

}  // namespace

bool comes_back(const scenario::Scenario& s) {
  return !may_miss_a_change(s) && !comes_and_goes(s) && !asks_for_too_much(s) &&
         !never_gets_through(s);
}

}  // namespace holdfast::wild
