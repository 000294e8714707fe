// SPDX-License-Identifier: Apache-2.0
// The closed form; see closed.hpp.
#include "analysis/sizing/closed.hpp"

#include <fmt/format.h>

#include <Eigen/SparseCore>
#include <cmath>
#include <string>
#include <variant>

#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::sizing {

namespace {

using scenario::Latency;
using scenario::Scenario;
using scenario::ScenarioError;

[[noreturn]] void refuse(const Scenario& s, const char* pointer, const std::string& found,
                         const char* expected) {
  throw ScenarioError({s.name, pointer, found, expected, ""});
}

const scenario::Fio& job_of(const Scenario& s) {
  const auto* fio = s.workloads.size() == 1 ? std::get_if<scenario::Fio>(&s.workloads[0]) : nullptr;
  if (fio == nullptr || fio->rate_iops == 0)
    refuse(s, "/workloads", "no job with a rate", "one fio job with rate_iops");
  if (fio->rw != workload::Pattern::randwrite && fio->rw != workload::Pattern::write)
    refuse(s, "/workloads/0/rw", "reads", "randwrite or write");
  return *fio;
}

const scenario::Blackhole& fault_of(const Scenario& s) {
  const auto* hole =
      s.faults.size() == 1 ? std::get_if<scenario::Blackhole>(&s.faults[0]) : nullptr;
  if (hole == nullptr || hole->until_after || hole->every ||
      hole->direction != scenario::Direction::both)
    refuse(s, "/faults",
           s.faults.size() != 1 ? fmt::format("{} faults", s.faults.size()) : "another one",
           "one blackhole of both directions, for good");
  if (hole->at.kind != Latency::Kind::constant && hole->at.kind != Latency::Kind::uniform)
    refuse(s, "/faults/0/at", "another distribution", "an instant, or uniform");
  return *hole;
}

/// The transient states are steps until detection, at most `last` of them, and then the hold; from
/// the state k of detection the hold begins with the hazard of a uniform instant. An entry is the
/// chance of going on, `survives` that of the write beside it.
struct Chain {
  Eigen::SparseMatrix<double, Eigen::RowMajor> on;  ///< strictly upper triangular
  Eigen::VectorXd out;                              ///< to the release
};

Chain chain_of(const Path& path, Duration step) {
  const Interval detects = detection_of(path);
  const auto first = static_cast<Eigen::Index>(detects.earliest / step);
  const auto last = std::max(first + 1, static_cast<Eigen::Index>(detects.latest / step));
  const auto hold = static_cast<Eigen::Index>(hold_of(path) / step);
  Chain c;
  c.on.resize(last + hold, last + hold);
  c.out = Eigen::VectorXd::Zero(last + hold);
  std::vector<Eigen::Triplet<double>> entries;
  for (Eigen::Index k = 0; k < last; ++k) {
    const double detected = k < first ? 0.0 : 1.0 / static_cast<double>(last - k);
    if (detected < 1.0)
      entries.emplace_back(k, k + 1, 1.0 - detected);
    if (detected > 0.0 && hold > 0) {
      // k + 1 is the first state of the hold if k is the last one of detection.
      if (k + 1 == last)
        entries.emplace_back(k, last, 1.0);
      else
        entries.emplace_back(k, last, detected);
    } else {
      c.out[k] += detected;
    }
  }
  for (Eigen::Index k = last; k < last + hold; ++k) {
    if (k + 1 < last + hold)
      entries.emplace_back(k, k + 1, 1.0);
    else
      c.out[k] = 1.0;
  }
  c.on.setFromTriplets(entries.begin(), entries.end());
  return c;
}

/// How many writes of the longer kind execute at the fault, on average: those of the last seconds
/// that have not ended (M/G/infinity), averaged over when the fault strikes.
double executing_of(const Path& p) {
  const double mean = sim::seconds(p.mean);
  const double rate = p.writes_per_s * p.chance * mean;
  const double from = sim::seconds(p.warm_earliest);
  const double to = sim::seconds(p.warm_latest);
  if (to - from < 1e-9)
    return rate * -std::expm1(-from / mean);
  return rate * (1.0 - mean * (std::exp(-from / mean) - std::exp(-to / mean)) / (to - from));
}

/// The chain knows one hold: m x KATO + CQT from a detection by the keep-alive timer alone, of a
/// controller whose own timer is KATO, too. Without a hold what the target has not fetched can do
/// harm as well, which the chain does not count.
void require_rule(const Scenario& s, const scenario::Host& host,
                  const scenario::Subsystem& subsystem, Duration kato) {
  using host::RecoveryPolicy;
  const scenario::RecoveryPolicy& policy = host.policy;
  const char* const rule = "a hold of m x KATO + CQT, such as that of \"cqt-only\"";
  if (policy.hold == RecoveryPolicy::Hold::none || policy.waits == RecoveryPolicy::Waits::nowhere)
    refuse(s, "/hosts/0/policy", fmt::format("\"{}\", which does not hold", told_as(policy)), rule);
  if (policy.hold_from != RecoveryPolicy::HoldFrom::recovery_start)
    refuse(s, "/hosts/0/policy/hold_from", "a hold that begins before recovery",
           "\"recovery_start\"");
  if (subsystem.attr_cqt == Duration{})
    refuse(s, "/subsystems/0/attr_cqt", "0s", "a CQT, without which the rule does not hold");
  if (effective_kato(kato, subsystem.kato_min, subsystem.kas) != kato)
    refuse(s, "/hosts/0/connect/0/keep_alive_tmo",
           "a KATO that the target raises, so that its timer is not the host's",
           "one of at least its kato_min, and a multiple of its kas");
  if (host.suspicion.any() || host.suspicion.look_every != Duration{})
    refuse(s, "/hosts/0/suspicion", "signs beside the keep-alive timer", "none");
  if (host.clock_fast_ppm != 0 || host.clock_slow_ppm != 0)
    refuse(s, host.clock_fast_ppm != 0 ? "/hosts/0/clock_fast_ppm" : "/hosts/0/clock_slow_ppm",
           "a clock that is not right", "0");
}

}  // namespace

