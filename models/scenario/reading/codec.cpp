// SPDX-License-Identifier: Apache-2.0
// The kinds that need no unit: whole numbers, words, names, lists; see codec.hpp.
#include "models/scenario/reading/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <deque>
#include <mutex>

#include "models/scenario/reading/kind.hpp"
#include "models/scenario/reading/units.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

// A whole number between two bounds, both included.
std::uint64_t read_integer(const Cursor& c, std::uint64_t low, std::uint64_t high) {
  const std::string expected = fmt::format("an integer from {} to {}", low, high);
  std::uint64_t value = 0;
  // Compared as what they are: above 2^63 - 1 an unsigned number, taken as a signed one, is
  // negative.
  if (c.value().is_number_unsigned() ||
      (c.value().is_number_integer() && c.value().get<std::int64_t>() >= 0)) {
    value = c.value().get<std::uint64_t>();
  } else if (c.value().is_number_float()) {
    // JSON Schema counts 5.0 as an integer; beyond 2^53 a double no longer says which one it is.
    const double number = c.value().get<double>();
    if (!(number >= 0.0 && number < 9007199254740992.0) || std::floor(number) != number) {
      c.fail_value(expected);
    }
    value = static_cast<std::uint64_t>(number);
  } else {
    c.fail_value(expected);
  }
  if (value < low || value > high)
    c.fail_value(expected);
  return value;
}

template <class N>
void store_as(void* value, std::uint64_t number) {
  const auto narrow = static_cast<N>(number);
  std::memcpy(value, &narrow, sizeof(N));
}

template <class N>
std::uint64_t load_as(const void* value) {
  N narrow{};
  std::memcpy(&narrow, value, sizeof(N));
  return narrow;
}

}  // namespace

const Kind* keep(Kind kind) {
  // Objects are declared when they are first used, which several threads may do at a time.
  static std::mutex one_at_a_time;
  static std::deque<Kind> kinds;
  const std::lock_guard lock(one_at_a_time);
  return &kinds.emplace_back(std::move(kind));
}

std::string pattern_schema(const std::string& pattern) {
  return fmt::format(R"({{"type":"string","pattern":{}}})", json_string(pattern));
}

std::string enum_schema(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words)
    all += (all.empty() ? "" : ",") + json_string(word);
  return fmt::format(R"({{"type":"string","enum":[{}]}})", all);
}

std::string const_schema(const std::string& word) {
  return fmt::format(R"({{"const":{}}})", json_string(word));
}

std::string any_of(const std::vector<std::string>& schemas) {
  return fmt::format(R"({{"anyOf":[{}]}})", fmt::join(schemas, ","));
}

void store_integer(void* value, std::size_t width, std::uint64_t number) {
  switch (width) {
    case 1:
      return store_as<std::uint8_t>(value, number);
    case 2:
      return store_as<std::uint16_t>(value, number);
    case 4:
      return store_as<std::uint32_t>(value, number);
    default:
      return store_as<std::uint64_t>(value, number);
  }
}

std::uint64_t load_integer(const void* value, std::size_t width) {
  switch (width) {
    case 1:
      return load_as<std::uint8_t>(value);
    case 2:
      return load_as<std::uint16_t>(value);
    case 4:
      return load_as<std::uint32_t>(value);
    default:
      return load_as<std::uint64_t>(value);
  }
}

void only_keys(const Cursor& c, const std::vector<std::string>& keys) {
  for (const auto& member : c.value().items()) {
    if (std::find(keys.begin(), keys.end(), member.key()) != keys.end())
      continue;
    c.at(member.key())
        .fail("unknown key " + in_quotes(member.key()), one_of(keys), nearest(member.key(), keys));
  }
}

std::string read_word(const Cursor& c, const std::vector<std::string>& words) {
  if (!c.value().is_string())
    c.fail_value("a string, " + one_of(words));
  const auto word = c.value().get<std::string>();
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    c.fail_value(one_of(words), nearest(word, words));
  }
  return word;
}

