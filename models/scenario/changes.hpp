// SPDX-License-Identifier: Apache-2.0
// Several changes of one scenario document, none of which undoes another.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace holdfast::scenario {

/// What one change set: the value at `place`, and with it the values below.
struct Setting {
  std::string place;                ///< JSON pointer, with list elements by index
  std::vector<std::string> plain;   ///< places of the plain values that it has, `place` perhaps
  std::vector<std::string> hollow;  ///< places of empty lists and objects
};

/// Changes a document step by step, as `apply_set` does. Two paths may be spelled differently and
/// lead to one value (by index, by name, with "*", through the short form of a preset); the second
/// of them would undo the first without a word, and a table with a column for each would tell what
/// was never run. So a change is refused that sets what an earlier one has set.
class Changes {
 public:
  /// `document` is changed in place, and outlives this.
  explicit Changes(nlohmann::json& document) : document_(document) {}

  /// One change, with the arguments of `apply_set`; throws what that throws, and ScenarioError for
  /// a value that was set before.
  void set(const std::string& path, const nlohmann::json& value, const std::string& said_by);
  void set(const std::string& assignment, const std::string& said_by = "--set");

 private:
  struct Earlier {
    std::string path;  ///< as it was typed
    bool is_plain;     ///< there is nothing below it that could be set by itself
  };

  void refuse_if_set(const Setting& one, const std::string& path, const std::string& said_by) const;

  nlohmann::json& document_;
  std::map<std::string, Earlier> earlier_;  ///< by place
};

}  // namespace holdfast::scenario
