// SPDX-License-Identifier: Apache-2.0
#include "tests/property/second_opinion.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace holdfast::second_opinion {

namespace {

using sim::Record;
using Records = std::vector<Record>;

Kind kind_of(const Record& r) { return Kind{r.kind}; }
bool is(const Record& r, Kind kind) { return kind_of(r) == kind; }

/// Of what the application was told and of what it asked for.
struct Op {
  std::size_t submitted_at = 0;  ///< place among the records
  std::size_t completed_at = ~std::size_t{0};
  std::int64_t submitted = 0;
  std::int64_t completed = 0;
  std::uint64_t job = 0, disk = 0, lba = 0, blocks = 0, status = 0;
  host::IoKind kind{};
  [[nodiscard]] bool is_done_at(std::size_t place) const { return completed_at < place; }
};

/// Read, flush and compare leave no mark.
bool leaves_mark(host::IoKind kind) {
  return kind != host::IoKind::read && kind != host::IoKind::flush && kind != host::IoKind::compare;
}
bool overwrites(host::IoKind kind) {
  return leaves_mark(kind) && kind < host::IoKind::reservation_register;
}

/// Serial numbers start at 1.
std::vector<Op> operations(const Records& records) {
  std::vector<Op> out(1);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& r = records[i];
    if (is(r, Kind::app_submit)) {
      Op op;
      op.submitted_at = i;
      op.submitted = r.time_ns;
      op.job = r.word[1];
      op.kind = host::IoKind(r.word[2]);
      op.disk = r.word[3];
      op.lba = r.word[4];
      op.blocks = r.word[5];
      out.push_back(op);
    } else if (is(r, Kind::app_complete)) {
      Op& op = out[r.word[0]];
      op.completed_at = i;
      op.completed = r.time_ns;
      op.status = r.word[1];
      if (op.kind == host::IoKind::zone_append && op.status == 0)
        op.lba = r.word[2];  // only now it is known where it went
    }
  }
  return out;
}

constexpr std::uint64_t host_path_error = 0x370;  ///< from here on the host itself ended it

/// Whether a record means that this attempt can change nothing any more: it landed, or was
/// answered, or what carried it has ended.
bool settles(const Record& r, std::uint64_t token, std::uint64_t connection, bool fetched,
             bool detached) {
  switch (kind_of(r)) {
    case Kind::media_write:
    case Kind::mutated_write:
      return r.word[3] == token;
    case Kind::effect_applied:
    case Kind::attempt_done:
    case Kind::attempt_gone:
      return r.word[0] == token;
    case Kind::attempt_abandoned:
      return r.word[0] == token && r.word[2] < host_path_error;
    case Kind::stream_dry:
      return r.word[0] == connection && r.word[1] == 0 && !fetched;
    case Kind::queue_released:
      return r.word[3] == connection && !detached;
    default:
      return false;
  }
}

/// Was the target's end of that connection gone already, when the record at `sent` was made?
bool was_released(const Records& records, std::size_t sent, std::uint64_t connection) {
  for (std::size_t i = sent; i-- > 0;) {
    if (is(records[i], Kind::queue_opened) && records[i].word[2] == connection)
      return false;
    if (is(records[i], Kind::queue_released) && records[i].word[3] == connection)
      return true;
  }
  return false;
}

/// The exposure of the attempt that was sent at that place, if there was any.
std::optional<Window> exposure_of(const Records& records, std::size_t sent, std::int64_t end) {
  const std::uint64_t token = records[sent].word[0];
  const std::uint64_t connection = records[sent].word[2];
  bool abandoned = false, fetched = false, detached = false;
  std::optional<std::int64_t> released, settled;
  if (was_released(records, sent, connection))
    settled = records[sent].time_ns;
  for (std::size_t i = sent + 1; i < records.size() && !(released && settled); ++i) {
    const Record& r = records[i];
    if (is(r, Kind::command_fetched) || is(r, Kind::command_held))
      fetched = fetched || r.word[5] == token;
    detached = detached || (is(r, Kind::command_detached) && r.word[2] == token);
    if (!settled && settles(r, token, connection, fetched, detached))
      settled = r.time_ns;
    if (is(r, Kind::attempt_abandoned) && r.word[0] == token && r.word[2] >= host_path_error)
      abandoned = true;
    const bool retried = is(r, Kind::attempt_sent) && serial_of(r.word[0]) == serial_of(token);
    const bool told = is(r, Kind::app_complete) && r.word[0] == serial_of(token);
    if (abandoned && !released && (retried || told))
      released = r.time_ns;
    if (told && !abandoned)
      return std::nullopt;
  }
  if (!released || settled.value_or(end) <= *released)
    return std::nullopt;
  return Window{token, *released, settled.value_or(end)};
}

