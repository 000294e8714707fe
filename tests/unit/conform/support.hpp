// SPDX-License-Identifier: Apache-2.0
// A matrix document of two requirements and two implementations, made by hand, with everything in
// it that a report has to show.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace conform_support {

using nlohmann::json;

/// One result; the verdicts of the document, with what belongs to each.
inline json result(const std::string& policy, const std::string& target,
                   const std::string& requirement, const std::string& verdict) {
  json out = {
      {"policy", policy}, {"target", target}, {"requirement", requirement}, {"verdict", verdict}};
  if (verdict == "not applicable") {
    out["why"] = "applies only if the host uses Cross-Controller Reset";
    return out;
  }
  out["occasions"] = verdict == "not exercised" ? 0 : 17;
  out["scenarios"] = verdict == "not exercised" ? 0 : 11;
  if (verdict != "fail")
    return out;
  out["failed_scenarios"] = 10;
  out["failure"] = {{"found_in", "swarm-7"}, {"at_s", 10.5}, {"text", "write 3 was let go"}};
  return out;
}

inline void explain(json& result, const std::string& text = "write 3 was let go") {
  result["failure"]["text"] = text;
  result["failure"]["document"] = {
      {"name", "n"},
      {"description", "Breaks it"},
      {"duration", "11s"},
      {"expect", {{"requirements", json::array({result["requirement"]})}}},
      {"hosts", {{{"name", "h0"}, {"policy", result["policy"]}}}},
      {"subsystems", {{{"name", "sub"}, {"profile", result["target"]}}}},
      {"faults", {{{"type", "blackhole"}, {"at", "3803937us"}, {"for", "8s"}, {"link", "l0"}}}}};
  result["failure"]["timeline"] = {
      {{"t_s", 0.5}, {"who", "h0/nvme0"}, {"text", "is connected, as controller 1"}},
      {{"t_s", 3.803937}, {"who", "fault"}, {"text", "blackhole link l0 strikes"}},
      {{"t_s", 10.5}, {"who", "breach"}, {"text", text}, {"breach", true}}};
}

inline json requirement(const std::string& id, const std::string& title) {
  return {{"id", id},
          {"title", title},
          {"text", "What a host may not do."},
          {"source", "TP4129, 9.6.2"},
          {"kind", "shall"},
          {"party", "host"},
          {"transports", json::array()},
          {"when", json::array()},
          {"confidence", "V"},
          {"protocol", "1.6"},
          {"timing", true}};
}

/// linux-mainline fails HOLD-1 and does not exercise HOLD-2; spec passes the one, and the other is
/// not applicable.
inline json matrix() {
  json out = {{"schema_version", 1},
              {"model_version", "abc"},
              {"seed", 1},
              {"swarm", 60},
              {"probes", 9},
              {"complete", true},
              {"requirements",
               {requirement("HOLD-1", "Nothing is retried before fence or hold"),
                requirement("HOLD-2", "3 x KATO with traffic-based keep-alive"),
                requirement("CANARY", "This check fails")}},
              {"policies", {"linux-mainline", "spec"}},
              {"targets", {"array"}},
              {"results",
               {result("linux-mainline", "array", "HOLD-1", "fail"),
                result("linux-mainline", "array", "HOLD-2", "not exercised"),
                result("linux-mainline", "array", "CANARY", "fail"),
                result("spec", "array", "HOLD-1", "pass"),
                result("spec", "array", "HOLD-2", "not applicable"),
                result("spec", "array", "CANARY", "fail")}},
              {"summary", {{"pass", 1}, {"fail", 1}, {"not applicable", 1}, {"not exercised", 1}}}};
  out["requirements"][2]["kind"] = "canary";
  explain(out["results"][0]);
  return out;
}

/// The result of a place; the document must have it.
inline json& at(json& matrix, const std::string& policy, const std::string& requirement) {
  for (json& one : matrix["results"]) {
    if (one["policy"] == policy && one["requirement"] == requirement)
      return one;
  }
  throw std::out_of_range(policy + " " + requirement);
}

inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace conform_support
