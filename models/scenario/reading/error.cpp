// SPDX-License-Identifier: Apache-2.0
// Wording of scenario errors and the search for the nearest valid name.
#include "models/scenario/reading/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "models/scenario/reading/templates.hpp"

namespace holdfast::scenario {
namespace {

// A longer word is not a typing slip of one of our names, and the distance is quadratic in it.
constexpr std::size_t longest_compared_word = 64;
constexpr std::size_t longest_shown_text = 60;
constexpr std::size_t most_shown_names = 12;

// Edit distance in which swapping two neighbours is one step ("optimal string alignment").
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped)
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

struct CodePoint {
  char32_t value;
  std::size_t bytes;  ///< 0: no UTF-8
};

// The first character of a text that is not empty (RFC 3629, table of section 4).
CodePoint first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes)
    return {0, 0};
  char32_t value = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return {0, 0};
    value = value << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  const bool good = value >= smallest[bytes] && value <= 0x10ffff && !surrogate;
  return {value, good ? bytes : 0};
}

// What moves the cursor, starts an escape sequence, breaks the line or turns the writing around.
bool disturbs(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool direction = c == 0x061c || c == 0x200e || c == 0x200f ||
                         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || separator || direction;
}

// A name may be longer than a file system takes, and its end tells files apart.
std::string shortened(const std::string& source) {
  constexpr std::size_t longest = 255, kept = 100;
  if (source.size() <= longest)
    return source;
  return source.substr(0, kept) + "..." + source.substr(source.size() - kept);
}

std::string line_of(const ScenarioError::Parts& p) {
  std::string out = shortened(p.source);
  if (p.line != 0)
    out += fmt::format(":{}:{}", p.line, p.column);
  out += p.pointer.empty() ? ": " : fmt::format(": at {}: ", p.pointer);
  out += fmt::format("found {}, expected {}", p.found, p.expected);
  if (!p.nearest.empty())
    out += fmt::format("; did you mean \"{}\"?", p.nearest);
  return printable(out);
}

}  // namespace

ScenarioError::ScenarioError(Parts parts)
    : std::runtime_error(line_of(parts)), parts_(std::move(parts)) {}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [value, bytes] = first_of(text);
    if (bytes == 0 || (bytes == 1 && disturbs(value))) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (disturbs(value)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(value));
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = first_of(text).bytes;
    if (bytes == 0)
      return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  if (word.empty() || word.size() > longest_compared_word)
    return {};
  std::string best;
  std::size_t best_distance = longest_compared_word;
  for (const auto& name : names) {
    if (name.size() > longest_compared_word)
      continue;
    const std::size_t distance = edit_distance(word, name);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), name.size()) / 3);
    if (distance <= allowed && distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string one_of(const std::vector<std::string>& names) {
  if (names.empty())
    return "nothing (there is none)";
  std::string out = names.size() == 1 ? "" : "one of ";
  const std::size_t shown = std::min(names.size(), most_shown_names);
  for (std::size_t i = 0; i < shown; ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  if (shown < names.size())
    out += fmt::format(", ... ({} more)", names.size() - shown);
  return out;
}

std::string json_string(const std::string& text) {
  // A cut inside a multi-byte character must not throw; `replace` prints U+FFFD instead.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string in_quotes(std::string_view text) {
  std::string shown(text.substr(0, longest_shown_text));
  if (text.size() > longest_shown_text)
    shown += "...";
  return json_string(shown);
}

std::string describe(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::object:
      return "an object";
    case nlohmann::json::value_t::array:
      return fmt::format("a list of {}", value.size());
    case nlohmann::json::value_t::string:
      return "the string " + in_quotes(value.get_ref<const std::string&>());
    case nlohmann::json::value_t::number_integer:
    case nlohmann::json::value_t::number_unsigned:
    case nlohmann::json::value_t::number_float:
      return "the number " + value.dump();
    default:
      return value.dump();
  }
}

std::string pointer_segment(std::string_view key) {
  std::string out = "/";
  for (const char c : key.substr(0, longest_shown_text)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return key.size() > longest_shown_text ? out + "..." : out;
}

Cursor Cursor::at(const std::string& key) const {
  const auto member = value_->find(key);
  const auto& value = value_->is_object() && member != value_->end() ? *member : *value_;
  return {value, source_, pointer_ + pointer_segment(key), origins_};
}

Cursor Cursor::at(std::size_t index) const {
  return {(*value_)[index], source_, fmt::format("{}/{}", pointer_, index), origins_};
}

std::string Cursor::pointer() const {
  return origins_ == nullptr ? pointer_ : origins_->pointer(pointer_);
}

void Cursor::fail(std::string found, std::string expected, std::string near) const {
  if (const std::string copies = origins_ == nullptr ? "" : origins_->copies(pointer_);
      !copies.empty()) {
    found += fmt::format(" (in the copy {})", copies);
  }
  throw ScenarioError({source_, pointer(), std::move(found), std::move(expected), std::move(near)});
}

void Cursor::fail_value(std::string expected, std::string near) const {
  fail(describe(*value_), std::move(expected), std::move(near));
}

}  // namespace holdfast::scenario
