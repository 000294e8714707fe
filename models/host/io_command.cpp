// SPDX-License-Identifier: Apache-2.0
// The commands of an application's I/O: which opcode, which data, one command, a fused pair, or
// several attempts of one at a time.
#include <algorithm>
#include <array>

#include "models/host/hooks.hpp"
#include "models/host/internal.hpp"
#include "models/host/latency/latency.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using transport::Payload;
using wire::StatusCode;

namespace {

/// Descriptors and keys: true bytes, which belong to the message that carries them.
Payload control_data(World& w, wire::ConstBytes bytes) {
  HOLDFAST_PACKET_CHECK(!bytes.empty(), "control data has bytes");
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const transport::BlobId blob = w.transport.blobs.add(length);
  std::copy(bytes.begin(), bytes.end(), w.transport.blobs[blob].begin());
  return {length, blob, 0};
}

/// The blocks of a deallocation spread over its descriptors, as evenly as it goes.
Payload dataset_ranges(World& w, const Io& io) {
  HOLDFAST_PACKET_CHECK(io.ranges > 0 && io.ranges <= io.blocks, "a descriptor without blocks");
  const auto length = static_cast<std::uint32_t>(io.ranges * wire::dataset_range_bytes);
  const transport::BlobId blob = w.transport.blobs.add(length);
  const auto out = w.transport.blobs[blob];
  for (std::uint32_t i = 0; i < io.ranges; ++i) {
    const std::uint64_t begin = std::uint64_t{io.blocks} * i / io.ranges;
    const std::uint64_t end = std::uint64_t{io.blocks} * (i + 1) / io.ranges;
    const auto one =
        wire::encode_dataset_range({0, static_cast<std::uint32_t>(end - begin), io.lba + begin});
    std::copy(one.begin(), one.end(), out.subspan(i * wire::dataset_range_bytes).begin());
  }
  return {length, blob, 0};
}

wire::SglDescriptor write_sgl(const Controller& c, std::uint32_t bytes) {
  return bytes <= c.in_capsule_bytes ? wire::in_capsule_sgl(bytes) : wire::transport_sgl(bytes);
}

void make_blocks(const Controller& c, const Head& head, const Io& io, Request& r) {
  HOLDFAST_PACKET_CHECK(head.block_bytes != 0, "the device has not been found yet");
  HOLDFAST_PACKET_CHECK(io.blocks > 0, "an I/O of no blocks");
  wire::BlockRange range;
  range.nsid = head.nsid;
  range.slba = io.lba;
  range.blocks = io.blocks;
  const std::uint32_t bytes = io.blocks * head.block_bytes;
  switch (io.kind) {
    case IoKind::read:
      r.command = wire::make_read(0, range, bytes);
      return;
    case IoKind::write_zeroes:
      r.command = wire::make_write_zeroes(0, range);
      return;
    case IoKind::compare:
      r.command = wire::make_compare(0, range, write_sgl(c, bytes));
      r.data.content = io.argument == 0 ? transport::zeroes : io.argument << 8;
      break;
    case IoKind::zone_append:
      r.command = wire::make_zone_append(0, range, write_sgl(c, bytes));
      break;
    default:
      r.command = wire::make_write(0, range, write_sgl(c, bytes));
  }
  r.data.bytes = bytes;
}

void make_reservation(World& w, const Head& head, const Io& io, Request& r) {
  wire::ReservationKeys keys{io.argument, 0};
  switch (io.kind) {
    case IoKind::reservation_register:
      keys = {0, io.argument};
      r.command = wire::make_reservation_register(0, head.nsid, wire::RegisterAction::register_key);
      break;
    case IoKind::reservation_acquire:
      r.command = wire::make_reservation_acquire(0, head.nsid, wire::AcquireAction::acquire,
                                                 wire::ReservationType::write_exclusive);
      break;
    case IoKind::reservation_preempt:
      keys.other = io.other_key;
      r.command = wire::make_reservation_acquire(0, head.nsid, wire::AcquireAction::preempt,
                                                 wire::ReservationType::write_exclusive);
      break;
    default:
      r.command = wire::make_reservation_release(0, head.nsid, wire::ReleaseAction::release,
                                                 wire::ReservationType::write_exclusive);
  }
  const auto bytes = wire::encode_keys(keys);
  r.data = control_data(w, wire::ConstBytes(bytes).first(r.command.sgl.length));
}

}  // namespace

