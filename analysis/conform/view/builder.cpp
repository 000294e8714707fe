// SPDX-License-Identifier: Apache-2.0
// From records to associations, commands, attempts and recoveries; see run_view.hpp.
#include "analysis/conform/view/builder.hpp"

#include <algorithm>

namespace holdfast::conform {

namespace {

std::uint32_t narrow(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
std::uint16_t half(std::uint64_t word) { return static_cast<std::uint16_t>(word); }

wire::Command command_of(const Event& e) {
  wire::Command c;
  const std::uint64_t head = e.get<"sqe0">();
  c.opcode = static_cast<std::uint8_t>(head);
  c.flags = static_cast<std::uint8_t>(head >> 8);
  c.cid = half(head >> 16);
  c.nsid = narrow(head >> 32);
  c.cdw10 = narrow(e.get<"cdw10">());
  c.cdw11 = narrow(e.get<"cdw10">() >> 32);
  c.cdw12 = narrow(e.get<"cdw12">());
  c.cdw13 = narrow(e.get<"cdw12">() >> 32);
  c.cdw14 = narrow(e.get<"cdw14">());
  c.cdw15 = narrow(e.get<"cdw14">() >> 32);
  return c;
}

}  // namespace

ViewBuilder::ViewBuilder(RunView& view) : v_(view) {
  const auto& s = v_.scenario;
  for (std::uint32_t h = 0; h < s.hosts.size(); ++h) {
    for (std::uint32_t c = 0; c < s.hosts[h].connect.size(); ++c) {
      RunView::Place place{h, c, nothing};
      for (std::uint32_t i = 0; i < s.subsystems.size(); ++i) {
        if (s.subsystems[i].name == s.hosts[h].connect[c].subsystem)
          place.subsystem = i;
      }
      v_.controllers.push_back(place);
    }
  }
  v_.of_controller.resize(v_.controllers.size());
}

Association* ViewBuilder::current(std::uint32_t controller) {
  const auto& list = v_.of_controller[controller];
  return list.empty() ? nullptr : &v_.associations[list.back()];
}

std::uint32_t ViewBuilder::subsystem_index(std::uint32_t controller) const {
  return v_.controllers[controller].subsystem;
}

TargetController* ViewBuilder::target_at(std::uint64_t subsystem, std::uint64_t cntlid) {
  const auto place = at_target_.find({narrow(subsystem), half(cntlid)});
  return place == at_target_.end() ? nullptr : &v_.targets[place->second];
}

std::uint32_t ViewBuilder::attempt_place(std::uint64_t token) const {
  const std::uint64_t op = serial_of(token);
  if (op == 0 || op > v_.operations.size())
    return nothing;
  for (const std::uint32_t a : v_.operations[op - 1].attempts) {
    if (v_.attempts[a].token == token)
      return a;
  }
  return nothing;
}

Attempt* ViewBuilder::attempt(std::uint64_t token) {
  const std::uint32_t place = attempt_place(token);
  return place == nothing ? nullptr : &v_.attempts[place];
}

void ViewBuilder::take(const Event& e, std::uint32_t index) {
  if (!take_host(e, index) && !take_target(e, index))
    take_io(e, index);
}

bool ViewBuilder::take_host(const Event& e, std::uint32_t index) {
  switch (e.kind) {
    case Kind::fault:
      if (e.get<"on">() != 0) {
        v_.faults.push_back({narrow(e.get<"fault">()), e.at, never});
      } else {
        for (FaultWindow& f : v_.faults) {
          if (f.fault == e.get<"fault">() && f.off == never)
            f.off = e.at;
        }
      }
      return true;
    case Kind::operator_request:
      operator_index_ = index;
      return true;
    case Kind::connect_attempt:
      begin_association(e, index);
      return true;
    case Kind::queue_opened:
      if (Association* a = current(narrow(e.get<"controller">())))
        a->queues.emplace_back(half(e.get<"qid">()), narrow(e.get<"connection">()));
      return true;
    case Kind::command_sent:
      command_sent(e, index);
      return true;
    case Kind::response_received:
      response_received(e, index);
      return true;
    case Kind::connected:
      if (Association* a = current(narrow(e.get<"controller">())))
        a->live = e.at;
      return true;
    case Kind::connect_failed:
      if (Association* a = current(narrow(e.get<"controller">())))
        a->failed = e.at;
      return true;
    case Kind::recovery_started:
      begin_recovery(e, index);
      return true;
    case Kind::requests_cancelled:
      if (Association* a = current(narrow(e.get<"controller">())); a && a->cancelled == never) {
        a->cancelled = e.at;
        if (a->recovery != nothing)
          v_.recoveries[a->recovery].cancelled = e.at;
      }
      return true;
    case Kind::controller_removed:
      if (Association* a = current(narrow(e.get<"controller">())); a && a->over == never)
        a->over = e.at;
      return true;
    default:
      return false;
  }
}

bool ViewBuilder::take_target(const Event& e, std::uint32_t index) {
  TargetController* t = nullptr;
  switch (e.kind) {
    case Kind::controller_created: {
      const TargetKey key{narrow(e.get<"subsystem">()), half(e.get<"cntlid">())};
      at_target_[key] = narrow(v_.targets.size());
      TargetController made;
      made.subsystem = key.first;
      made.cntlid = key.second;
      made.host = e.get<"host">();
      made.created = e.at;
      made.katt = Duration{static_cast<std::int64_t>(e.get<"kato_ns">())};
      v_.targets.push_back(made);
      return true;
    }
    case Kind::controller_ready:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr)
        t->ready = e.at;
      return true;
    case Kind::keep_alive_expired:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr)
        t->expired = e.at;
      return true;
    case Kind::controller_fatal:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr) {
        t->fatal = e.at;
        t->cause = e.get<"cause">();
      }
      return true;
    case Kind::controller_freed:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr)
        t->freed = e.at;
      return true;
    case Kind::target_data:
      control_data(e);
      return true;
    case Kind::response_sent:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr)
        t->answers.push_back(index);
      return true;
    case Kind::command_fetched:
      if ((t = target_at(e.get<"subsystem">(), e.get<"cntlid">())) != nullptr)
        t->fetches.push_back(index);
      // What is left of an answer that never arrived does not belong to this command.
      if (e.get<"qid">() == 0)
        data_.erase(data_key(e));
      if (Attempt* a = attempt(e.get<"token">())) {
        a->fetched = std::min(a->fetched, e.at);
        ++a->fetches;
      }
      return true;
    default:
      return false;
  }
}

