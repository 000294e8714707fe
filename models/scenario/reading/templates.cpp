// SPDX-License-Identifier: Apache-2.0
// Expansion of templates; see templates.hpp.
#include "models/scenario/reading/templates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "models/scenario/reading/kind.hpp"
#include "models/scenario/reading/patience.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

/// Why an expression has no value; the reader of the string says where.
struct NoValue {
  std::string problem;
};

/// The value of what stands between two braces: whole numbers, the numbers of the copies,
/// + - * / % and parentheses.
class Expression {
 public:
  Expression(std::string_view text, const Numbers& numbers) : rest_(text), numbers_(&numbers) {}

  std::int64_t value() {
    const std::int64_t out = sum();
    if (!rest_.empty())
      throw NoValue{"nothing is understood from " + in_quotes(rest_) + " on"};
    if (out < 0)
      throw NoValue{fmt::format("it is {}, a negative number", out)};
    return out;
  }

 private:
  /// The next sign that is no space; 0 at the end.
  char next() {
    while (!rest_.empty() && rest_.front() == ' ')
      rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_.front();
  }

  static std::int64_t fits(bool overflows, std::int64_t value) {
    if (overflows)
      throw NoValue{"a number of it does not fit 63 bits"};
    return value;
  }

  std::int64_t sum() {
    std::int64_t out = product();
    for (char sign = next(); sign == '+' || sign == '-'; sign = next()) {
      rest_.remove_prefix(1);
      const std::int64_t right = product();
      std::int64_t result = 0;
      const bool over = sign == '+' ? __builtin_add_overflow(out, right, &result)
                                    : __builtin_sub_overflow(out, right, &result);
      out = fits(over, result);
    }
    return out;
  }

  std::int64_t product() {
    std::int64_t out = atom();
    for (char sign = next(); sign == '*' || sign == '/' || sign == '%'; sign = next()) {
      rest_.remove_prefix(1);
      const std::int64_t right = atom();
      if (sign == '*') {
        std::int64_t result = 0;
        const bool over = __builtin_mul_overflow(out, right, &result);
        out = fits(over, result);
        continue;
      }
      if (right <= 0)
        throw NoValue{"it divides by " + std::to_string(right)};
      out = sign == '/' ? out / right : out % right;
    }
    return out;
  }

  std::int64_t atom() {
    const char first = next();
    if (first == '(') {
      if (++depth_ > deepest)
        throw NoValue{"its parentheses are nested too deeply"};
      rest_.remove_prefix(1);
      const std::int64_t out = sum();
      if (next() != ')')
        throw NoValue{"a parenthesis is left open"};
      rest_.remove_prefix(1);
      --depth_;
      return out;
    }
    if (const auto known = numbers_->find(first); known != numbers_->end()) {
      rest_.remove_prefix(1);
      return known->second;
    }
    std::int64_t out = 0;
    const char* const end = rest_.data() + rest_.size();
    const auto parsed = std::from_chars(rest_.data(), end, out);
    if (first < '0' || first > '9' || parsed.ec != std::errc{}) {
      throw NoValue{first == '\0' ? "a number is missing at its end"
                                  : in_quotes(rest_) + " does not begin with a number"};
    }
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    return out;
  }

  static constexpr int deepest = 16;
  std::string_view rest_;
  const Numbers* numbers_;
  int depth_ = 0;
};

/// "i = 17, j = 2"
std::string told(const Numbers& numbers) {
  std::string out;
  for (const auto& [name, value] : numbers)
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name, value);
  return out;
}

std::string what_braces_hold(const Numbers& numbers) {
  std::string names;
  for (const auto& [name, value] : numbers)
    names += fmt::format("{}, ", name);
  return fmt::format("between braces an expression of {}whole numbers, + - * / % and parentheses",
                     names);
}

const json* list_in(const json& document, const TemplateList& list) {
  const json* at = &document;
  for (const std::string& key : list.keys) {
    if (!at->is_object() || !at->contains(key))
      return nullptr;
    at = &at->at(key);
  }
  return at->is_array() ? at : nullptr;
}

bool is_template(const json& element, const TemplateList& list) {
  return element.is_object() && element.contains(list.count_key);
}

