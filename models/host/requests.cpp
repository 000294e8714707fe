// SPDX-License-Identifier: Apache-2.0
// Requests and tags of a queue: sending, completing, and the block layer's timeouts.
#include <algorithm>
#include <utility>

#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using transport::Payload;
using wire::StatusCode;

namespace {

/// nvme_complete_rq: traffic counts as a sign of life only if it was submitted since the last look.
void note_completion(World& w, ControllerId id, const Request& r) {
  Controller& c = controller(w, id);
  if (c.keep_alive_supported && r.submitted >= c.last_check)
    c.completion_seen = true;
}

std::vector<std::uint16_t>& pool_of(Queue& q, const Request& r) {
  const bool reserved =
      r.purpose == Purpose::keep_alive || r.command.is(wire::FabricsType::connect);
  return reserved ? q.free_reserved : q.free_tags;
}

/// The tag that was given back last comes first, as sbitmap's hint makes it.
std::uint16_t take_tag(Queue& q, const Request& what) {
  if (what.purpose == Purpose::async_event)
    return async_event_tag;
  auto& pool = pool_of(q, what);
  HOLDFAST_CHECK(!pool.empty());
  const std::uint16_t tag = pool.back();
  pool.pop_back();
  return tag;
}

void give_back(Queue& q, std::uint16_t tag, const Request& r) {
  if (r.purpose != Purpose::async_event)
    pool_of(q, r).push_back(tag);
}

/// What goes to the wire: the entry as the encoder lays it out, and control data word by word.
void record_command(World& w, const Queue& q, const Request& r) {
  const auto sqe = wire::encode_command(r.command);
  record<Kind::command_sent>(w, q.controller, q.qid, wire::get_le64(sqe, 0),
                             wire::get_le64(sqe, 40), wire::get_le64(sqe, 48),
                             wire::get_le64(sqe, 56));
  if (r.data.blob == sim::none<transport::BlobId>)
    return;
  const auto data = std::as_const(w.transport.blobs)[r.data.blob].first(r.data.bytes);
  wire::for_words(data, [&](std::uint64_t offset, std::uint64_t value) {
    record<Kind::host_data>(w, q.controller, q.qid, r.command.cid, offset, value);
  });
}

void start_waiting(World& w, QueueId id) {
  Queue& q = queue(w, id);
  while (!q.waiting.empty() && !is_quiesced(w, q) &&
         q.free_tags.size() >= tags_needed(w, q.waiting.front())) {
    const IoId io = q.waiting.front();
    q.waiting.pop_front();
    queue_io(w, id, io);
  }
}

}  // namespace

bool has_free_tag(const World& w, QueueId id) {
  return !w.host.queues[sim::index(id)].free_tags.empty();
}

bool has_reserved_tag(const World& w, QueueId id) {
  return !w.host.queues[sim::index(id)].free_reserved.empty();
}

std::uint16_t send_request(World& w, QueueId id, const Request& what, Duration timeout) {
  Queue& q = queue(w, id);
  const std::uint16_t tag = take_tag(q, what);
  Request& r = q.requests[tag];
  const auto generation = static_cast<std::uint8_t>((r.generation + 1) & 0xf);
  r = what;
  r.in_flight = true;
  r.generation = generation;
  r.command.cid = wire::CommandId{tag, generation}.packed();
  r.submitted = w.now();
  r.timeout = timeout;
  r.deadline = w.now() + timeout;
  if (timeout > Duration{})
    arm_timeout(w, id, r);
  record_command(w, q, r);
  transport::submit(w, q.transport, r.command, r.data);
  return tag;
}