Path path_of(const Scenario& s) {
  if (s.hosts.size() != 1 || s.hosts[0].connect.size() < 2)
    refuse(s, "/hosts",
           s.hosts.size() != 1 ? fmt::format("{} hosts", s.hosts.size())
                               : fmt::format("{} connections", s.hosts[0].connect.size()),
           "one host with at least two connections");
  const scenario::Host& host = s.hosts[0];
  const scenario::Fio& job = job_of(s);
  const scenario::Blackhole& hole = fault_of(s);
  const scenario::Subsystem& subsystem = s.subsystems.front();
  if (s.subsystems.size() != 1 || subsystem.in_flight != target::InFlight::drain)
    refuse(s, "/subsystems/0/in_flight", "another", "one subsystem with \"drain\"");
  const scenario::Media& media = subsystem.namespaces.front().media;
  Path p;
  p.mode = subsystem.traffic_based_keep_alive ? KeepAlive::traffic_based : KeepAlive::command_based;
  const scenario::Connect& c = host.connect.front();
  if (c.keep_alive_tmo == Duration{})
    refuse(s, "/hosts/0/connect/0/keep_alive_tmo", "0s",
           "a KATO, without which nothing is noticed");
  p.kato = c.keep_alive_tmo.value_or(std::chrono::seconds{5});
  p.cqt = subsystem.attr_cqt;
  require_rule(s, host, subsystem, p.kato);
  p.multiplier = host.policy.hold_multiplier != 0.0 ? host.policy.hold_multiplier
                                                    : static_cast<double>(hold_multiplier(p.mode));
  if (host.iopolicy == host::IoPolicy::latency)
    refuse(s, "/hosts/0/iopolicy", "latency", "a policy whose shares are known beforehand");
  p.writes_per_s = static_cast<double>(job.rate_iops) * job.numjobs;
  if (host.iopolicy == host::IoPolicy::round_robin)
    p.writes_per_s /= static_cast<double>(host.connect.size());
  switch (media.write.kind) {
    case Latency::Kind::tail:
      p.chance = media.write.chance;
      break;
    case Latency::Kind::exponential:
      p.chance = 1.0;
      break;
    default:
      refuse(s, "/subsystems/0/namespaces/0/media/write", "a time with an end",
             "an exponential one, or one with a rare part");
  }
  p.usual = media.write.low;
  p.mean = media.write.high;
  p.warm_earliest = std::max(hole.at.low - job.start, Duration{});
  p.warm_latest =
      std::max((hole.at.kind == Latency::Kind::uniform ? hole.at.high : hole.at.low) - job.start,
               Duration{});
  return p;
}

Interval detection_of(const Path& p) {
  const Interval all = host_detection(p.mode, p.load, p.kato);
  if (p.mode == KeepAlive::traffic_based && p.load == Load::busy)
    return {all.earliest + look_period(p.mode, p.kato), all.latest};
  return all;
}

Duration hold_of(const Path& p) {
  if (p.multiplier == 0.0 || p.cqt == Duration{})
    return Duration{};
  return Duration{std::llround(p.multiplier * static_cast<double>(p.kato.count()))} + p.cqt;
}

Duration worst_stall(const Path& p) { return detection_of(p).latest + hold_of(p); }

double Law::quantile_s(double p) const {
  double sum = 0.0;
  for (Eigen::Index k = 0; k < chance.size(); ++k) {
    sum += chance[k];
    if (sum >= p)
      return sim::seconds(step) * static_cast<double>(k + 1);
  }
  return sim::seconds(step) * static_cast<double>(chance.size());
}

Law release_law(const Path& path, Duration step) {
  HOLDFAST_CHECK(step > Duration{}, "time goes on");
  const Chain c = chain_of(path, step);
  Law law;
  law.step = step;
  law.chance = Eigen::ArrayXd::Zero(c.out.size());
  Eigen::RowVectorXd state = Eigen::RowVectorXd::Zero(c.out.size());
  state[0] = 1.0;
  const auto most = c.out.size();
  for (Eigen::Index k = 0; k < most; ++k) {
    law.chance[k] = state.dot(c.out.transpose());
    state = (state * c.on).eval();
  }
  return law;
}

double exposure_of(const Path& path, Duration step) {
  HOLDFAST_CHECK(step > Duration{} && path.mean > Duration{}, "time goes on");
  const Chain c = chain_of(path, step);
  const double survives = std::exp(-sim::seconds(step) / sim::seconds(path.mean));
  // u = (I - s T)^-1 s t, where the chain goes up: from the last state back to the first.
  Eigen::VectorXd u = Eigen::VectorXd::Zero(c.out.size());
  for (Eigen::Index k = c.out.size(); k-- > 0;) {
    double sum = c.out[k];
    for (Eigen::SparseMatrix<double, Eigen::RowMajor>::InnerIterator it(c.on, k); it; ++it)
      sum += it.value() * u[it.col()];
    u[k] = survives * sum;
  }
  // What each write takes at least counts from its begin, as good as nothing beside the rest.
  return -std::expm1(-executing_of(path) * u[0]);
}

}  // namespace holdfast::analysis::sizing
