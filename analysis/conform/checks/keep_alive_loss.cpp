// SPDX-License-Identifier: Apache-2.0
// When a host takes silence for a loss, and what its Keep Alive and Connect commands look like.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::AdminOpcode;

bool is_own_keep_alive(const Exchange& x) {
  return x.is(AdminOpcode::keep_alive) && !x.by_operator;
}

/// A Keep Alive was answered with an error: nothing watches this path any more.
bool was_refused(const RunView& v, const HostKeepAlive& k) {
  return std::any_of(k.sent.begin(), k.sent.end(), [&](std::uint32_t i) {
    return v.exchanges[i].answered != never && !v.exchanges[i].ok();
  });
}

void unanswered_is_a_loss(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    for (const std::uint32_t i : k.sent) {
      const Exchange& x = v.exchanges[i];
      const Duration kato = k.kato_at(x.sent);
      const TimePoint limit = v.timer_latest(x.controller, x.sent, kato);
      const bool in_time = x.answered != never && x.answered <= limit;
      const bool ended_before = k.noticed() < x.sent + v.least_of(x.controller, kato);
      if (x.sent >= k.noticed() || in_time || ended_before || limit > v.end)
        continue;
      ledger.expect(k.noticed() <= limit, std::min(k.noticed(), limit), [&] {
        return fmt::format(
            "{} sent a Keep Alive at {} that was not answered; with KATO {} the "
            "path is lost by {}, which was noticed at {}",
            v.name_of(x.controller), text(x.sent), text(kato), text(limit), text(k.noticed()));
      });
    }
  }
}

void not_lost_before_kato(const RunView& v, Ledger& ledger) {
  const auto& keep_alives = host_keep_alives(v);
  v.each(Kind::request_timeout, [&](const Event& e) {
    if (e.get<"qid">() != 0 || e.get<"opcode">() != wire::raw(AdminOpcode::keep_alive))
      return;
    for (const HostKeepAlive& k : keep_alives) {
      if (k.a->controller != e.get<"controller">())
        continue;
      for (const std::uint32_t i : k.sent) {
        const Exchange& x = v.exchanges[i];
        if (x.command.cid != e.get<"cid">() || x.sent > e.at || x.answered < e.at || e.at > k.until)
          continue;
        const Duration kato = k.kato_at(x.sent);
        ledger.expect(e.at >= x.sent + v.least_of(x.controller, kato), e.at, [&] {
          return fmt::format("{} let a Keep Alive time out after {}; KATO is {}",
                             v.name_of(x.controller), text(e.at - x.sent), text(kato));
        });
      }
    }
  });
}

/// 1.5 x KATO after the last thing that came in: at most KATO/2 until a Keep Alive, and its time.
void silence_is_noticed(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (k.a->live >= k.until || was_refused(v, k))
      continue;
    TimePoint last = k.a->live;
    const auto judge = [&](TimePoint to, bool ended) {
      const Duration kato = k.longest_kato(last, to);
      const TimePoint limit = v.timer_latest(k.a->controller, last, kato + kato / 2);
      const bool lost = ended && k.given_up <= k.until;
      if (kato == Duration{} || (to <= limit && !lost))
        return;
      ledger.expect(to <= limit, std::min(to, limit), [&] {
        return fmt::format(
            "{} received nothing from {} until {}; with KATO {} the path is given "
            "up by {}",
            v.name_of(k.a->controller), text(last), text(to), text(kato), text(limit));
      });
    };
    for (const Heard& h : k.heard) {
      if (h.at <= last)
        continue;
      if (h.at > k.noticed())
        break;
      judge(h.at, false);
      last = h.at;
    }
    judge(k.noticed(), true);
  }
}

/// BLK_MQ_REQ_RESERVED: a busy admin queue cannot keep it waiting.
void reserved_tag(const RunView& v, Ledger& ledger) {
  constexpr std::uint16_t reserved = 2;
  for (const Exchange& x : v.exchanges) {
    if (!is_own_keep_alive(x))
      continue;
    const std::uint16_t tag = x.command.cid & 0xfff;
    ledger.expect(tag < reserved, x.sent, [&] {
      return fmt::format("{} sent a Keep Alive with tag {}", v.name_of(x.controller), tag);
    });
  }
}

bool is_connect(const Exchange& x) { return x.command.is(wire::FabricsType::connect); }

