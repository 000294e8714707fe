// SPDX-License-Identifier: Apache-2.0
// A run as a timeline that ui.perfetto.dev and chrome://tracing open (the trace-event format; times
// in microseconds). A process is a machine. A host has a track per controller with the states it
// goes through, and tracks for the attempts of I/O that it sends; a target has the same for its
// controllers and the commands they execute; applications have a track per job. An arrow leads from
// an attempt that was given up to its retry, and to the stale write if it lands as one.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "analysis/traces/fault_name.hpp"
#include "analysis/traces/file.hpp"
#include "analysis/traces/perfetto_events.hpp"
#include "models/host/host.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

namespace {

using namespace timeline;

class Timeline final : public TraceFile {
 public:
  Timeline(const World& world, const std::filesystem::path& path, const TraceWindow& window);
  void on_record(const sim::Record& r) override;
  void close() override;

 private:
  [[nodiscard]] const host::Controller& controller(host::ControllerId id) const {
    return w_.host.controllers[sim::index(id)];
  }
  [[nodiscard]] Track host_track(host::ControllerId id) const {
    const auto host = sim::index(controller(id).host);
    return {first_host + host, (sim::index(id) + std::uint64_t{1}) * lines_each};
  }
  /// The line of the target's controller that a record names.
  template <Kind... kinds>
  static Track target_track(const Words<kinds...>& r) {
    return {first_target + sim::index(r.template get<"subsystem">()),
            (r.template get<"cntlid">() + std::uint64_t{1}) * lines_each};
  }
  [[nodiscard]] std::string operation(std::uint64_t serial) const {
    return fmt::format("{} {}", host::io_kind_name(kinds_[serial - 1]), serial);
  }
  [[nodiscard]] std::string attempt(Token token) const {
    const std::uint32_t number = attempt_of(token);
    return operation(serial_of(token)) + (number == 1 ? "" : fmt::format(" (attempt {})", number));
  }

  bool on_application(const sim::Record& r);
  bool on_host(const sim::Record& r);
  void mark(const char* what, std::uint64_t serial);
  void on_submit(const Words<Kind::app_submit>& r);
  void on_controller_state(const Words<Kind::controller_state>& r);
  void on_attempt_sent(const Words<Kind::attempt_sent>& r);
  void on_attempt_done(Token token);
  void on_attempt_abandoned(Token token);
  void on_target(const sim::Record& r);
  void on_fetched(const Words<Kind::command_fetched>& r);
  template <Kind... kinds>
  void end_target_state(const Words<kinds...>& r, const std::string& next);
  void end_command(Token token, const char* suffix);
  void on_queue_released(const Words<Kind::queue_released>& r);
  void on_stale_write(const Words<Kind::stale_write>& r);
  void on_fault(const Words<Kind::fault>& r);
  void finish(const Open& open) {
    out_.span(open.track, open.name, open.since_ns, now_, open.args);
  }

  const World& w_;
  EventFile out_;
  std::int64_t now_ = 0;
  std::vector<host::IoKind> kinds_;  ///< of each operation; serials start at 1
  std::map<host::ControllerId, Open> host_states_;
  std::map<std::pair<target::SubsystemId, std::uint16_t>, Open> target_states_;  ///< by CNTLID
  std::map<std::size_t, std::int64_t> faults_on_;
  Lines operations_;
  Lines attempts_;
  Lines commands_;
  std::map<Token, GivenUp> given_up_;
  std::map<std::uint64_t, Token> to_be_retried_;  ///< operation -> attempt given up
  std::pair<Token, GivenUp> landed_;              ///< the last command that reached the medium
};

Timeline::Timeline(const World& world, const std::filesystem::path& path, const TraceWindow& window)
    : w_(world), out_(path, window) {
  if (!w_.fault.faults.empty())
    out_.name_process(faults, "faults");
  out_.name_process(applications, "applications");
  for (std::size_t i = 0; i < w_.host.hosts.size(); ++i)
    out_.name_process(first_host + i, "host " + w_.host.hosts[i].name);
  for (std::size_t i = 0; i < w_.target.subsystems.size(); ++i)
    out_.name_process(first_target + i, "target " + w_.target.nqns[i]);
}

void Timeline::on_record(const sim::Record& r) {
  now_ = r.time_ns;
  if (!on_application(r) && !on_host(r))
    on_target(r);
}

bool Timeline::on_application(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::app_submit:
      on_submit(Words<Kind::app_submit>(r));
      return true;
    case Kind::app_complete: {
      const std::uint64_t serial = Words<Kind::app_complete>(r).get<"op">();
      finish(operations_.end(serial));
      to_be_retried_.erase(serial);
      return true;
    }
    case Kind::stale_read:
      mark("STALE READ: ", Words<Kind::stale_read>(r).get<"op">());
      return true;
    case Kind::lost_write:
      mark("LOST WRITE: ", Words<Kind::lost_write>(r).get<"op">());
      return true;
    case Kind::duplicate_effect:
      mark("DUPLICATE EFFECT: ", Words<Kind::duplicate_effect>(r).get<"op">());
      return true;
    case Kind::misplaced_write:
      mark("MISPLACED WRITE: ", serial_of(Words<Kind::misplaced_write>(r).get<"token">()));
      return true;
    case Kind::fault:
      on_fault(Words<Kind::fault>(r));
      return true;
    default:
      return false;
  }
}