/// An application stalls while it waits for I/O and none of it is done.
std::int64_t longest_stall(const Records& records, const std::vector<Op>& ops, std::int64_t end) {
  std::map<std::uint64_t, std::pair<int, std::int64_t>> jobs;  // outstanding, since when
  std::int64_t longest = 0;
  for (const Record& r : records) {
    if (!is(r, Kind::app_submit) && !is(r, Kind::app_complete))
      continue;
    auto& [outstanding, since] = jobs[ops[r.word[0]].job];
    if (is(r, Kind::app_complete)) {
      longest = std::max(longest, r.time_ns - since);
      since = r.time_ns;
      --outstanding;
    } else if (outstanding++ == 0) {
      since = r.time_ns;
    }
  }
  for (const auto& [job, state] : jobs)
    longest = state.first > 0 ? std::max(longest, end - state.second) : longest;
  return longest;
}

/// What landed on each block, in this order: serial numbers.
using Media = std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::uint64_t>>;

/// Data of an operation whose application knows its outcome, over that of one which was submitted
/// later than it became known, or over any other at all if it was a success.
bool is_stale(const std::vector<Op>& ops, const std::vector<std::uint64_t>& landed,
              std::uint64_t serial, std::size_t place) {
  const Op& op = ops[serial];
  if (!op.is_done_at(place) || landed.empty())
    return false;
  const bool newer = std::any_of(landed.begin(), landed.end(), [&](std::uint64_t other) {
    return other != serial && ops[other].submitted >= op.completed;
  });
  return newer || (op.status == 0 && landed.back() != serial);
}

void count_landings(const Records& records, const std::vector<Op>& ops, Opinion& out) {
  Media media;
  std::uint64_t last_stale = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& r = records[i];
    const bool mutated = is(r, Kind::mutated_write);
    if (!mutated && !is(r, Kind::media_write))
      continue;
    const std::uint64_t serial = serial_of(mutated ? r.word[4] : r.word[3]);
    const Op& op = ops[serial];
    const bool misplaced =
        mutated && !(overwrites(op.kind) && op.kind != host::IoKind::zone_append &&
                     op.disk == r.word[0] && op.lba == r.word[1] && op.blocks >= r.word[2]);
    bool stale = false;
    for (std::uint64_t lba = r.word[1]; lba < r.word[1] + r.word[2]; ++lba) {
      auto& landed = media[{r.word[0], lba}];
      stale = stale || (!misplaced && is_stale(ops, landed, serial, i));
      landed.push_back(serial);
    }
    out.misplaced_writes += misplaced ? 1 : 0;
    // A command that lands in pieces is one.
    if (stale && last_stale != r.word[3]) {
      ++out.stale_writes;
      last_stale = r.word[3];
    }
  }
}

/// An acknowledged operation that left no mark although it should have.
void count_lost(const Records& records, const std::vector<Op>& ops, Opinion& out) {
  std::set<std::uint64_t> applied;
  for (const Record& r : records) {
    if (is(r, Kind::media_write) || is(r, Kind::mutated_write))
      applied.insert(serial_of(r.word[3]));
    if (is(r, Kind::effect_applied))
      applied.insert(serial_of(r.word[0]));
    if (is(r, Kind::app_complete) && r.word[1] == 0 && leaves_mark(ops[r.word[0]].kind))
      out.lost_writes += applied.count(r.word[0]) == 0 ? 1 : 0;
  }
}

/// Writes that succeeded, by disk and block.
using Writes = std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<const Op*>>;

Writes writes_of(const std::vector<Op>& ops) {
  Writes out;
  for (const Op& op : ops) {
    for (std::uint64_t i = 0; overwrites(op.kind) && op.status == 0 && i < op.blocks; ++i)
      out[{op.disk, op.lba + i}].push_back(&op);
  }
  return out;
}

/// When the newest of these was submitted that was known to be done at a place among the records.
std::optional<std::int64_t> newest_known(const std::vector<const Op*>& writes, std::size_t place) {
  std::optional<std::int64_t> newest;
  for (const Op* op : writes) {
    if (op->is_done_at(place))
      newest = std::max(newest.value_or(op->submitted), op->submitted);
  }
  return newest;
}

