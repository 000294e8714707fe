// SPDX-License-Identifier: Apache-2.0
// The report as Markdown, to be pasted into a mail or a pull request.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "analysis/conform/report/grid.hpp"
#include "analysis/conform/report/report.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// With more implementations than this each policy has a column with a letter for each target.
constexpr std::size_t most_columns = 6;

/// Text as Markdown shows it literally, in a table too.
std::string md(const std::string& text) {
  std::string out;
  const auto is_word = [&](std::size_t i) {
    return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool within_word = c == '_' && i > 0 && is_word(i - 1) && is_word(i + 1);
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_<>[]|#").find(c) != std::string_view::npos && !within_word)
      out += '\\';
    out += c;
  }
  return out;
}

/// As a block of code, whatever is in it.
std::string code_block(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos)
    fence += '`';
  return fmt::format("{}\n{}{}\n", fence, text, fence);
}

std::string cell_word(const json* result) {
  if (result == nullptr)
    return "";
  switch (verdict_of(*result)) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "**FAIL**";
    case Verdict::not_applicable:
      return "n/a";
    case Verdict::not_exercised:
      break;
  }
  return "?";
}

char cell_letter(const json* result) {
  constexpr std::string_view letters = ".F-?";
  return result == nullptr ? ' ' : letters[static_cast<std::size_t>(verdict_of(*result))];
}

class Writer {
 public:
  explicit Writer(const Grid& grid) : grid_(grid) {
    for (const auto& one : grid.implementations()) {
      add_once(policies_, one.policy);
      add_once(targets_, one.target);
    }
  }

