// SPDX-License-Identifier: Apache-2.0
// Pages of answers; see report_answers.hpp.
#include "bindings/cli/answers/report_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "analysis/pages/table.hpp"
#include "analysis/report/answers/answers.hpp"
#include "bindings/cli/cli.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
namespace report = analysis::report;
using nlohmann::json;
using nlohmann::ordered_json;

struct Answer {
  std::string name;      ///< of the file
  std::string question;  ///< empty: it is none
  ordered_json document;
};

/// The rows that a sweep keeps in lines of JSON; none: the file has something else.
ordered_json rows_in(const std::string& text) {
  ordered_json rows = ordered_json::array();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    if (line.empty())
      continue;
    ordered_json row = ordered_json::parse(line, nullptr, false);
    if (!row.is_object() || !row.contains("seed") || !row.contains("verdict"))
      return nullptr;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What was typed, or the answers that a folder has: of each question one. What ended before its
/// time is told if it has no whole answer.
std::vector<fs::path> files_at(const fs::path& typed) {
  std::error_code failed;
  if (!fs::is_directory(typed, failed))
    return {typed};
  std::vector<fs::path> out;
  for (const char* question : {"search", "rare"}) {
    for (const char* ending : {".json", ".partial.json"}) {
      const fs::path file = typed / (std::string(question) + ending);
      if (fs::is_regular_file(file, failed)) {
        out.push_back(file);
        break;
      }
    }
  }
  return out.empty() ? std::vector{typed} : out;
}

/// The document that lies there.
Answer answer_at(const fs::path& file) {
  std::error_code failed;
  Answer out;
  out.name = file.string();
  if (!fs::is_regular_file(file, failed))
    return out;
  const std::string text = scenario::read_text(file);
  if (file.extension() == ".jsonl") {
    const ordered_json rows = rows_in(text);
    if (rows.is_array() && !rows.empty()) {
      out.question = "sweep";
      out.document = {{"points", rows}};
    }
    return out;
  }
  out.document = ordered_json::parse(text, nullptr, false);
  if (!out.document.is_discarded())
    out.question = report::question_of(json(out.document));
  return out;
}

std::string page_of_sweep(const Answer& answer) {
  const ordered_json points = answer.document.value("points", ordered_json());
  if (!points.is_array())
    throw std::invalid_argument("found no list at /points, expected one");
  const std::vector<ordered_json> rows(points.begin(), points.end());
  return analysis::pages::sweep_page(rows, fs::path(answer.name).stem().string());
}

}  // namespace

std::optional<AnswersPage> page_of_answers(const std::vector<std::string>& typed) {
  std::vector<Answer> answers;
  std::size_t sweeps = 0;
  for (const std::string& one : typed) {
    for (const fs::path& file : files_at(one)) {
      answers.push_back(answer_at(file));
      sweeps += static_cast<std::size_t>(answers.back().question == "sweep");
    }
  }
  const auto is_answer = [](const Answer& one) { return !one.question.empty(); };
  if (std::none_of(answers.begin(), answers.end(), is_answer))
    return std::nullopt;
  const auto other = std::find_if_not(answers.begin(), answers.end(), is_answer);
  if (other != answers.end()) {
    throw UsageError(
        fmt::format("report: found {} beside answers, expected answers alone or runs alone",
                    scenario::in_quotes(other->name)));
  }
  if (sweeps != 0 && answers.size() > 1)
    throw UsageError("report: found a sweep beside other answers, expected it alone");
  std::vector<json> documents;
  for (const Answer& one : answers) {
    try {
      if (one.question == "sweep")
        return AnswersPage{page_of_sweep(one), 1};
      documents.emplace_back(one.document);
      if (const std::string flaw = report::flaw_of(documents.back()); !flaw.empty())
        throw std::invalid_argument(flaw);
    } catch (const std::invalid_argument& error) {
      throw UsageError(fmt::format("report: {}, which says that it answers {}: {}",
                                   scenario::in_quotes(one.name), one.question, error.what()));
    }
  }
  if (documents.size() > report::most_answers) {
    throw UsageError(fmt::format("report: found {} answers, expected at most {}", documents.size(),
                                 report::most_answers));
  }
  return AnswersPage{report::answers_page(documents), documents.size()};
}

}  // namespace holdfast::cli
