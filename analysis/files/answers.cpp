// SPDX-License-Identifier: Apache-2.0
// Answers in folders; see answers.hpp.
#include "analysis/files/answers.hpp"

#include <cerrno>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

#include "analysis/files/files.hpp"

namespace holdfast::analysis {

namespace fs = std::filesystem;
using nlohmann::json;

std::string in_the_way_of_answer(const fs::path& folder, const std::string& question) {
  for (const char* ending : {".json", ".partial.json"}) {
    const fs::path file = folder / (question + ending);
    std::error_code error;
    if (!fs::exists(file, error))
      continue;
    if (!fs::is_regular_file(file, error))
      return file.string();
    errno = 0;
    std::ifstream in(file);
    if (!in && errno == ENOMEM)
      throw std::bad_alloc();  // It is not the file that is wrong.
    const json document = json::parse(in, nullptr, false);
    // Documents of before had no "question", and all have said by which scheme they are made.
    if (!document.is_object() || !document.contains("schema_version") ||
        document.value("question", json(question)) != question)
      return file.string();
  }
  return {};
}

void write_answer(const fs::path& folder, const std::string& question, const json& document,
                  bool whole) {
  // Text that is not UTF-8 (a file name) must not end the work at its last step.
  constexpr auto replace = json::error_handler_t::replace;
  const fs::path part = folder / (question + ".partial.json");
  write_whole(whole ? folder / (question + ".json") : part,
              document.dump(2, ' ', false, replace) + "\n");
  std::error_code none;
  if (whole)
    fs::remove(part, none);
}

}  // namespace holdfast::analysis