/// A read that found what had ended before a write began that was done before the read began.
void count_stale_reads(const Records& records, const std::vector<Op>& ops, Opinion& out) {
  Writes writes = writes_of(ops);
  std::set<std::uint64_t> stale, given_up;  // tokens of attempts
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& r = records[i];
    if (is(r, Kind::media_read)) {
      const Op& read = ops[serial_of(r.word[3])];
      const std::uint64_t found = serial_of(r.word[4]);
      const auto known = newest_known(writes[{r.word[0], r.word[1]}], read.submitted_at);
      if (!known || read.is_done_at(i))
        continue;
      const bool older = found == 0 || (ops[found].is_done_at(i) && ops[found].completed <= *known);
      if (older && (found == 0 || ops[found].submitted < *known))
        stale.insert(r.word[3]);
    }
    // What an attempt found, or will find, counts for nothing once the host has ended it.
    if (is(r, Kind::attempt_abandoned) && r.word[2] >= host_path_error)
      given_up.insert(r.word[0]);
    if (is(r, Kind::app_complete) && r.word[1] == 0 && ops[r.word[0]].kind == host::IoKind::read) {
      out.stale_reads += std::any_of(stale.begin(), stale.end(), [&](std::uint64_t token) {
        return serial_of(token) == r.word[0] && given_up.count(token) == 0;
      });
    }
  }
}

/// Answers that say "this was not done", unlike errors that leave it open.
bool denies(std::uint64_t status) {
  const auto code = wire::Status(static_cast<std::uint16_t>(status)).code();
  return code == wire::StatusCode::compare_failure ||
         code == wire::StatusCode::reservation_conflict;
}

/// What took effect a second time, or took effect although its application was or will be told that
/// it did not. A copy of the same data again is no second effect.
void count_duplicates(const Records& records, const std::vector<Op>& ops, Opinion& out) {
  std::map<std::uint64_t, std::uint64_t> values;  // by serial, of the first effect
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& r = records[i];
    if (is(r, Kind::effect_applied) && r.word[2] != 0) {
      const std::uint64_t serial = serial_of(r.word[0]);
      const auto [first, fresh] = values.emplace(serial, r.word[3]);
      const Op& op = ops[serial];
      const bool again = !fresh && (op.kind != host::IoKind::copy || first->second != r.word[3]);
      out.duplicate_effects += again || (op.is_done_at(i) && denies(op.status)) ? 1 : 0;
    }
    if (is(r, Kind::app_complete) && values.count(r.word[0]) != 0 && denies(r.word[1]))
      ++out.duplicate_effects;
  }
}

}  // namespace

void Listener::on_record(const Record& r) {
  switch (kind_of(r)) {
    case Kind::app_submit:
    case Kind::app_complete:
    case Kind::attempt_sent:
    case Kind::attempt_done:
    case Kind::attempt_gone:
    case Kind::attempt_abandoned:
    case Kind::command_fetched:
    case Kind::command_held:
    case Kind::command_detached:
    case Kind::media_write:
    case Kind::media_read:
    case Kind::mutated_write:
    case Kind::effect_applied:
    case Kind::stream_dry:
    case Kind::queue_opened:
    case Kind::queue_released:
      records_.push_back(r);
      return;
    default:
      return;
  }
}

Opinion Listener::opinion(std::int64_t end_ns) const {
  Opinion out;
  const std::vector<Op> ops = operations(records_);
  std::set<std::uint64_t> given_up;
  for (const Record& r : records_) {
    if (is(r, Kind::attempt_abandoned) && leaves_mark(ops[serial_of(r.word[0])].kind))
      given_up.insert(r.word[0]);
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!is(records_[i], Kind::attempt_sent) || given_up.count(records_[i].word[0]) == 0)
      continue;
    if (const auto window = exposure_of(records_, i, end_ns))
      out.exposure.push_back(*window);
  }
  std::sort(out.exposure.begin(), out.exposure.end());
  out.longest_stall_ns = longest_stall(records_, ops, end_ns);
  count_landings(records_, ops, out);
  count_lost(records_, ops, out);
  count_stale_reads(records_, ops, out);
  count_duplicates(records_, ops, out);
  return out;
}

}  // namespace holdfast::second_opinion
