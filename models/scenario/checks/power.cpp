// SPDX-License-Identifier: Apache-2.0
// Cross checks of hosts that go and come back, and of records of failures, whose files are read
// here; see check.hpp.
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "models/scenario/checks/internal.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::scenario::check {

namespace {

constexpr std::size_t most_failures = 100'000;

std::vector<std::string> array_nodes(const Scenario& s) {
  std::vector<std::string> out;
  for (const Subsystem& sub : s.subsystems) {
    for (const ArrayNode& node : sub.nodes)
      out.push_back(node.name);
  }
  return out;
}

struct Wrong {
  std::string column;  ///< "what" or "state", or "at"
  std::string found;
  std::string expected;
  std::string near;
};

/// What is known of rows so far.
struct Rows {
  const Scenario& s;
  std::vector<std::string> nodes;
  std::vector<std::string> names;
  std::set<std::string> links;  ///< and groups of them
  Duration shift;               ///< the latest that is added to each time
  Duration last{};
  std::map<std::string, std::string> states;

  Rows(const Scenario& scenario, const FailureTrace& trace)
      : s(scenario),
        nodes(array_nodes(scenario)),
        names(links_and_groups(scenario)),
        links(names.begin(), names.end()),
        shift(latest(trace.at)) {
    names.insert(names.end(), nodes.begin(), nodes.end());
  }

  std::optional<Wrong> take(const Failure& row) {
    if (row.at < last)
      return Wrong{"at",
                   format_duration(row.at),
                   "at least " + format_duration(last) + ", the time of the row before",
                   {}};
    if (shift + row.at >= s.duration)
      return Wrong{"at",
                   shift == 0s ? format_duration(row.at)
                               : fmt::format("{}, and {} (\"at\") later", format_duration(row.at),
                                             format_duration(shift)),
                   "before the end of the run at " + format_duration(s.duration),
                   {}};
    const bool link = links.count(row.what) != 0, node = contains(nodes, row.what);
    if (link && node)
      return Wrong{"what",
                   in_quotes(row.what) + ", a link or a group of links, and a node of an array",
                   "a name that one of them has",
                   {}};
    if (!link && !node)
      return Wrong{"what", in_quotes(row.what) + " unknown",
                   "a link, a group of links or a node of an array: " + one_of(names),
                   nearest(row.what, names)};
    if (link && row.state != "up" && row.state != "down")
      return Wrong{"state", fmt::format("{} of a link", in_quotes(row.state)), "up or down", {}};
    if (!link && std::count(nodes.begin(), nodes.end(), row.what) != 1)
      return Wrong{"what",
                   in_quotes(row.what) + ", a node of more than one subsystem",
                   "a name that one node has",
                   {}};
    std::string& state = states.try_emplace(row.what, "up").first->second;
    if (state == row.state)
      return Wrong{"state",
                   fmt::format("{} {} again", in_quotes(row.what), row.state),
                   "another state than before",
                   {}};
    state = row.state;
    last = row.at;
    return std::nullopt;
  }
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> columns_of(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= line.size();) {
    const std::size_t to = std::min(line.find(',', from), line.size());
    out.emplace_back(trimmed(line.substr(from, to - from)));
    from = to + 1;
  }
  return out;
}

/// The rows of one file.
class File {
 public:
  File(const Scenario& s, const FailureTrace& trace, std::filesystem::path path)
      : path_(std::move(path)), rows_(s, trace) {}

  std::vector<Failure> read() {
    const std::string text = read_text(path_);
    std::vector<Failure> out;
    // Spreadsheets begin a file of UTF-8 with the mark of the order of bytes.
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    for (std::size_t from = text.starts_with(mark) ? mark.size() : 0; from < text.size();) {
      const std::size_t to = std::min(text.find('\n', from), text.size());
      ++line_;
      const std::string_view line = trimmed(std::string_view(text).substr(from, to - from));
      from = to + 1;
      const bool heads = out.empty() && line.substr(0, 5) == "time,";
      if (line.empty() || line.front() == '#' || heads)
        continue;
      out.push_back(row_of(line));
      if (out.size() > most_failures)
        fail("more rows", fmt::format("at most {}", most_failures));
    }
    if (out.empty())
      fail("no row", "lines of time,what,state, such as 10s,h1-s1,down");
    return out;
  }

