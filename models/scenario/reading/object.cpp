// SPDX-License-Identifier: Apache-2.0
// Reading and writing of whatever is declared; see object.hpp.
#include "models/scenario/reading/object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <mutex>

#include "models/scenario/reading/kind.hpp"
#include "models/scenario/reading/patience.hpp"
#include "models/scenario/reading/templates.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

void* at(void* object, std::size_t offset) { return static_cast<char*>(object) + offset; }
const void* at(const void* object, std::size_t offset) {
  return static_cast<const char*>(object) + offset;
}

/// Throws on a value that is not an object, on an unknown key and on a missing required one.
void require_object(const Cursor& cursor, const ObjectInfo& info, const char* also_known) {
  const auto keys = info.keys();
  if (!cursor.value().is_object())
    cursor.fail_value(fmt::format("an object ({}) with the keys {}", info.name, one_of(keys)));
  // Unknown keys come first: a mistyped required key is better told as the typing slip it is.
  for (const auto& member : cursor.value().items()) {
    const auto& key = member.key();
    const bool tag = also_known != nullptr && key == also_known;
    if (tag || std::find(keys.begin(), keys.end(), key) != keys.end())
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

void read_field(const FieldInfo& field, const Cursor& cursor, void* object) {
  const Cursor here = cursor.at(field.key);
  if (field.ignored) {
    std::string dropped;
    field.kind->read(here, &dropped);
    return;
  }
  void* const member = at(object, field.offset);
  field.kind->read(here, field.may_be_absent ? field.may_be_absent->emplace(member) : member);
}

/// Throws unless the value is an object with a string under "type" that is one of `tags`.
std::string require_tag(const Cursor& cursor, const std::vector<std::string>& tags) {
  if (!cursor.value().is_object())
    cursor.fail_value("an object with a \"type\"");
  if (!cursor.value().contains("type"))
    cursor.fail("no \"type\"", one_of(tags));
  return read_word(cursor.at("type"), tags);
}

std::string ref_schema(const ObjectInfo& info) {
  return fmt::format(R"({{"$ref":"#/$defs/{}"}})", info.name);
}

// As the reference page refers to it.
std::string link_to(const ObjectInfo& info) { return fmt::format("[{0}](#{0})", info.name); }

const void* held_by(const Alternative& one, const void* variant) {
  const void* const held = one.held(variant);
  if (held == nullptr || one.width == 0)
    return held;
  return load_integer(at(held, one.offset), one.width) == one.value ? held : nullptr;
}

const FieldInfo& base_field(const ObjectInfo& info) {
  return *std::find_if(info.fields.begin(), info.fields.end(), [&](const FieldInfo& field) {
    return std::string_view(field.key) == info.base_key;
  });
}

}  // namespace

std::vector<std::string> ObjectInfo::keys() const {
  std::vector<std::string> out;
  for (const auto& field : fields)
    out.emplace_back(field.key);
  return out;
}

void ObjectInfo::add(const FieldInfo& field) { fields.push_back(field); }

void ObjectInfo::add_copies(const char* key) {
  copies_key = key;
  // `read` never sees it: whoever expands templates has taken it away.
  add({key,
       "a template of so many, in whose strings {i} is the number of a copy from 0 (of a "
       "connection "
       "{j}); absent: a single one",
       copies_kind(), 0, false, true});
}

const ObjectInfo* with_copies(const ObjectInfo& declared, const char* key) {
  static std::mutex one_at_a_time;
  static std::deque<ObjectInfo> all;
  const std::lock_guard lock(one_at_a_time);
  ObjectInfo& info = all.emplace_back(declared);
  info.add_copies(key);
  return &info;
}

void ObjectInfo::read(const Cursor& cursor, void* object, const char* also_known) const {
  take_time();
  require_object(cursor, *this, also_known);
  const auto& value = cursor.value();
  if (base_key != nullptr && value.contains(base_key)) {
    read_field(base_field(*this), cursor, object);
    start(value[base_key].get<std::string>(), object);
  }
  for (const auto& field : fields) {
    if (value.contains(field.key))
      read_field(field, cursor, object);
  }
}

json ObjectInfo::write(const void* object) const {
  auto out = json::object();
  for (const auto& field : fields) {
    if (field.ignored)
      continue;
    const void* value = at(object, field.offset);
    if (field.may_be_absent)
      value = field.may_be_absent->held(value);
    if (value != nullptr)
      out[field.key] = field.kind->write(value);
  }
  return out;
}

const Kind* object_kind(const ObjectInfo& declared) {
  return keep({[&declared](const Cursor& c, void* value) { declared.read(c, value); },
               [&declared](const void* value) { return declared.write(value); },
               ref_schema(declared), link_to(declared)});
}

const Kind* row_or_object_kind(const ObjectInfo& declared, const char* expected) {
  const Kind row = *object_kind(declared);
  const Kind& name = *base_field(declared).kind;
  return keep({[&declared, &name, expected](const Cursor& c, void* value) {
                 if (c.value().is_object()) {
                   declared.read(c, value);
                   return;
                 }
                 if (!c.value().is_string())
                   c.fail_value(expected);
                 std::string word;
                 name.read(c, &word);
                 declared.start(word, value);
               },
               row.write,
               fmt::format(R"({{"anyOf":[{},{}],"x-shorthand":"{}"}})", name.schema, row.schema,
                           declared.base_key),
               name.words + " or " + row.words});
}

const Kind* union_kind(const std::vector<Alternative>& alternatives) {
  std::vector<std::string> tags;
  std::vector<std::string> refs;
  std::string words;
  for (const auto& one : alternatives) {
    tags.emplace_back(one.info->name);
    refs.push_back(ref_schema(*one.info));
    words += (words.empty() ? "" : " or ") + link_to(*one.info);
  }
  return keep({[alternatives, tags](const Cursor& c, void* value) {
                 const std::string tag = require_tag(c, tags);
                 std::size_t i = 0;
                 while (tags[i] != tag)
                   ++i;
                 const Alternative& one = alternatives[i];
                 void* const held = one.emplace(value);
                 if (one.width != 0)
                   store_integer(at(held, one.offset), one.width, one.value);
                 one.info->read(c, held, "type");
               },
               [alternatives](const void* value) -> json {
                 for (const auto& one : alternatives) {
                   const void* const held = held_by(one, value);
                   if (held == nullptr)
                     continue;
                   auto out = one.info->write(held);
                   out["type"] = one.info->name;
                   return out;
                 }
                 return nullptr;
               },
               fmt::format(R"({{"oneOf":[{}]}})", fmt::join(refs, ",")), words});
}

}  // namespace holdfast::scenario
