// SPDX-License-Identifier: Apache-2.0
// The report for a terminal; see report.hpp.
#include "analysis/conform/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analysis/conform/campaign/story.hpp"
#include "analysis/conform/report/grid.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// With more implementations than this a matrix says more than lists.
constexpr std::size_t most_lists = 4;
/// Up to so many policies stand over their columns by name, each on a line of its own; of more the
/// heads would take more room than the matrix, so they are letters.
constexpr std::size_t most_named = 6;

class Teller {
 public:
  Teller(const Grid& grid, std::string folder, std::string program, std::size_t columns)
      : grid_(grid), folder_(std::move(folder)), program_(std::move(program)), columns_(columns) {}

  std::string tell() {
    out_ = extent(grid_) + "\n";
    if (!grid_.matrix().value("complete", true))
      out_ += "Stopped before the end: this is what was finished.\n";
    if (grid_.implementations().size() > most_lists) {
      tell_matrix();
      tell_failing();
      tell_counts();
    } else {
      for (const auto& one : grid_.implementations())
        tell_implementation(one);
    }
    out_ += '\n' + canary_text(grid_.canary()) + '\n';
    if (folder_.empty() && grid_.counts().fail != 0)
      out_ += "With --out DIR there are files of the failing scenarios, and reports.\n";
    return std::move(out_);
  }

 private:
  void line(std::size_t indent, const std::string& text) {
    out_ += wrapped(text, indent, columns_);
  }

  void tell_failure(std::size_t indent, const json& result) {
    if (result.contains("failure"))
      line(indent, text_at(result["failure"], "text"));
    if (const auto known = text_at(result, "expected_because"); !known.empty())
      line(indent, "expected: " + known);
    if (!folder_.empty() && result.contains("failure") && result["failure"].contains("document"))
      out_ += fmt::format("{:{}}{} run {}\n", "", indent, shell_word(program_),
                          shell_word(folder_ + "/" + failure_file(result)));
  }

  void tell_implementation(const Grid::Implementation& one) {
    out_ += fmt::format("\n{}: {}\n", one.name(), text(grid_.counts(one)));
    std::vector<std::string> never;
    std::size_t id_width = 0;
    for (const json* r : grid_.requirements())
      id_width = std::max(id_width, text_at(*r, "id").size());
    for (std::size_t r = 0; r < one.results.size(); ++r) {
      const json* result = one.results[r];
      if (result == nullptr)
        continue;
      const json& requirement = *grid_.requirements()[r];
      const Verdict verdict = verdict_of(*result);
      if (verdict == Verdict::not_exercised)
        never.push_back(text_at(requirement, "id"));
      if (verdict != Verdict::fail)
        continue;
      out_ += fmt::format("\n  FAIL  {:<{}}  {} ({})\n", text_at(requirement, "id"), id_width,
                          text_at(requirement, "title"), scenarios_text(*result));
      tell_failure(id_width + 10, *result);
    }
    if (!never.empty()) {
      out_ += "\n  not exercised, so nothing is known:\n";
      line(8, fmt::format("{}", fmt::join(never, ", ")));
    }
  }

  static std::string scenarios_text(const json& result) {
    return fmt::format("in {} of {} scenarios", result.value("failed_scenarios", 0),
                       result.value("scenarios", 0));
  }

  static char sign(Verdict verdict) {
    switch (verdict) {
      case Verdict::pass:
        return '.';
      case Verdict::fail:
        return 'F';
      case Verdict::not_applicable:
        return '-';
      case Verdict::not_exercised:
        break;
    }
    return '?';
  }

  void find_names() {
    const auto add = [](std::vector<std::string>& list, const std::string& name) {
      if (std::find(list.begin(), list.end(), name) == list.end())
        list.push_back(name);
    };
    for (const auto& one : grid_.implementations()) {
      add(policies_, one.policy);
      add(targets_, one.target);
    }
  }

  [[nodiscard]] const Grid::Implementation* find(const std::string& policy,
                                                 const std::string& target) const {
    for (const auto& one : grid_.implementations()) {
      if (one.policy == policy && one.target == target)
        return &one;
    }
    return nullptr;
  }

