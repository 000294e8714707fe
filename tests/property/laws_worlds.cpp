// SPDX-License-Identifier: Apache-2.0
#include "tests/property/laws_worlds.hpp"

#include <algorithm>
#include <filesystem>

namespace holdfast::laws {

std::size_t jobs_of(const std::vector<scenario::Workload>& loads) {
  std::size_t out = 0;
  for (const scenario::Workload& one : loads) {
    const auto* fio = std::get_if<scenario::Fio>(&one);
    out += fio == nullptr ? 1 : fio->numjobs;
  }
  return out;
}

Scenario scenario_of(const json& document) {
  Scenario out = scenario::from_json(document, "law");
  if (out.name.rfind("generated", 0) == 0)
    out.duration = std::min<sim::Duration>(out.duration, horizon);
  return out;
}

std::vector<std::pair<std::string, json>> bundled() {
  std::vector<std::pair<std::string, json>> out;
  for (const char* folder : {"scenarios", "scenarios/reference"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json")
        continue;
      json document = scenario::read_document(entry.path());
      // A sweep or a schema may lie beside the scenarios; only scenarios have hosts.
      if (document.contains("hosts"))
        out.emplace_back(entry.path().string(),
                         scenario::without_templates(document, entry.path().string()));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

json neighbour(const json& scenario, std::uint64_t seed) {
  const auto transport = [](const json& s) { return s.at("fabric").value("transport", "tcp"); };
  // A fault of the one may send packets that do not fit a narrow link of the other.
  const auto is_narrow = [](const json& s) {
    const json& links = s.at("fabric").at("links");
    return std::any_of(links.begin(), links.end(),
                       [](const json& link) { return link.value("mtu", 1500) < 1500; });
  };
  json other;
  do {
    other = json::parse(generate::scenario_text(++seed));
  } while (transport(other) != transport(scenario) || is_narrow(other));
  return generate::renamed(other, [](const std::string& name) { return "other-" + name; });
}

void try_on_drawn(std::uint64_t first, std::uint64_t count, const Law& law) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string broken = law(json::parse(generate::scenario_text(seed)), seed);
    if (!broken.empty())
      FAIL_CHECK("drawn scenario " << seed << ": " << broken);
  }
}

void try_on_bundled(std::size_t first, std::size_t stride, const Law& law) {
  const auto all = bundled();
  REQUIRE(all.size() > 4);
  for (std::size_t i = first; i < all.size(); i += stride) {
    const std::string broken = law(all[i].second, i);
    if (!broken.empty())
      FAIL(all[i].first << ": " << broken);
  }
}

}  // namespace holdfast::laws
