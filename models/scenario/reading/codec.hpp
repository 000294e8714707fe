// SPDX-License-Identifier: Apache-2.0
// One kind of JSON value: how it is read (with a clear error), written, described in the JSON
// Schema and named on the reference page. The declaration of an object is a row of these.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::scenario {

template <class M>
struct Codec {
  std::function<M(const Cursor&)> read;  ///< throws ScenarioError
  std::function<nlohmann::json(const M&)> write;
  nlohmann::json schema;
  std::string words;  ///< the kind in a few words, for people
};

/// A whole number between two bounds, both included.
std::uint64_t read_integer(const Cursor& cursor, std::uint64_t low, std::uint64_t high);

template <class M>
Codec<M> integer(std::uint64_t low, std::uint64_t high) {
  return {[=](const Cursor& c) { return static_cast<M>(read_integer(c, low, high)); },
          [](const M& value) { return nlohmann::json(value); },
          {{"type", "integer"}, {"minimum", low}, {"maximum", high}},
          fmt::format("integer, {} to {}", low, high)};
}

/// A size in bytes with a unit, between two bounds.
Codec<std::uint64_t> size64(std::uint64_t low, std::uint64_t high);

template <class M>
Codec<M> size(std::uint64_t low, std::uint64_t high) {
  const auto wide = size64(low, high);
  return {[read = wide.read](const Cursor& c) { return static_cast<M>(read(c)); },
          [write = wide.write](const M& value) { return write(value); }, wide.schema, wide.words};
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
/// "80us", {"uniform": [low, high]}, {"exponential": mean, "min": low} or {"usual": low, "rare":
/// mean, "chance": p}; no part above `high`.
Codec<Latency> latency(Duration high);
/// A number, or {"min": ..., "max": ...}.
Codec<Bounds> bounds();
Codec<bool> boolean();
Codec<std::string> text(std::size_t longest);
/// A name of letters, digits and the given marks, that begins with a letter or a digit.
Codec<std::string> name(std::size_t longest, std::string_view marks = "._:-");

/// A value that has a word, and what the word means.
template <class E>
struct Choice {
  std::string word;
  E value;
  std::string doc;
};

/// One word out of several.
std::string read_word(const Cursor& cursor, const std::vector<std::string>& words);

template <class E>
Codec<E> choice(std::vector<Choice<E>> choices) {
  std::vector<std::string> words;
  for (const auto& one : choices)
    words.push_back(one.word);
  Codec<E> codec;
  codec.read = [choices, words](const Cursor& c) {
    const std::string word = read_word(c, words);
    std::size_t i = 0;
    while (choices[i].word != word)
      ++i;
    return choices[i].value;
  };
  codec.write = [choices](const E& value) -> nlohmann::json {
    for (const auto& one : choices) {
      if (one.value == value)
        return one.word;
    }
    return nullptr;
  };
  codec.schema = {{"type", "string"}, {"enum", words}};
  for (const auto& word : words)
    codec.words += (codec.words.empty() ? "`" : ", `") + word + "`";
  return codec;
}

/// A codec plus one word that stands for one value ("auto" for 0).
template <class M>
Codec<M> or_word(const Codec<M>& inner, std::string word, M value) {
  Codec<M> codec;
  codec.read = [inner, word, value](const Cursor& c) {
    return c.value() == word ? value : inner.read(c);
  };
  codec.write = [inner, word, value](const M& v) {
    return v == value ? nlohmann::json(word) : inner.write(v);
  };
  codec.schema = {{"anyOf", {{{"const", word}}, inner.schema}}};
  codec.words = fmt::format("`{}` or {}", word, inner.words);
  return codec;
}

/// Throws unless the value is a list of that many elements; called before any of them is read.
void require_list(const Cursor& cursor, std::size_t fewest, std::size_t most);

template <class E>
Codec<std::vector<E>> list(const Codec<E>& element, std::size_t fewest, std::size_t most) {
  Codec<std::vector<E>> codec;
  codec.read = [=](const Cursor& c) {
    require_list(c, fewest, most);
    std::vector<E> out;
    out.reserve(c.value().size());
    for (std::size_t i = 0; i < c.value().size(); ++i)
      out.push_back(element.read(c.at(i)));
    return out;
  };
  codec.write = [=](const std::vector<E>& values) {
    auto out = nlohmann::json::array();
    for (const auto& value : values)
      out.push_back(element.write(value));
    return out;
  };
  codec.schema = {{"type", "array"}, {"items", element.schema}, {"maxItems", most}};
  if (fewest > 0)
    codec.schema["minItems"] = fewest;
  codec.words = "list of " + element.words;
  return codec;
}

/// Exactly two of a kind.
template <class E>
Codec<std::array<E, 2>> pair_of(const Codec<E>& element) {
  Codec<std::array<E, 2>> codec;
  codec.read = [=](const Cursor& c) {
    require_list(c, 2, 2);
    return std::array<E, 2>{element.read(c.at(std::size_t{0})), element.read(c.at(std::size_t{1}))};
  };
  codec.write = [=](const std::array<E, 2>& values) {
    return nlohmann::json::array({element.write(values[0]), element.write(values[1])});
  };
  codec.schema = {{"type", "array"}, {"items", element.schema}, {"minItems", 2}, {"maxItems", 2}};
  codec.words = "list of two: " + element.words;
  return codec;
}

}  // namespace holdfast::scenario
