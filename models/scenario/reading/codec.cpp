// SPDX-License-Identifier: Apache-2.0
// The kinds of values a scenario knows; see codec.hpp.
#include "models/scenario/reading/codec.hpp"

#include <algorithm>
#include <cmath>

#include "models/scenario/reading/units.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

constexpr const char* a_duration =
    "a duration as a string with a unit, e.g. \"15s\" (units: ns, us, ms, s, min, h)";
constexpr const char* a_rate =
    "a rate as a string with a unit, e.g. \"25Gbps\" (units: bps, Kbps, Mbps, Gbps, Tbps)";
constexpr const char* a_size =
    "a size as a string with a unit, e.g. \"4KiB\" (units: B, KiB, MiB, GiB, TiB, kB, MB, GB, TB)";
constexpr const char* a_probability = "a probability: a number from 0 to 1, or e.g. \"0.1%\"";

// Parses a string with `parse`; anything else, and any problem, becomes an error that says what a
// right value looks like.
template <class Parse>
auto read_quantity(const Cursor& c, Parse parse, const char* expected) {
  if (!c.value().is_string())
    c.fail_value(expected);
  const auto parsed = parse(c.value().get_ref<const std::string&>());
  if (!parsed.ok())
    c.fail(describe(c.value()) + " (" + parsed.problem + ")", expected);
  return parsed.value;
}

// Each member of the object must be one of `keys`.
void only_keys(const Cursor& c, const std::vector<std::string>& keys) {
  for (const auto& member : c.value().items()) {
    if (std::find(keys.begin(), keys.end(), member.key()) != keys.end())
      continue;
    c.at(member.key())
        .fail("unknown key " + in_quotes(member.key()), one_of(keys), nearest(member.key(), keys));
  }
}

json duration_schema() { return {{"type", "string"}, {"pattern", duration_pattern()}}; }

Latency read_tail(const Cursor& c, const Codec<Duration>& one) {
  only_keys(c, {"usual", "rare", "chance"});
  for (const char* key : {"rare", "chance"}) {
    if (!c.value().contains(key))
      c.fail_value(R"("usual", "rare" and "chance" together)");
  }
  return {Latency::Kind::tail, one.read(c.at("usual")), one.read(c.at("rare")),
          probability().read(c.at("chance"))};
}

Latency read_latency_object(const Cursor& c, const Codec<Duration>& one) {
  if (c.value().contains("usual"))
    return read_tail(c, one);
  only_keys(c, {"uniform", "exponential", "min"});
  Latency out;
  const bool uniform = c.value().contains("uniform");
  if (uniform == c.value().contains("exponential")) {
    c.fail_value(R"(exactly one of "uniform" and "exponential")");
  }
  if (uniform) {
    if (c.value().contains("min"))
      c.at("min").fail_value(R"("min" only with "exponential")");
    const Cursor range = c.at("uniform");
    require_list(range, 2, 2);
    out = {Latency::Kind::uniform, one.read(range.at(std::size_t{0})),
           one.read(range.at(std::size_t{1}))};
    if (out.high < out.low)
      range.fail_value("the lower bound first");
    return out;
  }
  out.kind = Latency::Kind::exponential;
  out.high = one.read(c.at("exponential"));
  if (c.value().contains("min"))
    out.low = one.read(c.at("min"));
  return out;
}

json write_latency(const Latency& value) {
  if (value.kind == Latency::Kind::uniform) {
    return {{"uniform", {format_duration(value.low), format_duration(value.high)}}};
  }
  if (value.kind == Latency::Kind::exponential) {
    return {{"exponential", format_duration(value.high)}, {"min", format_duration(value.low)}};
  }
  if (value.kind == Latency::Kind::tail) {
    return {{"usual", format_duration(value.low)},
            {"rare", format_duration(value.high)},
            {"chance", value.chance}};
  }
  return format_duration(value.low);
}

double read_number(const Cursor& c) {
  if (!c.value().is_number())
    c.fail_value("a number");
  const double value = c.value().get<double>();
  if (value < 0.0)
    c.fail_value("a number that is not negative");
  return value;
}

