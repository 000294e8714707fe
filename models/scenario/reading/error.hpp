// SPDX-License-Identifier: Apache-2.0
// How a mistake in a scenario is told: where it is, what was found, what was expected, and the
// nearest valid name when a name was mistyped. Only the first mistake of a document is reported.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::scenario {

/// The one exception of the loader. `what()` is a single printable line.
class ScenarioError : public std::runtime_error {
 public:
  struct Parts {
    std::string source;      ///< file name, or what the caller called the text
    std::string pointer;     ///< JSON pointer (RFC 6901); empty: the document as a whole
    std::string found;       ///< what stands there
    std::string expected;    ///< what may stand there
    std::string nearest;     ///< the nearest valid name, empty when none is near
    std::size_t line = 0;    ///< of a JSON syntax error, from 1; 0: not applicable
    std::size_t column = 0;  ///< in bytes, from 1
  };

  explicit ScenarioError(Parts parts);
  const Parts& parts() const { return parts_; }

 private:
  Parts parts_;
};

/// The name with the smallest edit distance (swapped neighbours count once), or nothing when even
/// that one differs in more than about a third of its letters.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

/// "one of a, b, c", cut to a dozen names.
std::string one_of(const std::vector<std::string>& names);

/// The text as a JSON string, all of it.
std::string json_string(const std::string& text);

/// The text in JSON quotes, control characters escaped, cut to a length fit for one line.
std::string in_quotes(std::string_view text);

/// The text as it may reach a terminal: control characters (C0, DEL, C1), line and paragraph
/// separators, signs that turn the direction of writing, and bytes that are no UTF-8 are escaped.
std::string printable(std::string_view text);

/// Whether the text is UTF-8, as RFC 3629 has it.
bool is_utf8(std::string_view text);

/// A value as an error message names it: `the number 15`, `the string "x"`, `a list`, ...
std::string describe(const nlohmann::json& value);

class Origins;

/// A place in a document: a value and the pointer that leads to it. Valid while the document is.
/// With `origins` the document is an expanded one, and errors name places of the one that was given
/// (templates.hpp).
class Cursor {
 public:
  Cursor(const nlohmann::json& value, std::string source, std::string pointer = {},
         const Origins* origins = nullptr)
      : value_(&value),
        source_(std::move(source)),
        pointer_(std::move(pointer)),
        origins_(origins) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& source() const { return source_; }
  /// As errors tell it.
  std::string pointer() const;

  /// The member of an object, or the object itself under that pointer when it has no such member.
  Cursor at(const std::string& key) const;
  Cursor at(std::size_t index) const;

  [[noreturn]] void fail(std::string found, std::string expected, std::string near = {}) const;
  /// As above with the value itself as what was found.
  [[noreturn]] void fail_value(std::string expected, std::string near = {}) const;

 private:
  const nlohmann::json* value_;
  std::string source_;
  std::string pointer_;
  const Origins* origins_;
};

/// A member name as a segment of a JSON pointer.
std::string pointer_segment(std::string_view key);

}  // namespace holdfast::scenario