void ViewBuilder::take_io(const Event& e, std::uint32_t index) {
  switch (e.kind) {
    case Kind::app_submit: {
      Operation op;
      op.kind = static_cast<host::IoKind>(e.get<"kind">());
      op.job = narrow(e.get<"job">());
      op.disk = narrow(e.get<"disk">());
      op.lba = e.get<"lba">();
      op.blocks = e.get<"blocks">();
      op.submitted = e.at;
      op.index = index;
      v_.operations.push_back(op);
      return;
    }
    case Kind::app_complete: {
      Operation& op = v_.operations[e.get<"op">() - 1];
      op.completed = e.at;
      op.complete_index = index;
      op.status = wire::Status(half(e.get<"status">()));
      return;
    }
    case Kind::io_requeued:
      v_.operations[e.get<"op">() - 1].requeued = true;
      return;
    case Kind::attempt_sent:
      attempt_sent(e, index);
      return;
    case Kind::attempt_done:
      attempt_ended(e, index, false);
      return;
    case Kind::attempt_abandoned:
      attempt_ended(e, index, true);
      return;
    case Kind::media_write:
    case Kind::mutated_write:
    case Kind::effect_applied:
      landed(e, index, e.get<"token">());
      return;
    default:
      return;
  }
}

void ViewBuilder::begin_association(const Event& e, std::uint32_t index) {
  const auto controller = narrow(e.get<"controller">());
  Association made;
  if (Association* old = current(controller)) {
    made.number = old->number + 1;
    if (old->over == never)
      old->over = e.at;
  }
  made.controller = controller;
  made.begun = e.at;
  made.begun_index = index;
  v_.of_controller[controller].push_back(narrow(v_.associations.size()));
  v_.associations.push_back(made);
}

void ViewBuilder::command_sent(const Event& e, std::uint32_t index) {
  const wire::Command command = command_of(e);
  const auto qid = half(e.get<"qid">());
  if (qid != 0 && !command.is(wire::FabricsType::connect))
    return;
  Exchange x;
  x.controller = narrow(e.get<"controller">());
  const auto& list = v_.of_controller[x.controller];
  x.association = list.empty() ? nothing : list.back();
  x.qid = qid;
  x.index = index;
  x.command = command;
  x.by_operator = operator_index_ != nothing && operator_index_ + 1 == index;
  x.sent = e.at;
  const std::uint32_t place = narrow(v_.exchanges.size());
  open_[{x.controller, qid, command.cid}] = place;
  v_.exchanges.push_back(x);
  if (x.association != nothing && qid == 0 && command.is(wire::FabricsType::connect))
    v_.associations[x.association].connect = place;
  if (x.is(wire::AdminOpcode::cross_controller_reset))
    note_ccr(place);
}

