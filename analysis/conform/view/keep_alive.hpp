// SPDX-License-Identifier: Apache-2.0
// The keep-alive of a host and that of a target, as the commands on the wires show them: what was
// sent and heard, what restarted the controller's timer, and which timeout was in force.
#pragma once

#include <utility>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// Something that a host received on any queue of an association.
struct Heard {
  TimePoint at{};
  TimePoint sent{};  ///< when the command that it answers was sent
  std::uint32_t exchange = nothing;
};

/// An association, and how its host keeps it alive.
struct HostKeepAlive {
  const Association* a = nullptr;
  TimePoint begun = never;     ///< end of initialization: Identify and the logs are read
  TimePoint until{};           ///< the host left LIVE and CONNECTING, or nothing is known any more
  TimePoint given_up = never;  ///< a Keep Alive was, by its time-out or with all requests; on FC
                               ///< aborts come between that and `until`
  std::vector<std::uint32_t> sent;  ///< exchanges: Keep Alive commands of the host's own
  std::vector<Heard> heard;         ///< in order
  std::vector<std::pair<TimePoint, Duration>> katos;  ///< since when which KATO

  /// When the host knew that it had lost the path, or let go of it for another reason.
  [[nodiscard]] TimePoint noticed() const { return std::min(until, given_up); }
  [[nodiscard]] Duration kato_at(TimePoint t) const;
  /// The longest KATO from `from` to `to`.
  [[nodiscard]] Duration longest_kato(TimePoint from, TimePoint to) const;
  [[nodiscard]] bool traffic_based() const { return a->identity.traffic_based_keep_alive(); }
};

/// Of all associations whose controller said who it is; as long as the view is there.
const std::vector<HostKeepAlive>& host_keep_alives(const RunView& v);

/// When delayed work of a host that is set at `from`, for a time by its clock, has run at the
/// latest.
TimePoint work_latest(const RunView& v, std::uint32_t controller, TimePoint from, Duration t);

/// Something that counts at the target.
struct Mark {
  enum class What : std::uint8_t { ready, fetched, keep_alive, set_features };
  What what = What::ready;
  TimePoint at{};
  Duration katt{};          ///< in force from here on
  std::uint32_t index = 0;  ///< of its event
  std::uint16_t qid = 0;
  std::uint8_t opcode = 0;
  bool answered = false;  ///< fetched: before the controller expired
};

/// A controller of a target, and what its timer has to go by.
struct TargetKeepAlive {
  const TargetController* t = nullptr;
  const Association* a = nullptr;
  const scenario::Subsystem* subsystem = nullptr;
  std::vector<Mark> marks;
  TimePoint expired = never;  ///< unless the controller had ended before
  TimePoint until = never;    ///< disabled, ended otherwise, or the run ended

  [[nodiscard]] bool traffic_based() const { return a->identity.traffic_based_keep_alive(); }
  /// KATT at an instant.
  [[nodiscard]] Duration katt_at(TimePoint t) const;
};

/// Of all controllers for I/O that said who they are; as long as the view is there.
const std::vector<TargetKeepAlive>& target_keep_alives(const RunView& v);

/// What a controller makes of a KATO that it accepts (protocol.md 1.2).
Duration granted(const RunView& v, const Association& a, std::uint32_t kato_ms);

/// The rate of the clock of a target's keep-alive.
sim::ClockRate clock_of(const scenario::Subsystem& s);
/// When `t` has passed at the target at the latest, by its clock, in `parts` timers one after the
/// other.
TimePoint target_latest(const scenario::Subsystem& s, TimePoint from, Duration t, int parts = 1);

/// Whether a node of that subsystem was down or hung at some time.
bool node_failed(const RunView& v, std::uint32_t subsystem, TimePoint from, TimePoint to);

/// A time in which nothing that counts happened at the target.
struct Stretch {
  const Mark* from = nullptr;
  TimePoint next{};  ///< until something counted again, or the end
  bool expired = false;

  /// The earliest end of so many timeouts, by the clock of the target.
  [[nodiscard]] TimePoint due(const TargetKeepAlive& k, int times) const {
    return from->at + times * least_by(clock_of(*k.subsystem), from->katt);
  }
};

/// Calls `act(stretch)` for each stretch after a mark for which `counts(mark)`.
template <class Counts, class Act>
void each_stretch(const TargetKeepAlive& k, Counts counts, Act act) {
  const Mark* last = nullptr;
  for (const Mark& m : k.marks) {
    if (!counts(m))
      continue;
    if (m.at > k.expired || m.at > k.until)
      break;
    if (last != nullptr && m.at != last->at)
      act(Stretch{last, m.at, false});
    last = &m;
  }
  if (last != nullptr)
    act(Stretch{last, std::min(k.expired, k.until), k.expired != never && k.expired <= k.until});
}

}  // namespace holdfast::conform
