// SPDX-License-Identifier: Apache-2.0
// `--set PATH=VALUE`: changes one value of a scenario document. The path is followed through the
// JSON Schema beside the document, so a mistyped key is found even where the document leaves the
// default, and objects that the document leaves out are created on the way.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "models/scenario/changes.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

/// A mistake in a path: where in the document, what was found, what was expected, what is near. Who
/// asked for the change is added where that is known.
struct Mistake {
  std::string pointer, found, expected, near = {};
};

[[noreturn]] void fail(std::string pointer, std::string found, std::string expected,
                       std::string near = {}) {
  throw Mistake{std::move(pointer), std::move(found), std::move(expected), std::move(near)};
}

// In a pointer "~0" is "~" and "~1" is "/" (RFC 6901, section 3); another sign after "~" is none.
std::vector<std::string> split(const std::string& path) {
  const bool pointer = path.starts_with('/');
  const char mark = pointer ? '/' : '.';
  std::vector<std::string> segments;
  std::string segment;
  for (std::size_t i = pointer ? 1 : 0; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == mark) {
      segments.push_back(std::exchange(segment, {}));
    } else if (pointer && path[i] == '~') {
      const char next = i + 1 < path.size() ? path[i + 1] : '\0';
      if (next != '0' && next != '1')
        fail({}, "the path " + in_quotes(path), "~0 for ~ and ~1 for / in a JSON pointer");
      segment += next == '1' ? '/' : '~';
      ++i;
    } else {
      segment += path[i];
    }
  }
  return segments;
}

const json& follow_ref(const json& root, const json& node) {
  const auto ref = node.find("$ref");
  return ref == node.end() ? node : root.at(json::json_pointer(ref->get<std::string>().substr(1)));
}

bool has_all(const json& properties, const json& value) {
  if (!value.is_object() || value.empty())
    return false;
  const auto items = value.items();
  return std::all_of(items.begin(), items.end(),
                     [&](const auto& item) { return properties.contains(item.key()); });
}

// The alternative of a schema that describes a container: of several, the one whose "type" is the
// document's, else the first that has the keys of the document, else the first with properties.
const json& container_schema(const json& root, const json& start, const json& value) {
  const json& node = follow_ref(root, start);
  const char* several = node.contains("oneOf") ? "oneOf" : "anyOf";
  if (!node.contains(several))
    return node;
  const std::string tag = value.is_object() ? value.value("type", json()).dump() : "";
  const json* first = nullptr;
  const json* fits = nullptr;
  for (const auto& one : node.at(several)) {
    const json& candidate = follow_ref(root, one);
    if (!candidate.contains("properties"))
      continue;
    const auto& properties = candidate.at("properties");
    if (properties.contains("type") && properties["type"]["const"].dump() == tag)
      return candidate;
    if (first == nullptr)
      first = &candidate;
    if (fits == nullptr && !properties.contains("type") && has_all(properties, value))
      fits = &candidate;
  }
  if (fits != nullptr)
    return *fits;
  return first == nullptr ? node : *first;
}

// One step down a list: by index, or by the "name" of an element; "*" is dealt with elsewhere.
std::size_t element(const json& list, const std::string& segment, const std::string& pointer) {
  std::size_t index = 0;
  const auto* end = segment.data() + segment.size();
  const auto parsed = std::from_chars(segment.data(), end, index);
  // RFC 6901 knows no leading zeros, so that an index has one spelling.
  const bool spelled_well = parsed.ec == std::errc{} && segment == std::to_string(index);
  if (spelled_well && parsed.ptr == end && index < list.size())
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
  const json* schema;    // of the value, inside the root schema
  std::string pointer;   // as it was typed, for errors
  std::string resolved;  // with list elements by index
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
  return {&(*place.value)[segment], &node["properties"][segment], here,
          place.resolved + pointer_segment(segment)};
}

using Segments = std::vector<std::string>;

const json& root_schema() {
  static const json root = schema();
  return root;
}

