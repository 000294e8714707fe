// SPDX-License-Identifier: Apache-2.0
// What a kind of value is; for the files that make kinds, read with them or describe them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

struct Kind {
  /// Fills the value, which has its default before. Throws ScenarioError.
  std::function<void(const Cursor& cursor, void* value)> read;
  std::function<nlohmann::json(const void* value)> write;
  std::string schema;  ///< JSON Schema as text: most runs never ask for it
  std::string words;   ///< the kind in a few words, for people
};

/// Keeps a kind until the end of the program.
const Kind* keep(Kind kind);

/// An unsigned number or an enumeration of that many bytes.
void store_integer(void* value, std::size_t width, std::uint64_t number);
std::uint64_t load_integer(const void* value, std::size_t width);

/// Throws unless each member of the object is one of `keys`.
void only_keys(const Cursor& cursor, const std::vector<std::string>& keys);

/// The schema of a string that matches a regular expression.
std::string pattern_schema(const std::string& pattern);
/// The schema of a string that is one of these.
std::string enum_schema(const std::vector<std::string>& words);
/// The schema of that one string.
std::string const_schema(const std::string& word);
/// The schema of one thing or the other; each is a schema itself.
std::string any_of(const std::vector<std::string>& schemas);

template <class M>
M Codec<M>::read(const Cursor& cursor) const {
  M value{};
  kind->read(cursor, &value);
  return value;
}

template <class M>
nlohmann::json Codec<M>::write(const M& value) const {
  return kind->write(&value);
}

/// The kind of which `read` returns an M and `write` takes one.
template <class M, class Read, class Write>
Codec<M> codec_of(Read read, Write write, std::string schema, std::string words) {
  return {keep({[read](const Cursor& c, void* value) { *static_cast<M*>(value) = read(c); },
                [write](const void* value) { return write(*static_cast<const M*>(value)); },
                std::move(schema), std::move(words)})};
}

}  // namespace holdfast::scenario
