// SPDX-License-Identifier: Apache-2.0
// Writing a run down; see recorder.hpp.
#include "analysis/report/recorder.hpp"

#include "analysis/report/told.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::report {

namespace {

std::int64_t signed_word(const sim::Record& r, std::size_t place) {
  return static_cast<std::int64_t>(r.word[place]);
}

}  // namespace

Sent* Recorder::find(Token token) {
  const std::uint64_t serial = serial_of(token);
  if (serial == 0 || serial > last_.size())
    return nullptr;
  for (std::uint32_t place = last_[serial - 1]; place != 0;) {
    Sent& one = attempts_[place - 1];
    if (one.token == token)
      return &one;
    place = one.before;
  }
  return nullptr;
}

void Recorder::land(Token token, std::int64_t time_ns) {
  if (Sent* one = find(token))
    one->landed_ns = time_ns;
}

void Recorder::on_sent(const sim::Record& r) {
  if (attempts_.size() >= caps_.attempts) {
    cut_ns_ = cut_ns_ < 0 ? r.time_ns : cut_ns_;
    return;
  }
  const Words<Kind::attempt_sent> words(r);
  Sent one;
  one.token = words.get<"token">();
  one.sent_ns = r.time_ns;
  one.controller = sim::index(words.get<"controller">());
  const std::uint64_t serial = serial_of(one.token);
  if (serial > last_.size())
    last_.resize(serial);
  one.before = last_[serial - 1];
  attempts_.push_back(one);
  last_[serial - 1] = static_cast<std::uint32_t>(attempts_.size());
}

/// What becomes of attempts. Tells whether the record was of one.
bool Recorder::on_attempt(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::attempt_sent:
      on_sent(r);
      return true;
    case Kind::attempt_done:
    case Kind::attempt_abandoned: {
      const Words<Kind::attempt_done, Kind::attempt_abandoned> words(r);
      if (Sent* one = find(words.get<"token">())) {
        one->ended_ns = r.time_ns;
        one->status = words.get<"status">().value;
        one->end = Kind{r.kind} == Kind::attempt_done ? End::answered : End::given_up;
      }
      return true;
    }
    case Kind::command_fetched: {
      const Words<Kind::command_fetched> words(r);
      Sent* one = find(words.get<"token">());
      if (one != nullptr && one->fetched_ns < 0) {
        one->fetched_ns = r.time_ns;
        one->cntlid = words.get<"cntlid">();
      }
      return true;
    }
    case Kind::media_write:
    case Kind::mutated_write:
    case Kind::media_read:
      land(Words<Kind::media_write, Kind::mutated_write, Kind::media_read>(r).get<"token">(),
           r.time_ns);
      return true;
    case Kind::effect_applied:
      land(Words<Kind::effect_applied>(r).get<"token">(), r.time_ns);
      return true;
    case Kind::stale_write:
      if (Sent* one = find(Words<Kind::stale_write>(r).get<"token">()))
        one->stale = true;
      return false;  // It is an event besides.
    default:
      return false;
  }
}

void Recorder::keep_event(const sim::Record& r) {
  const int place = place_of(Kind{r.kind});
  if (place < 0)
    return;
  if (events_.size() >= caps_.events) {
    ++events_lost_;
    return;
  }
  events_.push_back({r.time_ns, {place, signed_word(r, 0), signed_word(r, 1), signed_word(r, 2)}});
}

void Recorder::on_record(const sim::Record& r) {
  if (on_attempt(r))
    return;
  switch (Kind{r.kind}) {
    case Kind::packet_hop:
      return;  // Most records are of this kind.
    case Kind::controller_state: {
      const Words<Kind::controller_state> words(r);
      host_states_.push_back(
          {r.time_ns,
           {sim::index(words.get<"controller">()), static_cast<int>(words.get<"to">())}});
      return;
    }
    case Kind::controller_created:
    case Kind::controller_ready:
    case Kind::controller_fatal:
    case Kind::controller_freed:
      target_states_.push_back(
          {r.time_ns,
           {signed_word(r, 0), signed_word(r, 1), static_cast<int>(target_state(Kind{r.kind}))}});
      keep_event(r);
      return;
    case Kind::fault:
      faults_.push_back({r.time_ns, {signed_word(r, 0), signed_word(r, 1)}});
      return;
    case Kind::packet_dropped:
      if (drops_.size() >= caps_.events) {
        ++drops_lost_;
      } else {
        drops_.push_back({r.time_ns, {signed_word(r, 0), signed_word(r, 1)}});
      }
      return;
    default:
      keep_event(r);
  }
}

}  // namespace holdfast::analysis::report
