// SPDX-License-Identifier: Apache-2.0
// The kinds of JSON values that a scenario knows. The declaration of an object is a row of these.
// A kind knows a value by its address alone (kind.hpp); the type that it is for stays with it as
// `Codec<M>`, so that a member is never declared with the kind of another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "models/scenario/reading/bounds.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/latency.hpp"

namespace holdfast::scenario {

using sim::Duration;

/// How a value is read, written and described. Every kind stays until the end of the program.
struct Kind;

/// A kind for values of type M. `read` and `write` are defined in kind.hpp.
template <class M>
struct Codec {
  const Kind* kind = nullptr;

  M read(const Cursor& cursor) const;
  nlohmann::json write(const M& value) const;
};

/// A whole number between two bounds, both included; `width` is the size of its unsigned type.
const Kind* integer_kind(std::size_t width, std::uint64_t low, std::uint64_t high);

template <class M>
Codec<M> integer(std::uint64_t low, std::uint64_t high) {
  static_assert(std::is_unsigned_v<M>);
  return {integer_kind(sizeof(M), low, high)};
}

/// A size in bytes with a unit, between two bounds.
const Kind* size_kind(std::size_t width, std::uint64_t low, std::uint64_t high);

template <class M>
Codec<M> size(std::uint64_t low, std::uint64_t high) {
  static_assert(std::is_unsigned_v<M>);
  return {size_kind(sizeof(M), low, high)};
}

/// A duration with a unit, between two bounds and a multiple of `step`.
Codec<Duration> duration(Duration low, Duration high, Duration step = Duration{1});
/// As above, or the word "off", which stands for any negative duration.
Codec<Duration> duration_or_off(Duration low, Duration high, Duration step);
/// Bits per second with a unit.
Codec<std::uint64_t> rate(std::uint64_t low, std::uint64_t high);
/// "0.1%" or a number from 0 to 1.
Codec<double> probability();
/// A number above zero, up to `high`.
Codec<double> factor(double high);
/// A probability for both directions of a link, or {"forward": ..., "backward": ...}.
Codec<std::array<double, 2>> loss_by_direction();
/// "write", "read", "flush" or an opcode from 0 to 255.
Codec<std::uint8_t> opcode();
/// A status as the tables of the specification write it: type and code, without retry hints.
Codec<std::uint16_t> status_code();
/// "80us", {"uniform": [low, high]}, {"exponential": mean, "min": low} or {"usual": low, "rare":
/// mean, "chance": p}; no part above `high`.
Codec<Latency> latency(Duration high);
/// A number, or {"min": ..., "max": ...}; of a count there is a whole number between them.
Codec<Bounds> bounds();
Codec<Bounds> bounds_of_count();
Codec<bool> boolean();
Codec<std::string> text(std::size_t longest);
/// A name of letters, digits and the given marks, that begins with a letter or a digit.
Codec<std::string> name(std::size_t longest, std::string_view marks = "._:-");

/// One of the words, kept as it is. `words` is what people are told; empty: all of them.
Codec<std::string> word_of(const std::vector<std::string>& choices, std::string words = {});
/// Reads one of the words; throws with the nearest one.
std::string read_word(const Cursor& cursor, const std::vector<std::string>& words);

/// A word that stands for a value.
template <class E>
struct Option {
  const char* word;
  E value;
};
/// The same for any type that fits.
using AnyOption = Option<std::uint64_t>;

/// One word out of several; `width` is the size of what they stand for.
const Kind* choice_kind(std::size_t width, const std::vector<AnyOption>& choices);

template <class E>
Codec<E> choice(std::initializer_list<Option<E>> choices) {
  static_assert(std::is_enum_v<E> || std::is_unsigned_v<E>);
  std::vector<AnyOption> any(choices.size());
  for (std::size_t i = 0; i < any.size(); ++i) {
    const Option<E>& one = choices.begin()[i];
    any[i] = {one.word, static_cast<std::uint64_t>(one.value)};
  }
  return {choice_kind(sizeof(E), any)};
}

const Kind* or_word_kind(const Kind& inner, const char* word, void (*clear)(void* value),
                         bool (*is_clear)(const void* value));

/// A kind plus one word that stands for the value 0 or empty ("auto").
template <class M>
Codec<M> or_word(Codec<M> inner, const char* word) {
  return {or_word_kind(
      *inner.kind, word, [](void* value) { *static_cast<M*>(value) = M{}; },
      [](const void* value) { return *static_cast<const M*>(value) == M{}; })};
}

/// Throws unless the value is a list of that many elements; called before any of them is read.
void require_list(const Cursor& cursor, std::size_t fewest, std::size_t most);

/// Elements of equal size, one behind the other.
struct Elements {
  const void* first;
  std::size_t count;
};

/// How a vector is filled and read by its address.
struct ListAccess {
  std::size_t stride;                              ///< size of an element
  void* (*resize)(void* list, std::size_t count);  ///< the first of `count` new elements
  Elements (*elements)(const void* list);
};

template <class E>
inline constexpr ListAccess list_access = {sizeof(E),
                                           [](void* list, std::size_t count) -> void* {
                                             auto& typed = *static_cast<std::vector<E>*>(list);
                                             typed.clear();
                                             typed.resize(count);
                                             return typed.data();
                                           },
                                           [](const void* list) -> Elements {
                                             const auto& typed =
                                                 *static_cast<const std::vector<E>*>(list);
                                             return {typed.data(), typed.size()};
                                           }};

const Kind* list_kind(const ListAccess& access, const Kind& element, std::size_t fewest,
                      std::size_t most);

template <class E>
Codec<std::vector<E>> list(Codec<E> element, std::size_t fewest, std::size_t most) {
  return {list_kind(list_access<E>, *element.kind, fewest, most)};
}

/// Exactly two of a kind.
const Kind* pair_kind(std::size_t stride, const Kind& element);

template <class E>
Codec<std::array<E, 2>> pair_of(Codec<E> element) {
  return {pair_kind(sizeof(E), *element.kind)};
}

}  // namespace holdfast::scenario
