// SPDX-License-Identifier: Apache-2.0
// Persistent discovery controllers at the host (protocol.md 1.9): no I/O queues, no namespaces, and
// by default KATO 0, which the target takes for a time of its own.
#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {
constexpr Duration default_kato = std::chrono::seconds{5};  ///< NVME_DEFAULT_KATO
}  // namespace

bool is_discovery_nqn(const wire::NqnText& nqn) { return nqn.view() == wire::discovery_nqn; }

bool discovery_skips(Setup step) {
  // nvmet's LPA offers no effects log, nvme_hwmon_init leaves discovery controllers alone, and
  // queue_count is 1.
  return step == Setup::effects_log || step == Setup::ana_log || step == Setup::smart_log ||
         step == Setup::number_of_queues || step == Setup::io_transport ||
         step == Setup::io_connect;
}

void start_discovery(World& w, ControllerId id, bool again) {
  Controller& c = controller(w, id);
  // Commit 2e482655019a: whoever reconnects is persistent, and a persistent connection has a KATO.
  // This Connect still carried 0, so the controller keeps the time it took for that.
  if (!again || c.kato != Duration{} || !host_of(w, c).policy.discovery_reconnect_kato)
    return;
  stop_keep_alive(w, id);
  c.kato = default_kato;
  start_keep_alive(w, id);
}

}  // namespace holdfast::host