/// What was configured, or set by an administrator since.
void connect_carries_kato(const RunView& v, Ledger& ledger) {
  std::vector<Duration> kato;
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c)
    kato.push_back(v.connect_of(c).keep_alive_tmo.value_or(seconds{5}));
  for (const Exchange& x : v.exchanges) {
    if (x.ok() && x.is_feature(AdminOpcode::set_features, wire::FeatureId::keep_alive_timer))
      kato[x.controller] = std::chrono::ceil<seconds>(milliseconds{x.command.cdw11});
    if (!is_connect(x) || v.subsystem_of(x.controller) == nullptr)
      continue;
    const Duration wanted = x.qid == 0 ? kato[x.controller] : Duration{};
    ledger.expect(milliseconds{x.command.cdw12} == wanted, x.sent, [&] {
      return fmt::format("Connect of queue {} of {} carries {} for KATO; {} was expected", x.qid,
                         v.name_of(x.controller), x.command.cdw12, text(wanted));
    });
  }
}

void carries_nothing(const RunView& v, Ledger& ledger) {
  for (const Exchange& x : v.exchanges) {
    if (!is_own_keep_alive(x))
      continue;
    const wire::Command& c = x.command;
    const std::uint32_t any = c.nsid | c.cdw10 | c.cdw11 | c.cdw12 | c.cdw13 | c.cdw14 | c.cdw15;
    ledger.expect(any == 0, x.sent, [&] {
      return fmt::format(
          "{} sent a Keep Alive with NSID 0x{:x} and dwords 10 to 15 of "
          "{:x} {:x} {:x} {:x} {:x} {:x}",
          v.name_of(x.controller), c.nsid, c.cdw10, c.cdw11, c.cdw12, c.cdw13, c.cdw14, c.cdw15);
    });
  }
}

void one_at_a_time(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    const Exchange* before = nullptr;
    for (const std::uint32_t i : k.sent) {
      const Exchange& x = v.exchanges[i];
      if (before != nullptr) {
        ledger.expect(before->answered <= x.sent, x.sent, [&] {
          return fmt::format("{} sent a Keep Alive at {}; the one of {} had not been answered",
                             v.name_of(x.controller), text(x.sent), text(before->sent));
        });
      }
      before = &x;
    }
  }
}

/// nvme_keep_alive_end_io: a line in the log, and no further Keep Alive. One that an earlier
/// association left behind (AS-1) does not count: Identify arms the keep-alive anew.
void error_answer_is_no_loss(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    for (std::size_t i = 0; i < k.sent.size(); ++i) {
      const Exchange& x = v.exchanges[k.sent[i]];
      if (x.answered == never || x.ok() || x.sent < k.begun || x.answered >= v.end - seconds{1})
        continue;
      const bool given_up = k.until <= x.answered;
      ledger.expect(!given_up && i + 1 == k.sent.size(), x.answered, [&] {
        return fmt::format("{} heard at {} that a Keep Alive had failed with 0x{:03x}, and {}",
                           v.name_of(x.controller), text(x.answered), x.status.value,
                           given_up ? "gave the path up" : "sent another one");
      });
    }
  }
}

/// Re-armed in LIVE and CONNECTING only.
void none_after_loss(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (r.association == nothing || is_draining_delete(v, r))
      continue;
    const auto late = std::find_if(v.exchanges.begin(), v.exchanges.end(), [&](const Exchange& x) {
      return x.association == r.association && x.index > r.index && is_own_keep_alive(x);
    });
    ledger.expect(late == v.exchanges.end(), r.started, [&] {
      return fmt::format("{} sent a Keep Alive {} after it had given the path up",
                         v.name_of(r.controller), text(late->sent - r.started));
    });
  }
}

/// Commit 2e482655019a: what reconnects is persistent. The Connect of the first reconnect still
/// carries 0.
void discovery_gets_kato(const RunView& v, Ledger& ledger) {
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    if (v.subsystem_of(c) != nullptr || v.connect_of(c).keep_alive_tmo)
      continue;
    std::uint32_t times_live = 0;
    for (const std::uint32_t i : v.of_controller[c]) {
      const Association& a = v.associations[i];
      if (a.connect != nothing) {
        const Duration wanted = times_live < 2 ? Duration{} : seconds{5};
        ledger.expect(a.kato(v.exchanges) == wanted, a.begun, [&] {
          return fmt::format("{} has been live {} times and connects with KATO {}", v.name_of(c),
                             times_live, text(a.kato(v.exchanges)));
        });
      }
      times_live += a.live != never ? 1 : 0;
    }
  }
}

constexpr Check all[] = {
    {"KAH-10", unanswered_is_a_loss}, {"KAH-11", not_lost_before_kato},
    {"KAH-12", silence_is_noticed},   {"KAH-13", reserved_tag},
    {"KAH-14", connect_carries_kato}, {"KAH-15", carries_nothing},
    {"KAH-16", one_at_a_time},        {"KAH-17", error_answer_is_no_loss},
    {"KAH-18", none_after_loss},      {"KAH-19", discovery_gets_kato},
};

}  // namespace

std::span<const Check> keep_alive_loss_checks() { return all; }

}  // namespace holdfast::conform
