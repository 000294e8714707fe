// SPDX-License-Identifier: Apache-2.0
// The page of many points: a plot that can be hovered, a table that filters and sorts, and how to
// run the point that was chosen.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const SHOWN_ROWS = 500, COLOURS = 6;
const PLOT = { width: 1000, height: 380, left: 80, right: 20, top: 24, bottom: 40 };
const data = JSON.parse($("data").textContent);
const view = { column: -1, down: false, places: [], chosen: -1, x: data.x, y: data.y, by: data.by };

function start() {
  $("theme").addEventListener("click", nextTheme);
  $("extent").textContent = plural(data.rows.length, "point") + (data.about ? `; ${data.about}` : "");
  $("filter").addEventListener("submit", (event) => event.preventDefault());
  $("words").addEventListener("input", refresh);
  if (data.left_out) $("cut").textContent = `${data.left_out.toLocaleString("en")} more are not here.`;
  makeAxes();
  refresh();
  document.documentElement.dataset.ready = "yes";
}

function makeAxes() {
  const numeric = data.columns.map((_, i) => i)
    .filter((i) => data.rows.some((row) => NUMERIC(row[i])));
  if (numeric.length < 2) return;
  if (view.x < 0) view.x = numeric[0];
  if (view.y < 0) view.y = numeric.find((i) => i !== view.x);
  $("plotted").hidden = false;
  const choice = (words, key, places, none) => {
    const box = h("select", { onchange: () => {
      view[key] = Number(box.value);
      drawPlot();
    } }, none ? h("option", { value: -1 }, "nothing") : null,
      places.map((i) => h("option", { value: i, selected: i === view[key] }, data.columns[i])));
    return h("label", {}, `${words} `, box);
  };
  const all = data.columns.map((_, i) => i);
  $("axes").append(choice("across", "x", numeric), choice("up", "y", numeric),
                   choice("colour", "by", all, true));
}

function refresh() {
  const { tests, wrong } = readFilter(data.columns, $("words").value);
  view.places = ordered(data.rows, tests, view.column, view.down);
  $("count").textContent = wrong.length ? `there is no column ${wrong.join(", ")}`
    : `${view.places.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")}`;
  drawTable();
  if (!$("plotted").hidden) drawPlot();
}

function drawTable() {
  const heads = data.columns.map((name, i) => {
    const sorted = view.column === i;
    const mark = sorted ? (view.down ? " ▼" : " ▲") : "";
    return h("th", { scope: "col", "aria-sort": sorted ? (view.down ? "descending" : "ascending") : null },
      h("button", { type: "button", onclick: () => {
        view.down = sorted && !view.down;
        view.column = i;
        refresh();
        $("rows").querySelectorAll("th button")[i].focus();
      } }, name + mark));
  });
  const rows = view.places.slice(0, SHOWN_ROWS).map((place) => h("tr",
    { "data-place": place, class: place === view.chosen ? "chosen" : null,
      onclick: () => choose(place), onmouseenter: () => near(place), onmouseleave: () => near(-1) },
    data.rows[place].map((value, i) => h("td", { class: NUMERIC(value) ? "number" : null },
      i === 0 ? h("button", { type: "button", class: "plain" }, numberWords(value)) : numberWords(value)))));
  $("rows").replaceChildren(h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows));
  const more = view.places.length - rows.length;
  if (more > 0) $("count").textContent += `; the first ${SHOWN_ROWS} are listed`;
}

function svg(tag, attributes, ...children) {
  const out = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  out.append(...children);
  return out;
}

/// Which colour a value of the column "colour" has: by the order in which they come.
function groupsOf() {
  if (view.by < 0) return [];
  return [...new Set(data.rows.map((row) => row[view.by]))];
}

