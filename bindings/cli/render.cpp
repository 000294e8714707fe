// SPDX-License-Identifier: Apache-2.0
// Table and timelines of `holdfast run`; see render.hpp.
#include "bindings/cli/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

namespace holdfast::cli {
namespace {

using nlohmann::json;

constexpr const char* absent = "-";
constexpr std::array<const char*, 10> columns = {
    "scenario",      "policy",       "verdict",        "stale writes", "exposure",
    "longest stall", "slowest read", "detected after", "hold",         "outcome"};
constexpr std::size_t verdict_column = 2;

using Row = std::array<std::string, columns.size()>;

// The value under a pointer, or null when any step of it is absent.
const json& get(const json& document, const char* pointer) {
  static const json none;
  const json::json_pointer path(pointer);
  return document.contains(path) ? document.at(path) : none;
}

std::string word(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  return value.is_null() ? absent : value.dump();
}

/// A number of a result for reading: six digits, or as many as set it apart from the number that
/// `expected` names. The document has all of them.
std::string number_text(const json& value, const std::string& expected) {
  if (!value.is_number_float())
    return word(value);
  const double number = value.get<double>();
  const auto text = [&](int digits) {
    // Without an exponent: so many places behind the point that the first digit has `digits - 1`
    // behind it.
    const int first =
        number == 0.0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(number))));
    std::string out = fmt::format("{:.{}f}", number, std::clamp(digits - 1 - first, 1, 17));
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.')
      out.pop_back();
    return out;
  };
  const auto named = [&](const std::string& out) {
    return (' ' + expected + ' ').find(' ' + out + ' ') != std::string::npos;
  };
  int digits = 6;
  while (digits < 17 && named(text(digits)))
    ++digits;
  return text(digits);
}

std::string time_word(const json& value) {
  return value.is_number() ? time_text(value.get<double>()) : absent;
}

// Smallest and largest of one interval over all recoveries.
std::string interval(const json& result, const char* from, const char* to) {
  double low = std::numeric_limits<double>::infinity(), high = -1.0;
  for (const auto& recovery : get(result, "/recovery")) {
    const json& a = get(recovery, from);
    const json& b = get(recovery, to);
    if (!a.is_number() || !b.is_number())
      continue;
    const double span = b.get<double>() - a.get<double>();
    low = std::min(low, span);
    high = std::max(high, span);
  }
  if (high < 0.0)
    return absent;
  // Ten microseconds apart or less is one value to a reader of milliseconds.
  return high - low < 1e-5 ? time_text(high) : time_text(low) + " .. " + time_text(high);
}

std::string outcomes(const json& result) {
  std::map<std::string, int> counts;
  for (const auto& recovery : get(result, "/recovery"))
    ++counts[word(get(recovery, "/outcome"))];
  std::string out;
  for (const auto& [outcome, count] : counts) {
    out += (out.empty() ? "" : ", ") + outcome + (count > 1 ? fmt::format(" x{}", count) : "");
  }
  return out.empty() ? absent : out;
}

std::string policies(const json& result) {
  std::vector<std::string> seen;
  for (const auto& host : get(result, "/hosts")) {
    const auto policy = word(get(host, "/policy"));
    if (std::find(seen.begin(), seen.end(), policy) == seen.end())
      seen.push_back(policy);
  }
  return seen.empty() ? absent : fmt::format("{}", fmt::join(seen, ", "));
}

std::string slowest_read(const json& result) {
  const json& slowest = get(result, "/io/read/slowest_s");
  const bool any = slowest.is_number() && slowest.get<double>() > 0.0;
  return any ? time_word(slowest) : absent;
}

std::string paint(const std::string& text, const char* code, bool colour) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

std::string count_of(const json& count, const char* one, const char* more) {
  return fmt::format("{} {}", word(count), count == 1 ? one : more);
}

