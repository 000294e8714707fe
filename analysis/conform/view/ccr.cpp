// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Resets of a run: which instance each one named, and when its host has seen that
// it succeeded (protocol.md 3.4, 3.7). That is what ends a fence early.
#include <algorithm>

#include "analysis/conform/view/builder.hpp"

namespace holdfast::conform {

void ViewBuilder::note_ccr(std::uint32_t exchange) {
  const Exchange& x = v_.exchanges[exchange];
  Ccr ccr;
  ccr.exchange = exchange;
  ccr.source = x.controller;
  ccr.by_operator = x.by_operator;
  // As the specification lays it out; a host that lays it out otherwise names somebody else.
  ccr.names.icid = static_cast<std::uint16_t>(x.command.cdw10);
  ccr.names.ciu = static_cast<std::uint8_t>(x.command.cdw10 >> 16);
  ccr.names.cirn = std::uint64_t{x.command.cdw13} << 32 | x.command.cdw12;
  const auto& source = v_.controllers[x.controller];
  for (std::uint32_t i = 0; i < v_.associations.size(); ++i) {
    const Association& a = v_.associations[i];
    const auto& place = v_.controllers[a.controller];
    if (place.host == source.host && place.subsystem == source.subsystem && a.identify != nothing &&
        a.cntlid == ccr.names.icid && a.identity.ciu == ccr.names.ciu &&
        a.identity.cirn == ccr.names.cirn)
      ccr.impacted = i;
  }
  v_.ccrs.push_back(ccr);
}

void ViewBuilder::judge_log(const Exchange& log) {
  const auto page = wire::CcrLogView::decode(log.data);
  if (!page)
    return;
  for (std::uint16_t i = 0; i < page->available(); ++i) {
    const wire::CcrLogEntry entry = (*page)[i];
    if (entry.status != wire::CcrStatus::succeeded)
      continue;
    for (Ccr& ccr : v_.ccrs) {
      const Exchange& x = v_.exchanges[ccr.exchange];
      // An entry belongs to a command that this source accepted before the page was sent. A command
      // that was refused because a reset was in progress waits for the same entry.
      const bool accepted =
          x.ok() || (x.answered != never && x.status.code() == wire::StatusCode::ccr_in_progress);
      if (x.controller == log.controller && accepted && x.sent <= log.answered &&
          ccr.names.icid == entry.icid && ccr.names.ciu == entry.ciu)
        ccr.seen = std::min(ccr.seen, log.answered);
    }
  }
}

void ViewBuilder::judge_ccrs() {
  for (Ccr& ccr : v_.ccrs) {
    const Exchange& x = v_.exchanges[ccr.exchange];
    ccr.immediate = x.ok() && (x.result & wire::ccr_immediate_reset_successful) != 0;
    if (ccr.immediate)
      ccr.seen = x.answered;
  }
  for (const Exchange& x : v_.exchanges) {
    if (x.is_log(wire::LogId::cross_controller_reset) && x.ok())
      judge_log(x);
  }
}

void ViewBuilder::find_fences() {
  for (Recovery& r : v_.recoveries) {
    for (const Ccr& ccr : v_.ccrs) {
      if (ccr.impacted == r.association && ccr.seen >= r.started)
        r.fenced = std::min(r.fenced, ccr.seen);
    }
  }
}

void ViewBuilder::finish() {
  judge_ccrs();
  find_fences();
}

}  // namespace holdfast::conform
