// SPDX-License-Identifier: Apache-2.0
// Runs in sentences; see words.hpp.
#include "analysis/report/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace holdfast::analysis::report {

using nlohmann::json;

namespace {

/// So many recoveries are told; of a thousand hosts nobody would read more.
constexpr std::size_t recoveries_told = 4;

double number(const json& document, const char* pointer) {
  const json::json_pointer path(pointer);
  const bool there = document.contains(path) && document.at(path).is_number();
  return there ? document.at(path).get<double>() : 0.0;
}

std::string count_words(double count, const char* one, const char* more) {
  return fmt::format("{:.0f} {}", count, count == 1.0 ? one : more);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return out;
}

/// What was wrong with the data: "2 stale writes and 1 lost write".
std::string harm(const json& document) {
  struct Count {
    const char *key, *one, *more;
  };
  static constexpr std::array counts = {
      Count{"/integrity/stale_writes", "stale write overwrote newer data",
            "stale writes overwrote newer data"},
      Count{"/integrity/stale_reads", "read returned old data", "reads returned old data"},
      Count{"/integrity/lost_writes", "acknowledged write was lost",
            "acknowledged writes were lost"},
      Count{"/integrity/duplicate_effects", "command took effect twice",
            "commands took effect twice"},
      Count{"/integrity/misplaced_writes", "write landed with the data of another one",
            "writes landed with the data of others"}};
  std::vector<std::string> parts;
  for (const Count& one : counts) {
    if (const double count = number(document, one.key); count > 0.0)
      parts.push_back(count_words(count, one.one, one.more));
  }
  return parts.empty() ? "no order of the writes explains what was read" : joined(parts);
}

/// From the start of the fence to the release, the longest of all recoveries.
std::string price(const json& document) {
  const double stall = number(document, "/io/longest_stall_s");
  if (stall == 0.0)
    return "no I/O had to wait";
  return "the longest stall was " + span_words(stall);
}

std::string at_words(double seconds) { return fmt::format("{:.6f} s", seconds); }

void tell_end_of_wait(const json& one, std::string& out) {
  const std::string outcome = one.value("outcome", "none");
  if (!one.contains("released_s")) {
    out += ", and by the end had not let its requests go";
    return;
  }
  const double from = one.value("fence_started_s", one.value("detected_s", 0.0));
  const double waited = one["released_s"].get<double>() - from;
  if (outcome == "ccr")
    out +=
        fmt::format(", had the controller reset across another path within {}", span_words(waited));
  else if (outcome == "held")
    out += fmt::format(", held its requests for {}", span_words(waited));
  else
    out += ", let its requests go at once";
  const double cancelled = one.value("cancelled", 0.0);
  if (cancelled > 0.0)
    out += fmt::format(" ({} in flight)", count_words(cancelled, "command", "commands"));
}

std::string recovery_words(const json& one) {
  std::string out =
      fmt::format("Host {} gave {} up at {}", one.value("host", ""), one.value("controller", ""),
                  at_words(one.value("detected_s", 0.0)));
  if (one.contains("fault_s") && one.contains("detected_s")) {
    out += fmt::format(", {} after the fault",
                       span_words(one["detected_s"].get<double>() - one["fault_s"].get<double>()));
  }
  tell_end_of_wait(one, out);
  if (one.contains("first_retry_done_s") && one.contains("released_s")) {
    const double took = one["first_retry_done_s"].get<double>() - one["released_s"].get<double>();
    out += fmt::format(", and the first retry was done {} later", span_words(took));
  }
  out += one.contains("reconnected_s")
             ? fmt::format(". The path was back at {}.", at_words(one["reconnected_s"]))
             : std::string(". The path did not come back.");
  return out;
}

}  // namespace

std::string span_words(double seconds) {
  if (seconds == 0.0)
    return "0 s";
  if (seconds < 1e-3)
    return fmt::format("{:.1f} µs", seconds * 1e6);
  if (seconds < 1.0)
    return fmt::format("{:.1f} ms", seconds * 1e3);
  return fmt::format("{:.3f} s", seconds);
}

std::string policies_of(const json& document) {
  std::vector<std::string> seen;
  for (const json& host : document.value("hosts", json::array())) {
    const std::string policy = host.value("policy", "");
    if (std::find(seen.begin(), seen.end(), policy) == seen.end())
      seen.push_back(policy);
  }
  return joined(seen);
}

std::string tone_of(const json& document) {
  const std::string verdict = document["integrity"].value("verdict", "");
  if (verdict == "corrupt")
    return "corrupt";
  if (document.contains("partial"))
    return "partial";
  return number(document, "/exposure/max_s") > 0.0 ? "exposed" : "ok";
}

std::string verdict_words(const json& document) {
  const std::string tone = tone_of(document);
  const double exposed = number(document, "/exposure/max_s");
  const std::string until =
      document.contains("partial")
          ? fmt::format(" The run was ended at {:.6g} of {:.10g} s.",
                        number(document, "/partial/until_s"), number(document, "/partial/of_s"))
          : "";
  if (tone == "corrupt") {
    return fmt::format("Data was corrupted: {}. A stale write could land for {}; {}.{}",
                       harm(document), span_words(exposed), price(document), until);
  }
  if (tone == "partial") {
    return fmt::format("Nothing was corrupted so far, and the run did not come to its end; {}.{}",
                       price(document), until);
  }
  if (tone == "exposed") {
    return fmt::format("No data was corrupted, but for {} a stale write could have landed; {}.",
                       span_words(exposed), price(document));
  }
  return fmt::format("Data was safe all the time; {}.", price(document));
}

std::vector<std::string> story(const json& document, const json& faults) {
  std::vector<std::string> out;
  // A scenario names them in any order.
  std::multimap<std::int64_t, std::string> struck;
  for (const json& fault : faults) {
    if (fault.contains("first_ns"))
      struck.emplace(fault["first_ns"].get<std::int64_t>(), fault.value("name", ""));
  }
  for (const auto& [at, name] : struck) {
    out.push_back(
        fmt::format("At {} a fault strikes: {}.", at_words(static_cast<double>(at) * 1e-9), name));
  }
  const json& recoveries = document["recovery"];
  for (std::size_t i = 0; i < std::min(recoveries.size(), recoveries_told); ++i)
    out.push_back(recovery_words(recoveries[i]));
  if (recoveries.size() > recoveries_told) {
    const double more = static_cast<double>(recoveries.size() - recoveries_told);
    out.push_back(
        fmt::format("{} followed.", count_words(more, "more recovery", "more recoveries")));
  }
  for (const json& one : document.value("expect", json::array())) {
    if (one.value("verdict", "") == "fail") {
      out.push_back(fmt::format("An expectation failed: {} is {}, expected {}.",
                                one.value("name", ""), one["value"].dump(),
                                one["expected"].is_string() ? one["expected"].get<std::string>()
                                                            : one["expected"].dump()));
    }
  }
  return out;
}

}  // namespace holdfast::analysis::report
