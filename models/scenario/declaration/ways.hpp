// SPDX-License-Identifier: Apache-2.0
// Between which nodes of a scenario's fabric there is a way. Checks and builder ask here, so that
// what passes the checks can be built.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/scenario/declaration/spec.hpp"

namespace holdfast::scenario {

/// Hosts and ports of subsystems: ways lead to them and never through them. Every other end of a
/// link is a switch.
std::set<std::string> end_points(const Scenario& scenario);

/// The ways of a fabric, in a time and space that grow with the number of its links.
class Ways {
 public:
  explicit Ways(const Scenario& scenario);

  /// Every end of a link, sorted.
  std::vector<std::string> nodes() const;
  bool known(const std::string& node) const { return links_at_.count(node) != 0; }
  /// How many links end at that node.
  std::size_t links_at(const std::string& node) const;
  /// Is there a way from one end point to another, through switches only? False for unknown nodes.
  bool lead(const std::string& from, const std::string& to) const;

 private:
  std::size_t group(std::size_t link) const;

  std::map<std::string, std::vector<std::size_t>> links_at_;
  std::vector<std::size_t> parent_;  ///< union-find over links: switches join theirs
};

}  // namespace holdfast::scenario