/// What the run left open. A load that goes on until the end always has some I/O out; it is worth a
/// word if it waits for longer than any other did.
std::string unfinished(const json& result, bool colour) {
  std::vector<std::string> parts;
  const json& io = get(result, "/unfinished/io/count");
  const json& oldest = get(result, "/unfinished/io/oldest_s");
  double slowest_s = 0.0;
  for (const char* kind : {"/io/read/lat_us/max", "/io/write/lat_us/max", "/io/other/lat_us/max"}) {
    const json& us = get(result, kind);
    slowest_s = std::max(slowest_s, us.is_number() ? us.get<double>() * 1e-6 : 0.0);
  }
  if (oldest.is_number() && io != 0 && oldest.get<double>() > std::min(1.0, 2.0 * slowest_s))
    parts.push_back(count_of(io, "I/O is", "I/Os are") + " out, the oldest for " +
                    time_word(oldest));
  if (const json& open = get(result, "/unfinished/recoveries"); open.is_number() && open != 0)
    parts.push_back(count_of(open, "path is", "paths are") + " given up and not back");
  if (const json& faults = get(result, "/unfinished/faults"); faults.is_number() && faults != 0)
    parts.push_back(count_of(faults, "fault has", "faults have") + " not ended");
  if (const json& jobs = get(result, "/unfinished/workloads"); jobs.is_number() && jobs != 0)
    parts.push_back(count_of(jobs, "workload has", "workloads have") +
                    " not begun, for want of a path or of time");
  if (parts.empty())
    return {};
  return fmt::format("{}  {}: at the end {}\n", paint("unfinished", "1;33", colour),
                     word(get(result, "/name")), fmt::join(parts, ", "));
}

Row row_of(const json& result) {
  return {word(get(result, "/name")),
          policies(result),
          word(get(result, "/integrity/verdict")),
          word(get(result, "/integrity/stale_writes")),
          time_word(get(result, "/exposure/max_s")),
          time_word(get(result, "/io/longest_stall_s")),
          slowest_read(result),
          interval(result, "/fault_s", "/detected_s"),
          interval(result, "/fence_started_s", "/released_s"),
          outcomes(result)};
}

const char* colour_of(const std::string& verdict) {
  if (verdict == "ok")
    return "32";
  return verdict == "corrupt" ? "1;31" : "1;33";
}

std::string table(const std::vector<Row>& rows, bool colour) {
  std::array<std::size_t, columns.size()> widths{};
  for (std::size_t c = 0; c < columns.size(); ++c) {
    widths[c] = std::string(columns[c]).size();
    for (const auto& row : rows)
      widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  const auto line = [&](const Row& row, bool head) {
    std::string text;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      // Padding comes outside the colour, whose codes have no width on the terminal.
      const bool last = c + 1 == columns.size();
      const std::string pad(last ? 0 : widths[c] - row[c].size() + 2, ' ');
      if (head) {
        text += paint(row[c], "1", colour) + pad;
      } else if (c == verdict_column) {
        text += paint(row[c], colour_of(row[c]), colour) + pad;
      } else {
        text += row[c] + pad;
      }
    }
    out += text + '\n';
  };
  Row head;
  std::copy(columns.begin(), columns.end(), head.begin());
  line(head, true);
  for (const auto& row : rows)
    line(row, false);
  return out;
}

std::string timeline(const json& result, bool colour) {
  const json& incidents = get(result, "/integrity/incidents");
  if (!incidents.is_array() || incidents.empty())
    return {};
  const json& first = incidents[0];
  const char* who = first.contains("read") ? "read" : "write";
  const auto title =
      fmt::format("{}: {} on host {}, namespace {}, LBA {}, {} {}", word(get(result, "/name")),
                  word(get(first, "/kind")), word(get(first, "/host")),
                  word(get(first, "/namespace")), word(get(first, "/lba")), who, word(first[who]));
  std::string out = '\n' + paint(title, "1", colour) + '\n';
  for (const auto& entry : get(first, "/timeline")) {
    const json& at = get(entry, "/t_s");
    const auto when = at.is_number() ? fmt::format("{:.6f} s", at.get<double>()) : absent;
    out += fmt::format("  {:>16}  {}\n", when, word(get(entry, "/text")));
  }
  if (incidents.size() > 1) {
    const std::size_t more = incidents.size() - 1;
    out += fmt::format("  {:>16}  ... and {} more incident{} (see --json)\n", "", more,
                       more == 1 ? "" : "s");
  }
  return out;
}