/// Values in it as it stands. Texts have a value more for each 64 characters.
std::uint64_t values_in(const json& value) {
  constexpr std::size_t long_text = 64;
  if (value.is_string())
    return 1 + value.get_ref<const std::string&>().size() / long_text;
  std::uint64_t out = 1;
  if (value.is_array()) {
    for (const json& element : value)
      out += values_in(element);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      out += key.size() / long_text + values_in(member);
  }
  return out;
}

/// For how many an element stands; one whose number is wrong is refused when its turn comes.
std::uint64_t copies_of(const json& element, const TemplateList& list) {
  if (!is_template(element, list) || !element.at(list.count_key).is_number_integer())
    return 1;
  const auto count = element.at(list.count_key).get<std::int64_t>();
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(count, 1, most_copies));
}

/// Values in it once its own templates are expanded: what one copy of it costs.
std::uint64_t values_in(const json& value, const std::vector<TemplateList>& lists) {
  constexpr std::uint64_t beyond = 1ULL << 40;  // any bound, and so many copies still fit 64 bits
  std::uint64_t out = values_in(value);
  for (const TemplateList& list : lists) {
    const json* const elements = list_in(value, list);
    if (elements == nullptr)
      continue;
    for (const json& one : *elements) {
      const std::uint64_t more = copies_of(one, list) * values_in(one, list.inner);
      out = std::min(out + more - values_in(one), beyond);
    }
  }
  return out;
}

class Expander {
 public:
  Expander(std::string source, Origins& origins) : source_(std::move(source)), origins_(&origins) {}

  /// A copy of `value` with its strings filled in; `pointer` is where it was given.
  json filled(const json& value, const std::string& pointer, const Numbers& numbers,
              const std::vector<TemplateList>& lists) {
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      const bool plain = numbers.empty() || text.find_first_of("{}") == std::string::npos;
      return plain ? value : json(filled_in(text, numbers, {value, source_, pointer}));
    }
    if (value.is_array()) {
      json out = json::array();
      for (std::size_t i = 0; i < value.size(); ++i)
        out.push_back(filled(value[i], fmt::format("{}/{}", pointer, i), numbers, {}));
      return out;
    }
    if (!value.is_object())
      return value;
    json out = json::object();
    for (const auto& [key, member] : value.items()) {
      const std::string here = pointer + pointer_segment(key);
      out[key] = filled_member(key, member, here, numbers, lists);
    }
    return out;
  }

 private:
  json filled_member(const std::string& key, const json& member, const std::string& pointer,
                     const Numbers& numbers, const std::vector<TemplateList>& lists) {
    std::vector<TemplateList> below;
    for (const TemplateList& list : lists) {
      if (list.keys.front() != key)
        continue;
      if (list.keys.size() == 1 && member.is_array())
        return elements(member, pointer, numbers, list);
      if (list.keys.size() == 1)
        continue;  // It should be a list. Whoever reads it says so.
      below.push_back(list);
      below.back().keys.erase(below.back().keys.begin());
    }
    return filled(member, pointer, numbers, below);
  }

  json elements(const json& list, const std::string& pointer, const Numbers& numbers,
                const TemplateList& declared) {
    json out = json::array();
    std::vector<Origins::Origin> origins;
    for (std::size_t at = 0; at < list.size(); ++at) {
      const std::string here = fmt::format("{}/{}", pointer, at);
      if (!is_template(list[at], declared)) {
        out.push_back(filled(list[at], here, numbers, declared.inner));
        origins.push_back({at, 0, false, declared.number});
        continue;
      }
      const std::uint32_t count = count_of(list[at], here, declared);
      json body = list[at];
      body.erase(declared.count_key);
      const Cursor cursor = Cursor(list[at], source_, here).at(declared.count_key);
      // Before the first copy: what would be refused afterwards may not fit memory.
      if (out.size() + count > declared.most)
        cursor.fail(fmt::format("a list of {} up to here", out.size() + count),
                    fmt::format("a list of {} to {}", declared.fewest, declared.most));
      if (numbers.empty())  // else the template around this one has counted them
        charge(count * values_in(body, declared.inner), cursor);
      Numbers inside = numbers;
      for (std::uint32_t copy = 0; copy < count; ++copy) {
        take_time();
        inside[declared.number] = copy;
        out.push_back(filled(body, here, inside, declared.inner));
        origins.push_back({at, copy, true, declared.number});
      }
    }
    const bool any = std::any_of(origins.begin(), origins.end(),
                                 [](const Origins::Origin& one) { return one.of_template; });
    if (any)
      origins_->note(pointer, std::move(origins));
    return out;
  }

  void charge(std::uint64_t values, const Cursor& cursor) {
    values_ += values;
    if (values_ > most_copied_values)
      cursor.fail(fmt::format("{} values in copies up to here", values_),
                  fmt::format("at most {} of all templates together", most_copied_values));
  }

  std::uint32_t count_of(const json& element, const std::string& pointer,
                         const TemplateList& declared) {
    const Cursor cursor = Cursor(element, source_, pointer).at(declared.count_key);
    copies_kind()->read(cursor, nullptr);
    const auto count = cursor.value().get<std::uint32_t>();
    made_ += count;
    if (made_ > most_copies)
      cursor.fail(fmt::format("{} copies up to here", made_),
                  fmt::format("at most {} of all templates together", most_copies));
    return count;
  }

  std::string source_;
  Origins* origins_;
  std::uint64_t made_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace

const Kind* copies_kind() {
  static const Kind& number = *integer_kind(sizeof(std::uint32_t), 1, most_copies);
  static const Kind* const kind = keep({[](const Cursor& c, void*) {
                                          std::uint32_t dropped = 0;
                                          number.read(c, &dropped);
                                        },
                                        number.write, number.schema, number.words});
  return kind;
}

std::string Origins::pointer(const std::string& expanded) const { return told(expanded).pointer; }
std::string Origins::copies(const std::string& expanded) const { return told(expanded).copies; }

void Origins::note(const std::string& list, std::vector<Origin> elements) {
  lists_.insert_or_assign(list, std::move(elements));
}

Origins::Told Origins::told(const std::string& expanded) const {
  Told out;
  for (std::size_t from = 0; from < expanded.size();) {
    const std::size_t to = std::min(expanded.find('/', from + 1), expanded.size());
    const std::string segment = expanded.substr(from + 1, to - from - 1);
    from = to;
    const auto list = lists_.find(out.pointer);
    if (list == lists_.end()) {
      out.pointer += "/" + segment;
      continue;
    }
    const Origin& origin = list->second.at(std::stoul(segment));
    out.pointer += fmt::format("/{}", origin.given);
    if (origin.of_template)
      out.copies +=
          fmt::format("{}{} = {}", out.copies.empty() ? "" : ", ", origin.number, origin.copy);
  }
  return out;
}

bool has_templates(const json& document, const std::vector<TemplateList>& lists) {
  for (const TemplateList& list : lists) {
    const json* const elements = list_in(document, list);
    if (elements == nullptr)
      continue;
    for (const json& element : *elements) {
      if (is_template(element, list) || has_templates(element, list.inner))
        return true;
    }
  }
  return false;
}

json expanded(const json& document, const std::vector<TemplateList>& lists,
              const std::string& source, Origins& origins) {
  return Expander(source, origins).filled(document, {}, {}, lists);
}

std::string filled_in(const std::string& text, const Numbers& numbers, const Cursor& cursor) {
  std::string out;
  std::string_view rest = text;
  while (true) {
    const std::size_t open = rest.find_first_of("{}");
    out += rest.substr(0, open);
    if (open == std::string_view::npos)
      return out;
    const std::size_t close = rest.find_first_of("{}", open + 1);
    if (rest[open] == '}' || close == std::string_view::npos || rest[close] == '{')
      cursor.fail(describe(cursor.value()) + " (a brace without its other one)",
                  what_braces_hold(numbers));
    try {
      out += std::to_string(Expression(rest.substr(open + 1, close - open - 1), numbers).value());
    } catch (const NoValue& error) {
      cursor.fail(
          fmt::format("{} ({}, with {})", describe(cursor.value()), error.problem, told(numbers)),
          what_braces_hold(numbers));
    }
    rest.remove_prefix(close + 1);
  }
}

}  // namespace holdfast::scenario
