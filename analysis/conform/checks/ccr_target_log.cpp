// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the target, third part: log page 1Eh.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/ccr_target.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using wire::CcrLogEntry;
using wire::CcrStatus;

/// Calls `act(view, read)` for each read of the page that its host received.
template <class Act>
void each_read(const RunView& v, Act act) {
  const CcrTargetView t(v);
  for (const LogRead& r : t.reads) {
    if (r.page)
      act(t, r);
  }
}

std::string read_text(const CcrTargetView& t, const LogRead& r) {
  return fmt::format("{}, whose log page 1Eh was read at {}", t.name_of(r.source),
                     text(t.at(r.fetched)));
}

/// Whether a completed entry may have been taken out between a command and a read.
bool may_be_removed(const CcrTargetView& t, const Served& s, const LogRead& until) {
  return std::any_of(t.reads.begin(), t.reads.end(), [&](const LogRead& r) {
    if (r.source != s.source || !r.removes || r.fetched < s.answered || r.fetched >= until.fetched)
      return false;
    return !r.is_whole() || r.status_of(s.ccr->names) != CcrStatus::in_progress;
  });
}

void accepted_has_entry(const RunView& v, Ledger& ledger) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& r) {
    for (const Served& s : t.served) {
      if (!s.accepted() || s.source != r.source || s.answered > r.fetched || !r.is_whole() ||
          !t.is_same_instance(s.source, s.fetched, r.fetched) || may_be_removed(t, s, r))
        continue;
      ledger.expect(r.status_of(s.ccr->names).has_value(), t.at(r.fetched), [&] {
        return fmt::format(
            "{}, has no entry for controller {}, CIU {}, whose reset it accepted at "
            "{}",
            read_text(t, r), s.ccr->names.icid, s.ccr->names.ciu, text(t.at(s.answered)));
      });
    }
  });
}

void page_has_its_form(const RunView& v, Ledger& ledger) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& r) {
    const auto& data = r.exchange->data;
    const auto is_zero = [&](std::size_t from, std::size_t to) {
      return std::all_of(data.begin() + static_cast<std::ptrdiff_t>(std::min(from, data.size())),
                         data.begin() + static_cast<std::ptrdiff_t>(std::min(to, data.size())),
                         [](std::byte b) { return b == std::byte{}; });
    };
    const std::uint16_t entries = r.page->entries();
    bool kept = is_zero(2, 8) && is_zero(wire::ccr_log_bytes(entries), data.size());
    for (std::uint16_t i = 0; i < r.page->available(); ++i) {
      const std::size_t from = wire::ccr_log_bytes(i);
      kept = kept && is_zero(from + 3, from + 4) && (*r.page)[i].status <= CcrStatus::failed &&
             (*r.page)[i].icid != 0 && (*r.page)[i].ciu != 0;
    }
    ledger.expect(kept, t.at(r.answered), [&] {
      return fmt::format(
          "{}, sent {} entries in {} bytes; reserved bytes or an entry's fields are "
          "not as they should be",
          read_text(t, r), entries, data.size());
    });
  });
}

void entries_are_its_own(const RunView& v, Ledger& ledger) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& r) {
    for (std::uint16_t i = 0; i < r.page->available(); ++i) {
      const CcrLogEntry entry = (*r.page)[i];
      const bool asked = std::any_of(t.served.begin(), t.served.end(), [&](const Served& s) {
        return s.source == r.source && s.accepted() && s.fetched < r.fetched &&
               s.ccr->names.icid == entry.icid && s.ccr->names.ciu == entry.ciu;
      });
      ledger.expect(asked, t.at(r.answered), [&] {
        return fmt::format(
            "{}, has an entry for controller {}, CIU {}, which it did not accept to "
            "reset",
            read_text(t, r), entry.icid, entry.ciu);
      });
    }
  });
}

void entry_tells_the_end(const RunView& v, Ledger& ledger) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& r) {
    for (const Served& s : t.served) {
      if (!s.accepted() || s.names != Names::proper || s.source != r.source ||
          t.freed[t.instances[s.there].target] > r.fetched)
        continue;
      const auto status = r.status_of(s.ccr->names);
      // The same instance may have been accepted by hosts that laid the command out alike.
      if (status)
        ledger.expect(*status == CcrStatus::succeeded, t.at(r.answered), [&] {
          return fmt::format("{}, has status {} for controller {}, which was gone at {}",
                             read_text(t, r), static_cast<int>(*status), s.ccr->names.icid,
                             text(t.at(t.freed[t.instances[s.there].target])));
        });
    }
  });
}

