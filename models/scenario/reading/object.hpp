// SPDX-License-Identifier: Apache-2.0
// The declaration of an object of a scenario: its fields, each with a key, a member, a kind and one
// line of documentation. Parser, validation, canonical form, JSON Schema and reference page all
// come from it; defaults come from the member initializers of spec.hpp, so they are said once.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

enum class Need : std::uint8_t { optional, required };

/// What the documentation knows of a field.
struct FieldInfo {
  std::string key;
  std::string words;  ///< kind and range
  std::string doc;    ///< one line
  bool required = false;
  nlohmann::json schema;
  std::optional<nlohmann::json> fallback;  ///< the default; none: required, or absent by default
};

struct ObjectInfo {
  std::string name;  ///< as in `$defs` of the JSON Schema
  std::string doc;
  std::vector<FieldInfo> fields;

  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const auto& field : fields)
      out.push_back(field.key);
    return out;
  }
};

/// Throws on a value that is not an object, on an unknown key and on a missing required one.
void require_object(const Cursor& cursor, const ObjectInfo& info, const std::string& also_known);

template <class T>
class Object {
 public:
  Object(std::string name, std::string doc) : info_{std::move(name), std::move(doc), {}} {}

  template <class M>
  Object&& field(std::string key, M T::*member, const std::type_identity_t<Codec<M>>& codec,
                 std::string doc, Need need = Need::optional) && {
    const bool required = need == Need::required;
    FieldInfo info{key, codec.words, std::move(doc), required, codec.schema, std::nullopt};
    if (!required)
      info.fallback = codec.write(T{}.*member);
    info_.fields.push_back(std::move(info));
    fields_.push_back({std::move(key),
                       [=](T& out, const Cursor& c) { out.*member = codec.read(c); },
                       [=](const T& in) { return codec.write(in.*member); }});
    return std::move(*this);
  }

  /// A member that may be absent and has no default.
  template <class M>
  Object&& maybe(std::string key, std::optional<M> T::*member,
                 const std::type_identity_t<Codec<M>>& codec, std::string doc) && {
    info_.fields.push_back({key, codec.words, std::move(doc), false, codec.schema, std::nullopt});
    fields_.push_back({std::move(key),
                       [=](T& out, const Cursor& c) { out.*member = codec.read(c); },
                       [=](const T& in) -> std::optional<nlohmann::json> {
                         if (!(in.*member))
                           return std::nullopt;
                         return codec.write(*(in.*member));
                       }});
    return std::move(*this);
  }

  /// A key that tools use and a scenario does not keep.
  Object&& ignored(std::string key, const Codec<std::string>& codec, std::string doc) && {
    info_.fields.push_back({key, codec.words, std::move(doc), false, codec.schema, std::nullopt});
    fields_.push_back({std::move(key), [=](T&, const Cursor& c) { codec.read(c); },
                       [](const T&) -> std::optional<nlohmann::json> { return std::nullopt; }});
    return std::move(*this);
  }

  /// The value of `key` names a row of defaults from which the object starts.
  Object&& based_on(std::string key, std::function<T(const std::string&)> row) && {
    base_key_ = std::move(key);
    row_ = std::move(row);
    return std::move(*this);
  }

  /// `also_known` is a key that the caller has dealt with (the tag of a union).
  T read(const Cursor& cursor, T out = {}, const std::string& also_known = {}) const {
    require_object(cursor, info_, also_known);
    const auto& value = cursor.value();
    if (!base_key_.empty() && value.contains(base_key_)) {
      for (const auto& field : fields_) {
        if (field.key == base_key_)
          field.read(out, cursor.at(field.key));
      }
      out = row_(value[base_key_].template get<std::string>());
    }
    for (const auto& field : fields_) {
      if (value.contains(field.key))
        field.read(out, cursor.at(field.key));
    }
    return out;
  }

  nlohmann::json write(const T& in) const {
    auto out = nlohmann::json::object();
    for (const auto& field : fields_) {
      if (std::optional<nlohmann::json> value = field.write(in))
        out[field.key] = *value;
    }
    return out;
  }

  const ObjectInfo& info() const { return info_; }

 private:
  struct Field {
    std::string key;
    std::function<void(T&, const Cursor&)> read;
    std::function<std::optional<nlohmann::json>(const T&)> write;
  };

  ObjectInfo info_;
  std::vector<Field> fields_;
  std::string base_key_;
  std::function<T(const std::string&)> row_;
};

/// An object as a kind of value. The object must outlive the codec (they are all static).
template <class T>
Codec<T> object(const Object<T>& declared) {
  return {[&declared](const Cursor& c) { return declared.read(c); },
          [&declared](const T& value) { return declared.write(value); },
          {{"$ref", "#/$defs/" + declared.info().name}},
          fmt::format("[{0}](#{0})", declared.info().name)};
}

/// Throws unless the value is an object with a string under "type" that is one of `tags`.
std::string require_tag(const Cursor& cursor, const std::vector<std::string>& tags);

/// Objects told apart by their member "type".
template <class V>
class Union {
 public:
  /// `base` holds what the tag implies, `is` tells whether a value of that type has this tag.
  template <class T>
  Union&& alternative(
      const Object<T>& declared, T base = {},
      std::function<bool(const T&)> is = [](const T&) { return true; }) && {
    const std::string tag = declared.info().name;
    tags_.push_back(tag);
    infos_.push_back(&declared.info());
    alternatives_.push_back(
        {[&declared, base](const Cursor& c) -> V { return declared.read(c, base, "type"); },
         [&declared, is, tag](const V& value) -> std::optional<nlohmann::json> {
           const T* held = std::get_if<T>(&value);
           if (held == nullptr || !is(*held))
             return std::nullopt;
           auto out = declared.write(*held);
           out["type"] = tag;
           return out;
         }});
    return std::move(*this);
  }

  /// The union must outlive the codec.
  Codec<V> codec() const {
    Codec<V> out;
    out.read = [this](const Cursor& c) {
      const std::string tag = require_tag(c, tags_);
      std::size_t i = 0;
      while (tags_[i] != tag)
        ++i;
      return alternatives_[i].read(c);
    };
    out.write = [this](const V& value) -> nlohmann::json {
      for (const auto& one : alternatives_) {
        if (auto written = one.write(value))
          return *written;
      }
      return nullptr;
    };
    auto refs = nlohmann::json::array();
    for (const auto& tag : tags_) {
      refs.push_back({{"$ref", "#/$defs/" + tag}});
      out.words += fmt::format("{0}[{1}](#{1})", out.words.empty() ? "" : " or ", tag);
    }
    out.schema = {{"oneOf", refs}};
    return out;
  }

  const std::vector<const ObjectInfo*>& infos() const { return infos_; }

 private:
  struct Alternative {
    std::function<V(const Cursor&)> read;
    std::function<std::optional<nlohmann::json>(const V&)> write;
  };

  std::vector<std::string> tags_;
  std::vector<const ObjectInfo*> infos_;
  std::vector<Alternative> alternatives_;
};

}  // namespace holdfast::scenario
