// SPDX-License-Identifier: Apache-2.0
// The matrix document taken apart, as all reports go through it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/conform/campaign/matrix.hpp"

namespace holdfast::conform {

struct Counts {
  std::uint64_t pass = 0, fail = 0, not_applicable = 0, not_exercised = 0;
  void add(Verdict verdict);
};

/// Refers to the document that it was made of.
class Grid {
 public:
  using json = nlohmann::json;

  struct Implementation {
    std::string policy, target;
    std::vector<const json*> results;  ///< by requirement; null: the document does not have it
    const json* canary = nullptr;
    [[nodiscard]] std::string name() const { return policy + " on " + target; }
  };
  /// How the canary fared; a document without implementations says nothing of it.
  enum class Canary : std::uint8_t { none, sings, dead };

  explicit Grid(const json& matrix);

  [[nodiscard]] const json& matrix() const { return *matrix_; }
  /// Without the canary.
  [[nodiscard]] const std::vector<const json*>& requirements() const { return requirements_; }
  [[nodiscard]] const std::vector<Implementation>& implementations() const { return all_; }
  [[nodiscard]] Counts counts(const Implementation& one) const;
  [[nodiscard]] Counts counts() const;
  /// Places of the implementations that fail a requirement.
  [[nodiscard]] std::vector<std::size_t> failing(std::size_t requirement) const;
  /// The failing result with the smallest scenario: fewest faults, then shortest.
  [[nodiscard]] const json& smallest(std::size_t requirement) const;
  [[nodiscard]] Canary canary() const;

 private:
  const json* matrix_;
  std::vector<const json*> requirements_;
  std::vector<Implementation> all_;
};

Verdict verdict_of(const nlohmann::json& result);
/// The string under a key, or nothing.
std::string text_at(const nlohmann::json& object, const char* key);
/// "34 requirements, 36 implementations; 41 probes and 60 drawn scenarios for each, seed 1".
std::string extent(const Grid& grid);
/// What the matrix was compared with: keys of its lists of differences, and words for it ("the
/// expected matrix", a baseline's name).
std::vector<std::pair<std::string, std::string>> comparisons(const nlohmann::json& matrix);
/// What to say of the canary.
std::string canary_text(Grid::Canary canary);
/// "9 pass, 1 fail, 2 not applicable, 0 not exercised".
std::string text(const Counts& counts);
/// "link_down link s3-a3 at 3.803937 s for 8.255 s": the words of a fault of a scenario.
std::string fault_text(const nlohmann::json& fault);
/// "1 host, 11 s of simulated time, link_down link s3-a3 at 3.803937 s for 8.255 s": the scenario
/// of a failure in a line; nothing if it has none.
std::string scenario_text(const nlohmann::json& failure);
/// One moment of a timeline in a line without its end; the breach is marked.
std::string moment_text(const nlohmann::json& moment);
/// Words of `text` in lines of at most `columns`, each begun with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);
/// "linux-mainline (all targets), tp8028-v4 on nvmet-mainline": implementations in few words.
std::string in_few_words(const Grid& grid, const std::vector<std::size_t>& implementations);

}  // namespace holdfast::conform
