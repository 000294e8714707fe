// SPDX-License-Identifier: Apache-2.0
// Weights from latencies, after "nvme-multipath: add support for adaptive I/O policy" (linux-nvme,
// v1 2025-09-21 to v5 2025-11-05; `latency` in v6, 2026-05-20): of each window of samples the
// average goes into an EWMA, a path's share is its EWMA's inverse, and shares are dealt out as
// credits. In no release of Linux (protocol.md 6.1).
#include "models/host/latency/latency.hpp"

#include <algorithm>

#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host::latency {

namespace {

constexpr std::uint32_t no_path = ~0U;

const PathLatency* knobs_of(const World& w, const Head& head) {
  const Host& host = w.host.hosts[sim::index(head.host)];
  return host.iopolicy == IoPolicy::latency ? &host.path_latency : nullptr;
}

std::size_t slots(const Head& head) { return head.weights.current.size() * directions; }

Direction direction_of(IoKind kind) {
  if (kind == IoKind::read)
    return Direction::read;
  return writes_blocks(kind) ? Direction::write : Direction::other;
}

std::size_t cpu_of(const Head& head, const Io& io) {
  HOLDFAST_PACKET_CHECK(!head.weights.current.empty(), "a path was never measured");
  return io.cpu % head.weights.current.size();
}

/// Of the first path; those of the others follow in steps of slots().
std::size_t slot_of(const Head& head, const Io& io) {
  return cpu_of(head, io) * directions + static_cast<std::size_t>(direction_of(io.kind));
}

Measured& measured(Head& head, std::size_t path, std::size_t slot) {
  HOLDFAST_PACKET_CHECK(path < head.paths.size() && slot < slots(head),
                        "the device has no such path, or CPU");
  return head.weights.of[path * slots(head) + slot];
}

/// The ANA state counts for nothing beyond that: what is non-optimized is thought to be slower.
bool is_usable(const World& w, const Path& p) {
  const bool is_live = p.ana == wire::AnaState::optimized || p.ana == wire::AnaState::non_optimized;
  return is_live && !is_disabled(w, p);
}

/// nvme_mpath_weight_work. No path falls below 1, so that each is measured once in a while.
void weigh(World& w, HeadId id, std::size_t slot) {
  Head& head = head_of(w, id);
  const PathLatency& knobs = *knobs_of(w, head);
  const auto score = [&](std::size_t path) -> std::uint64_t {
    const Duration smoothed = measured(head, path, slot).smoothed;
    const Duration second = std::chrono::seconds{1};
    return smoothed == Duration{} ? 0 : static_cast<std::uint64_t>(second / smoothed);
  };
  std::uint64_t total = 0;
  for (std::size_t path = 0; path < head.paths.size(); ++path)
    total += score(path);
  HOLDFAST_CHECK(total > 0, "weights are computed of nothing that was measured");
  for (std::size_t path = 0; path < head.paths.size(); ++path) {
    if (score(path) == 0)
      continue;
    Measured& m = measured(head, path, slot);
    m.weight = std::max(static_cast<std::uint32_t>(score(path) * knobs.scale / total), 1U);
    record<Kind::path_weighed>(w, id, head.paths[path].controller,
                               static_cast<std::uint32_t>(slot / directions),
                               static_cast<std::uint8_t>(slot % directions), m.smoothed, m.weight);
  }
}

}  // namespace

void add_path(const World& w, Head& head) {
  const PathLatency* const knobs = knobs_of(w, head);
  if (knobs == nullptr)
    return;
  if (head.weights.current.empty())
    head.weights.current.resize(knobs->per_cpu ? w.host.hosts[sim::index(head.host)].cpus : 1);
  head.weights.of.resize(head.paths.size() * slots(head));
}

void remove_path(Head& head, std::uint32_t at) {
  if (head.weights.current.empty())
    return;
  const auto first = head.weights.of.begin() + static_cast<std::ptrdiff_t>(at * slots(head));
  head.weights.of.erase(first, first + static_cast<std::ptrdiff_t>(slots(head)));
  for (std::uint32_t& current : head.weights.current) {
    if (current == at)
      current = 0;
    else if (current > at)
      --current;
  }
}

void forget(const World& w, Head& head, ControllerId over) {
  if (knobs_of(w, head) == nullptr)
    return;
  for (std::size_t path = 0; path < head.paths.size(); ++path) {
    if (head.paths[path].controller != over)
      continue;
    for (std::size_t slot = 0; slot < slots(head); ++slot)
      measured(head, path, slot) = {};
  }
}

std::uint32_t take(const World& w, Head& head, const Io& io) {
  const auto count = static_cast<std::uint32_t>(head.paths.size());
  if (count == 0)
    return no_path;
  std::uint32_t& current = head.weights.current[cpu_of(head, io)];
  HOLDFAST_PACKET_CHECK(current < count, "it is the turn of a path that is not there");
  std::uint32_t at = current;
  // Once around to fill up what is used up, and once more to find it.
  for (std::uint32_t step = 0; step <= 2 * count; ++step, at = (at + 1) % count) {
    if (!is_usable(w, head.paths[at]))
      continue;
    Measured& m = measured(head, at, slot_of(head, io));
    if (m.weight == 0 || m.credit > 0) {
      m.credit -= m.weight == 0 ? 0 : 1;
      return current = at;
    }
    m.credit = m.weight;
  }
  return no_path;
}

void sample(World& w, const Io& io, ControllerId over, Duration took) {
  Head& head = head_of(w, io.head);
  const PathLatency* const knobs = knobs_of(w, head);
  if (knobs == nullptr || head.paths.size() < 2 || took <= Duration{} || took > knobs->ignore_above)
    return;
  const auto path = std::find_if(head.paths.begin(), head.paths.end(),
                                 [&](const Path& p) { return p.controller == over; });
  if (path == head.paths.end())
    return;
  const std::size_t slot = slot_of(head, io);
  Measured& m = measured(head, static_cast<std::size_t>(path - head.paths.begin()), slot);
  m.batch += took;
  ++m.batched;
  // The very first answer is a window by itself.
  const bool is_first = m.smoothed == Duration{};
  if (!is_first && w.now() - m.since < knobs->window)
    return;
  const Duration average = m.batch / m.batched;
  const std::int64_t old_parts = (std::int64_t{1} << knobs->ewma_shift) - 1;
  m.smoothed =
      is_first ? average
               : Duration{(m.smoothed.count() * old_parts + average.count()) >> knobs->ewma_shift};
  m.smoothed = std::max(m.smoothed, Duration{1});
  m.since = w.now();
  m.batch = Duration{};
  m.batched = 0;
  weigh(w, io.head, slot);
}

}  // namespace holdfast::host::latency
