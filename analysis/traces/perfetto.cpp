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

// Processes, in the order in which they are shown.
constexpr std::uint64_t faults = 1;
constexpr std::uint64_t applications = 2;
constexpr std::uint64_t first_host = 10;
constexpr std::uint64_t first_target = 10'000;
/// Threads of one controller or job: its own line, and behind it one for each thing in flight.
constexpr std::uint64_t lines_each = 10'000;

/// An attempt whose span an arrow may leave or reach.
struct GivenUp {
  Track track;
  std::int64_t last_ns = 0;  ///< a moment within its span
};

class Timeline final : public TraceFile {
 public:
  Timeline(const World& world, const std::filesystem::path& path);
  void on_record(const sim::Record& r) override;
  void close() override;

 private:
  [[nodiscard]] Track host_track(std::uint64_t controller) const {
    const auto host = sim::index(w_.host.controllers[controller].host);
    return {first_host + host, (controller + 1) * lines_each};
  }
  static Track target_track(std::uint64_t subsystem, std::uint64_t cntlid) {
    return {first_target + subsystem, (cntlid + 1) * lines_each};
  }
  [[nodiscard]] std::string operation(std::uint64_t serial) const {
    return fmt::format("{} {}", host::io_kind_name(host::IoKind{kinds_[serial - 1]}), serial);
  }
  [[nodiscard]] std::string attempt(std::uint64_t token) const {
    const std::uint64_t number = token & 0xff;
    return operation(token >> 8) + (number == 1 ? "" : fmt::format(" (attempt {})", number));
  }

  bool on_application(const sim::Record& r);
  bool on_host(const sim::Record& r);
  void on_attempt_sent(const sim::Record& r);
  void on_attempt_over(const sim::Record& r, bool given_up);
  void on_target(const sim::Record& r);
  void end_target_state(std::uint64_t subsystem, std::uint64_t cntlid, const std::string& next);
  void end_command(std::uint64_t token, const char* suffix);
  void on_queue_released(const sim::Record& r);
  void on_stale_write(const sim::Record& r);
  void on_fault(const sim::Record& r);
  void finish(const Open& open) {
    out_.span(open.track, open.name, open.since_ns, now_, open.args);
  }

  const World& w_;
  EventFile out_;
  std::int64_t now_ = 0;
  std::vector<std::uint8_t> kinds_;  ///< host::IoKind of each operation; serials start at 1
  std::map<std::uint64_t, Open> host_states_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Open> target_states_;
  std::map<std::uint64_t, std::int64_t> faults_on_;
  Lines operations_;
  Lines attempts_;
  Lines commands_;
  std::map<std::uint64_t, GivenUp> given_up_;             ///< by token
  std::map<std::uint64_t, std::uint64_t> to_be_retried_;  ///< operation -> token given up
  std::pair<std::uint64_t, GivenUp> landed_;  ///< the last command that reached the medium
};

Timeline::Timeline(const World& world, const std::filesystem::path& path) : w_(world), out_(path) {
  if (!w_.fault.faults.empty())
    out_.name_process(faults, "faults");
  out_.name_process(applications, "applications");
  for (std::size_t i = 0; i < w_.host.hosts.size(); ++i)
    out_.name_process(first_host + i, "host " + w_.host.hosts[i].name);
  for (std::size_t i = 0; i < w_.target.subsystems.size(); ++i)
    out_.name_process(first_target + i, "target " + w_.target.subsystems[i].nqn);
}

void Timeline::on_record(const sim::Record& r) {
  now_ = r.time_ns;
  if (!on_application(r) && !on_host(r))
    on_target(r);
}

bool Timeline::on_application(const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::app_submit: {
      kinds_.push_back(static_cast<std::uint8_t>(r.word[2]));
      const Track base{applications, (r.word[1] + 1) * lines_each};
      Open& open = operations_.begin(base, r.word[0], now_, operation(r.word[0]));
      open.args = fmt::format(R"({{"lba":{},"blocks":{}}})", r.word[4], r.word[5]);
      const workload::Job& job = w_.workload.jobs[r.word[1]];
      const bool is_fio = std::holds_alternative<workload::Fio>(job.program);
      out_.name_track(open.track, is_fio ? "fio " + job.name : job.name);
      return true;
    }
    case Kind::app_complete:
      finish(operations_.end(r.word[0]));
      to_be_retried_.erase(r.word[0]);
      return true;
    case Kind::stale_read:
      out_.mark({applications, 0}, "STALE READ: " + operation(r.word[0]), now_, true);
      return true;
    case Kind::lost_write:
      out_.mark({applications, 0}, "LOST WRITE: " + operation(r.word[0]), now_, true);
      return true;
    case Kind::duplicate_effect:
      out_.mark({applications, 0}, "DUPLICATE EFFECT: " + operation(r.word[0]), now_, true);
      return true;
    case Kind::misplaced_write:
      out_.mark({applications, 0}, "MISPLACED WRITE: " + operation(r.word[0] >> 8), now_, true);
      return true;
    case Kind::fault:
      on_fault(r);
      return true;
    default:
      return false;
  }
}

void Timeline::on_fault(const sim::Record& r) {
  const fault::Fault& fault = w_.fault.faults[r.word[0]];
  const Track track{faults, r.word[0] + 1};
  out_.name_track(track, fmt::format("fault {}", r.word[0]));
  if (fault::struck_link(fault) == nullptr) {
    out_.mark(track, fault_name(w_, fault), now_, true);
  } else if (r.word[1] != 0) {
    faults_on_[r.word[0]] = now_;
  } else {
    out_.span(track, fault_name(w_, fault), faults_on_[r.word[0]], now_);
    faults_on_.erase(r.word[0]);
  }
}

