// SPDX-License-Identifier: Apache-2.0
// How much the faults of a scenario become together; see internal.hpp.
#include <type_traits>
#include <variant>

#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {
namespace {

// A fault of one link has two events in the calendar, which holds 2^23 of everything.
constexpr std::uint64_t most_strikes = 524'288;
// Impairments of one link stand one behind the other, so what they duplicate multiplies.
constexpr double most_copies = 64.0;

}  // namespace

Strikes::Strikes(const Scenario& s) {
  for (const LinkGroup& group : s.fabric.groups)
    links_.emplace(group.name, group.links.size());
}

std::uint64_t Strikes::links_of(const std::string& name) const {
  const auto group = links_.find(name);
  return group == links_.end() ? 1 : group->second;
}

void Strikes::add(const Fault& fault, const Cursor& at) {
  made_ += std::visit(
      [&](const auto& one) -> std::uint64_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, FailureTrace>) {
          std::uint64_t rows = 0;  // one that ends a failure is kept like others
          for (const Failure& row : one.failures)
            rows += row.state == "up" ? 1 : links_of(row.what);
          return rows;
        } else if constexpr (requires { one.link; }) {
          return links_of(one.link);
        } else {
          return 1;
        }
      },
      fault);
  if (const auto* impair = std::get_if<Impair>(&fault); impair != nullptr && impair->duplicate > 0)
    add_copies(*impair, at);
  if (made_ > most_strikes)
    at.fail(fmt::format("{} failures of single links and nodes up to here (rows of records and "
                        "faults, x links of a group)",
                        made_),
            fmt::format("at most {} of all faults together", most_strikes));
}

void Strikes::add_copies(const Impair& impair, const Cursor& at) {
  Copies one{impair.direction, impair.at.low, sim::Duration::max(), 1.0 + impair.duplicate};
  if (impair.until_after)
    one.until = latest(impair.at) + *impair.until_after;
  double factor = one.factor;
  std::vector<Copies>& others = copies_[impair.link];
  for (const Copies& other : others) {
    const bool same_way = one.direction == other.direction || one.direction == Direction::both ||
                          other.direction == Direction::both;
    if (same_way && one.from < other.until && other.from < one.until)
      factor *= other.factor;
  }
  others.push_back(one);
  if (factor > most_copies)
    at.at("duplicate")
        .fail(fmt::format("{:.3g} copies of each packet, together with other impairments of {}",
                          factor, in_quotes(impair.link)),
              fmt::format("at most {:g} of all that impair a link at the same time", most_copies));
}

}  // namespace holdfast::scenario::check