// 3 and 3.0 are one bound; written the same way, they hash the same.
json write_number(double value) {
  const bool whole = std::floor(value) == value && value < 1e15;
  return whole ? json(static_cast<std::uint64_t>(value)) : json(value);
}

}  // namespace

std::uint64_t read_integer(const Cursor& c, std::uint64_t low, std::uint64_t high) {
  const std::string expected = fmt::format("an integer from {} to {}", low, high);
  std::uint64_t value = 0;
  if (c.value().is_number_integer() && c.value() >= 0) {
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

Codec<std::uint64_t> size64(std::uint64_t low, std::uint64_t high) {
  const auto range = fmt::format("{} to {}", format_size(low), format_size(high));
  return {[=](const Cursor& c) {
            const auto value = read_quantity(c, parse_size, a_size);
            if (value < low || value > high)
              c.fail_value("a size from " + range);
            return value;
          },
          [](const std::uint64_t& value) { return json(format_size(value)); },
          {{"type", "string"}, {"pattern", size_pattern()}},
          "size, " + range};
}

Codec<Duration> duration(Duration low, Duration high, Duration step) {
  auto range = fmt::format("{} to {}", format_duration(low), format_duration(high));
  if (step > Duration{1})
    range += ", a multiple of " + format_duration(step);
  return {[=](const Cursor& c) {
            const auto value = read_quantity(c, parse_duration, a_duration);
            const bool fits = value >= low && value <= high && value.count() % step.count() == 0;
            if (!fits)
              c.fail_value("a duration from " + range);
            return value;
          },
          [](const Duration& value) { return json(format_duration(value)); }, duration_schema(),
          "duration, " + range};
}

Codec<Duration> duration_or_off(Duration low, Duration high, Duration step) {
  auto codec = or_word(duration(low, high, step), "off", Duration{std::chrono::seconds{-1}});
  codec.write = [](const Duration& value) {
    return value < Duration{0} ? json("off") : json(format_duration(value));
  };
  return codec;
}

Codec<std::uint64_t> rate(std::uint64_t low, std::uint64_t high) {
  const auto range = fmt::format("{} to {}", format_rate(low), format_rate(high));
  return {[=](const Cursor& c) {
            const auto value = read_quantity(c, parse_rate, a_rate);
            if (value < low || value > high)
              c.fail_value("a rate from " + range);
            return value;
          },
          [](const std::uint64_t& value) { return json(format_rate(value)); },
          {{"type", "string"}, {"pattern", rate_pattern()}},
          "rate, " + range};
}

Codec<double> probability() {
  return {[](const Cursor& c) {
            const double value = c.value().is_number()
                                     ? c.value().get<double>()
                                     : read_quantity(c, parse_percent, a_probability);
            if (!(value >= 0.0 && value <= 1.0))
              c.fail_value(a_probability);
            return value;
          },
          [](const double& value) { return write_number(value); },
          {{"anyOf",
            {{{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
             {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?%$"}}}}},
          "probability, 0 to 1 or `0.1%`"};
}

Codec<std::array<double, 2>> loss_by_direction() {
  const auto one = probability();
  Codec<std::array<double, 2>> codec;
  codec.read = [one](const Cursor& c) -> std::array<double, 2> {
    if (!c.value().is_object()) {
      const double both = one.read(c);
      return {both, both};
    }
    only_keys(c, {"forward", "backward"});
    std::array<double, 2> out{};
    if (c.value().contains("forward"))
      out[0] = one.read(c.at("forward"));
    if (c.value().contains("backward"))
      out[1] = one.read(c.at("backward"));
    return out;
  };
  codec.write = [one](const std::array<double, 2>& value) {
    if (value[0] == value[1])
      return one.write(value[0]);
    return json{{"forward", one.write(value[0])}, {"backward", one.write(value[1])}};
  };
  const json object = {{"type", "object"},
                       {"properties", {{"forward", one.schema}, {"backward", one.schema}}},
                       {"additionalProperties", false}};
  codec.schema = {{"anyOf", {one.schema, object}}};
  codec.words = R"(probability, or `{"forward": ..., "backward": ...}`)";
  return codec;
}

Codec<std::uint8_t> opcode() {
  const std::string expected = one_of(opcode_names()) + ", or an opcode from 0 to 255";
  return {
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
      {{"anyOf",
        {{{"type", "string"}, {"enum", opcode_names()}},
         {{"type", "integer"}, {"minimum", 0}, {"maximum", 255}}}}},
      "the name of an I/O command (`write`, `read`, `flush`, `copy`, ...) or an opcode, 0 to 255"};
}

Codec<Latency> latency(Duration high) {
  const auto span = duration(Duration{0}, high);
  Codec<Latency> codec;
  codec.read = [one = span](const Cursor& c) {
    if (c.value().is_object())
      return read_latency_object(c, one);
    const Duration value = one.read(c);
    return Latency{Latency::Kind::constant, value, value};
  };
  codec.write = write_latency;
  const json one = duration_schema();
  const json uniform = {{"type", "object"},
                        {"properties", {{"uniform", pair_of(duration({}, {})).schema}}},
                        {"required", {"uniform"}},
                        {"additionalProperties", false}};
  const json exponential = {{"type", "object"},
                            {"properties", {{"exponential", one}, {"min", one}}},
                            {"required", {"exponential"}},
                            {"additionalProperties", false}};
  const json tail = {
      {"type", "object"},
      {"properties", {{"usual", one}, {"rare", one}, {"chance", probability().schema}}},
      {"required", {"usual", "rare", "chance"}},
      {"additionalProperties", false}};
  codec.schema = {{"anyOf", {one, uniform, exponential, tail}}};
  codec.words =
      R"(duration, `{"uniform": ["10us", "20us"]}`, `{"exponential": "80us", "min": "10us"}` or )"
      R"(`{"usual": "20ms", "rare": "5s", "chance": "1%"}` (rarely an exponential part on top))";
  return codec;
}

Codec<Bounds> bounds() {
  Codec<Bounds> codec;
  codec.read = [](const Cursor& c) {
    Bounds out;
    if (c.value().is_number()) {
      out.min = out.max = read_number(c);
      return out;
    }
    if (!c.value().is_object())
      c.fail_value(R"(a number, or {"min": number, "max": number})");
    only_keys(c, {"min", "max"});
    if (c.value().contains("min"))
      out.min = read_number(c.at("min"));
    if (c.value().contains("max"))
      out.max = read_number(c.at("max"));
    if (!out.min && !out.max)
      c.fail_value(R"("min", "max" or both)");
    if (out.min && out.max && *out.min > *out.max)
      c.fail_value(R"("min" not above "max")");
    return out;
  };
  codec.write = [](const Bounds& value) {
    json out = json::object();
    if (value.min)
      out["min"] = write_number(*value.min);
    if (value.max)
      out["max"] = write_number(*value.max);
    return out;
  };
  const json number = {{"type", "number"}, {"minimum", 0}};
  const json object = {{"type", "object"},
                       {"properties", {{"min", number}, {"max", number}}},
                       {"minProperties", 1},
                       {"additionalProperties", false}};
  codec.schema = {{"anyOf", {number, object}}};
  codec.words = R"(number, or `{"min": ..., "max": ...}`)";
  return codec;
}

Codec<bool> boolean() {
  return {[](const Cursor& c) {
            if (!c.value().is_boolean())
              c.fail_value("true or false");
            return c.value().get<bool>();
          },
          [](const bool& value) { return json(value); },
          {{"type", "boolean"}},
          "true or false"};
}

Codec<std::string> text(std::size_t longest) {
  const auto expected = fmt::format("a string of at most {} bytes", longest);
  return {[=](const Cursor& c) {
            const bool fits =
                c.value().is_string() && c.value().get_ref<const std::string&>().size() <= longest;
            if (!fits)
              c.fail_value(expected);
            return c.value().get<std::string>();
          },
          [](const std::string& value) { return json(value); },
          {{"type", "string"}, {"maxLength", longest}},
          "text"};
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
  return {[=](const Cursor& c) {
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
          [](const std::string& value) { return json(value); },
          {{"type", "string"}, {"pattern", pattern}},
          "name"};
}

}  // namespace holdfast::scenario