void require_list(const Cursor& c, std::size_t fewest, std::size_t most) {
  const std::string expected = fewest == most ? fmt::format("a list of exactly {}", most)
                                              : fmt::format("a list of {} to {}", fewest, most);
  if (!c.value().is_array())
    c.fail_value(expected);
  if (c.value().size() < fewest || c.value().size() > most)
    c.fail_value(expected);
}

const Kind* integer_kind(std::size_t width, std::uint64_t low, std::uint64_t high) {
  return keep({[=](const Cursor& c, void* value) {
                 store_integer(value, width, read_integer(c, low, high));
               },
               [=](const void* value) { return json(load_integer(value, width)); },
               fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", low, high),
               fmt::format("integer, {} to {}", low, high)});
}

const Kind* choice_kind(std::size_t width, const std::vector<AnyOption>& choices) {
  std::vector<std::string> words;
  for (const auto& one : choices)
    words.emplace_back(one.word);
  const Kind& word = *word_of(words).kind;
  return keep({[=](const Cursor& c, void* value) {
                 const auto found = std::find(words.begin(), words.end(), read_word(c, words));
                 const auto i = static_cast<std::size_t>(found - words.begin());
                 store_integer(value, width, choices[i].value);
               },
               [=](const void* value) -> json {
                 const std::uint64_t number = load_integer(value, width);
                 for (const auto& one : choices) {
                   if (one.value == number)
                     return one.word;
                 }
                 return nullptr;
               },
               word.schema, word.words});
}

const Kind* list_kind(const ListAccess& access, const Kind& element, std::size_t fewest,
                      std::size_t most) {
  std::string schema =
      fmt::format(R"({{"type":"array","items":{},"maxItems":{})", element.schema, most);
  schema += fewest > 0 ? fmt::format(R"(,"minItems":{}}})", fewest) : "}";
  return keep({[=, &access, &element](const Cursor& c, void* value) {
                 require_list(c, fewest, most);
                 const std::size_t count = c.value().size();
                 auto* const first = static_cast<char*>(access.resize(value, count));
                 for (std::size_t i = 0; i < count; ++i)
                   element.read(c.at(i), first + i * access.stride);
               },
               [&access, &element](const void* value) {
                 auto out = json::array();
                 const auto [first, count] = access.elements(value);
                 for (std::size_t i = 0; i < count; ++i)
                   out.push_back(
                       element.write(static_cast<const char*>(first) + i * access.stride));
                 return out;
               },
               schema, "list of " + element.words});
}

const Kind* pair_kind(std::size_t stride, const Kind& element) {
  return keep(
      {[=, &element](const Cursor& c, void* value) {
         require_list(c, 2, 2);
         element.read(c.at(std::size_t{0}), value);
         element.read(c.at(std::size_t{1}), static_cast<char*>(value) + stride);
       },
       [=, &element](const void* value) {
         const void* const second = static_cast<const char*>(value) + stride;
         return json::array({element.write(value), element.write(second)});
       },
       fmt::format(R"({{"type":"array","items":{},"minItems":2,"maxItems":2}})", element.schema),
       "list of two: " + element.words});
}

Codec<std::string> word_of(const std::vector<std::string>& choices, std::string words) {
  const bool told = !words.empty();
  for (const auto& word : choices) {
    if (!told)
      words += (words.empty() ? "`" : ", `") + word + "`";
  }
  return codec_of<std::string>([=](const Cursor& c) { return read_word(c, choices); },
                               [](const std::string& value) { return json(value); },
                               enum_schema(choices), words);
}

Codec<bool> boolean() {
  return codec_of<bool>(
      [](const Cursor& c) {
        if (!c.value().is_boolean())
          c.fail_value("true or false");
        return c.value().get<bool>();
      },
      [](const bool& value) { return json(value); }, R"({"type":"boolean"})", "true or false");
}