void complete_request(World& w, QueueId id, std::uint16_t tag, const wire::Completion& completion) {
  Request& slot = queue(w, id).requests[tag];
  HOLDFAST_CHECK(slot.in_flight);
  const Request r = slot;
  slot.in_flight = false;
  slot.answer = {};
  give_back(queue(w, id), tag, r);
  const ControllerId ctrl = queue(w, id).controller;
  note_completion(w, ctrl, r);
  switch (r.purpose) {
    case Purpose::io:
      io_completed(w, id, r, completion);
      break;
    case Purpose::setup:
      setup_completed(w, ctrl, r, completion);
      break;
    case Purpose::keep_alive:
      keep_alive_completed(w, ctrl, r, completion.status);
      break;
    case Purpose::after_live:
    case Purpose::scan:
      after_live_completed(w, ctrl, r, completion);
      break;
    case Purpose::async_event:
      async_event(w, ctrl, completion);
      break;
    case Purpose::ccr:
      ccr_completed(w, r, completion);
      break;
    case Purpose::ccr_log:
      ccr_log_completed(w, ctrl, r, completion.status);
      break;
    case Purpose::ana_log:
      ana_log_completed(w, ctrl, r, completion.status);
      break;
    case Purpose::disable:
      disable_completed(w, ctrl, r, completion);
      break;
    case Purpose::passthrough:
      passthrough_completed(w, ctrl, r, completion.status);
      break;
    case Purpose::none:
      break;
  }
  if (r.answer.blob != sim::none<transport::BlobId>)
    w.transport.blobs.remove(r.answer.blob);
  start_waiting(w, id);
  if (queue(w, id).qid == 0)
    continue_ana_read(w, ctrl);
}

void cancel_all(World& w, QueueId id) {
  // Tag order (blk_mq_tagset_busy_iter), which is not the order of submission.
  for (std::uint32_t tag = 0; tag < queue(w, id).tags; ++tag) {
    if (!queue(w, id).requests[tag].in_flight)
      continue;
    wire::Completion cancelled;
    cancelled.status = StatusCode::host_aborted_command;
    complete_request(w, id, static_cast<std::uint16_t>(tag), cancelled);
  }
  // I/O that waited for a tag got one as tags came free, found the queue dead and failed over
  // (start_waiting); the rest follows when nothing was in flight.
  start_waiting(w, id);
}

void on_completed(World& w, transport::HostOwner owner, const wire::Completion& completion) {
  const QueueId id{sim::index(owner)};
  Queue& q = queue(w, id);
  record<Kind::response_received>(w, q.controller, q.qid, completion.cid, completion.status,
                                  completion.result64());
  const wire::CommandId cid = wire::CommandId::unpack(completion.cid);
  const bool known = cid.tag < q.tags && q.requests[cid.tag].in_flight &&
                     q.requests[cid.tag].generation == cid.generation;
  if (!known) {
    // "got bad cqe.command_id": a stale completion ends the association.
    error_recovery(w, q.controller, Cause::transport);
    return;
  }
  complete_request(w, id, cid.tag, completion);
}

void on_data(World& w, transport::HostOwner owner, std::uint16_t packed, const Payload& data) {
  const QueueId id{sim::index(owner)};
  const wire::CommandId cid = wire::CommandId::unpack(packed);
  Queue& q = queue(w, id);
  if (cid.tag >= q.tags || !q.requests[cid.tag].in_flight ||
      q.requests[cid.tag].generation != cid.generation) {
    error_recovery(w, q.controller, Cause::transport);
    return;
  }
  Request& r = q.requests[cid.tag];
  r.read_version = data.version;
  if (data.blob == sim::none<transport::BlobId>)
    return;
  // Control data is copied: the sender's copy goes away when it is acknowledged.
  r.answer = {data.bytes, w.transport.blobs.add(data.bytes), 0};
  const auto from = w.transport.blobs[data.blob];
  const auto to = w.transport.blobs[r.answer.blob];
  std::copy_n(from.begin(), data.bytes, to.begin());
}

const Payload* payload_of(World& w, transport::HostOwner owner, std::uint16_t packed) {
  const wire::CommandId cid = wire::CommandId::unpack(packed);
  const Queue& q = queue(w, QueueId{sim::index(owner)});
  if (cid.tag >= q.tags)
    return nullptr;
  const Request& r = q.requests[cid.tag];
  return r.in_flight && r.generation == cid.generation ? &r.data : nullptr;
}

}  // namespace holdfast::host