// Which values a value sets by itself. A preset's name in the place of an object is that object's
// key, so that a knob beside it is another value.
void note(const json* declared, const json& value, const std::string& place, Setting& out) {
  const json& root = root_schema();
  if (value.is_string() && declared != nullptr) {
    const json& node = follow_ref(root, *declared);
    if (node.contains("x-shorthand")) {
      out.plain.push_back(place + "/" + node["x-shorthand"].get<std::string>());
      return;
    }
  }
  if (!value.is_structured()) {
    out.plain.push_back(place);
    return;
  }
  if (value.empty())
    out.hollow.push_back(place);
  const json none = json::object();
  const json& node = declared == nullptr ? none : container_schema(root, *declared, value);
  const json& properties = node.contains("properties") ? node.at("properties") : none;
  std::size_t index = 0;
  for (const auto& [key, below] : value.items()) {
    const json* schema = nullptr;
    if (value.is_array() && node.contains("items"))
      schema = &node.at("items");
    if (value.is_object() && properties.contains(key))
      schema = &properties.at(key);
    note(schema, below,
         place + (value.is_array() ? fmt::format("/{}", index++) : pointer_segment(key)), out);
  }
}

void set_below(const Place& place, Segments::const_iterator at, Segments::const_iterator end,
               const json& value, std::vector<Setting>& done) {
  const json& root = root_schema();
  const json* schema = place.schema == nullptr ? &root : place.schema;
  if (at == end) {
    *place.value = value;
    done.push_back({place.resolved, {}, {}});
    note(schema, value, place.resolved, done.back());
    return;
  }
  const json& node = container_schema(root, *schema, *place.value);
  if (node.contains("properties")) {
    set_below(member(node, follow_ref(root, *schema), place, *at), std::next(at), end, value, done);
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
  const auto into = [&](std::size_t i, const std::string& pointer) {
    set_below({&list[i], &node["items"], pointer, fmt::format("{}/{}", place.resolved, i)},
              std::next(at), end, value, done);
  };
  if (*at == "*" && !list.empty()) {
    for (std::size_t i = 0; i < list.size(); ++i)
      into(i, fmt::format("{}/{}", place.pointer, i));
    return;
  }
  into(element(list, *at, here), here);
}

std::vector<Setting> applied(json& document, const std::string& path, const json& value,
                             const std::string& source) {
  std::vector<Setting> done;
  try {
    if (!is_utf8(path))
      fail({}, "a path that is no UTF-8: " + in_quotes(path), "PATH=VALUE in UTF-8");
    const Segments segments = split(path);
    set_below({&document, nullptr, {}, {}}, segments.begin(), segments.end(), value, done);
  } catch (const Mistake& m) {
    throw ScenarioError({source, m.pointer, m.found, m.expected, m.near});
  }
  return done;
}

// The two sides of "PATH=VALUE".
std::pair<std::string, json> sides(const std::string& assignment, const std::string& source) {
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
  if (meant_as_json || json::accept(text))
    return {path, parse_document(text, fmt::format("{} {}", source, path))};
  return {path, json(text)};
}

}  // namespace

void apply_set(json& document, const std::string& path, const json& value,
               const std::string& source) {
  applied(document, path, value, source);
}

void apply_set(json& document, const std::string& assignment, const std::string& source) {
  const auto [path, value] = sides(assignment, source);
  apply_set(document, path, value, source);
}

void Changes::set(const std::string& path, const json& value, const std::string& said_by) {
  const std::vector<Setting> done = applied(document_, path, value, said_by);
  for (const Setting& one : done)
    refuse_if_set(one, path, said_by);
  for (const Setting& one : done) {
    for (const std::string& place : one.plain)
      earlier_.insert_or_assign(place, Earlier{path, true});
    for (const std::string& place : one.hollow)
      earlier_.insert_or_assign(place, Earlier{path, false});
  }
}

void Changes::set(const std::string& assignment, const std::string& said_by) {
  const auto [path, value] = sides(assignment, said_by);
  set(path, value, said_by);
}

void Changes::refuse_if_set(const Setting& one, const std::string& path,
                            const std::string& said_by) const {
  // What lies below the place is replaced; what lies above it and is plain was replaced on the way.
  auto same = earlier_.find(one.place);
  if (same == earlier_.end()) {
    const auto below = earlier_.lower_bound(one.place + "/");
    if (below != earlier_.end() && below->first.starts_with(one.place + "/"))
      same = below;
  }
  for (std::size_t end = one.place.rfind('/'); same == earlier_.end() && end != 0;
       end = one.place.rfind('/', end - 1)) {
    const auto above = earlier_.find(one.place.substr(0, end));
    if (above != earlier_.end() && above->second.is_plain)
      same = above;
  }
  if (same == earlier_.end())
    return;
  throw ScenarioError({said_by,
                       same->first,
                       fmt::format("{} after {}, both of which set this value", in_quotes(path),
                                   in_quotes(same->second.path)),
                       "one of them",
                       {}});
}

}  // namespace holdfast::scenario
