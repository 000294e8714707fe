// SPDX-License-Identifier: Apache-2.0
// The tables of presets; see presets.hpp.
#include "models/scenario/declaration/presets.hpp"

namespace holdfast::scenario {
namespace {

template <class Row>
Codec<std::string> name_from(const std::vector<Row>& table) {
  std::vector<std::string> names;
  for (const auto& row : table)
    names.push_back(row.name);
  return word_of(names);
}

template <class Row>
const Row& find_in(const std::vector<Row>& table, const std::string& name) {
  std::size_t i = 0;
  while (table[i].name != name)
    ++i;
  return table[i];
}

}  // namespace

namespace {

using Policy = RecoveryPolicy;

Policy named(const char* name, Policy policy) {
  policy.preset = name;
  return policy;
}

/// What a scenario that says nothing has is mainline, as measured on Linux 6.12. By their cover
/// letters the series below cancel what a delete finds in flight.
Policy patched() {
  Policy p;
  p.delete_drains = false;
  return p;
}

Policy fencing_with_ccr() {
  Policy p = patched();
  p.waits = Policy::Waits::fencing;
  p.ccr = true;
  p.ccr_wait = Policy::CcrWait::kato;
  p.hold = Policy::Hold::kato_plus_cqt;
  return p;
}

Policy tp4129_rfc1() {
  Policy p = patched();
  p.waits = Policy::Waits::resetting;
  p.hold = Policy::Hold::kato_plus_cqt;
  p.cqt_zero = Policy::CqtZero::hold;
  return p;
}

Policy tp8028_rfc1() {
  Policy p = fencing_with_ccr();
  p.waits = Policy::Waits::recovering;
  p.ccr_wait = Policy::CcrWait::longer_of_cqt_and_kato;
  p.ccr_needs_success = false;
  return p;
}

Policy tp8028_v3() {
  Policy p = fencing_with_ccr();
  p.ccr_wait = Policy::CcrWait::longer_of_cqt_and_kato;
  return p;
}

Policy tp8028_v4() {
  Policy p = fencing_with_ccr();
  p.ccr_wait_bounded = true;
  p.ccr_deadline_has_cqt = false;
  p.hold = Policy::Hold::none;
  return p;
}

/// The code after v4 (protocol.md 4.7): the remaining time is held again. Of what it does
/// otherwise, error work that does not wait for the fence shows nowhere: the fence itself queues
/// it.
Policy tp8028_v6() {
  Policy p = fencing_with_ccr();
  p.ccr_wait_bounded = true;
  return p;
}

Policy cqt_only() {
  Policy p = patched();
  p.waits = Policy::Waits::fencing;
  p.hold = Policy::Hold::kato_plus_cqt;
  return p;
}

Policy with_filter() {
  Policy p = tp8028_v3();
  p.release_idempotent = true;
  return p;
}

Policy specification() {
  Policy p = tp8028_v3();
  p.ccr_wait_bounded = true;
  p.ccr_command_bounded = true;
  p.cqt_zero = Policy::CqtZero::hold;
  p.cqt_when_zero = std::chrono::seconds{10};
  p.queue_while_fencing = true;
  p.keep_alive_stops_first = true;
  p.closes_first = true;
  p.hold_from = Policy::HoldFrom::last_transmission;
  p.holds_katt = true;
  p.notice_ends_wait = true;
  p.fences_without_tag = true;
  p.operator_fences = true;
  p.removal_fences = true;
  p.ccr_joins_pending = true;
  p.repeat_non_idempotent = false;
  return p;
}

Subsystem with_ccr() {
  Subsystem s;
  s.profile = "nvmet-tp8028";
  s.ccrl = 4;
  return s;
}

/// protocol.md 1.2, 1.8: no CCR and no CQT field in that code.
Subsystem spdk_like() {
  Subsystem s;
  s.profile = "spdk-like";
  s.traffic_based_keep_alive = false;
  s.kato_min = 10s;
  s.kas = 10s;
  s.kato_zero = target::KatoZero::set_features_refused;
  s.kato_result_in_seconds = false;
  s.ccr_compares_host = true;
  s.notices_on = false;
  s.watchdog = target::Watchdog::poller;
  s.in_flight = target::InFlight::ignore;
  return s;
}

Subsystem array() {
  Subsystem s = with_ccr();
  s.profile = "array";
  s.attr_cqt = 1s;
  s.traffic_based_keep_alive = false;
  s.kato_zero = target::KatoZero::refused;
  s.kato_result_in_seconds = false;
  s.ccr_compares_host = true;
  s.notices_on = false;
  s.keep_alive_from = target::KeepAliveFrom::enable;
  s.in_flight = target::InFlight::quiesce;
  s.quiesce_time = {Latency::Kind::uniform, 0s, 1s};
  s.lost_host_log = true;
  s.fence_time = {Latency::Kind::constant, 1s, 1s};
  return s;
}

KernelPreset release(const char* name, const char* doc) {
  KernelPreset k;
  k.name = name;
  k.doc = doc;
  return k;
}

KernelPreset linux_6_12() {
  KernelPreset k = release("6.12", "sockets are closed two ticks after the cancel");
  k.has_controller_timeouts = false;
  k.has_delayed_removal = false;
  return k;
}

KernelPreset linux_6_1() {
  KernelPreset k = linux_6_12();
  k.name = "6.1";
  k.doc = "the Keep Alive is synchronous, two SYNs, DNR does not end reconnects but on fc";
  k.row.keep_alive_waits = true;
  k.row.dnr_ends_reconnects = false;
  k.syn = {2, 0};
  return k;
}

KernelPreset linux_7_2() {
  KernelPreset k = release(
      "7.2",
      "sockets are closed with the cancel; timeouts of each controller; devices may outlive their "
      "last path");
  k.row.sockets_close_at_once = true;
  return k;
}

KernelPreset linux_7_3() {
  KernelPreset k = linux_7_2();
  k.name = "7.3";
  k.doc = "as 7.2, and rdma sets its I/O queues up all at once";
  k.row.rdma_parallel_queues = true;
  return k;
}

}  // namespace

const std::vector<KernelPreset>& kernel_presets() {
  static const std::vector<KernelPreset> table = [] {
    std::vector<KernelPreset> rows = {linux_6_1(), linux_6_12(), linux_7_2(), linux_7_3()};
    for (KernelPreset& k : rows)
      k.row.kernel = k.name;
    return rows;
  }();
  return table;
}

const std::vector<PolicyPreset>& policy_presets() {
  static const std::vector<PolicyPreset> table = {
      {"linux-mainline",
       "mainline Linux: in-flight commands are cancelled and retried elsewhere at once",
       named("linux-mainline", Policy{})},
      {"tp4129-rfc1",
       "RFC of TP4129, March 2025: sockets are closed, then RESETTING holds 2 or 3 x KATO + CQT",
       named("tp4129-rfc1", tp4129_rfc1())},
      {"tp8028-rfc1",
       "RFC of TP8028, November 2025: RECOVERING; Cross-Controller Reset, then the hold",
       named("tp8028-rfc1", tp8028_rfc1())},
      {"tp8028-v2", "v2, January 2026: FENCING and FENCED; one CCR is waited for KATO",
       named("tp8028-v2", fencing_with_ccr())},
      {"tp8028-v3", "v3, February 2026: as v2, one CCR is waited for the longer of CQT and KATO",
       named("tp8028-v3", tp8028_v3())},
      {"tp8028-v4", "v4, March 2026: CCR only, bounded by 2 or 3 x KATO; no hold when it fails",
       named("tp8028-v4", tp8028_v4())},
      {"tp8028-v6",
       "after v4: the time that CCR leaves is held; one CCR is waited for KATO, not beyond that",
       named("tp8028-v6", tp8028_v6())},
      {"cqt-only",
       "time-based hold of 2 or 3 x KATO + CQT, no Cross-Controller Reset; CQT 0 means no hold",
       named("cqt-only", cqt_only())},
      {"ccr+cqt+filter", "as tp8028-v3, but reads and flushes are released at once",
       named("ccr+cqt+filter", with_filter())},
      {"spec", "everything that the specification asks for, none of the known gaps",
       named("spec", specification())}};
  return table;
}

const std::vector<TargetProfile>& target_profiles() {
  static const std::vector<TargetProfile> table = {
      {"nvmet-mainline",
       "mainline Linux nvmet: traffic-based keep alive, in-flight media commands run to their end",
       Subsystem{}},
      {"nvmet-tp8028", "nvmet with the TP8028 series: Cross-Controller Reset with CCRL 4",
       with_ccr()},
      {"spdk-like",
       "SPDK's target: KATO of at least 10 s and a look every KATO, commands land whenever they do",
       spdk_like()},
      {"array",
       "an array: controllers on nodes, what executes is stopped within CQT, reset across nodes",
       array()}};
  return table;
}

RecoveryPolicy policy_row(const std::string& name) { return find_in(policy_presets(), name).row; }
const KernelPreset& kernel_preset(const std::string& name) {
  return find_in(kernel_presets(), name);
}
transport::SynLimits syn_limits(const Fabric& fabric, const Host& host) {
  transport::SynLimits out = kernel_preset(host.kernel).syn;
  out.attempts = fabric.syn_attempts.value_or(out.attempts);
  // A kernel that gives up after two SYNs is older than tcp_syn_linear_timeouts.
  if (out.attempts == 2)
    out.linear = 0;
  out.linear = fabric.syn_linear_timeouts.value_or(out.linear);
  return out;
}
Host kernel_row(const std::string& name) { return kernel_preset(name).row; }
Subsystem profile_row(const std::string& name) { return find_in(target_profiles(), name).row; }

Codec<std::string> policy_name() { return name_from(policy_presets()); }
Codec<std::string> kernel_name() { return name_from(kernel_presets()); }
Codec<std::string> profile_name() { return name_from(target_profiles()); }

}  // namespace holdfast::scenario
