// SPDX-License-Identifier: Apache-2.0
// What the page knows, apart from how it looks: nothing here touches the document, so that the tests
// can run it by itself.
"use strict";

const VERDICTS = ["pass", "fail", "not applicable", "not exercised"];
const SIGNS = ["✓", "✗", "–", "?"];
const PASS = 0, FAIL = 1, NOT_APPLICABLE = 2, NOT_EXERCISED = 3;
const FILTERS = ["family", "kind", "party", "confidence", "policy", "target"];

/// The packed data (html.cpp) as a model: requirements, implementations, cells.
function unpack(data) {
  const requirements = data.requirements.map((r, index) => ({
    ...r, index, family: r.id.replace(/-[^-]*$/, ""),
    haystack: [r.id, r.title, r.text, r.source, r.protocol].join("\n").toLowerCase(),
  }));
  const implementations = data.implementations.map(([policy, target], index) => ({
    policy, target, index, name: `${policy} on ${target}`,
  }));
  const model = { data, requirements, implementations, cells: [], changes: [] };
  model.cells = data.cells.map((row) => row.map((cell) => unpackCell(data, cell)));
  for (const { differences } of data.comparisons || []) {
    for (const change of differences) {
      const place = placeOf(model, change.requirement, change.policy, change.target);
      model.changes.push({ ...change, place });
      const cell = place && model.cells[place.r][place.i];
      if (cell) cell.change = change;
    }
  }
  return model;
}

function unpackCell(data, cell) {
  if (cell === null) return null;
  const [verdict] = cell;
  if (verdict === NOT_APPLICABLE) return { verdict, why: data.texts[cell[1]] };
  const out = { verdict, occasions: cell[1], scenarios: cell[2] };
  if (verdict !== FAIL) return out;
  out.failed = cell[3];
  out.incident = cell[4] === null ? null : data.incidents[cell[4]];
  if (cell.length > 5) out.expected = data.texts[cell[5]];
  return out;
}

/// Distinct values of a filter, in order of appearance.
function choices(model, name) {
  const list = name === "policy" || name === "target" ? model.implementations : model.requirements;
  return [...new Set(list.map((one) => one[name]))];
}

/// Places of what the filters let through. `verdict` is a number, "changed", or empty.
function select(model, filters) {
  const columns = model.implementations.filter(
    (i) => (!filters.policy || i.policy === filters.policy) &&
           (!filters.target || i.target === filters.target)).map((i) => i.index);
  const words = (filters.text || "").toLowerCase().split(/\s+/).filter(Boolean);
  const rows = model.requirements.filter((r) => {
    for (const name of ["family", "kind", "party", "confidence"])
      if (filters[name] && r[name] !== filters[name]) return false;
    if (!words.every((word) => r.haystack.includes(word))) return false;
    return !hasVerdict(filters) || columns.some((i) => shows(model.cells[r.index][i], filters));
  }).map((r) => r.index);
  return { rows, columns };
}

function hasVerdict(filters) {
  return filters.verdict !== undefined && filters.verdict !== "";
}

function shows(cell, filters) {
  if (!cell) return false;
  return filters.verdict === "changed" ? cell.change !== undefined
                                       : cell.verdict === Number(filters.verdict);
}

/// Columns with those of one target, or of one policy, beside each other.
function ordered(model, columns, by) {
  const groups = choices(model, by);
  const place = (i) => groups.indexOf(model.implementations[i][by]);
  return [...columns].sort((a, b) => place(a) - place(b) || a - b);
}

/// How many cells have each verdict.
function count(model, rows, columns) {
  const out = [0, 0, 0, 0];
  for (const r of rows) {
    for (const i of columns) {
      const cell = model.cells[r][i];
      if (cell) ++out[cell.verdict];
    }
  }
  return out;
}

/// The place of a requirement, of an implementation, or of a cell, as {r, i}; -1: not named. Null if
/// there is no such thing.
function placeOf(model, id, policy, target) {
  const r = id ? model.requirements.findIndex((one) => one.id === id) : -1;
  const i = policy || target ? model.implementations.findIndex(
    (one) => one.policy === policy && one.target === target) : -1;
  const unknown = (id && r < 0) || ((policy || target) && i < 0) || (r < 0 && i < 0);
  return unknown ? null : { r, i };
}

