// SPDX-License-Identifier: Apache-2.0
// The declaration of an object of a scenario: a table of its fields, each with a key, a member, a
// kind and one line of documentation. Parser, validation, canonical form, JSON Schema and reference
// page all come from it; defaults come from the member initializers of spec.hpp, so they are said
// once. A row of the table is data; what deals with it (object.cpp) is compiled once for all types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

enum class Need : std::uint8_t { optional, required };

/// How an optional member is filled and read by its address.
struct OptionalAccess {
  void* (*emplace)(void* member);
  const void* (*held)(const void* member);  ///< null: absent
};

template <class M>
inline constexpr OptionalAccess optional_access = {
    [](void* member) -> void* { return &static_cast<std::optional<M>*>(member)->emplace(); },
    [](const void* member) -> const void* {
      const auto& typed = *static_cast<const std::optional<M>*>(member);
      return typed ? &*typed : nullptr;
    }};

struct FieldInfo {
  const char* key;
  const char* doc;  ///< one line
  const Kind* kind;
  std::size_t offset = 0;  ///< of the member in its object
  bool required = false;
  bool ignored = false;  ///< a key that is dealt with before; there is no member
  const OptionalAccess* may_be_absent = nullptr;
  const void* fallback = nullptr;  ///< the default; none: required, or absent by default
};

struct ObjectInfo {
  const char* name;  ///< as in `$defs` of the JSON Schema
  const char* doc;
  std::vector<FieldInfo> fields;
  /// The value of this key names a row of defaults from which the object starts.
  const char* base_key = nullptr;
  void (*start)(const std::string& row, void* object) = nullptr;
  /// The key that makes it a template (templates.hpp); null: it cannot be one.
  const char* copies_key = nullptr;

  std::vector<std::string> keys() const;
  void add(const FieldInfo& field);
  void add_copies(const char* key);
  /// Fills an object that has its defaults. `also_known` is a key that the caller has dealt with
  /// (the tag of a union); null: none.
  void read(const Cursor& cursor, void* object, const char* also_known = nullptr) const;
  nlohmann::json write(const void* object) const;
};

/// The object as its member initializers make it.
template <class T>
const T& defaults_of() {
  static const T defaults{};
  return defaults;
}

/// Where a member is, in bytes from the beginning of its object.
template <class T, class M>
std::size_t offset_of(M T::*member) {
  const T& object = defaults_of<T>();
  return static_cast<std::size_t>(reinterpret_cast<const char*>(&(object.*member)) -
                                  reinterpret_cast<const char*>(&object));
}

template <class T>
class Object {
 public:
  /// A part of other objects (`with`), which has no name of its own.
  Object() : Object("", "") {}
  Object(const char* name, const char* doc) : info_{name, doc, {}} {}

  template <class M, class Base>
  Object&& field(const char* key, M Base::*member, std::type_identity_t<Codec<M>> codec,
                 const char* doc, Need need = Need::optional) && {
    const bool required = need == Need::required;
    const void* const fallback = required ? nullptr : &(defaults_of<T>().*member);
    info_.add({key, doc, codec.kind, offset_of<T, M>(member), required, false, nullptr, fallback});
    return std::move(*this);
  }

  /// A member that may be absent and has no default.
  template <class M, class Base>
  Object&& maybe(const char* key, std::optional<M> Base::*member,
                 std::type_identity_t<Codec<M>> codec, const char* doc) && {
    info_.add({key, doc, codec.kind, offset_of<T, std::optional<M>>(member), false, false,
               &optional_access<M>});
    return std::move(*this);
  }

  /// The fields of a part that several objects have in common.
  template <class Part>
  Object&& with(const Object<Part>& part) && {
    const T& object = defaults_of<T>();
    const auto* const place = reinterpret_cast<const char*>(static_cast<const Part*>(&object));
    const auto shift = place - reinterpret_cast<const char*>(&object);
    for (FieldInfo field : part.info().fields) {
      field.offset += static_cast<std::size_t>(shift);
      info_.add(field);
    }
    return std::move(*this);
  }

  /// A key that tools use and a scenario does not keep.
  Object&& ignored(const char* key, Codec<std::string> codec, const char* doc) && {
    info_.add({key, doc, codec.kind, 0, false, true});
    return std::move(*this);
  }

  /// Elements of a list of these may be templates: the value of `key` says for how many one stands.
  Object&& copies(const char* key) && {
    info_.add_copies(key);
    return std::move(*this);
  }

  /// The value of `key` names a row of defaults from which the object starts.
  template <T (*row)(const std::string&)>
  Object&& based_on(const char* key) && {
    info_.base_key = key;
    info_.start = [](const std::string& name, void* object) {
      *static_cast<T*>(object) = row(name);
    };
    return std::move(*this);
  }

  const ObjectInfo& info() const { return info_; }

 private:
  ObjectInfo info_;
};

/// The declaration with a key that makes the object a template; it stays until the end of the
/// program.
const ObjectInfo* with_copies(const ObjectInfo& declared, const char* key);

/// An object as a kind of value. The object must outlive the kind (they are all static).
const Kind* object_kind(const ObjectInfo& declared);
/// As above, or the name of a row of defaults; `expected` is what anything else is told.
const Kind* row_or_object_kind(const ObjectInfo& declared, const char* expected);

template <class T>
Codec<T> object(const Object<T>& declared) {
  return {object_kind(declared.info())};
}

/// One alternative of a variant, by the tag that its object has in a document.
struct Alternative {
  const ObjectInfo* info;
  void* (*emplace)(void* variant);           ///< makes it that alternative, with its defaults
  const void* (*held)(const void* variant);  ///< null: it is another one
  /// Where several tags share a type, a member of it says which one it is; width 0: there is none.
  std::size_t offset = 0;
  std::size_t width = 0;
  std::uint64_t value = 0;
};

const Kind* union_kind(const std::vector<Alternative>& alternatives);

/// Objects told apart by their member "type".
template <class V>
class Union {
 public:
  template <class T>
  Union&& alternative(const Object<T>& declared) && {
    alternatives_.push_back(alternative_of(declared));
    return std::move(*this);
  }

  /// One of several tags of a type: the one with which `member` has this value.
  template <class T, class M>
  Union&& alternative(const Object<T>& declared, M T::*member, std::type_identity_t<M> value) && {
    static_assert(std::is_enum_v<M> || std::is_same_v<M, bool>);
    Alternative one = alternative_of(declared);
    one.offset = offset_of(member);
    one.width = sizeof(M);
    one.value = static_cast<std::uint64_t>(value);
    alternatives_.push_back(one);
    return std::move(*this);
  }

  /// Each of them may be a template, as Object::copies says.
  Union&& copies(const char* key) && {
    for (Alternative& one : alternatives_)
      one.info = with_copies(*one.info, key);
    return std::move(*this);
  }

  /// The union must outlive the codec.
  Codec<V> codec() const { return {union_kind(alternatives_)}; }

  std::vector<const ObjectInfo*> infos() const {
    std::vector<const ObjectInfo*> out;
    for (const auto& one : alternatives_)
      out.push_back(one.info);
    return out;
  }

 private:
  template <class T>
  static Alternative alternative_of(const Object<T>& declared) {
    return {&declared.info(),
            [](void* variant) -> void* { return &static_cast<V*>(variant)->template emplace<T>(); },
            [](const void* variant) -> const void* {
              return std::get_if<T>(static_cast<const V*>(variant));
            }};
  }

  std::vector<Alternative> alternatives_;
};

}  // namespace holdfast::scenario
