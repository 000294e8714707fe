// SPDX-License-Identifier: Apache-2.0
// The kinds with a unit or a fraction: sizes, rates, durations, and durations that are drawn;
// probabilities, factors and bounds.
#include <fmt/format.h>

#include <cmath>

#include "models/scenario/reading/kind.hpp"
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

std::string duration_schema() { return pattern_schema(duration_pattern()); }

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

// The schema of a small object; `further` is what it says besides the schemas of its members.
std::string object_schema(const std::vector<std::pair<const char*, std::string>>& members,
                          const char* further) {
  std::string properties;
  for (const auto& [key, schema] : members)
    properties += fmt::format(R"({}"{}":{})", properties.empty() ? "" : ",", key, schema);
  return fmt::format(R"({{"type":"object","properties":{{{}}},"additionalProperties":false{}}})",
                     properties, further);
}

double read_probability(const Cursor& c) {
  const double value = c.value().is_number() ? c.value().get<double>()
                                             : read_quantity(c, parse_percent, a_probability);
  if (!(value >= 0.0 && value <= 1.0))
    c.fail_value(a_probability);
  return value;
}

}  // namespace

const Kind* size_kind(std::size_t width, std::uint64_t low, std::uint64_t high) {
  const auto range = fmt::format("{} to {}", format_size(low), format_size(high));
  return keep({[=](const Cursor& c, void* value) {
                 const auto bytes = read_quantity(c, parse_size, a_size);
                 if (bytes < low || bytes > high)
                   c.fail_value("a size from " + range);
                 store_integer(value, width, bytes);
               },
               [=](const void* value) { return json(format_size(load_integer(value, width))); },
               pattern_schema(size_pattern()), "size, " + range});
}

Codec<Duration> duration(Duration low, Duration high, Duration step) {
  auto range = fmt::format("{} to {}", format_duration(low), format_duration(high));
  if (step > Duration{1})
    range += ", a multiple of " + format_duration(step);
  return codec_of<Duration>(
      [=](const Cursor& c) {
        const auto value = read_quantity(c, parse_duration, a_duration);
        const bool fits = value >= low && value <= high && value.count() % step.count() == 0;
        if (!fits)
          c.fail_value("a duration from " + range);
        return value;
      },
      [](const Duration& value) { return json(format_duration(value)); }, duration_schema(),
      "duration, " + range);
}

Codec<Duration> duration_or_off(Duration low, Duration high, Duration step) {
  const auto inner = duration(low, high, step);
  return codec_of<Duration>(
      [=](const Cursor& c) {
        return c.value() == "off" ? Duration{std::chrono::seconds{-1}} : inner.read(c);
      },
      [](const Duration& value) {
        return value < Duration{0} ? json("off") : json(format_duration(value));
      },
      any_of({const_schema("off"), inner.kind->schema}), "`off` or " + inner.kind->words);
}

Codec<std::uint64_t> rate(std::uint64_t low, std::uint64_t high) {
  const auto range = fmt::format("{} to {}", format_rate(low), format_rate(high));
  return codec_of<std::uint64_t>(
      [=](const Cursor& c) {
        const auto value = read_quantity(c, parse_rate, a_rate);
        if (value < low || value > high)
          c.fail_value("a rate from " + range);
        return value;
      },
      [](const std::uint64_t& value) { return json(format_rate(value)); },
      pattern_schema(rate_pattern()), "rate, " + range);
}

Codec<Latency> latency(Duration high) {
  const auto span = duration(Duration{0}, high);
  const std::string one = duration_schema();
  const std::string uniform =
      object_schema({{"uniform", pair_of(span).kind->schema}}, R"(,"required":["uniform"])");
  const std::string exponential =
      object_schema({{"exponential", one}, {"min", one}}, R"(,"required":["exponential"])");
  const std::string tail =
      object_schema({{"usual", one}, {"rare", one}, {"chance", probability().kind->schema}},
                    R"(,"required":["usual","rare","chance"])");
  return codec_of<Latency>(
      [span](const Cursor& c) {
        if (c.value().is_object())
          return read_latency_object(c, span);
        const Duration value = span.read(c);
        return Latency{Latency::Kind::constant, value, value};
      },
      write_latency, any_of({one, uniform, exponential, tail}),
      R"(duration, `{"uniform": ["10us", "20us"]}`, `{"exponential": "80us", "min": "10us"}` or )"
      R"(`{"usual": "20ms", "rare": "5s", "chance": "1%"}` (rarely an exponential part on top))");
}

Codec<double> probability() {
  return codec_of<double>(read_probability, write_number,
                          any_of({R"({"type":"number","minimum":0,"maximum":1})",
                                  pattern_schema("^[0-9]+(\\.[0-9]+)?%$")}),
                          "probability, 0 to 1 or `0.1%`");
}

Codec<double> factor(double high) {
  const std::string words = fmt::format("number above 0, up to {}", high);
  return codec_of<double>(
      [=](const Cursor& c) {
        if (!c.value().is_number())
          c.fail_value("a " + words);
        const double value = c.value().get<double>();
        if (!(value > 0.0) || value > high)
          c.fail_value("a " + words);
        return value;
      },
      write_number,
      fmt::format(R"({{"type":"number","exclusiveMinimum":0,"maximum":{:.1f}}})", high), words);
}

Codec<std::array<double, 2>> loss_by_direction() {
  const auto one = probability();
  const auto read = [one](const Cursor& c) -> std::array<double, 2> {
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
  const auto write = [one](const std::array<double, 2>& value) {
    if (value[0] == value[1])
      return one.write(value[0]);
    return json{{"forward", one.write(value[0])}, {"backward", one.write(value[1])}};
  };
  return codec_of<std::array<double, 2>>(
      read, write,
      any_of({one.kind->schema,
              object_schema({{"forward", one.kind->schema}, {"backward", one.kind->schema}}, "")}),
      R"(probability, or `{"forward": ..., "backward": ...}`)");
}

namespace {

Codec<Bounds> bounds_of(bool of_count) {
  const auto read = [of_count](const Cursor& c) {
    Bounds out;
    if (c.value().is_number()) {
      out.min = out.max = read_number(c);
      if (of_count && std::floor(*out.min) != *out.min)
        c.fail_value("a whole number");
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
    if (of_count && out.min && out.max && std::ceil(*out.min) > std::floor(*out.max))
      c.fail_value(R"(a whole number between "min" and "max")");
    return out;
  };
  const auto write = [](const Bounds& value) {
    json out = json::object();
    if (value.min)
      out["min"] = write_number(*value.min);
    if (value.max)
      out["max"] = write_number(*value.max);
    return out;
  };
  const std::string number = R"({"type":"number","minimum":0})";
  return codec_of<Bounds>(
      read, write,
      any_of({number, object_schema({{"min", number}, {"max", number}}, R"(,"minProperties":1)")}),
      R"(number, or `{"min": ..., "max": ...}`)");
}

}  // namespace

Codec<Bounds> bounds() { return bounds_of(false); }
Codec<Bounds> bounds_of_count() { return bounds_of(true); }

}  // namespace holdfast::scenario
