// SPDX-License-Identifier: Apache-2.0
// Who looks, and who notices a silent path: the host by its keep-alive or what its transport tells
// it, the controller by its own timer.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/timers/internal.hpp"
#include "models/transport/fc/state.hpp"

namespace holdfast::analysis::timers {

namespace {

/// How long it takes until a Keep Alive that was lost begins recovery.
struct Answer {
  Span time;
  std::string formula = "KATO";
  std::string source = "1.7, nvme_keep_alive_work; 15.2, blk_mq_timeout_work";
};

void queue_pair_may_give_up(Writer& t, Answer& lost) {
  const std::int64_t tries = std::int64_t{t.s.fabric.retry_count} + 1;
  const Span tired = both(t.out.host_hz, [&](std::uint32_t hz) {
    return times(timer(hz, t.s.fabric.ack_timeout), tries);
  });
  t.add("transport_gives_up", "the queue pair gives up what is not acknowledged",
        "its first transmission", tired, fmt::format("{} x ack_timeout", tries),
        "7.2, retry_count");
  lost.time = {first_of(lost.time.exact, tired.exact), first_of(lost.time.ticks, tired.ticks)};
  lost.formula = "the earlier of KATO and transport_gives_up";
  lost.source += "; 7.2";
}

void exchange_is_aborted(Writer& t, Answer& lost) {
  const Span abort = both(t.out.host_hz, [](std::uint32_t) {
    return exactly(transport::fc::Parameters{}.abort_timeout);
  });
  t.add("abort_given_up", "an ABTS that nobody answers ends, and the request with it",
        "the timeout of a request", abort, "2 x R_A_TOV", "7.3, FC-FS R_A_TOV");
  // The request times out again meanwhile, and an abort that is on already is no way out
  // (__nvme_fc_abort_op).
  const Span again = lost.time + lost.time;
  const Span aborted = lost.time + abort;
  lost.time = {first_of(again.exact, aborted.exact), first_of(again.ticks, aborted.ticks)};
  lost.formula = "the earlier of 2 x KATO and KATO + 2 x R_A_TOV";
  lost.source += ", nvme_fc_timeout";
}

Answer answer_of(Writer& t) {
  Answer lost;
  lost.time = both(t.out.host_hz, [&](std::uint32_t hz) { return request_timeout(hz, t.kato()); });
  if (t.rdma() && !t.s.fabric.retries_for_ever)
    queue_pair_may_give_up(t, lost);
  if (t.rdma() || t.fc())
    lost.time.ticks.latest += grace_period(t.out.host_hz).latest;
  if (t.fc() && !(t.host.policy.fences() && t.host.policy.holds_aborted))
    exchange_is_aborted(t, lost);
  return lost;
}

}  // namespace

/// A Keep Alive is lost that was sent at the fault, or at the look after it; on a busy path with
/// traffic-based keep alive at the one after that.
void add_detection(Writer& t) {
  const Duration kato = t.kato();
  const Load load = t.has_load ? Load::busy : Load::idle;
  const Duration look = t.look();
  t.add("host_looks", "the host looks whether a Keep Alive is due", "the look before",
        both(t.out.host_hz, [&](std::uint32_t hz) { return exactly(period(hz, look, true)); }),
        fmt::format("KATO / {}", kato / look), "1.7, nvme_keep_alive_work_period");
  Answer lost = answer_of(t);
  t.keep_alive_age = lost.time;
  const Span until_sent = both(t.out.host_hz, [&](std::uint32_t hz) {
    const Interval bounds = host_detection(t.mode, load, kato);
    const auto looks = (bounds.latest - bounds.earliest) / look_period(t.mode, kato);
    return Interval{-t.round_trip, period(hz, look, true) * looks};
  });
  Span notices = until_sent + lost.time;
  // Any command may have been under way for any time when the path failed.
  if (t.has_load && t.io_timeout() <= notices.ticks.latest)
    notices.exact.earliest = notices.ticks.earliest = Duration{};
  t.noticed = notices;
  t.add("host_detects", "the host notices and recovery begins", fault, notices,
        fmt::format("{} + 0 to {} looks, less a round trip", lost.formula,
                    load == Load::busy && t.tbkas() ? 2 : 1),
        lost.source);
  t.add("io_timeout", "an I/O times out, which begins recovery too", "its submission",
        both(t.out.host_hz, [&](std::uint32_t hz) { return request_timeout(hz, t.io_timeout()); }),
        "io_timeout", "15.2, blk_mq_timeout_work");
}

void add_target(Writer& t) {
  const Duration katt = t.katt();
  const bool polled = t.sub.watchdog == target::Watchdog::poller;
  const auto expiry = [&](std::uint32_t hz) {
    return polled ? polled_expiry(t.mode, katt) : target_expiry(hz, t.mode, katt);
  };
  const char* windows = polled && t.tbkas()   ? "2 x KATT to 3 x KATT"
                        : polled || t.tbkas() ? "KATT to 2 x KATT"
                                              : "KATT";
  const Span expires = by_clock(t.target_clock, both(t.out.target_hz, expiry));
  t.add_true("target_expiry", "the controller's keep-alive timer runs out",
             t.tbkas() ? "the last command fetched" : "the last Keep Alive fetched", expires,
             windows,
             polled ? "1.8, nvmf_ctrlr_keep_alive_poll" : "1.4, 1.8, nvmet_keep_alive_timer");
  // Of a host that works the controller has fetched something within so many looks.
  const Span since = both(t.out.host_hz, [&](std::uint32_t hz) {
    const Duration look = period(hz, t.look(), true);
    const bool skips = t.has_load && t.tbkas();
    return Interval{-look * (skips ? 2 : 1) - t.round_trip, t.round_trip};
  });
  t.add_true("target_detects", "the controller expires and ends its connections", fault,
             by_clock(t.host_clock, since) + expires,
             fmt::format("{} - 0 to {} looks", windows, t.has_load && t.tbkas() ? 2 : 1),
             "1.4, 1.5");
  const Duration cqt = t.sub.attr_cqt;
  t.add_true("target_stopped", "nothing of it lands any more, if CQT is honest", "target_detects",
             {{Duration{}, cqt}, {Duration{}, cqt}}, "0 to CQT", "2.1; 1.5");
}

}  // namespace holdfast::analysis::timers