  std::string write() {
    summary();
    differences();
    if (grid_.implementations().size() <= most_columns) {
      plain_table();
    } else {
      dense_table();
    }
    not_exercised();
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      const auto failing = grid_.failing(r);
      if (!failing.empty())
        failure(*grid_.requirements()[r], failing, grid_.smallest(r));
    }
    return std::move(out_);
  }

 private:
  static void add_once(std::vector<std::string>& list, const std::string& name) {
    if (std::find(list.begin(), list.end(), name) == list.end())
      list.push_back(name);
  }

  void summary() {
    out_ += "# Conformance report\n\n";
    const auto& all = grid_.implementations();
    if (all.size() == 1) {
      out_ += fmt::format("**{}**: {}.\n", md(all.front().name()), text(grid_.counts()));
    } else {
      out_ += fmt::format("{}.\n", text(grid_.counts()));
    }
    out_ +=
        fmt::format("{}; model {}.\n", extent(grid_), md(text_at(grid_.matrix(), "model_version")));
    if (!grid_.matrix().value("complete", true))
      out_ += "The run was stopped before its end; this is what was finished.\n";
    out_ += canary_text(grid_.canary()) + "\n";
  }

  void differences() {
    for (const auto& [key, with] : comparisons(grid_.matrix())) {
      const json& list = grid_.matrix()[key];
      out_ += fmt::format("\n## Against {}\n\n", md(with));
      if (list.empty()) {
        out_ += "No difference.\n";
        continue;
      }
      out_ += "| | requirement | implementation | was | is |\n| --- | --- | --- | --- | --- |\n";
      for (const json& d : list) {
        out_ += fmt::format("| {} | {} | {} on {} | {} | {} |\n",
                            d.value("worse", false) ? "**worse**" : "",
                            md(text_at(d, "requirement")), md(text_at(d, "policy")),
                            md(text_at(d, "target")), text_at(d, "before"), text_at(d, "after"));
      }
    }
  }

  void plain_table() {
    out_ += "\n| requirement | |";
    for (const auto& one : grid_.implementations())
      out_ += fmt::format(" {} |", md(one.name()));
    out_ += "\n| --- | --- |";
    for (std::size_t i = 0; i < grid_.implementations().size(); ++i)
      out_ += " --- |";
    out_ += '\n';
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      out_ += name_cells(r);
      for (const auto& one : grid_.implementations())
        out_ += fmt::format(" {} |", cell_word(one.results[r]));
      out_ += '\n';
    }
    out_ += "\n`n/a` not applicable, `?` not exercised, which is no pass.\n";
  }

  [[nodiscard]] std::string name_cells(std::size_t r) const {
    const json& requirement = *grid_.requirements()[r];
    return fmt::format("| {} | {} |", md(text_at(requirement, "id")),
                       md(text_at(requirement, "title")));
  }

  void dense_table() {
    out_ += fmt::format(
        "\nA letter for each target, in this order: {}. `.` pass, `F` fail, `-` not "
        "applicable, `?` not exercised, which is no pass.\n\n| requirement | |",
        md(fmt::format("{}", fmt::join(targets_, ", "))));
    for (const std::string& policy : policies_)
      out_ += fmt::format(" {} |", md(policy));
    out_ += "\n| --- | --- |";
    for (std::size_t p = 0; p < policies_.size(); ++p)
      out_ += " --- |";
    out_ += '\n';
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      out_ += name_cells(r);
      for (const std::string& policy : policies_) {
        std::string letters(targets_.size(), ' ');
        for (const auto& one : grid_.implementations()) {
          const auto t = std::find(targets_.begin(), targets_.end(), one.target) - targets_.begin();
          if (one.policy == policy)
            letters[static_cast<std::size_t>(t)] = cell_letter(one.results[r]);
        }
        const char* bold = letters.find('F') != std::string::npos ? "**" : "";
        out_ += fmt::format(" {}`{}`{} |", bold, letters, bold);
      }
      out_ += '\n';
    }
  }

  /// What no implementation exercised says more about the scenarios than about implementations.
  void not_exercised() {
    std::vector<std::string> never;
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      const auto& all = grid_.implementations();
      const bool some = std::any_of(all.begin(), all.end(), [&](const auto& one) {
        return one.results[r] != nullptr && verdict_of(*one.results[r]) == Verdict::not_exercised;
      });
      if (some)
        never.push_back(md(text_at(*grid_.requirements()[r], "id")));
    }
    if (!never.empty()) {
      out_ += fmt::format("\nNot exercised{}: {}.\n",
                          grid_.implementations().size() == 1 ? "" : " somewhere",
                          fmt::join(never, ", "));
    }
  }

  void failure(const json& requirement, const std::vector<std::size_t>& failing,
               const json& smallest) {
    out_ += fmt::format("\n## {} {}\n\n{}\n\n", md(text_at(requirement, "id")),
                        md(text_at(requirement, "title")), md(text_at(requirement, "text")));
    out_ += fmt::format("- Source: {} ({}, to be kept by the {}; confidence {})\n",
                        md(text_at(requirement, "source")), text_at(requirement, "kind"),
                        text_at(requirement, "party"), text_at(requirement, "confidence"));
    out_ += fmt::format("- Broken by: {}\n", md(in_few_words(grid_, failing)));
    if (const auto known = text_at(smallest, "expected_because"); !known.empty())
      out_ += fmt::format("- Known: {}\n", md(known));
    if (!smallest.contains("failure"))
      return;
    const json& found = smallest["failure"];
    out_ += fmt::format("- Example: {} on {}, in {} of {} scenarios\n",
                        md(text_at(smallest, "policy")), md(text_at(smallest, "target")),
                        smallest.value("failed_scenarios", 0), smallest.value("scenarios", 0));
    out_ += fmt::format("- What happened: {}\n", md(text_at(found, "text")));
    if (!found.contains("document"))
      return;
    out_ += fmt::format(
        "- Smallest scenario: {} (found in {})\n- Replay, in the folder of this report: `{}`\n\n",
        md(scenario_text(found)), md(text_at(found, "found_in")), replay_command(smallest));
    std::string lines;
    for (const json& moment : found.value("timeline", json::array()))
      lines += moment_text(moment) + '\n';
    out_ += code_block(lines);
  }

  const Grid& grid_;
  std::vector<std::string> policies_, targets_;
  std::string out_;
};

}  // namespace

std::string markdown_report(const json& matrix) {
  const Grid grid(matrix);
  return Writer(grid).write();
}

}  // namespace holdfast::conform
