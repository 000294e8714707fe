// SPDX-License-Identifier: Apache-2.0
#include "analysis/conform/report.hpp"

#include <fmt/format.h>

#include "analysis/conform/story.hpp"

namespace holdfast::conform {

using nlohmann::json;

std::string failure_file(const json& r) {
  return fmt::format("failures/{}.json", incident_name(r["requirement"].get<std::string>(),
                                                       r["policy"].get<std::string>(),
                                                       r["target"].get<std::string>()));
}
std::string replay_command(const json& r) { return "holdfast run " + failure_file(r); }

std::string html_report(const json&) { return ""; }
std::string markdown_report(const json&) { return ""; }
std::string junit_report(const json&) { return ""; }

std::string text_report(const json& m) {
  std::string out;
  for (const json& r : m["results"]) {
    out += fmt::format("{:<10} {:<16} {:<15} {:<15} {}\n", r["requirement"].get<std::string>(),
                       r["policy"].get<std::string>(), r["target"].get<std::string>(),
                       r["verdict"].get<std::string>(),
                       r.contains("failure") ? r["failure"]["text"].get<std::string>() : "");
  }
  return out;
}

std::vector<Difference> compare(const json&, const json&) { return {}; }
std::string text_of(const std::vector<Difference>&) { return ""; }
std::vector<Difference> compare_expected(const json&, const json&) { return {}; }

}  // namespace holdfast::conform
