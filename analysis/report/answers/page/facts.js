// SPDX-License-Identifier: Apache-2.0
// What the answers' parts are made of: facts, tables that filter and sort, scenarios to be saved.
"use strict";

/// Fewer rows than these need no filter.
const FILTER_FROM = 4;
const MOST_ROWS = 500;
let numbered = 0;

/// No landmark: several answers on a page have parts of the same name.
function part(title, ...children) {
  return h("div", { class: "part" }, h("h3", {}, title), children);
}

/// Pairs of words; those without a value are left out.
function factList(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, NUMERIC(value) ? numberWords(value) : value)]));
}

/// A value as a cell has it: a number, a text, or nothing.
function cellOf(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return NUMERIC(value) ? value : typeof value === "string" ? value : JSON.stringify(value);
}

/// Instants need all their digits: choices are nanoseconds apart.
const instantWords = (seconds) => (NUMERIC(seconds) ? seconds.toFixed(9).replace(/\.?0+$/, "") : "-");

function cellWords(column, value) {
  if (value === null) return "-";
  if (/(_count|^worlds|^probes)$/.test(column) && Number.isInteger(value)) return value.toLocaleString("en");
  return /^(at|made|time|instead_of|t)_s$/.test(column) && NUMERIC(value) ? instantWords(value) : numberWords(value);
}

/// A table of rows (lists of cells), which sorts and filters. `buttons(place)`: of a row.
function factTable(label, columns, rows, buttons) {
  const view = { column: -1, down: false };
  const table = h("table", { class: "rows" });
  const count = h("span", { role: "status", class: "note" });
  const words = h("input", { autocomplete: "off", spellcheck: false });
  const draw = () => {
    const { tests, wrong } = readFilter(columns, words.value);
    const places = ordered(rows, tests, view.column, view.down);
    count.textContent = wrong.length ? `there is no column ${wrong.join(", ")}`
      : `${places.length} of ${rows.length}` +
        (places.length > MOST_ROWS ? `; the first ${MOST_ROWS} are listed` : "");
    table.replaceChildren(headOf(columns, view, draw, Boolean(buttons)), h("tbody", {},
      places.slice(0, MOST_ROWS).map((place) => h("tr", {},
        rows[place].map((value, i) => h("td", { class: NUMERIC(value) ? "number" : null },
                                        cellWords(columns[i], value))),
        buttons ? h("td", {}, buttons(place)) : null))));
  };
  words.addEventListener("input", draw);
  draw();
  const filter = rows.length < FILTER_FROM ? null
    : h("form", { class: "filter", onsubmit: (event) => event.preventDefault() },
        h("label", {}, "Only rows with ", words),
        h("span", { class: "note" }, "words, or bounds such as ",
          h("code", {}, `${columns.find((_, i) => NUMERIC(rows[0][i])) || columns[0]}<5`)), count);
  return [filter, h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": `${label}, table ${++numbered}` }, table)];
}

function headOf(columns, view, draw, more) {
  return h("thead", {}, h("tr", {}, columns.map((name, i) => {
    const sorted = view.column === i;
    return h("th", { scope: "col", "aria-sort": sorted ? (view.down ? "descending" : "ascending") : null },
      h("button", { type: "button", onclick: (event) => {
        const head = event.currentTarget.closest("table");
        view.down = sorted && !view.down;
        view.column = i;
        draw();
        head.querySelectorAll("th button")[i].focus();
      } }, name + (sorted ? (view.down ? " ▼" : " ▲") : "")));
  }), more ? h("td", {}) : null));
}

/// Rows of objects by the keys that any of them has; `first`: those that come first.
function tableOf(label, objects, first = []) {
  const keys = [...new Set([...first, ...objects.flatMap((one) => Object.keys(one))])]
    .filter((key) => objects.some((one) => cellOf(one[key]) !== null));
  return factTable(label, keys, objects.map((one) => keys.map((key) => cellOf(one[key]))));
}

/// How to run a scenario that was found again: it is saved, and the command runs it.
function scenarioBox(scenario, hash) {
  const name = `${String(scenario.name).replace(/[^\w.-]+/g, "_")}.json`;
  const text = () => `${JSON.stringify(scenario, null, 2)}\n`;
  const command = `holdfast report ${name} --out page.html`;
  const whole = text(), most = 20000;
  return [
    h("div", { class: "again-buttons" },
      h("button", { type: "button", onclick: () => save(name, text()) }, `Save ${name}`),
      copyButton("Copy the scenario", text)),
    h("p", { class: "note" }, "Saved, it makes the page of its run:"),
    h("div", { class: "replay" }, h("code", { tabindex: 0 }, command), copyButton("Copy", () => command)),
    hash ? h("p", { class: "note" }, `The trace hash of its run is ${hash}, on either kernel.`) : null,
    h("details", { class: "code" }, h("summary", {}, "The scenario"),
      h("pre", { tabindex: 0 }, whole.length > most ? `${whole.slice(0, most)}\n…` : whole)),
  ];
}