void ViewBuilder::response_received(const Event& e, std::uint32_t index) {
  const auto controller = narrow(e.get<"controller">());
  const auto found = open_.find({controller, half(e.get<"qid">()), half(e.get<"cid">())});
  if (found == open_.end())
    return;
  Exchange& x = v_.exchanges[found->second];
  x.answered = e.at;
  x.answer_index = index;
  x.status = wire::Status(half(e.get<"status">()));
  x.result = e.get<"result">();
  const Association* a = current(controller);
  if (a != nullptr && x.qid == 0) {
    const auto data = data_.find({subsystem_index(controller), a->cntlid, x.command.cid});
    if (data != data_.end()) {
      x.data = std::move(data->second);
      data_.erase(data);
    }
  }
  const std::uint32_t place = found->second;
  open_.erase(found);
  connect_answered(x, place);
  identify_answered(x, place);
}

void ViewBuilder::connect_answered(Exchange& x, std::uint32_t place) {
  if (x.association == nothing || v_.associations[x.association].connect != place || !x.ok())
    return;
  Association& a = v_.associations[x.association];
  a.connected = x.answered;
  a.cntlid = half(x.result);
  // The youngest controller of that id; discovery controllers follow the scenario's subsystems.
  for (std::uint32_t t = 0; t < v_.targets.size(); ++t) {
    const std::uint32_t mine = subsystem_index(x.controller);
    const bool same = mine == nothing ? v_.targets[t].subsystem >= v_.scenario.subsystems.size()
                                      : v_.targets[t].subsystem == mine;
    if (same && v_.targets[t].cntlid == a.cntlid)
      a.target = t;
  }
}

void ViewBuilder::identify_answered(const Exchange& x, std::uint32_t place) {
  if (x.association == nothing || !x.is(wire::AdminOpcode::identify) || !x.ok() ||
      (x.command.cdw10 & 0xff) != wire::raw(wire::Cns::identify_controller))
    return;
  std::vector<std::byte> page = x.data;
  page.resize(wire::identify_bytes);
  v_.associations[x.association].identify = place;
  v_.associations[x.association].identity = *wire::decode_identify_controller(page);
}

void ViewBuilder::begin_recovery(const Event& e, std::uint32_t index) {
  Recovery r;
  r.controller = narrow(e.get<"controller">());
  r.association =
      v_.of_controller[r.controller].empty() ? nothing : v_.of_controller[r.controller].back();
  r.started = e.at;
  r.index = index;
  r.cause = static_cast<host::Cause>(e.get<"cause">());
  for (std::uint32_t a = 0; a < v_.attempts.size(); ++a) {
    if (v_.attempts[a].controller == r.controller && v_.attempts[a].ended == never)
      r.in_flight.push_back(a);
  }
  if (r.association != nothing && v_.associations[r.association].recovery == nothing)
    v_.associations[r.association].recovery = narrow(v_.recoveries.size());
  v_.recoveries.push_back(r);
}

void ViewBuilder::attempt_sent(const Event& e, std::uint32_t index) {
  Attempt a;
  a.token = e.get<"token">();
  a.controller = narrow(e.get<"controller">());
  const auto& list = v_.of_controller[a.controller];
  a.association = list.empty() ? nothing : list.back();
  a.connection = narrow(e.get<"connection">());
  a.qid = half(e.get<"qid">());
  a.cid = half(e.get<"cid">());
  a.index = index;
  a.sent = e.at;
  auto& of_operation = v_.operations[a.op() - 1].attempts;
  const auto place = narrow(v_.attempts.size());
  if (!of_operation.empty())
    v_.attempts[of_operation.back()].next = place;
  of_operation.push_back(place);
  v_.attempts.push_back(a);
}

void ViewBuilder::attempt_ended(const Event& e, std::uint32_t index, bool abandoned) {
  Attempt* a = attempt(e.get<"token">());
  if (a == nullptr)
    return;
  a->ended = e.at;
  a->end_index = index;
  a->abandoned = abandoned;
  a->status = wire::Status(half(e.get<"status">()));
}

void ViewBuilder::landed(const Event& e, std::uint32_t index, std::uint64_t token) {
  if (Attempt* a = attempt(token)) {
    a->first_landed = std::min(a->first_landed, e.at);
    a->last_landed = e.at;
    ++a->landings;
    const Association* path =
        a->association == nothing ? nullptr : &v_.associations[a->association];
    if (path != nullptr && path->target != nothing)
      v_.targets[path->target].media.push_back(index);
  }
}

}  // namespace holdfast::conform
