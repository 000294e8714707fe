// SPDX-License-Identifier: Apache-2.0
// `--set PATH=VALUE`: changes one value of a scenario document. The path is followed through the
// JSON Schema beside the document, so a mistyped key is found even where the document leaves the
// default, and objects that the document leaves out are created on the way.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "models/scenario/scenario.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

std::vector<std::string> split(const std::string& path) {
  const bool pointer = path.starts_with('/');
  const char mark = pointer ? '/' : '.';
  std::vector<std::string> segments;
  std::string segment;
  for (std::size_t i = pointer ? 1 : 0; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == mark) {
      segments.push_back(std::exchange(segment, {}));
    } else if (pointer && path[i] == '~' && i + 1 < path.size()) {
      segment += path[++i] == '1' ? '/' : '~';
    } else {
      segment += path[i];
    }
  }
  return segments;
}

/// A mistake in a path: where in the document, what was found, what was expected, what is near. Who
/// asked for the change is added where that is known.
struct Mistake {
  std::string pointer, found, expected, near = {};
};

[[noreturn]] void fail(std::string pointer, std::string found, std::string expected,
                       std::string near = {}) {
  throw Mistake{std::move(pointer), std::move(found), std::move(expected), std::move(near)};
}

const json& follow_ref(const json& root, const json& node) {
  const auto ref = node.find("$ref");
  return ref == node.end() ? node : root.at(json::json_pointer(ref->get<std::string>().substr(1)));
}

// The alternative of a schema that describes a container: of several, the one whose "type" is the
// document's, else the first that has properties.
const json& container_schema(const json& root, const json& start, const json& value) {
  const json& node = follow_ref(root, start);
  const char* several = node.contains("oneOf") ? "oneOf" : "anyOf";
  if (!node.contains(several))
    return node;
  const std::string tag = value.is_object() ? value.value("type", json()).dump() : "";
  const json* first = nullptr;
  for (const auto& one : node.at(several)) {
    const json& candidate = follow_ref(root, one);
    if (!candidate.contains("properties"))
      continue;
    const auto& properties = candidate.at("properties");
    if (properties.contains("type") && properties["type"]["const"].dump() == tag)
      return candidate;
    if (first == nullptr)
      first = &candidate;
  }
  return first == nullptr ? node : *first;
}

// One step down a list: by index, or by the "name" of an element; "*" is dealt with elsewhere.
std::size_t element(const json& list, const std::string& segment, const std::string& pointer) {
  std::size_t index = 0;
  const auto* end = segment.data() + segment.size();
  const auto parsed = std::from_chars(segment.data(), end, index);
  if (parsed.ec == std::errc{} && parsed.ptr == end && index < list.size())
    return index;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object() || !list[i].contains("name") || !list[i]["name"].is_string())
      continue;
    names.push_back(list[i]["name"].get<std::string>());
    if (names.back() == segment)
      return i;
  }
  std::string expected = list.empty() ? "nothing (the list is empty)"
                                      : fmt::format("an index from 0 to {}", list.size() - 1);
  if (!names.empty())
    expected += " or " + one_of(names);
  fail(pointer, "no element " + in_quotes(segment), expected, nearest(segment, names));
}

struct Place {
  json* value;
  const json* schema;  // of the value, inside the root schema
  std::string pointer;
};

// The names that a path may have below `place`, and one step down.
Place member(const json& node, const json& declared, const Place& place,
             const std::string& segment) {
  const std::string here = place.pointer + pointer_segment(segment);
  if (place.value->is_string() && declared.contains("x-shorthand")) {
    // "policy": "name" means {"preset": "name"}, so that one knob of it can be changed.
    const json shorthand = *place.value;
    *place.value = json{{declared["x-shorthand"].get<std::string>(), shorthand}};
  }
  if (!place.value->is_object())
    *place.value = json::object();
  std::vector<std::string> keys;
  for (const auto& property : node["properties"].items())
    keys.push_back(property.key());
  if (!node["properties"].contains(segment)) {
    fail(here, "unknown key " + in_quotes(segment), one_of(keys), nearest(segment, keys));
  }
  return {&(*place.value)[segment], &node["properties"][segment], here};
}

using Segments = std::vector<std::string>;

void set_below(const Place& place, Segments::const_iterator at, Segments::const_iterator end,
               const json& value) {
  static const json root = schema();
  if (at == end) {
    *place.value = value;
    return;
  }
  const json& node =
      container_schema(root, place.schema == nullptr ? root : *place.schema, *place.value);
  if (node.contains("properties")) {
    const json& declared = follow_ref(root, place.schema == nullptr ? root : *place.schema);
    set_below(member(node, declared, place, *at), std::next(at), end, value);
    return;
  }
  const std::string here = place.pointer + pointer_segment(*at);
  if (!node.contains("items"))
    fail(here, "a path below a plain value", "a path that ends at " + place.pointer);
  if (place.value->is_null())
    *place.value = json::array();
  if (!place.value->is_array())
    fail(place.pointer, describe(*place.value), "a list");
  json& list = *place.value;
  if (*at == "*" && !list.empty()) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      set_below({&list[i], &node["items"], place.pointer + "/" + std::to_string(i)}, std::next(at),
                end, value);
    }
    return;
  }
  set_below({&list[element(list, *at, here)], &node["items"], here}, std::next(at), end, value);
}

}  // namespace

void apply_set(json& document, const std::string& path, const json& value,
               const std::string& source) {
  try {
    if (!is_utf8(path))
      fail({}, "a path that is no UTF-8: " + in_quotes(path), "PATH=VALUE in UTF-8");
    const Segments segments = split(path);
    set_below({&document, nullptr, {}}, segments.begin(), segments.end(), value);
  } catch (const Mistake& m) {
    throw ScenarioError({source, m.pointer, m.found, m.expected, m.near});
  }
}

void apply_set(json& document, const std::string& assignment, const std::string& source) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ScenarioError(
        {source, {}, in_quotes(assignment), "PATH=VALUE, e.g. \"hosts.0.policy=cqt-only\"", {}});
  }
  const std::string path = assignment.substr(0, equals);
  const std::string text = assignment.substr(equals + 1);
  if (!is_utf8(text)) {
    throw ScenarioError({source,
                         {},
                         in_quotes(path) + " with a value that is no UTF-8",
                         "PATH=VALUE in UTF-8",
                         {}});
  }
  // What is JSON, or begins as JSON does, is read as strictly as a file; the rest is a bare string.
  const bool meant_as_json =
      !text.empty() && std::string_view("{[\"").find(text.front()) != std::string_view::npos;
  const json value = meant_as_json || json::accept(text)
                         ? parse_document(text, fmt::format("{} {}", source, path))
                         : json(text);
  apply_set(document, path, value, source);
}

}  // namespace holdfast::scenario