function drawPlot() {
  const rows = view.places.map((place) => data.rows[place]);
  const [across, up] = [view.x, view.y].map((column) => {
    const range = rangeOf(rows, column);
    return range && roomAround(range);
  });
  const { width, height, left, right, top, bottom } = PLOT;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none",
    role: "img", "aria-label": `${data.columns[view.y]} against ${data.columns[view.x]} of ` +
      `${plural(rows.length, "point")}; the table below has the same` });
  const wide = Math.max($("plot").clientWidth, 300);
  picture.setAttribute("viewBox", `0 0 ${wide} ${height}`);
  $("plot").replaceChildren(picture, h("div", { id: "tip", hidden: true }));
  if (!across || !up) return;
  const x = (value) => left + partOf(across, value) * (wide - left - right);
  const y = (value) => height - bottom - partOf(up, value) * (height - top - bottom);
  for (const value of ticksOf(across, Math.max(2, Math.floor(wide / 110)))) {
    picture.append(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: height - bottom }),
      svg("text", { x: x(value), y: height - bottom + 15, "text-anchor": "middle" }, numberWords(value)));
  }
  for (const value of ticksOf(up, 6)) {
    picture.append(svg("line", { class: "grid", x1: left, x2: wide - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, numberWords(value)));
  }
  const name = (i, range) => data.columns[i] + (range.log ? " (log)" : "");
  picture.append(svg("text", { x: (left + wide - right) / 2, y: height - 6, "text-anchor": "middle" },
                     name(view.x, across)), svg("text", { x: 6, y: 12 }, name(view.y, up)));
  const groups = groupsOf();
  for (const place of view.places) {
    const row = data.rows[place];
    if (!NUMERIC(row[view.x]) || !NUMERIC(row[view.y])) continue;
    const colour = view.by < 0 ? 0 : groups.indexOf(row[view.by]) % COLOURS;
    const dot = svg("circle", { cx: x(row[view.x]), cy: y(row[view.y]), r: data.marked.includes(place) ? 7 : 4.5,
      style: `fill: var(--p${colour})`, "data-place": place,
      class: place === view.chosen || data.marked.includes(place) ? "marked" : "" });
    dot.addEventListener("mouseenter", () => near(place));
    dot.addEventListener("mouseleave", () => near(-1));
    dot.addEventListener("click", () => choose(place));
    picture.append(dot);
  }
  $("legend").replaceChildren(...(groups.length > 24 ? [] : groups).map((one, i) => h("li", {},
    h("span", { class: "swatch", style: `background: var(--p${i % COLOURS})` }), numberWords(one))));
}

function wordsOf(place) {
  return data.columns.map((name, i) => `${name}: ${numberWords(data.rows[place][i])}`);
}

/// The point under the pointer, in the plot and in the table.
function near(place) {
  for (const one of document.querySelectorAll(".near")) one.classList.remove("near");
  const tip = $("tip");
  if (tip) tip.hidden = true;
  if (place < 0) return;
  for (const one of document.querySelectorAll(`[data-place="${place}"]`)) one.classList.add("near");
  const dot = document.querySelector(`circle[data-place="${place}"]`);
  if (!dot || !tip) return;
  tip.textContent = wordsOf(place).slice(0, 10).join("\n");
  tip.hidden = false;
  const box = $("plot").getBoundingClientRect(), at = dot.getBoundingClientRect();
  const left = Math.min(at.right - box.left + 8, box.width - tip.offsetWidth - 4);
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${Math.max(4, Math.min(at.top - box.top, box.height - tip.offsetHeight - 4))}px`;
}

/// All of a point, and how to run it.
function choose(place) {
  view.chosen = place;
  for (const one of document.querySelectorAll("tr.chosen")) one.classList.remove("chosen");
  const row = document.querySelector(`tr[data-place="${place}"]`);
  if (row) row.classList.add("chosen");
  const command = data.commands[place];
  $("point").replaceChildren(
    h("dl", { class: "facts" }, data.columns.map((name, i) =>
      [h("dt", {}, name), h("dd", {}, numberWords(data.rows[place][i]))])),
    command ? h("div", { class: "replay" }, h("code", { tabindex: 0 }, command),
      copyButton("Copy", () => command)) : "",
    command ? h("p", { class: "note" }, "With --report FILE.html it makes the page of this run.") : "");
  $("chosen").hidden = false;
  if (!$("plotted").hidden) drawPlot();
}

start();
