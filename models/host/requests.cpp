// SPDX-License-Identifier: Apache-2.0
// Requests and tags of a queue: sending, completing, and the block layer's timeouts.
#include <algorithm>
#include <utility>

#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
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

/// What the controller's timer counts: Keep Alives, or with traffic-based keep alive everything. It
/// starts during the set-up.
void note_submission(World& w, ControllerId id, const Request& r) {
  Controller& c = controller(w, id);
  if (c.traffic_based || r.purpose == Purpose::keep_alive || r.purpose == Purpose::setup)
    c.last_submission = w.now();
}

bool is_reserved(const Request& r) {
  return r.purpose == Purpose::keep_alive || r.command.is(wire::FabricsType::connect);
}

std::uint16_t take_tag(Queue& q, const Request& what) {
  if (what.purpose == Purpose::async_event)
    return async_event_tag;
  return is_reserved(what) ? q.tags.take_reserved() : q.tags.take();
}

void give_back(Queue& q, std::uint16_t tag, const Request& r) {
  q.tags.drop(tag);
  if (r.purpose == Purpose::async_event)
    return;
  if (is_reserved(r)) {
    q.tags.give_back_reserved(tag);
  } else {
    q.tags.give_back(tag);
  }
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
         q.tags.free() >= tags_needed(w, q.waiting.front())) {
    const IoId io = q.waiting.front();
    q.waiting.pop_front();
    queue_io(w, id, io);
  }
}

}  // namespace

std::uint8_t Tags::carry(std::uint16_t tag, RequestId request) {
  Row& r = row(tag);
  HOLDFAST_PACKET_CHECK(r.request == sim::none<RequestId>,
                        "a tag is used for two requests at a time");
  r.request = request;
  r.generation = static_cast<std::uint8_t>((r.generation + 1) & 0xf);
  return r.generation;
}

const char* Tags::broken() const {
  sim::Vector<bool> free(end_);
  const auto frees = [&](std::uint16_t tag) {
    const bool is_right = tag < end_ && !free[tag] && (*this)[tag] == sim::none<RequestId>;
    if (is_right)
      free[tag] = true;
    return is_right;
  };
  std::uint16_t tag = last_returned_;
  for (std::uint16_t i = 0; i < returned_; ++i) {
    if (tag >= rows_.size() || !frees(tag))
      return "a tag is free twice, or in use";
    tag = rows_[tag].returned_before;
  }
  for (std::uint16_t i = 0; i < reserved_count_; ++i) {
    if (!frees(reserved_[i]))
      return "a reserved tag is free twice, or in use";
  }
  std::size_t carried = 0;
  for (std::uint16_t i = 0; i < end_; ++i)
    carried += (*this)[i] != sim::none<RequestId> ? 1 : 0;
  return carried + this->free() + reserved_count_ == end_ ? nullptr : "a tag is lost";
}

Request* request_at(World& w, QueueId id, std::size_t tag) {
  const RequestId request = queue(w, id).tags[tag];
  return request != sim::none<RequestId> ? &w.host.requests[request] : nullptr;
}

Request* find_request(World& w, QueueId id, std::uint16_t packed) {
  const wire::CommandId cid = wire::CommandId::unpack(packed);
  const RequestId request = queue(w, id).tags.find(cid.tag, cid.generation);
  return request != sim::none<RequestId> ? &w.host.requests[request] : nullptr;
}

bool has_free_tag(const World& w, QueueId id) {
  return w.host.queues[sim::index(id)].tags.free() != 0;
}

bool has_reserved_tag(const World& w, QueueId id) {
  return w.host.queues[sim::index(id)].tags.has_reserved();
}

std::uint16_t send_request(World& w, QueueId id, const Request& what, Duration timeout) {
  Queue& q = queue(w, id);
  HOLDFAST_PACKET_CHECK(q.allocated, "a command is sent on a queue without a transport");
  HOLDFAST_PACKET_CHECK(what.purpose != Purpose::none, "nobody would hear of the completion");
  HOLDFAST_PACKET_CHECK(timeout >= Duration{}, "a command times out before it is sent");
  const std::uint16_t tag = take_tag(q, what);
  const RequestId request = w.host.requests.add(what);
  Request& r = w.host.requests[request];
  r.command.cid = wire::CommandId{tag, q.tags.carry(tag, request)}.packed();
  r.submitted = w.now();
  r.timeout = timeout;
  r.deadline = w.now() + timeout;
  if (timeout > Duration{})
    arm_timeout(w, id, r);
  note_submission(w, q.controller, r);
  if (!w.host.watches.empty()) [[unlikely]]
    suspicion::sent(w, q.controller, r);
  record_command(w, q, r);
  const std::uint16_t cid = r.command.cid;
  transport::submit(w, q.transport, r.command, r.data);
  return cid;
}

