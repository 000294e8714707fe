// SPDX-License-Identifier: Apache-2.0
// Ways through switches; see ways.hpp.
#include "models/scenario/declaration/ways.hpp"

#include <algorithm>
#include <numeric>

namespace holdfast::scenario {

std::set<std::string> end_points(const Scenario& scenario) {
  std::set<std::string> out;
  for (const Host& host : scenario.hosts)
    out.insert(host.name);
  for (const Subsystem& subsystem : scenario.subsystems)
    out.insert(subsystem.ports.begin(), subsystem.ports.end());
  return out;
}

Ways::Ways(const Scenario& scenario) : parent_(scenario.fabric.links.size()) {
  std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  for (std::size_t i = 0; i < parent_.size(); ++i) {
    for (const std::string& node : scenario.fabric.links[i].ends)
      links_at_[node].push_back(i);
  }
  const auto ends = end_points(scenario);
  for (const auto& [node, links] : links_at_) {
    if (ends.count(node) != 0)
      continue;
    for (const std::size_t link : links)
      parent_[group(link)] = group(links.front());
  }
  // From here on each link names its group, and looking it up changes nothing.
  for (std::size_t i = 0; i < parent_.size(); ++i)
    parent_[i] = group(i);
}

std::vector<std::string> Ways::nodes() const {
  std::vector<std::string> out;
  for (const auto& [node, links] : links_at_)
    out.push_back(node);
  return out;
}

std::size_t Ways::links_at(const std::string& node) const {
  const auto place = links_at_.find(node);
  return place == links_at_.end() ? 0 : place->second.size();
}

bool Ways::lead(const std::string& from, const std::string& to) const {
  if (!known(from) || !known(to))
    return false;
  std::set<std::size_t> groups;
  for (const std::size_t link : links_at_.at(from))
    groups.insert(group(link));
  const auto& there = links_at_.at(to);
  return std::any_of(there.begin(), there.end(),
                     [&](std::size_t link) { return groups.count(group(link)) != 0; });
}

std::size_t Ways::group(std::size_t link) const {
  while (parent_[link] != link)
    link = parent_[link];
  return link;
}

}  // namespace holdfast::scenario