 private:
  Failure row_of(std::string_view line) {
    const auto columns = columns_of(line);
    if (columns.size() != 3)
      fail(fmt::format("{} columns", columns.size()), "three: time,what,state");
    const auto at = parse_duration(columns[0]);
    if (!at.ok())
      fail(in_quotes(columns[0]) + " (" + at.problem + ")",
           "a time with a unit, e.g. 10s (units: ns, us, ms, s, min, h)");
    const std::vector<std::string> states = {"up", "down", "crash", "hang", "partition"};
    if (!contains(states, columns[2]))
      fail(in_quotes(columns[2]), one_of(states), nearest(columns[2], states));
    const Failure row{at.value, columns[1], columns[2]};
    if (const auto wrong = rows_.take(row))
      fail(wrong->found, wrong->expected, wrong->near);
    return row;
  }

  [[noreturn]] void fail(std::string found, std::string expected, std::string near = {}) const {
    ScenarioError::Parts parts{
        path_.string(), {}, std::move(found), std::move(expected), std::move(near)};
    parts.line = std::max<std::size_t>(line_, 1);
    parts.column = 1;
    throw ScenarioError(std::move(parts));
  }

  std::filesystem::path path_;
  Rows rows_;
  std::size_t line_ = 0;
};

/// The file that a record names. It is beside the scenario or below: a scenario from elsewhere
/// reads nothing but what came with it.
std::filesystem::path beside(const std::string& name, const Cursor& at) {
  // The system would take what is before it for the whole name.
  if (name.find('\0') != std::string::npos)
    at.fail_value("a name of a file, which has no NUL");
  const std::filesystem::path path(name);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
    at.fail(in_quotes(name) + ", which leads away from the scenario",
            "a file beside the scenario or below, as \"night.csv\"");
  const auto out = std::filesystem::path(at.source()).parent_path() / path;
  std::error_code error;
  const auto status = std::filesystem::status(out, error);
  if (status.type() == std::filesystem::file_type::regular)
    return out;
  const bool unknown = status.type() == std::filesystem::file_type::none;
  at.fail(
      in_quotes(name) + (unknown ? fmt::format(" ({})", error.message()) : ", which is no file"),
      fmt::format("a file that can be read; {} was looked for", in_quotes(out.string())));
}

}  // namespace

std::vector<std::string> links_and_groups(const Scenario& s) {
  auto out = names_of(s.fabric.links);
  for (const LinkGroup& group : s.fabric.groups)
    out.push_back(group.name);
  return out;
}

void read_failures(Scenario& s, const Cursor& faults) {
  Strikes strikes(s);
  for (std::size_t i = 0; i < s.faults.size(); ++i) {
    auto* const trace = std::get_if<FailureTrace>(&s.faults[i]);
    if (trace == nullptr)
      continue;
    const Cursor at = faults.at(i);
    if (trace->file && !trace->failures.empty())
      at.at("file").fail("\"file\" and \"failures\"", "one of them");
    if (!trace->file) {
      strikes.add(s.faults[i], at);
      continue;
    }
    trace->failures = File(s, *trace, beside(*trace->file, at.at("file"))).read();
    trace->file.reset();
    strikes.add(s.faults[i], at);  // before the next file: copies of a long one may not fit memory
  }
}

void astray(const Scenario& s, const HostDown& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), at.at("type").value().dump());
  host_named(s, fault.host, at.at("host"));
}

void astray(const Scenario& s, const FailureTrace& fault, const Cursor& at) {
  if (fault.failures.empty())
    at.fail("a record of failures without any", "\"file\", or \"failures\"");
  if (at.value().contains("file"))
    return;  // its rows were checked where they stand
  Rows rows(s, fault);
  for (std::size_t i = 0; i < fault.failures.size(); ++i) {
    if (const auto wrong = rows.take(fault.failures[i]))
      at.at("failures").at(i).at(wrong->column).fail(wrong->found, wrong->expected, wrong->near);
  }
}

}  // namespace holdfast::scenario::check
