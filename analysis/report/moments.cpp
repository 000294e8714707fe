// SPDX-License-Identifier: Apache-2.0
// An incident's timeline as a table; see moments.hpp.
#include "analysis/report/moments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/pages/pages.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;

std::string moments_markup(const json& incident, const std::string& caption) {
  // The moment of the damage is named as the incident is: "stale write" of a "stale_write".
  std::string kind = incident.value("kind", "");
  std::replace(kind.begin(), kind.end(), '_', ' ');
  std::string out = fmt::format(
      "<table class=\"incident\"><caption>{}</caption>"
      "<thead><tr><th scope=\"col\">at (s)</th><th scope=\"col\">what</th></tr></thead><tbody>\n",
      pages::for_markup("The " + kind + " " + caption));
  for (const json& moment : incident["timeline"]) {
    out += fmt::format(
        "<tr{}><td class=\"t\">{}</td><td>{}</td></tr>\n",
        moment.value("event", "") == kind ? " class=\"harm\"" : "",
        moment["t_s"].is_number() ? fmt::format("{:.9f}", moment["t_s"].get<double>()) : "",
        pages::for_markup(moment.value("text", "")));
  }
  return out + "</tbody></table>\n";
}

}  // namespace holdfast::analysis::report
