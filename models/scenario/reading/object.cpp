// SPDX-License-Identifier: Apache-2.0
// The checks every declared object shares; see object.hpp.
#include "models/scenario/reading/object.hpp"

#include <algorithm>

namespace holdfast::scenario {

void require_object(const Cursor& cursor, const ObjectInfo& info, const std::string& also_known) {
  if (!cursor.value().is_object()) {
    cursor.fail_value(
        fmt::format("an object ({}) with the keys {}", info.name, one_of(info.keys())));
  }
  const auto keys = info.keys();
  // Unknown keys come first: a mistyped required key is better told as the typing slip it is.
  for (const auto& member : cursor.value().items()) {
    const auto& key = member.key();
    if (key == also_known || std::find(keys.begin(), keys.end(), key) != keys.end())
      continue;
    cursor.at(key).fail("unknown key " + in_quotes(key), one_of(keys), nearest(key, keys));
  }
  for (const auto& field : info.fields) {
    if (!field.required || cursor.value().contains(field.key))
      continue;
    cursor.fail("no " + in_quotes(field.key),
                fmt::format("{} ({})", in_quotes(field.key), field.doc));
  }
}

std::string require_tag(const Cursor& cursor, const std::vector<std::string>& tags) {
  if (!cursor.value().is_object())
    cursor.fail_value("an object with a \"type\"");
  if (!cursor.value().contains("type"))
    cursor.fail("no \"type\"", one_of(tags));
  return read_word(cursor.at("type"), tags);
}

}  // namespace holdfast::scenario