void Timeline::on_submit(const Words<Kind::app_submit>& r) {
  const std::uint64_t serial = r.get<"op">();
  const std::uint64_t number = sim::index(r.get<"job">());
  kinds_.push_back(r.get<"kind">());
  const Track base{applications, (number + 1) * lines_each};
  Open& open = operations_.begin(base, serial, now_, operation(serial));
  open.args = fmt::format(R"({{"lba":{},"blocks":{}}})", r.get<"lba">(), r.get<"blocks">());
  const workload::Job& job = w_.workload.jobs[number];
  const bool is_fio = std::holds_alternative<workload::Fio>(job.program);
  out_.name_track(open.track, is_fio ? "fio " + job.name : job.name);
}

void Timeline::mark(const char* what, std::uint64_t serial) {
  out_.mark({applications, 0}, what + operation(serial), now_, true);
}

void Timeline::on_fault(const Words<Kind::fault>& r) {
  const std::size_t index = r.get<"fault">();
  const Track track{faults, index + 1};
  out_.name_track(track, fmt::format("fault {}", index));
  const fault::Fault& fault = w_.fault.faults[index];
  if (fault::struck_link(fault) == nullptr) {
    out_.mark(track, fault_name(w_, fault), now_, true);
  } else if (r.get<"on">()) {
    faults_on_[index] = now_;
  } else {
    out_.span(track, fault_name(w_, fault), faults_on_[index], now_);
    faults_on_.erase(index);
  }
}

bool Timeline::on_host(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::controller_state:
      on_controller_state(Words<Kind::controller_state>(r));
      return true;
    case Kind::attempt_sent:
      on_attempt_sent(Words<Kind::attempt_sent>(r));
      return true;
    case Kind::attempt_done:
      on_attempt_done(Words<Kind::attempt_done>(r).get<"token">());
      return true;
    case Kind::attempt_abandoned:
      on_attempt_abandoned(Words<Kind::attempt_abandoned>(r).get<"token">());
      return true;
    case Kind::keep_alive_sent:
      out_.mark(host_track(Words<Kind::keep_alive_sent>(r).get<"controller">()), "Keep Alive",
                now_);
      return true;
    case Kind::request_timeout:
      out_.mark(host_track(Words<Kind::request_timeout>(r).get<"controller">()), "command timeout",
                now_);
      return true;
    default:
      return false;
  }
}

void Timeline::on_controller_state(const Words<Kind::controller_state>& r) {
  const auto id = r.get<"controller">();
  const Track track = host_track(id);
  out_.name_track(track, controller(id).name);
  if (host_states_.count(id) != 0)
    finish(host_states_[id]);
  host_states_[id] = {track, now_, std::string(host::state_name(r.get<"to">())), "{}", 0};
}

void Timeline::on_attempt_sent(const Words<Kind::attempt_sent>& r) {
  const Token token = r.get<"token">();
  const auto id = r.get<"controller">();
  Open& open = attempts_.begin(host_track(id), key_of(token), now_, attempt(token));
  open.args = fmt::format(R"({{"qid":{},"cid":{}}})", r.get<"qid">(), r.get<"cid">());
  out_.name_track(open.track, controller(id).name + " I/O");
  const auto waiting = to_be_retried_.find(serial_of(token));
  if (waiting == to_be_retried_.end())
    return;
  const GivenUp& from = given_up_.at(waiting->second);
  out_.arrow("retry", from.track, from.last_ns, open.track, now_);
  to_be_retried_.erase(waiting);
}

void Timeline::on_attempt_done(Token token) {
  const Open open = attempts_.end(key_of(token));
  end_command(token, "");  // one that was refused, or only compared, leaves no other trace
  finish(open);
  // A command that was answered without the medium: its end is seen here.
  end_command(token, " refused");
}