std::string_view io_kind_name(IoKind kind) {
  // In the order of the enumerators.
  constexpr auto names = std::to_array<std::string_view>(
      {"read", "write", "flush", "write zeroes", "deallocation", "compare", "compare and write",
       "copy", "zone append", "zone reset", "reservation register", "reservation acquire",
       "reservation preempt", "reservation release"});
  return names[static_cast<std::size_t>(kind)];
}

Version token_of(const Io& io) {
  HOLDFAST_PACKET_CHECK(io.serial != 0, "the I/O is over");
  HOLDFAST_CHECK(io.serial <= most_serials && io.attempts <= most_attempts,
                 "a token has no room for that number");
  return static_cast<Version>(holdfast::token_of(io.serial, io.attempts));
}

Request io_request(World& w, const Controller& c, IoId id) {
  const Io& io = w.host.ios[id];
  const Head& head = w.host.heads[sim::index(io.head)];
  HOLDFAST_PACKET_CHECK(io.serial != 0, "the I/O is over");
  Request r;
  r.purpose = Purpose::io;
  r.io = id;
  switch (io.kind) {
    case IoKind::flush:
      r.command = wire::make_flush(0, head.nsid);
      break;
    case IoKind::deallocate:
      r.command = wire::make_deallocate(0, head.nsid, io.ranges);
      r.data = dataset_ranges(w, io);
      break;
    case IoKind::copy:
      r.command = wire::make_copy(0, head.nsid, io.lba, 1);
      r.data = control_data(w, wire::encode_copy_range({io.argument, io.blocks}));
      break;
    case IoKind::zone_reset:
      r.command = wire::make_zone_reset(0, head.nsid, io.lba);
      break;
    case IoKind::reservation_register:
    case IoKind::reservation_acquire:
    case IoKind::reservation_preempt:
    case IoKind::reservation_release:
      make_reservation(w, head, io, r);
      break;
    default:
      make_blocks(c, head, io, r);
  }
  if (io.kind == IoKind::compare_and_write)
    r.command.flags |= wire::command_flag_fuse_second;
  r.data.version = token_of(io);
  if (host_of(w, c).zero_copy)
    r.data.buffer = io.buffer;
  return r;
}

Request fused_compare(World& w, const Controller& c, IoId id) {
  Io io = w.host.ios[id];
  io.kind = IoKind::compare;
  Request r;
  r.purpose = Purpose::io;
  r.io = id;
  make_blocks(c, w.host.heads[sim::index(io.head)], io, r);
  r.command.flags |= wire::command_flag_fuse_first;
  r.data.version = token_of(io);
  return r;
}

std::uint32_t tags_needed(const World& w, IoId io) {
  return w.host.ios[io].kind == IoKind::compare_and_write ? 2 : 1;
}

bool pair_is_done(Io& io, wire::Status& status) {
  if (io.kind != IoKind::compare_and_write)
    return true;
  if (++io.halves_done == 1) {
    HOLDFAST_PACKET_CHECK(io.attempts > 0, "a half is done of a pair that was not sent");
    io.half_status = status;
    return false;
  }
  io.halves_done = 0;
  // A lost path takes both along: the pair is repeated as a pair. Otherwise the half that failed
  // says why, not the one that was aborted because of it.
  const wire::Status other = io.half_status;
  const bool other_says_more = other.is_path_error() || (!status.is_path_error() && !other.ok() &&
                                                         other.code() != StatusCode::fused_fail);
  if (other_says_more || status.ok())
    status = other;
  return true;
}

Duration retry_delay(const Controller& c, wire::Status status) {
  HOLDFAST_CHECK(status.crd() <= c.crdt.size(), "there are three Command Retry Delays");
  if (status.crd() == 0)
    return Duration{};
  return c.crdt[status.crd() - 1u] * std::chrono::milliseconds{100};
}