bool Timeline::on_host(const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::controller_state: {
      const Track track = host_track(r.word[0]);
      out_.name_track(track, w_.host.controllers[r.word[0]].name);
      if (host_states_.count(r.word[0]) != 0)
        finish(host_states_[r.word[0]]);
      const auto state = static_cast<host::State>(r.word[2]);
      host_states_[r.word[0]] = {track, now_, std::string(host::state_name(state)), "{}", 0};
      return true;
    }
    case Kind::attempt_sent:
      on_attempt_sent(r);
      return true;
    case Kind::attempt_done:
    case Kind::attempt_abandoned:
      on_attempt_over(r, static_cast<Kind>(r.kind) == Kind::attempt_abandoned);
      // A command that was answered without the medium: its end is seen here.
      if (static_cast<Kind>(r.kind) == Kind::attempt_done)
        end_command(r.word[0], " refused");
      return true;
    case Kind::keep_alive_sent:
      out_.mark(host_track(r.word[0]), "Keep Alive", now_);
      return true;
    case Kind::request_timeout:
      out_.mark(host_track(r.word[0]), "command timeout", now_);
      return true;
    default:
      return false;
  }
}

void Timeline::on_attempt_sent(const sim::Record& r) {
  Open& open = attempts_.begin(host_track(r.word[1]), r.word[0], now_, attempt(r.word[0]));
  open.args = fmt::format(R"({{"qid":{},"cid":{}}})", r.word[3], r.word[4]);
  out_.name_track(open.track, w_.host.controllers[r.word[1]].name + " I/O");
  const auto waiting = to_be_retried_.find(r.word[0] >> 8);
  if (waiting == to_be_retried_.end())
    return;
  const GivenUp& from = given_up_.at(waiting->second);
  out_.arrow("retry", from.track, from.last_ns, open.track, now_);
  to_be_retried_.erase(waiting);
}

void Timeline::on_attempt_over(const sim::Record& r, bool given_up) {
  Open open = attempts_.end(r.word[0]);
  if (given_up) {
    open.name += " given up";
    given_up_[r.word[0]] = {open.track, std::max(now_ - 1, open.since_ns)};
    to_be_retried_[r.word[0] >> 8] = r.word[0];
  } else {
    end_command(r.word[0], "");  // one that was refused, or only compared, leaves no other trace
  }
  finish(open);
}

void Timeline::on_target(const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::controller_created:
      end_target_state(r.word[0], r.word[1], "alive");
      return;
    case Kind::controller_fatal:
      end_target_state(r.word[0], r.word[1], "draining");
      return;
    case Kind::controller_freed:
      end_target_state(r.word[0], r.word[1], "");
      return;
    case Kind::keep_alive_expired:
      out_.mark(target_track(r.word[0], r.word[1]), "keep-alive expired", now_);
      return;
    case Kind::command_fetched:
      // A flush does not touch the medium here, and admin commands carry no token.
      // The second half of a fused pair has the token of the first.
      if (r.word[5] != 0 && r.word[4] != 0 && !commands_.has(r.word[5])) {
        const Track base = target_track(r.word[0], r.word[1]);
        Open& open = commands_.begin(base, r.word[5], now_, attempt(r.word[5]));
        open.qid = r.word[2];
        out_.name_track(open.track, fmt::format("controller {} I/O", r.word[1]));
      }
      return;
    case Kind::effect_applied:
      end_command(r.word[0], "");
      return;
    case Kind::media_write:
    case Kind::mutated_write:
    case Kind::media_read:
      end_command(r.word[3], "");
      return;
    case Kind::queue_released:
      on_queue_released(r);
      return;
    case Kind::stale_write:
      on_stale_write(r);
      return;
    default:
      return;
  }
}

void Timeline::end_target_state(std::uint64_t subsystem, std::uint64_t cntlid,
                                const std::string& next) {
  const Track track = target_track(subsystem, cntlid);
  out_.name_track(track, fmt::format("controller {}", cntlid));
  const auto known = target_states_.find({subsystem, cntlid});
  if (known != target_states_.end()) {
    finish(known->second);
    target_states_.erase(known);
  }
  if (!next.empty())
    target_states_[{subsystem, cntlid}] = {track, now_, next, "{}", 0};
}

void Timeline::end_command(std::uint64_t token, const char* suffix) {
  if (!commands_.has(token))
    return;
  Open open = commands_.end(token);
  open.name += suffix;
  finish(open);
  landed_ = {token, {open.track, std::max(now_ - 1, open.since_ns)}};
}

/// Commands whose data never came are dropped with their queue.
void Timeline::on_queue_released(const sim::Record& r) {
  const Track base = target_track(r.word[0], r.word[1]);
  std::vector<std::uint64_t> dropped;
  for (const auto& [token, open] : commands_.all()) {
    const bool same = open.track.process == base.process && open.qid == r.word[2] &&
                      open.track.thread / lines_each == base.thread / lines_each;
    if (same)
      dropped.push_back(token);
  }
  for (const std::uint64_t token : dropped)
    end_command(token, " dropped");
}

void Timeline::on_stale_write(const sim::Record& r) {
  if (landed_.first != r.word[0])
    return;
  const GivenUp& landing = landed_.second;
  out_.mark(landing.track,
            fmt::format("STALE WRITE: {} overwrites write {}", attempt(r.word[0]), r.word[1]), now_,
            true);
  const auto from = given_up_.find(r.word[0]);
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

std::unique_ptr<TraceFile> make_timeline(const World& world, const std::filesystem::path& path) {
  return std::make_unique<Timeline>(world, path);
}

}  // namespace holdfast::analysis