void Timeline::on_attempt_abandoned(Token token) {
  Open open = attempts_.end(key_of(token));
  open.name += " given up";
  given_up_[token] = {open.track, std::max(now_ - 1, open.since_ns)};
  to_be_retried_[serial_of(token)] = token;
  finish(open);
}

void Timeline::on_target(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::controller_created:
      end_target_state(Words<Kind::controller_created>(r), "alive");
      return;
    case Kind::controller_fatal:
      end_target_state(Words<Kind::controller_fatal>(r), "draining");
      return;
    case Kind::controller_freed:
      end_target_state(Words<Kind::controller_freed>(r), "");
      return;
    case Kind::keep_alive_expired:
      out_.mark(target_track(Words<Kind::keep_alive_expired>(r)), "keep-alive expired", now_);
      return;
    case Kind::command_fetched:
      on_fetched(Words<Kind::command_fetched>(r));
      return;
    case Kind::effect_applied:
      end_command(Words<Kind::effect_applied>(r).get<"token">(), "");
      return;
    case Kind::media_write:
    case Kind::mutated_write:
    case Kind::media_read:
      end_command(Words<Kind::media_write, Kind::mutated_write, Kind::media_read>(r).get<"token">(),
                  "");
      return;
    case Kind::queue_released:
      on_queue_released(Words<Kind::queue_released>(r));
      return;
    case Kind::stale_write:
      on_stale_write(Words<Kind::stale_write>(r));
      return;
    default:
      return;
  }
}

/// A flush does not touch the medium here, and admin commands carry no token. The second half of a
/// fused pair has the token of the first.
void Timeline::on_fetched(const Words<Kind::command_fetched>& r) {
  const Token token = r.get<"token">();
  if (token == Token{} || r.get<"opcode">() == 0 || commands_.has(key_of(token)))
    return;
  Open& open = commands_.begin(target_track(r), key_of(token), now_, attempt(token));
  open.qid = r.get<"qid">();
  out_.name_track(open.track, fmt::format("controller {} I/O", r.get<"cntlid">()));
}

template <Kind... kinds>
void Timeline::end_target_state(const Words<kinds...>& r, const std::string& next) {
  const Track track = target_track(r);
  const std::uint16_t cntlid = r.template get<"cntlid">();
  const std::pair key{r.template get<"subsystem">(), cntlid};
  out_.name_track(track, fmt::format("controller {}", cntlid));
  const auto known = target_states_.find(key);
  if (known != target_states_.end()) {
    finish(known->second);
    target_states_.erase(known);
  }
  if (!next.empty())
    target_states_[key] = {track, now_, next, "{}", 0};
}

void Timeline::end_command(Token token, const char* suffix) {
  if (!commands_.has(key_of(token)))
    return;
  Open open = commands_.end(key_of(token));
  open.name += suffix;
  finish(open);
  landed_ = {token, {open.track, std::max(now_ - 1, open.since_ns)}};
}

/// Commands whose data never came are dropped with their queue.
void Timeline::on_queue_released(const Words<Kind::queue_released>& r) {
  const Track base = target_track(r);
  std::vector<Token> dropped;
  for (const auto& [key, open] : commands_.all()) {
    const bool same = open.track.process == base.process && open.qid == r.get<"qid">() &&
                      open.track.thread / lines_each == base.thread / lines_each;
    if (same)
      dropped.push_back(Token{key});
  }
  for (const Token token : dropped)
    end_command(token, " dropped");
}

void Timeline::on_stale_write(const Words<Kind::stale_write>& r) {
  const Token token = r.get<"token">();
  if (landed_.first != token)
    return;
  const GivenUp& landing = landed_.second;
  out_.mark(
      landing.track,
      fmt::format("STALE WRITE: {} overwrites write {}", attempt(token), r.get<"overwritten_op">()),
      now_, true);
  const auto from = given_up_.find(token);
  if (from != given_up_.end())
    out_.arrow("stale", from->second.track, from->second.last_ns, landing.track, landing.last_ns);
}

void Timeline::close() {
  now_ = sim::ns(w_.now());
  for (const auto& [id, open] : host_states_)
    finish(open);
  for (const auto& [id, open] : target_states_)
    finish(open);
  for (const Lines* lines : {&operations_, &attempts_, &commands_}) {
    for (const auto& [key, open] : lines->all())
      finish(open);
  }
  for (const auto& [index, since_ns] : faults_on_)
    out_.span({faults, index + 1}, fault_name(w_, w_.fault.faults[index]), since_ns, now_);
  out_.close();
}

}  // namespace

std::unique_ptr<TraceFile> make_timeline(const World& world, const std::filesystem::path& path,
                                         const TraceWindow& window) {
  return std::make_unique<Timeline>(world, path, window);
}

}  // namespace holdfast::analysis