void complete_request(World& w, QueueId id, std::uint16_t tag, const wire::Completion& completion) {
  Queue& q = queue(w, id);
  const RequestId request = q.tags[tag];
  HOLDFAST_CHECK(request != sim::none<RequestId>,
                 "the tag carries nothing that could be completed");
  const Request r = w.host.requests[request];
  HOLDFAST_PACKET_CHECK(wire::CommandId::unpack(r.command.cid).tag == tag,
                        "the request is another tag's");
  HOLDFAST_PACKET_CHECK(r.submitted <= w.now(), "a request is over before it was sent");
  w.host.requests.recycle(request);
  give_back(q, tag, r);
  const ControllerId ctrl = q.controller;
  note_completion(w, ctrl, r);
  if (!w.host.watches.empty()) [[unlikely]]
    suspicion::completed(w, ctrl, r);
  if (!completion.status.ok() && r.purpose != Purpose::io && r.purpose != Purpose::async_event)
    ++controller(w, ctrl).counters.command_error_count;
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
    case Purpose::lost_host_log:
      suspicion::lost_hosts_read(w, ctrl, r, completion.status);
      break;
    case Purpose::events:
    case Purpose::none:
      break;
  }
  if (r.answer.blob != sim::none<transport::BlobId>)
    w.transport.blobs.remove(r.answer.blob);
  start_waiting(w, id);
  if (queue(w, id).qid == 0)
    continue_ana_read(w, ctrl);
  if (controller(w, ctrl).draining) [[unlikely]]
    delete_drains_on(w, ctrl);
  if (controller(w, ctrl).frozen != sim::none<HeadId>)
    path_drained(w, ctrl);
}

void cancel_all(World& w, QueueId id) {
  // Tag order (blk_mq_tagset_busy_iter), which is not the order of submission.
  for (std::uint32_t tag = 0; tag < queue(w, id).tags.used(); ++tag) {
    if (request_at(w, id, tag) == nullptr)
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
  HOLDFAST_PACKET_CHECK(queue(w, id).allocated, "a queue that is closed is told of a completion");
  const Queue& q = queue(w, id);
  record<Kind::response_received>(w, q.controller, q.qid, completion.cid, completion.status,
                                  completion.result64());
  if (find_request(w, id, completion.cid) == nullptr) {
    // "got bad cqe.command_id": a stale completion ends the association.
    error_recovery(w, q.controller, Cause::transport);
    return;
  }
  complete_request(w, id, wire::CommandId::unpack(completion.cid).tag, completion);
}

void on_unsent(World& w, transport::HostOwner owner, std::uint16_t cid) {
  // nvme_tcp_fail_request: what could not be sent ends, whatever the state; also while FENCING, for
  // it never left (protocol.md 4.3).
  const QueueId id{sim::index(owner)};
  if (find_request(w, id, cid) == nullptr)
    return;
  wire::Completion unsent;
  unsent.status = StatusCode::host_path_error;
  complete_request(w, id, wire::CommandId::unpack(cid).tag, unsent);
}

void on_data(World& w, transport::HostOwner owner, std::uint16_t packed, const Payload& data) {
  const QueueId id{sim::index(owner)};
  Request* const found = find_request(w, id, packed);
  if (found == nullptr) {
    error_recovery(w, queue(w, id).controller, Cause::transport);
    return;
  }
  Request& r = *found;
  r.read_version = data.version;
  if (data.blob == sim::none<transport::BlobId>)
    return;
  // Control data is shared: the sender lets go of it when it is acknowledged.
  HOLDFAST_PACKET_CHECK(r.answer.blob == sim::none<transport::BlobId>,
                        "a request is answered with data twice");
  r.answer = {data.bytes, w.transport.blobs.share(data.blob), 0};
}

const Payload* payload_of(World& w, transport::HostOwner owner, std::uint16_t packed) {
  const Request* const r = find_request(w, QueueId{sim::index(owner)}, packed);
  return r != nullptr ? &r->data : nullptr;
}

}  // namespace holdfast::host