/// "#HOLD-1/linux-mainline/nvmet-mainline", "#HOLD-1", "#/linux-mainline/nvmet-mainline".
function fragment(model, place) {
  if (!place) return "";
  const parts = [place.r < 0 ? "" : model.requirements[place.r].id];
  if (place.i >= 0) {
    const one = model.implementations[place.i];
    parts.push(one.policy, one.target);
  }
  return "#" + parts.map((part) => encodeURIComponent(part).replace(/%2B/g, "+")).join("/");
}

function placeFrom(model, hash) {
  const parts = hash.replace(/^#/, "").split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return parts.length > 3 ? null : placeOf(model, ...parts);
}

/// The next (step 1) or previous (-1) failing cell in the order of the view, around the end.
function neighbour(model, view, place, step) {
  const failing = [];
  view.rows.forEach((r, row) => view.columns.forEach((i, column) => {
    const cell = model.cells[r][i];
    if (cell && cell.verdict === FAIL) failing.push({ r, i, at: row * 1e4 + column });
  }));
  if (failing.length === 0) return null;
  const row = place ? view.rows.indexOf(place.r) : -1;
  const column = place ? view.columns.indexOf(place.i) : -1;
  const here = row < 0 ? (step > 0 ? -1 : Infinity) : row * 1e4 + column;
  const found = step > 0 ? failing.find((one) => one.at > here)
                         : failing.filter((one) => one.at < here).pop();
  const { r, i } = found || (step > 0 ? failing[0] : failing[failing.length - 1]);
  return { r, i };
}

/// The scenario of an incident as its file has it.
function documentOf(model, incident) {
  const out = JSON.parse(JSON.stringify(model.data.documents[incident.document]));
  const { policy, profile, ...fill } = incident.fill;
  Object.assign(out, fill);
  if (policy !== null) for (const host of out.hosts) host.policy = policy;
  if (profile !== null) for (const subsystem of out.subsystems) subsystem.profile = profile;
  return sorted(out);
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/// "3803937us" as "3.803937 s"; what is no such time stays as it is.
function timeWords(typed) {
  const match = /^(\d{1,12})(us|ms|s)$/.exec(typed);
  return match ? span(Number(match[1]) * { us: 1e-6, ms: 1e-3, s: 1 }[match[2]]) : typed;
}

/// A span of seconds with the digits that it has.
function span(seconds) {
  const digits = (value, most) => String(Number(value.toPrecision(most)));
  const size = Math.abs(seconds);
  if (size >= 1 || size === 0) return `${digits(seconds, 9)} s`;
  return size >= 1e-3 ? `${digits(seconds * 1e3, 6)} ms` : `${digits(seconds * 1e6, 6)} µs`;
}

/// A fault of a scenario in words.
function faultWords(fault) {
  const value = (v) => (typeof v === "string" ? timeWords(v) : JSON.stringify(v));
  const keys = Object.keys(fault).filter((key) => !["type", "at", "for"].includes(key)).sort();
  const rest = ["at", "for"].filter((key) => key in fault);
  return [fault.type, ...[...keys, ...rest].map((key) => `${key} ${value(fault[key])}`)].join(" ");
}

/// The timeline of an incident: moments, who takes part, and the span in which it happens. What
/// comes before the first fault is preparation, unless it is the breach.
function timelineOf(model, incident) {
  const rows = model.data.timelines[incident.timeline] || [];
  const fault = rows.find((row) => row[1] === "fault");
  const breach = rows.find((row) => row[3] === 1);
  const moments = rows.map(([at, who, text, isBreach]) => ({
    at, who, text, breach: isBreach === 1, kind: kindOf(who),
    early: fault !== undefined && at < fault[0] && isBreach !== 1,
  }));
  const told = moments.filter((one) => !one.early);
  const times = told.map((one) => one.at);
  return {
    moments, origin: fault ? fault[0] : 0, breach: breach ? breach[0] : null,
    lanes: [...new Set(told.filter((one) => !one.breach).map((one) => one.who))],
    from: Math.min(...times), to: Math.max(...times),
  };
}

function kindOf(who) {
  if (["fault", "medium", "application", "breach"].includes(who)) return who;
  return who.startsWith("controller ") ? "target" : "host";
}
