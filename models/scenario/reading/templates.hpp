// SPDX-License-Identifier: Apache-2.0
// Templates: an element of a list that stands for many. It says how many, and its strings say in
// braces what differs between the copies: {"count": 3, "name": "h{i + 1}"} is h1, h2 and h3.
// Expansion comes before anything is read, so that whatever reads a scenario knows single elements
// only; an error is told at the template, with the number of the copy.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

/// A list of a document whose elements may be templates.
struct TemplateList {
  std::vector<std::string> keys;         ///< from the element, or the document, that it is in
  const char* count_key;                 ///< in an element: how many it stands for
  char number;                           ///< what the number of a copy is called, from 0
  std::size_t fewest, most;              ///< elements that the list may have
  std::vector<TemplateList> inner = {};  ///< lists in each element
};

/// Most copies that the templates of a document may make, all together.
inline constexpr std::uint64_t most_copies = 1U << 20;
/// Most values of JSON in those copies, all together: about 1 GB while they are read. A long text
/// counts as several.
inline constexpr std::uint64_t most_copied_values = 1U << 23;

/// The kind of the key that says how many; it is for schemas, and stores nothing.
const Kind* copies_kind();

/// Where the elements of an expanded document come from.
class Origins {
 public:
  struct Origin {
    std::size_t given;   ///< index of the element in the list as it was given
    std::uint32_t copy;  ///< which of its copies, from 0
    bool of_template;
    char number;  ///< what the number of the copy is called
  };

  /// A place of the expanded document, in the document as it was given.
  [[nodiscard]] std::string pointer(const std::string& expanded) const;
  /// Of which copies that place is: "i = 17, j = 2"; empty: of none.
  [[nodiscard]] std::string copies(const std::string& expanded) const;
  /// The list at this place, as it was given, has these elements now.
  void note(const std::string& list, std::vector<Origin> elements);

 private:
  struct Told {
    std::string pointer, copies;
  };
  [[nodiscard]] Told told(const std::string& expanded) const;

  std::map<std::string, std::vector<Origin>> lists_;
};

/// Whether any element of these lists is a template.
bool has_templates(const nlohmann::json& document, const std::vector<TemplateList>& lists);

/// The document without templates. Throws ScenarioError.
nlohmann::json expanded(const nlohmann::json& document, const std::vector<TemplateList>& lists,
                        const std::string& source, Origins& origins);

/// The numbers that an expression may name.
using Numbers = std::map<char, std::int64_t>;

/// A string of a template with its braces replaced by the values of what they hold. `cursor` is
/// where it stands, for errors.
std::string filled_in(const std::string& text, const Numbers& numbers, const Cursor& cursor);

}  // namespace holdfast::scenario