/// Calls `act(view, entry, first, next)` for each entry of a read and the next one of that source.
template <class Act>
void each_pair(const RunView& v, Act act) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& first) {
    const LogRead* next = nullptr;
    for (const LogRead& r : t.reads) {
      if (r.source == first.source && r.fetched > first.fetched &&
          (next == nullptr || r.fetched < next->fetched))
        next = &r;
    }
    if (next == nullptr || !next->is_whole() ||
        !t.is_same_instance(first.source, first.fetched, next->fetched))
      return;
    for (std::uint16_t i = 0; i < first.page->available(); ++i)
      act(t, (*first.page)[i], first, *next);
  });
}

void expect_kept(const CcrTargetView& t, Ledger& ledger, const CcrLogEntry& entry,
                 const LogRead& next, const char* why) {
  ledger.expect(next.status_of({entry.icid, entry.ciu, 0}).has_value(), t.at(next.answered), [&] {
    return fmt::format("{}, has lost its entry for controller {}, CIU {}, {}", read_text(t, next),
                       entry.icid, entry.ciu, why);
  });
}

void pending_stays(const RunView& v, Ledger& ledger) {
  each_pair(v, [&](const CcrTargetView& t, const CcrLogEntry& entry, const LogRead& first,
                   const LogRead& next) {
    if (first.removes && entry.status == CcrStatus::in_progress)
      expect_kept(t, ledger, entry, next, "which was in progress when completed ones were removed");
  });
}

void completed_stays_until_removed(const RunView& v, Ledger& ledger) {
  each_pair(v, [&](const CcrTargetView& t, const CcrLogEntry& entry, const LogRead& first,
                   const LogRead& next) {
    if (!first.removes && entry.status != CcrStatus::in_progress)
      expect_kept(t, ledger, entry, next, "and nobody had asked to remove it");
  });
}

void completed_is_removed(const RunView& v, Ledger& ledger) {
  each_pair(v, [&](const CcrTargetView& t, const CcrLogEntry& entry, const LogRead& first,
                   const LogRead& next) {
    const bool again = std::any_of(t.served.begin(), t.served.end(), [&](const Served& s) {
      return s.source == first.source && s.accepted() && s.fetched > first.fetched &&
             s.ccr->names.icid == entry.icid && s.ccr->names.ciu == entry.ciu;
    });
    if (!first.removes || entry.status == CcrStatus::in_progress || again)
      return;
    ledger.expect(!next.status_of({entry.icid, entry.ciu, 0}), t.at(next.answered), [&] {
      return fmt::format(
          "{}, still has its entry for controller {}, CIU {}, which a read at {} was "
          "to remove",
          read_text(t, next), entry.icid, entry.ciu, text(t.at(first.fetched)));
    });
  });
}

/// When a controller became ready for the last time before an event; nothing: it has not.
std::uint32_t last_ready(const CcrTargetView& t, std::uint32_t target, std::uint32_t before) {
  std::uint32_t last = nothing;
  for (const Instance& i : t.instances) {
    if (i.target == target && i.ready < before && (last == nothing || i.ready > last))
      last = i.ready;
  }
  return last;
}

void ready_removes_completed(const RunView& v, Ledger& ledger) {
  each_read(v, [&](const CcrTargetView& t, const LogRead& r) {
    for (const Served& s : t.served) {
      const bool before = s.accepted() && s.source == r.source && s.answered < r.fetched &&
                          !t.is_same_instance(s.source, s.fetched, r.fetched);
      // What was in progress then stays, and is told of when it is over.
      if (!before || may_be_removed(t, s, r) || t.is_pending(s, last_ready(t, r.source, r.fetched)))
        continue;
      ledger.expect(!r.status_of(s.ccr->names), t.at(r.answered), [&] {
        return fmt::format(
            "{}, has an entry for controller {}, CIU {}, from before it became ready",
            read_text(t, r), s.ccr->names.icid, s.ccr->names.ciu);
      });
    }
  });
}

constexpr Check all[] = {
    {"CCRT-31", accepted_has_entry},
    {"CCRT-32", page_has_its_form},
    {"CCRT-33", entries_are_its_own},
    {"CCRT-34", entry_tells_the_end},
    {"CCRT-35", pending_stays},
    {"CCRT-36", completed_is_removed},
    {"CCRT-37", completed_stays_until_removed},
    {"CCRT-38", ready_removes_completed},
};

}  // namespace

std::span<const Check> ccr_target_log_checks() { return all; }

}  // namespace holdfast::conform