void io_completed(World& w, QueueId queue_id, const Request& r,
                  const wire::Completion& completion) {
  Io& io = w.host.ios[r.io];
  HOLDFAST_PACKET_CHECK(io.serial != 0, "a request of an I/O outlives it");
  wire::Status status = completion.status;
  if (!pair_is_done(io, status))
    return;
  const ControllerId ctrl = queue(w, queue_id).controller;
  const Token attempt{r.data.version};  // With early_resubmission it need not be the last one.
  const std::uint32_t max_retries = w.host.hosts[sim::index(controller(w, ctrl).host)].max_retries;
  // nvme_decide_disposition, in its order.
  const bool final = status.ok() || status.dnr() || io.retries >= max_retries;
  if (!status.ok())
    ++path_counters(w, io.head, ctrl).command_error_count;
  if (!final && status.is_path_error()) {
    record<Kind::attempt_abandoned>(w, attempt, ctrl, status);
    // What was refused for its ANA state was not carried out.
    const Host& h = host_of(w, controller(w, ctrl));
    bool repeats =
        is_idempotent(io.kind) || status.is_ana_error() || h.policy.repeat_non_idempotent;
    RecoveryHooks* const hooks = hooks_of(w, controller(w, ctrl));
    if (hooks != nullptr && !status.is_ana_error())
      repeats = hooks->repeats(w, ctrl, io).value_or(repeats);
    if (status.is_ana_error())
      ana_error(w, io.head, ctrl);
    if (io.open > 1 || io.answered) {
      attempt_over(w, r.io, status);
    } else if (repeats) {
      fail_over(w, r.io, ctrl);
    } else {
      tell(w, r.io, status);  // whether it was carried out is not known
    }
    return;
  }
  record<Kind::attempt_done>(w, attempt, ctrl, status);
  if (final) {
    latency::sample(w, io, ctrl, w.now() - r.submitted);
    io.version = io.kind == IoKind::zone_append ? completion.result64() : r.read_version;
    attempt_over(w, r.io, status);
    return;
  }
  ++io.retries;
  ++path_counters(w, io.head, ctrl).command_retries_count;
  const Duration delay = retry_delay(controller(w, ctrl), status);
  if (delay == Duration{}) {
    queue_io(w, queue_id, r.io);
    return;
  }
  w.at(timer_at(w, controller(w, ctrl), delay),
       [queue = sim::Filled(queue_id), id = r.io](World& world) {
         if (world.host.ios.contains(id))
           queue_io(world, queue, id);
       });
}

void tell(World& w, IoId id, wire::Status status) {
  const std::size_t host = sim::index(head_of(w, w.host.ios[id].head).host);
  TimePoint& free = w.host.processor_free[host];
  free = std::max(free, w.now()) + w.host.hosts[host].io_cpu_time;
  if (free == w.now())
    finish_io(w, id, status);
  else
    w.at(free, [id, status = sim::Filled(status)](World& world) {
      if (world.host.ios.contains(id))
        finish_io(world, id, status);
    });
}

void attempt_over(World& w, IoId id, wire::Status status) {
  Io& io = w.host.ios[id];
  if (io.open == 0)
    return tell(w, id, status);
  if (status.ok() || (!io.answered && !status.is_path_error())) {
    io.answered = true;
    io.answer = status;
  }
  if (--io.open == 0)
    tell(w, id, io.answered ? io.answer : status);
}

void send_early(World& w, IoId id, ControllerId from) {
  if (!has_usable_path(w, w.host.ios[id].head))
    return;
  Io& io = w.host.ios[id];
  io.open = std::max(io.open, 1U) + 1;
  fail_over(w, id, from);
}

Version buffer_content(const World& w, std::uint32_t buffer) {
  HOLDFAST_PACKET_CHECK(buffer < w.host.buffers.size(), "no application has such a buffer");
  return w.host.buffers[buffer];
}

std::uint32_t add_buffer(World& w) {
  w.host.buffers.push_back(0);
  return static_cast<std::uint32_t>(w.host.buffers.size() - 1);
}

}  // namespace holdfast::host