Codec<std::string> text(std::size_t longest) {
  const auto expected = fmt::format("a string of at most {} bytes", longest);
  return codec_of<std::string>(
      [=](const Cursor& c) {
        const bool fits =
            c.value().is_string() && c.value().get_ref<const std::string&>().size() <= longest;
        if (!fits)
          c.fail_value(expected);
        return c.value().get<std::string>();
      },
      [](const std::string& value) { return json(value); },
      fmt::format(R"({{"type":"string","maxLength":{}}})", longest), "text");
}

Codec<std::string> name(std::size_t longest, std::string_view marks) {
  const auto pattern = fmt::format("^[A-Za-z0-9][A-Za-z0-9{}]{{0,{}}}$", marks, longest - 1);
  const auto expected =
      fmt::format("a name of 1 to {} letters, digits and {} that begins with a letter or a digit",
                  longest, marks);
  const auto allowed = [marks = std::string(marks)](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || marks.find(c) != std::string::npos;
  };
  return codec_of<std::string>(
      [=](const Cursor& c) {
        if (!c.value().is_string())
          c.fail_value(expected);
        const auto value = c.value().get<std::string>();
        const bool fits = !value.empty() && value.size() <= longest &&
                          std::all_of(value.begin(), value.end(), allowed) &&
                          std::string("._:-").find(value.front()) == std::string::npos;
        if (!fits)
          c.fail_value(expected);
        return value;
      },
      [](const std::string& value) { return json(value); }, pattern_schema(pattern), "name");
}

const Kind* or_word_kind(const Kind& inner, const char* word, void (*clear)(void*),
                         bool (*is_clear)(const void*)) {
  return keep(
      {[=, &inner](const Cursor& c, void* value) {
         if (c.value() == word)
           return clear(value);
         inner.read(c, value);
       },
       [=, &inner](const void* value) { return is_clear(value) ? json(word) : inner.write(value); },
       any_of({const_schema(word), inner.schema}), fmt::format("`{}` or {}", word, inner.words)});
}

Codec<std::uint8_t> opcode() {
  const std::string expected = one_of(opcode_names()) + ", or an opcode from 0 to 255";
  return codec_of<std::uint8_t>(
      [=](const Cursor& c) -> std::uint8_t {
        if (!c.value().is_string()) {
          if (!c.value().is_number())
            c.fail_value(expected);
          return static_cast<std::uint8_t>(read_integer(c, 0, 255));
        }
        const auto word = c.value().get<std::string>();
        const int value = opcode_of(word);
        if (value < 0)
          c.fail_value(expected, nearest(word, opcode_names()));
        return static_cast<std::uint8_t>(value);
      },
      [](const std::uint8_t& value) {
        const auto known = opcode_name(value);
        return known.empty() ? json(value) : json(known);
      },
      any_of({enum_schema(opcode_names()), R"({"type":"integer","minimum":0,"maximum":255})"}),
      "the name of an I/O command (`write`, `read`, `flush`, `copy`, ...) or an opcode, 0 to 255");
}

Codec<std::uint16_t> status_code() {
  const char* const expected = "a status as \"0x001\" to \"0x7ff\", type and code";
  return codec_of<std::uint16_t>(
      [=](const Cursor& c) -> std::uint16_t {
        if (!c.value().is_string())
          c.fail_value(expected);
        const auto& word = c.value().get_ref<const std::string&>();
        std::uint16_t value = 0;
        const char* const end = word.data() + word.size();
        const bool hex = word.size() > 2 && word.size() <= 5 && word.starts_with("0x");
        if (!hex || std::from_chars(word.data() + 2, end, value, 16).ptr != end || value == 0 ||
            value > 0x7ff) {
          c.fail_value(expected);
        }
        return value;
      },
      [](const std::uint16_t& value) { return json(fmt::format("{:#05x}", value)); },
      pattern_schema("^0x[0-7]?[0-9a-fA-F]{1,2}$"), "status, `0x001` to `0x7ff`");
}

}  // namespace holdfast::scenario
