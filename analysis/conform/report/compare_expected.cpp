// SPDX-License-Identifier: Apache-2.0
// The expected matrix, scenarios/requirements/expected.json. For each requirement it has a row for
// each policy with a word for each target, and reasons: each for some policies on some targets.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "analysis/conform/catalogue/catalogue.hpp"
#include "analysis/conform/report/compare.hpp"
#include "analysis/conform/report/grid.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr int expected_schema_version = 1;

[[noreturn]] void wrong(const std::string& what) { throw std::invalid_argument(what); }

/// The words of the expected matrix are short, so that those of a row stand below each other.
std::optional<Verdict> verdict_from(std::string_view word) {
  if (word == "pass")
    return Verdict::pass;
  if (word == "fail")
    return Verdict::fail;
  if (word == "n/a")
    return Verdict::not_applicable;
  if (word == "n/e")
    return Verdict::not_exercised;
  return std::nullopt;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (one.starts_with(' '))
      one.remove_prefix(1);
    while (one.ends_with(' '))
      one.remove_suffix(1);
    if (!one.empty())
      out.emplace_back(one);
  }
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

/// "a, b", "all", or "all but a, b".
struct Names {
  std::vector<std::string> listed;
  bool others = false;  ///< those that are not listed are meant
  [[nodiscard]] bool covers(std::string_view name) const { return has(listed, name) != others; }
};

Names listed_in(std::string_view text) {
  constexpr std::string_view all_but = "all but ";
  if (text == "all")
    return {{}, true};
  if (text.starts_with(all_but))
    return {split(text.substr(all_but.size()), ','), true};
  return {split(text, ','), false};
}

/// "NAMES on NAMES": policies and targets that a reason is for; without the latter all targets.
struct Scope {
  Names policies, targets;
  [[nodiscard]] bool covers(std::string_view policy, std::string_view target) const {
    return policies.covers(policy) && targets.covers(target);
  }
};

Scope scope_from(const std::string& text) {
  const std::size_t on = text.find(" on ");
  return {listed_in(text.substr(0, on)),
          listed_in(on == std::string::npos ? "all" : text.substr(on + 4))};
}

std::vector<std::string> names_in(const json& document, const char* key) {
  std::vector<std::string> out;
  if (document.contains(key) && document[key].is_array()) {
    for (const json& one : document[key])
      out.push_back(one.is_string() ? one.get<std::string>() : "");
  }
  if (out.empty() || has(out, ""))
    wrong(fmt::format("is no expected matrix: it has no list of names \"{}\"", key));
  return out;
}

/// One requirement of the file.
class Rows {
 public:
  Rows(const json& document, std::string id, const json& entry)
      : id_(std::move(id)),
        policies_(names_in(document, "policies")),
        targets_(names_in(document, "targets")) {
    if (find_requirement(id_) == nullptr)
      wrong(fmt::format("has {}, which is no requirement of the catalogue", id_));
    if (!entry.is_object() || !entry.contains("verdicts") || !entry["verdicts"].is_object())
      wrong(fmt::format("is no expected matrix: {} has no \"verdicts\"", id_));
    for (const auto& [policy, row] : entry["verdicts"].items())
      read_row(policy, row);
    for (const std::string& policy : policies_) {
      if (!entry["verdicts"].contains(policy))
        wrong(fmt::format("has no verdicts of {} for {}", id_, policy));
    }
    if (entry.contains("reasons"))
      read_reasons(entry["reasons"]);
    for (const auto& [place, verdict] : verdicts_) {
      if (verdict == Verdict::fail && why(place.first, place.second).empty())
        wrong(
            fmt::format("has no reason why {} fails for {} on {}", id_, place.first, place.second));
    }
  }

  [[nodiscard]] std::optional<Verdict> verdict(const std::string& policy,
                                               const std::string& target) const {
    const auto place = verdicts_.find({policy, target});
    return place == verdicts_.end() ? std::nullopt : std::optional(place->second);
  }

  [[nodiscard]] std::string why(std::string_view policy, std::string_view target) const {
    for (const auto& [scope, reason] : reasons_) {
      if (scope.covers(policy, target))
        return reason;
    }
    return {};
  }

