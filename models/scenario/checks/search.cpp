// SPDX-License-Identifier: Apache-2.0
// Cross checks of executions beside the scenario's own: answers, and the bounds of an adversary.
#include <set>
#include <utility>
#include <variant>

#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {
namespace {

void answers(const Scenario& s, const Cursor& at) {
  std::set<std::pair<std::string, std::uint64_t>> answered;
  for (std::size_t i = 0; s.choices && i < s.choices->size(); ++i) {
    const Answer& answer = (*s.choices)[i];
    const int said = int{answer.happens.has_value()} + int{answer.time.has_value()} +
                     int{answer.number.has_value()};
    if (said != 1) {
      at.at(i).fail(said == 0 ? "neither \"happens\" nor \"time\" nor \"number\""
                              : "several of \"happens\", \"time\" and \"number\"",
                    "one of them");
    }
    if (!answered.emplace(answer.point, answer.ordinal).second) {
      at.at(i).fail(fmt::format("a second answer to choice {} of {}", answer.ordinal,
                                in_quotes(answer.point)),
                    "one for each choice");
    }
  }
}

void in_order(const std::array<Duration, 2>& bounds, const Cursor& at) {
  if (bounds[0] > bounds[1])
    at.fail_value("the earlier one first");
}

bool lasts(const Fault& fault) {
  return std::visit(
      [](const auto& f) {
        if constexpr (requires { f.until_after; })
          return f.until_after.has_value();
        return false;
      },
      fault);
}

bool repeats(const Fault& fault) {
  return std::visit(
      [](const auto& f) {
        if constexpr (requires { f.every; })
          return f.every.has_value();
        return false;
      },
      fault);
}

void fault_bounds(const Scenario& s, const FaultBounds& bounds, const Cursor& at) {
  if (bounds.fault >= s.faults.size()) {
    at.at("fault").fail_value(
        fmt::format("the place of one of the {} faults, from 0", s.faults.size()));
  }
  const Fault& fault = s.faults[bounds.fault];
  if (!bounds.at && !bounds.lasts)
    at.fail("neither \"at\" nor \"for\"", "one of them, or both");
  if (repeats(fault))
    at.at("fault").fail("a fault that repeats", "one that strikes once");
  if (bounds.at)
    in_order(*bounds.at, at.at("at"));
  if (bounds.lasts) {
    in_order(*bounds.lasts, at.at("for"));
    if (!lasts(fault))
      at.at("for").fail("\"for\"", "none: this fault has no \"for\" in the scenario");
  }
}

void adversary(const Scenario& s, const Adversary& a, const Cursor& at) {
  const auto links = names_of(s.fabric.links);
  for (std::size_t i = 0; a.links && i < a.links->size(); ++i)
    require_name(at.at("links").at(i), (*a.links)[i], "a link", links);
  if (a.packet_delay)
    refuse_fc(s, at.at("packet_delay"), "packet_delay");
  if (a.until && *a.until < a.from)
    at.at("until").fail_value("an instant that is not before \"from\"");
  std::vector<std::uint32_t> seen;
  for (std::size_t i = 0; i < a.faults.size(); ++i) {
    const Cursor here = at.at("faults").at(i);
    fault_bounds(s, a.faults[i], here);
    if (std::find(seen.begin(), seen.end(), a.faults[i].fault) != seen.end())
      here.at("fault").fail_value("each fault once");
    seen.push_back(a.faults[i].fault);
  }
}

}  // namespace

void executions(const Scenario& s, const Cursor& root) {
  if (s.choices)
    answers(s, root.at("choices"));
  if (s.adversary)
    adversary(s, *s.adversary, root.at("adversary"));
}

}  // namespace holdfast::scenario::check