  static char letter(std::size_t i) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return letters[i % letters.size()];
  }

  /// Which policy a letter stands for, in columns.
  void tell_letters() {
    std::size_t width = 1;
    for (const std::string& policy : policies_)
      width = std::max(width, policy.size() + 5);
    const std::size_t a_line = std::max<std::size_t>(1, columns_ / width);
    for (std::size_t from = 0; from < policies_.size(); from += a_line) {
      std::string row;
      for (std::size_t p = from; p < std::min(policies_.size(), from + a_line); ++p)
        row += fmt::format("{:<{}}", fmt::format("{} {}", letter(p), policies_[p]), width);
      add_line(row);
    }
  }

  [[nodiscard]] bool named() const { return policies_.size() <= most_named; }

  /// The lines over the columns of a target: a line of letters, or a line for each name, which
  /// begins over its column; those of columns further left lead down to theirs.
  [[nodiscard]] std::vector<std::string> heads() const {
    std::vector<std::string> out(named() ? policies_.size() : 1);
    for (std::size_t p = 0; p < policies_.size(); ++p) {
      if (!named()) {
        out[0] += letter(p);
        continue;
      }
      for (std::size_t below = p + 1; below < out.size(); ++below)
        out[below] += "| ";
      out[p] += policies_[p];
    }
    return out;
  }

  /// A block of columns for each target, a column of one sign for each policy. Targets that do
  /// not fit side by side come below.
  void tell_matrix() {
    find_names();
    out_ += '\n';
    if (!named())
      tell_letters();
    out_ += ". pass   F fail   - not applicable   ? not exercised, so nothing is known\n";
    std::size_t id_width = 0, title_width = 0;
    for (const json* r : grid_.requirements()) {
      id_width = std::max(id_width, text_at(*r, "id").size());
      title_width = std::max(title_width, text_at(*r, "title").size());
    }
    title_width = std::min<std::size_t>(title_width, 44);
    std::size_t block = 0;
    for (const std::string& one : heads())
      block = std::max(block, one.size());
    for (const std::string& target : targets_)
      block = std::max(block, target.size());
    block += 2;
    const std::size_t left = id_width + 2 + title_width;
    const std::size_t room = columns_ > left ? columns_ - left : 0;
    const std::size_t at_once = std::max<std::size_t>(1, room / block);
    for (std::size_t from = 0; from < targets_.size(); from += at_once)
      tell_blocks(from, std::min(targets_.size(), from + at_once), id_width, title_width, block);
  }

  void tell_blocks(std::size_t from, std::size_t to, std::size_t id_width, std::size_t title_width,
                   std::size_t block) {
    const std::string left(id_width + 2 + title_width, ' ');
    std::string above = left;
    for (std::size_t t = from; t < to; ++t)
      above += fmt::format("  {:<{}}", targets_[t], block - 2);
    add_line(above, '\n');
    for (const std::string& one : heads()) {
      std::string row = left;
      for (std::size_t t = from; t < to; ++t)
        row += fmt::format("  {:<{}}", one, block - 2);
      add_line(row);
    }
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      const json& requirement = *grid_.requirements()[r];
      std::string title = text_at(requirement, "title");
      if (title.size() > title_width)
        title = title.substr(0, title_width - 2) + "..";
      std::string row =
          fmt::format("{:<{}}  {:<{}}", text_at(requirement, "id"), id_width, title, title_width);
      for (std::size_t t = from; t < to; ++t) {
        std::string signs;
        for (const std::string& policy : policies_) {
          const auto* one = find(policy, targets_[t]);
          signs += one == nullptr || one->results[r] == nullptr
                       ? ' '
                       : sign(verdict_of(*one->results[r]));
          signs += named() ? " " : "";
        }
        row += fmt::format("  {:<{}}", signs, block - 2);
      }
      add_line(row);
    }
  }

  void add_line(std::string text, char before = '\0') {
    text.erase(text.find_last_not_of(' ') + 1);
    if (before != '\0')
      out_ += before;
    out_ += text + '\n';
  }

  /// What each failing requirement is about, with its smallest scenario.
  void tell_failing() {
    for (std::size_t r = 0; r < grid_.requirements().size(); ++r) {
      const auto failing = grid_.failing(r);
      if (failing.empty())
        continue;
      const json& requirement = *grid_.requirements()[r];
      out_ += fmt::format("\nFAIL  {}  {}\n", text_at(requirement, "id"),
                          text_at(requirement, "title"));
      line(6, in_few_words(grid_, failing));
      const json& smallest = grid_.smallest(r);
      line(6, fmt::format("Smallest, {} on {} {}:", text_at(smallest, "policy"),
                          text_at(smallest, "target"), scenarios_text(smallest)));
      tell_failure(6, smallest);
    }
  }

  /// A row for each policy, four numbers for each target.
  void tell_counts() {
    constexpr std::size_t block = 22;
    std::size_t width = 3;
    for (const std::string& policy : policies_)
      width = std::max(width, policy.size());
    const std::size_t at_once = std::max<std::size_t>(1, (columns_ - width) / block);
    for (std::size_t from = 0; from < targets_.size(); from += at_once) {
      const std::size_t to = std::min(targets_.size(), from + at_once);
      std::string head(width, ' '), words = head;
      for (std::size_t t = from; t < to; ++t) {
        head += fmt::format("  {:<{}}", targets_[t], block - 2);
        words += fmt::format("  {:>5}{:>5}{:>5}{:>5}", "pass", "fail", "n/a", "?");
      }
      add_line(head, '\n');
      add_line(words);
      for (const std::string& policy : policies_) {
        std::string row = fmt::format("{:<{}}", policy, width);
        for (std::size_t t = from; t < to; ++t) {
          const auto* one = find(policy, targets_[t]);
          const Counts c = one == nullptr ? Counts{} : grid_.counts(*one);
          row += fmt::format("  {:>5}{:>5}{:>5}{:>5}", c.pass, c.fail, c.not_applicable,
                             c.not_exercised);
        }
        add_line(row);
      }
    }
    out_ += fmt::format("\nAll in all {}.\n", text(grid_.counts()));
  }

  const Grid& grid_;
  std::string folder_;
  std::string program_;
  std::size_t columns_;
  std::string out_;
  std::vector<std::string> policies_, targets_;
};

}  // namespace

std::string failure_file(const json& result) {
  return fmt::format("failures/{}.json",
                     incident_name(text_at(result, "requirement"), text_at(result, "policy"),
                                   text_at(result, "target")));
}

std::string replay_command(const json& result) { return "holdfast run " + failure_file(result); }

std::string shell_word(const std::string& word) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:=,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
    return word;
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string text_report(const json& matrix, const std::string& folder, const std::string& program,
                        std::size_t columns) {
  const Grid grid(matrix);
  return Teller(grid, folder, program, columns).tell();
}

}  // namespace holdfast::conform
