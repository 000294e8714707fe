// SPDX-License-Identifier: Apache-2.0
// The report as JUnit XML, for the machines that show test results. It keeps to the schema that is
// checked most strictly, junit-10.xsd of the Jenkins xUnit plugin.
#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "analysis/conform/report/grid.hpp"
#include "analysis/conform/report/report.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  ///< U+FFFD

/// Length of the UTF-8 sequence at the beginning of `text` if it is one character that XML 1.0
/// allows; 0 if not.
std::size_t xml_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80)
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || text.size() < length)
    return 0;
  unsigned code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U)
      return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool forbidden =
      (code >= 0xd800 && code <= 0xdfff) || code == 0xfffe || code == 0xffff || code > 0x10ffff;
  return overlong || forbidden ? 0 : length;
}

/// XML has no way to write some characters, escaped or not.
std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = xml_character(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

void add_property(pugi::xml_node properties, const std::string& name, const std::string& value) {
  pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

void set_counts(pugi::xml_node suite, const Counts& c, bool dead) {
  set(suite, "tests", fmt::format("{}", c.pass + c.fail + c.not_applicable + c.not_exercised));
  set(suite, "failures", fmt::format("{}", c.fail));
  set(suite, "errors", dead ? "1" : "0");
}

std::string failure_body(const json& result) {
  const json& failure = result["failure"];
  std::string out;
  if (failure.contains("document")) {
    out += fmt::format(
        "{}\nReplay, in the folder of the report: {}\nFound in {}, failed in {} of {} "
        "scenarios\n\n",
        scenario_text(failure), replay_command(result), text_at(failure, "found_in"),
        result.value("failed_scenarios", 0), result.value("scenarios", 0));
  }
  for (const json& moment : failure.value("timeline", json::array()))
    out += moment_text(moment) + '\n';
  return out;
}

void add_case(pugi::xml_node suite, const Grid::Implementation& one, const json& requirement,
              const json& result) {
  pugi::xml_node node = suite.append_child("testcase");
  set(node, "classname", one.target + "." + one.policy);
  set(node, "name", text_at(requirement, "id") + " " + text_at(requirement, "title"));
  set(node, "time", "0");
  switch (verdict_of(result)) {
    case Verdict::pass:
      return;
    case Verdict::fail: {
      pugi::xml_node failure = node.append_child("failure");
      set(failure, "type", text_at(requirement, "kind"));
      if (result.contains("failure")) {
        set(failure, "message", text_at(result["failure"], "text"));
        failure.text().set(xml_text(failure_body(result)).c_str());
      }
      return;
    }
    case Verdict::not_applicable:
      set(node.append_child("skipped"), "message", "not applicable: " + text_at(result, "why"));
      return;
    case Verdict::not_exercised:
      set(node.append_child("skipped"), "message",
          "not exercised: no run came to the point, so nothing is known");
      return;
  }
}

/// The canary passes as a case if its check failed, as it must; if not, the case is an error.
void add_canary(pugi::xml_node suite, const Grid::Implementation& one) {
  const bool sings = verdict_of(*one.canary) == Verdict::fail;
  pugi::xml_node node = suite.append_child("testcase");
  set(node, "classname", one.target + "." + one.policy);
  set(node, "name",
      text_at(*one.canary, "requirement") +
          (sings ? " failed, as it must: the checker is alive" : " did not fail"));
  set(node, "time", "0");
  if (!sings)
    set(node.append_child("error"), "message", canary_text(Grid::Canary::dead));
}

void add_suite(pugi::xml_node root, const Grid& grid, const Grid::Implementation& one,
               std::size_t place) {
  pugi::xml_node suite = root.append_child("testsuite");
  set(suite, "name", one.name());
  Counts counts = grid.counts(one);
  const bool dead = one.canary != nullptr && verdict_of(*one.canary) != Verdict::fail;
  if (one.canary != nullptr)
    ++counts.pass;
  set_counts(suite, counts, dead);
  set(suite, "skipped", fmt::format("{}", counts.not_applicable + counts.not_exercised));
  set(suite, "time", "0");
  set(suite, "id", fmt::format("{}", place));
  set(suite, "package", "holdfast.conform");
  pugi::xml_node properties = suite.append_child("properties");
  add_property(properties, "policy", one.policy);
  add_property(properties, "target", one.target);
  add_property(properties, "model_version", text_at(grid.matrix(), "model_version"));
  for (const char* key : {"seed", "swarm"})
    add_property(properties, key, grid.matrix()[key].dump());
  for (const json* requirement : grid.requirements()) {
    for (const char* key : {"id", "kind", "party", "source", "confidence"})
      add_property(properties, text_at(*requirement, "id") + "." + key, text_at(*requirement, key));
  }
  for (std::size_t r = 0; r < one.results.size(); ++r) {
    if (one.results[r] != nullptr)
      add_case(suite, one, *grid.requirements()[r], *one.results[r]);
  }
  if (one.canary != nullptr)
    add_canary(suite, one);
}

}  // namespace

std::string junit_report(const json& matrix) {
  const Grid grid(matrix);
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  set(root, "name", "holdfast conform");
  Counts counts = grid.counts();
  for (const auto& one : grid.implementations())
    counts.pass += one.canary != nullptr ? 1 : 0;
  set_counts(root, counts, false);
  std::size_t dead = 0;
  for (std::size_t i = 0; i < grid.implementations().size(); ++i) {
    const auto& one = grid.implementations()[i];
    add_suite(root, grid, one, i);
    dead += one.canary != nullptr && verdict_of(*one.canary) != Verdict::fail ? 1 : 0;
  }
  root.attribute("errors").set_value(std::to_string(dead).c_str());
  std::ostringstream out;
  document.save(out, " ", pugi::format_indent, pugi::encoding_utf8);
  return out.str();
}

}  // namespace holdfast::conform