 private:
  void read_row(const std::string& policy, const json& row) {
    const auto words =
        row.is_string() ? split(row.get<std::string>(), ' ') : std::vector<std::string>{};
    if (!has(policies_, policy) || words.size() != targets_.size()) {
      wrong(
          fmt::format("is no expected matrix: {}, {}: expected a policy of \"policies\" and a word "
                      "for each of \"targets\"",
                      id_, policy));
    }
    for (std::size_t t = 0; t < words.size(); ++t) {
      const auto verdict = verdict_from(words[t]);
      if (!verdict) {
        wrong(
            fmt::format("is no expected matrix: {}, {}: found \"{}\", expected pass, fail, n/a or "
                        "n/e",
                        id_, policy, words[t]));
      }
      verdicts_.emplace(std::pair(policy, targets_[t]), *verdict);
    }
  }

  void read_reasons(const json& reasons) {
    if (!reasons.is_array())
      wrong(fmt::format("is no expected matrix: the reasons of {} are no list", id_));
    for (const json& one : reasons) {
      const std::string scope = one.is_object() ? text_at(one, "for") : "";
      if (scope.empty() || text_at(one, "why").empty())
        wrong(fmt::format("has a reason of {} without \"for\" or without \"why\"", id_));
      reasons_.emplace_back(scope_from(scope), text_at(one, "why"));
      check_names(reasons_.back().first);
      const bool used = std::any_of(verdicts_.begin(), verdicts_.end(), [&](const auto& cell) {
        return cell.second == Verdict::fail &&
               reasons_.back().first.covers(cell.first.first, cell.first.second);
      });
      if (!used)
        wrong(fmt::format("has a reason of {} for \"{}\", where nothing fails", id_, scope));
    }
  }

  void check_names(const Scope& scope) const {
    for (const std::string& name : scope.policies.listed) {
      if (!has(policies_, name))
        wrong(fmt::format("has a reason of {} for the policy \"{}\", which it does not list", id_,
                          name));
    }
    for (const std::string& name : scope.targets.listed) {
      if (!has(targets_, name))
        wrong(fmt::format("has a reason of {} for the target \"{}\", which it does not list", id_,
                          name));
    }
  }

  std::string id_;
  std::vector<std::string> policies_, targets_;
  std::map<std::pair<std::string, std::string>, Verdict> verdicts_;
  std::vector<std::pair<Scope, std::string>> reasons_;
};

std::map<std::string, Rows> rows_of(const json& document) {
  if (!document.is_object() || !document.contains("schema_version") ||
      !document.contains("requirements") || !document["requirements"].is_object())
    wrong("is no expected matrix of holdfast conform");
  if (document["schema_version"] != expected_schema_version) {
    wrong(fmt::format("is an expected matrix of schema version {}, expected {}",
                      document["schema_version"].dump(), expected_schema_version));
  }
  std::map<std::string, Rows> out;
  for (const auto& [id, entry] : document["requirements"].items())
    out.emplace(id, Rows(document, id, entry));
  return out;
}

}  // namespace

void check_expected(const json& document) { rows_of(document); }

std::vector<Difference> compare_expected(const json& expected, const json& matrix) {
  const auto rows = rows_of(expected);
  const Grid grid(matrix);
  std::vector<Difference> out;
  for (const auto& one : grid.implementations()) {
    for (const json* result : one.results) {
      if (result == nullptr)
        continue;
      const std::string id = text_at(*result, "requirement"), is = text_at(*result, "verdict");
      const auto row = rows.find(id);
      const auto verdict =
          row == rows.end() ? std::nullopt : row->second.verdict(one.policy, one.target);
      const std::string was = verdict ? std::string(word(*verdict)) : "absent";
      if (was != is)
        out.push_back({one.policy, one.target, id, was, is, is_worse(was, is)});
    }
  }
  std::stable_partition(out.begin(), out.end(), [](const Difference& d) { return d.worse; });
  return out;
}

std::string expected_reason(const json& expected, std::string_view requirement,
                            std::string_view policy, std::string_view target) {
  const json::json_pointer place("/requirements/" + std::string(requirement) + "/reasons");
  if (!expected.contains(place))
    return {};
  for (const json& one : expected.at(place)) {
    if (scope_from(text_at(one, "for")).covers(policy, target))
      return text_at(one, "why");
  }
  return {};
}

}  // namespace holdfast::conform