// --kernel both: a run that ends means that the kernels did the same, record by record.
std::string agreement(const json& result) {
  if (!result.contains("kernels"))
    return {};
  return fmt::format("{}: both kernels agree, trace hash {} = {}\n", word(get(result, "/name")),
                     word(get(result, "/kernels/simgrid/trace_hash")),
                     word(get(result, "/kernels/native/trace_hash")));
}

/// Why a run ended before its time, and what that means for the row above.
std::string partial(const json& result, bool colour) {
  if (!result.contains("partial"))
    return {};
  const std::string reason = word(get(result, "/partial/reason"));
  std::string ended = "stopped";
  if (reason == "max_events")
    ended = fmt::format("ended by --max-events after {} events", word(get(result, "/sim/events")));
  if (reason == "max_memory")
    ended = "ended by --max-memory";
  std::string out = fmt::format(
      "{}  {}: {} at {:.6g} of {:.10g} s; what may still change is not judged",
      paint("partial", "1;33", colour), word(get(result, "/name")), ended,
      get(result, "/partial/until_s").get<double>(), get(result, "/partial/of_s").get<double>());
  std::string open;
  for (const auto& one : get(result, "/expect")) {
    if (get(one, "/verdict") == "not judged")
      open += (open.empty() ? "" : ", ") + word(get(one, "/name"));
  }
  if (!open.empty())
    out += " (" + open + ")";
  if (result["partial"].contains("left_out")) {
    std::vector<std::string> parts;
    for (const auto& one : result["partial"]["left_out"])
      parts.push_back(word(one));
    out += fmt::format("; there was no time for {}", fmt::join(parts, ", "));
  }
  return out + '\n';
}

}  // namespace

std::string time_text(double seconds) {
  if (seconds == 0.0)
    return "0 s";
  if (seconds < 1e-3)
    return fmt::format("{:.1f} us", seconds * 1e6);
  if (seconds < 1.0)
    return fmt::format("{:.1f} ms", seconds * 1e3);
  return fmt::format("{:.3f} s", seconds);
}

std::vector<std::string> failures(const nlohmann::json& result) {
  std::vector<std::string> out;
  for (const auto& one : get(result, "/expect")) {
    if (word(get(one, "/verdict")) != "fail")
      continue;
    const std::string expected = word(get(one, "/expected"));
    out.push_back(fmt::format("{}: {} is {}, expected {}", word(get(result, "/name")),
                              word(get(one, "/name")), number_text(get(one, "/value"), expected),
                              expected));
  }
  return out;
}

std::string render(const nlohmann::json& results, bool colour) {
  if (results.empty())
    return {};
  std::vector<Row> rows;
  for (const auto& result : results)
    rows.push_back(row_of(result));
  std::string out = table(rows, colour);
  for (const auto& result : results)
    out += agreement(result);
  std::string failed;
  for (const auto& result : results)
    failed += partial(result, colour) + unfinished(result, colour);
  for (const auto& result : results) {
    for (const auto& failure : failures(result)) {
      failed += paint("expectation failed", "1;31", colour) + "  " + failure + '\n';
    }
  }
  if (!failed.empty())
    out += '\n' + failed;
  for (const auto& result : results) {
    if (get(result, "/integrity/verdict") == "corrupt")
      out += timeline(result, colour);
  }
  return out;
}

}  // namespace holdfast::cli
