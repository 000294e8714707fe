// SPDX-License-Identifier: Apache-2.0
// Answers in sentences; see words.hpp. What was not tried is said in the same sentence as what was
// found: a verdict without its bound is worth nothing.
#include "analysis/report/answers/words.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "analysis/report/answers/answers.hpp"
#include "analysis/report/words.hpp"
#include "analysis/sizing/sizing.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;

namespace {

/// With commas: 2421 is "2,421".
std::string many(double number) {
  std::string out = fmt::format("{:.0f}", number);
  for (std::size_t place = out.size(); place > 3; place -= 3)
    out.insert(place - 3, ",");
  return out;
}

std::string text_at(const json& document, const char* key) {
  return document[key].get<std::string>();
}
double number_at(const json& document, const char* key) { return document[key].get<double>(); }

/// "1.09e-4", "0.25": as the page writes them (model.js).
std::string probability_words(double value) {
  if (value == 0.0 || (std::fabs(value) >= 1e-3 && std::fabs(value) < 1e7))
    return fmt::format("{:.3g}", value);
  std::string digits = fmt::format("{:.2e}", value);
  const std::size_t e = digits.find('e');
  const int exponent = std::stoi(digits.substr(e + 1));
  digits.resize(e);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.')
    digits.pop_back();
  return fmt::format("{}e{}{}", digits, exponent > 0 ? "+" : "", exponent);
}

std::string seconds_of(double seconds) { return fmt::format("{:.9g} s", seconds); }

/// Of all executions, or why not.
std::string extent_of(const json& document) {
  const std::string worlds = many(number_at(document, "worlds"));
  const std::string ended = text_at(document, "ended");
  if (document["exhausted"].get<bool>())
    return fmt::format("all {} executions were tried", worlds);
  if (ended == "budget")
    return fmt::format("not everything was tried: the budget was done after {} executions", worlds);
  if (ended == "interrupted")
    return fmt::format("not everything was tried: it was stopped after {} executions", worlds);
  return fmt::format("it ended with that, after {} executions", worlds);
}

void tell_corruption(const json& document, Told& out) {
  if (document["worst"].is_null()) {
    const bool whole = document["exhausted"].get<bool>();
    out.tone = whole ? "ok" : "partial";
    out.verdict = fmt::format("{} corrupts data within these bounds; {}.",
                              whole ? "Nothing" : "Nothing was found that", extent_of(document));
    return;
  }
  out.tone = "corrupt";
  const std::size_t count = document["worst"]["deviations"].size();
  out.verdict = count == 0 ? std::string("The scenario's own run corrupts data")
                           : fmt::format("Data is corrupted by {} deviation{} from its own run",
                                         count, count == 1 ? "" : "s");
  if (document.contains("against") && document["against"].is_string())
    out.verdict +=
        fmt::format(", and is safe under {} with the same", text_at(document, "against"));
  out.verdict += fmt::format("; {}.", extent_of(document));
}

void tell_longest(const json& document, Told& out) {
  const bool stall = document["for"] == "stall";
  const bool whole = document["exhausted"].get<bool>();
  if (document["worst"].is_null()) {
    out.tone = whole ? "ok" : "partial";
    out.verdict = fmt::format("{} within these bounds; {}.",
                              whole ? "At no time can a stale write land"
                                    : "No time was found at which a stale write can land",
                              extent_of(document));
    return;
  }
  out.tone = stall ? (whole ? "" : "partial") : "exposed";
  out.verdict = fmt::format(
      "{}{} is {}, and {} in the scenario's own run; {}.",
      stall ? "The longest stall of an application" : "The longest time a stale write can land",
      whole ? "" : " that was found", seconds_of(number_at(document["worst"], "value_s")),
      seconds_of(number_at(document, "own_value_s")), extent_of(document));
}

void tell_likelihood(const json& worst, Told& out) {
  if (!worst.contains("likelihood") || worst["likelihood"].empty())
    return;
  const json& first = worst["likelihood"][0];
  std::string words = fmt::format("of {} executions with random choices within the bounds {} {}",
                                  many(number_at(first, "worlds")),
                                  many(number_at(first, "corrupt_count")), "corrupt data");
  const json since = worst.value("inevitable_s", json(nullptr));
  if (since.is_number())
    words += fmt::format("; from {} of this one on all do", seconds_of(since.get<double>()));
  out.story.push_back(words);
}

Told told_of_search(const json& document) {
  Told out;
  out.heading = "search for " + text_at(document, "for");
  if (text_at(document, "strategy") != "portfolio")
    out.heading += ", " + text_at(document, "strategy");
  if (document["for"] == "corruption") {
    tell_corruption(document, out);
  } else {
    tell_longest(document, out);
  }
  out.bound = "Bounds: " + text_at(document["bounds"], "says") + ".";
  const json& worst = document["worst"];
  if (worst.is_null())
    return out;
  for (const json& one : worst["deviations"])
    out.story.push_back(text_at(one, "says"));
  if (worst["deviations"].empty())
    out.story.emplace_back("it is the scenario's own run");
  if (document["for"] == "corruption")
    out.story.push_back(
        fmt::format("at {} the damage is done", seconds_of(number_at(worst, "seen_s"))));
  if (worst.contains("aftermath"))
    out.story.push_back(text_at(worst["aftermath"], "says"));
  tell_likelihood(worst, out);
  return out;
}

/// "corruption", "exposure", "exposure>2s", "stall>20s" as what a failover does.
std::string event_words(const std::string& of) {
  const std::size_t above = of.find('>');
  const std::string what = of.substr(0, above);
  const std::string longer =
      above == std::string::npos ? "" : " for longer than " + of.substr(above + 1);
  if (what == "corruption")
    return "Data is corrupted";
  if (what == "exposure")
    return "A stale write can land" + longer;
  return what == "stall" ? "An application stalls" + longer : "It comes to " + of;
}

std::string one_of(double probability) {
  return fmt::format("in one of {} failovers", many(std::round(1.0 / probability)));
}

Told told_of_rare(const json& document) {
  Told out;
  const std::string of = text_at(document, "of");
  out.heading = fmt::format("how often: {}, by {}", of, text_at(document, "method"));
  const std::string event = event_words(of);
  const json probability = document.value("probability", json(nullptr));
  const double value = probability.is_null() ? -1.0 : number_at(probability, "value");
  const json low = probability.is_null() ? json(nullptr) : probability["low"];
  const json high = probability.is_null() ? json(nullptr) : probability["high"];
  if (value < 0.0) {
    out.tone = "partial";
    out.verdict = "Nothing was done, so nothing is known.";
  } else if (value == 0.0 && high.is_number() && high.get<double>() > 0.0) {
    out.tone = "partial";
    out.verdict = fmt::format("{} at most {} (95 %): a probability below {}; nobody met it.", event,
                              one_of(high.get<double>()), probability_words(high.get<double>()));
  } else if (value == 0.0) {
    out.tone = "partial";
    out.verdict = "Nobody met it, and nothing bounds its probability.";
  } else {
    out.tone = of == "corruption" ? "corrupt" : of.starts_with("exposure") ? "exposed" : "";
    out.verdict =
        fmt::format("{} {}: probability {}, ", event, one_of(value), probability_words(value));
    out.verdict +=
        low.is_number() && high.is_number()
            ? fmt::format("95 % interval {} to {}.", probability_words(low.get<double>()),
                          probability_words(high.get<double>()))
            : std::string("without an interval.");
  }
  for (const json& warning : document["warnings"])
    out.notes.push_back(warning.get<std::string>());
  return out;
}

std::string setting_of(const json& point) {
  return fmt::format("KATO {} and CQT {}, keep alive by {}", seconds_of(number_at(point, "kato_s")),
                     seconds_of(number_at(point, "cqt_s")), text_at(point, "keep_alive"));
}

std::string reason_of(const std::string& binds) {
  for (const auto one : {sizing::Binds::stall, sizing::Binds::both, sizing::Binds::cqt_field,
                         sizing::Binds::kato_limit}) {
    if (binds == sizing::name_of(one))
      return sizing::told(one);
  }
  return binds;
}

void tell_rule(const json& document, Told& out) {
  const json& rule = document["rule_of_thumb"];
  const double risk = number_at(rule, "risk_probability"), stall = number_at(rule, "stall_s");
  const bool risky = risk > number_at(document["goal"], "risk_probability");
  const bool slow = stall > number_at(document["goal"], "stall_s");
  out.story.push_back(
      fmt::format("the rule of thumb ({}) comes to a risk of {} and a stall of {}: it {}",
                  setting_of(rule), probability_words(risk), seconds_of(stall),
                  risky && slow ? "misses both"
                  : risky       ? "misses the risk"
                  : slow        ? "misses the stall"
                                : "keeps both"));
}

Told told_of_size(const json& document) {
  Told out;
  const double risk = number_at(document["goal"], "risk_probability");
  const double stall = number_at(document["goal"], "stall_s");
  out.heading = fmt::format("timeouts for a risk of {} and a stall of {}", probability_words(risk),
                            seconds_of(stall));
  if (!document["feasible"].get<bool>()) {
    out.tone = "partial";
    out.verdict = fmt::format("No setting keeps a risk of {} within a stall of {}",
                              probability_words(risk), seconds_of(stall));
    const json needs = document.value("needs", json::object());
    if (needs.contains("stall_s") && needs["stall_s"].is_number())
      out.verdict +=
          fmt::format("; a stall of {} would do", seconds_of(number_at(needs, "stall_s")));
    if (needs.contains("risk_probability") && needs["risk_probability"].is_number())
      out.verdict +=
          fmt::format(", or a risk of {}", probability_words(number_at(needs, "risk_probability")));
    out.verdict += ".";
    tell_rule(document, out);
    return out;
  }
  out.tone = "ok";
  const json& best = document["recommended"];
  out.verdict = fmt::format(
      "{}: the risk is {} and the stall {}, within {} and {}.", setting_of(best),
      probability_words(number_at(best, "risk_probability")),
      seconds_of(number_at(best, "stall_s")), probability_words(risk), seconds_of(stall));
  const json& slack = document["slack"];
  out.story.push_back(fmt::format(
      "{}; slack: {} of stall, a factor of {} of risk", reason_of(text_at(document, "binds")),
      seconds_of(number_at(slack, "stall_s")), probability_words(number_at(slack, "risk_ratio"))));
  out.story.push_back(fmt::format(
      "the stall has room for a CQT of up to {}; I/O timeout of at least {}, reconnect delay of at "
      "least {}{}",
      seconds_of(number_at(best, "cqt_most_s")), seconds_of(number_at(best, "io_timeout_s")),
      seconds_of(number_at(best, "reconnect_delay_s")),
      best["ccr"].get<bool>() ? "; Cross-Controller Reset first" : ""));
  tell_rule(document, out);
  return out;
}

}  // namespace

Told told_of(const json& document) {
  const std::string question = question_of(document);
  return question == "search" ? told_of_search(document)
         : question == "rare" ? told_of_rare(document)
                              : told_of_size(document);
}

}  // namespace holdfast::analysis::report
