// SPDX-License-Identifier: Apache-2.0
// `holdfast timers`: the timeline that the settings of a scenario imply, as a table or as JSON.
#include "analysis/timers/timers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bindings/cli/answers/asked.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

using analysis::Interval;
using analysis::timers::Line;
using analysis::timers::Timeline;

/// Seconds to the millisecond, without zeros at the end.
std::string text_of(sim::Duration d) {
  std::string text = fmt::format("{:.3f}", sim::seconds(d));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string text_of(const Interval& i) {
  const std::string first = text_of(i.earliest);
  const std::string last = text_of(i.latest);
  return first == last ? first : first + " .. " + last;
}

using Row = std::array<std::string, 6>;

Row row_of(const Line& line) {
  const std::string none = "-";
  return {line.name,
          line.after,
          text_of(line.span.exact),
          text_of(line.span.ticks),
          line.at ? text_of(line.at->exact) : none,
          line.at ? text_of(line.at->ticks) : none};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string table_of(const Timeline& t) {
  const std::string ticks = t.host_hz == t.target_hz
                                ? fmt::format("{} Hz", t.host_hz)
                                : fmt::format("{}/{} Hz", t.host_hz, t.target_hz);
  std::vector<Row> rows = {{"what", "after", "exact (s)", ticks, "since the fault", ticks}};
  for (const Line& line : t.lines)
    rows.push_back(row_of(line));
  std::array<std::size_t, 6> width{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      width[i] = std::max(width[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format("  {:<{}}", row[i], width[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string text_of(const Timeline& t) {
  std::string text = fmt::format("{} {} to {} {}, both directions of the path silent\n", t.host,
                                 joined(t.controllers), t.subsystem, joined(t.ports));
  text += table_of(t) + "\n";
  std::size_t width = 0;
  for (const Line& line : t.lines)
    width = std::max(width, line.name.size());
  for (const Line& line : t.lines) {
    text += fmt::format("  {:<{}}  {}: {} ({})\n", line.name, width, line.says, line.formula,
                        line.source);
  }
  const sim::Duration least = std::min(t.margin.exact.earliest, t.margin.ticks.earliest);
  text += fmt::format(
      "\n  {} s ({} s with ticks) from the last instant at which something may land to the first\n"
      "  at which a request may be sent elsewhere, each at its worst{}\n",
      text_of(t.margin.exact.earliest), text_of(t.margin.ticks.earliest),
      least < sim::Duration{} ? ": a retry may come first" : "");
  return text;
}

}  // namespace

int print_timers(const TimersArguments& arguments) {
  const std::string& hz = arguments.hz;
  const auto rate = static_cast<std::uint32_t>(whole_number("--hz", hz, 1, 1000));
  if (1'000'000'000 % rate != 0)
    throw UsageError(fmt::format("--hz: found {}, expected a divisor of 10^9", hz));
  nlohmann::json documents = nlohmann::json::array();
  for (const std::string& file : arguments.scenarios) {
    const scenario::Scenario one = read_changed(file, arguments.sets);
    if (arguments.json) {
      documents.push_back(analysis::timers::document(one, rate));
      continue;
    }
    std::string text = one.name + "\n";
    for (const Timeline& t : analysis::timers::timelines(one, rate))
      text += "\n" + text_of(t);
    for (const auto& bare : analysis::timers::without_keep_alive(one)) {
      text += fmt::format(
          "\n{} to {} {}: KATO 0, so nobody looks whether the path is alive. Recovery begins when "
          "an\n  I/O times out ({} s after its submission), or when the transport reports an "
          "error\n",
          bare.host, bare.subsystem, bare.port, text_of(bare.io_timeout));
    }
    for (const scenario::Host& host : one.hosts) {
      if (host.suspicion.any() || host.suspicion.look_every != sim::Duration{}) {
        text += fmt::format(
            "\n{}: its signs of a lost path beside the keep-alive (suspicion) are not counted\n",
            host.name);
      }
    }
    print(text);
  }
  if (arguments.json && documents.size() == 1) {
    print(documents.front());
  } else if (arguments.json) {
    print(nlohmann::json{{"schema_version", schema_version}, {"scenarios", documents}});
  }
  return done;
}

}  // namespace holdfast::cli
