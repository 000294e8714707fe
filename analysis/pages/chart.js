// SPDX-License-Identifier: Apache-2.0
// A chart of a few hundred points, which can be hovered and walked with the arrow keys.
"use strict";

const CHART = { height: 300, left: 66, right: 18, top: 30, bottom: 42, reach: 60 };

function svg(tag, attributes, ...children) {
  const out = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) out.setAttribute(key, value);
  }
  out.append(...children);
  return out;
}

/// {low, high, log} for values, of which those that a logarithm cannot show are left out.
/// `given`: low, high and log, as far as the caller knows better.
function axisOf(values, given = {}) {
  const shown = values.filter((one) => NUMERIC(one) && (!given.log || one > 0));
  const found = rangeOf(shown.map((one) => [one]), 0);
  if (!found) return { low: given.low ?? 0.1, high: given.high ?? 1, log: Boolean(given.log) };
  const log = given.log ?? found.log;
  let low = given.low ?? (log ? Math.min(...shown) : found.low), high = given.high ?? (log ? Math.max(...shown)
    : found.high);
  if (log && low === high) [low, high] = [low / 10, high * 10];
  if (!log && low === high) high = low + 1;
  // The caller may say where an edge is.
  const wide = roomAround({ low, high, log });
  return { low: given.low ?? wide.low, high: given.high ?? wide.high, log };
}

/// Points of all series that the axes can show: {series, place, x, y} in parts of the axes.
function placedPoints(series, across, up) {
  const out = [];
  series.forEach((one, number) => one.points.forEach((point, place) => {
    const fits = (axis, value) => NUMERIC(value) && (!axis.log || value > 0);
    if (fits(across, point.x) && fits(up, point.y))
      out.push({ series: number, place, x: partOf(across, point.x), y: partOf(up, point.y) });
  }));
  return out;
}

/// Which of the points is nearest, or -1 if none is within reach; `x` and `y` in pixels.
function nearestPoint(points, x, y, reach) {
  let best = -1, least = reach * reach;
  points.forEach((one, place) => {
    const far = (one.px - x) ** 2 + (one.py - y) ** 2;
    if (far < least) [best, least] = [place, far];
  });
  return best;
}

/// {label, x: {name, low, high, log}, y, series: [{name, colour, line, band, shape, points: [{x, y, low, high,
/// says: [words]}]}], marks: [{axis, at, words}], notes}
function makeChart(spec) {
  const box = h("div", { class: "plot", tabindex: 0, role: "application",
    "aria-label": `${spec.label}. Arrow keys go from point to point; the table has the same.` });
  const said = h("p", { class: "hidden", "aria-live": "polite" });
  const state = { points: [], near: -1 };
  const draw = () => {
    state.points = drawChart(box, spec);
    show(-1);
  };
  const show = (place, aloud) => {
    state.near = place;
    showPoint(box, spec, state.points[place]);
    if (aloud && place >= 0) said.textContent = wordsOfPoint(spec, state.points[place]).join(", ");
  };
  const at = (event) => {
    const area = box.getBoundingClientRect();
    show(nearestPoint(state.points, event.clientX - area.left, event.clientY - area.top, CHART.reach));
  };
  box.addEventListener("pointermove", at);
  box.addEventListener("pointerdown", at);
  box.addEventListener("pointerleave", () => show(-1));
  box.addEventListener("blur", () => show(-1));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") show(-1);
    if (!step || !state.points.length) return;
    event.preventDefault();
    const count = state.points.length;
    show(state.near < 0 ? (step > 0 ? 0 : count - 1) : (state.near + step + count) % count, true);
  });
  new ResizeObserver(draw).observe(box);
  return h("figure", { class: "chart" }, h("figcaption", {}, spec.label), box, said, legendOf(spec.series));
}

function legendOf(series) {
  const named = series.filter((one) => one.name);
  if (named.length < 2) return null;
  return h("ul", { class: "legend" }, named.map((one) => h("li", {},
    h("span", { class: `swatch ${one.shape || "dot"}`, style: `--colour: var(--p${one.colour})` }), one.name)));
}

function drawChart(box, spec) {
  const wide = Math.max(box.clientWidth, 280), { height, left, right, top, bottom } = CHART;
  const all = (key) => spec.series.flatMap((one) => one.points.flatMap((point) => point[key]))
    .concat((spec.marks || []).filter((one) => one.axis === key).map((one) => one.at));
  const ends = spec.series.flatMap((one) => (one.band ? one.points.flatMap((p) => [p.low, p.high]) : []));
  const across = axisOf(all("x"), spec.x), up = axisOf(all("y").concat(ends), spec.y);
  const x = (part) => left + part * (wide - left - right);
  const y = (part) => height - bottom - part * (height - top - bottom);
  const picture = svg("svg", { viewBox: `0 0 ${wide} ${height}`, "aria-hidden": "true" });
  drawAxes(picture, spec, across, up, { x, y, wide });
  for (const one of spec.series) if (one.band) drawBand(picture, one, across, up, x, y);
  const points = placedPoints(spec.series, across, up);
  for (const one of points) [one.px, one.py] = [x(one.x), y(one.y)];
  drawMarks(picture, spec.marks || [], across, up, { x, y, wide, points });
  spec.series.forEach((one, number) => drawSeries(picture, one, points.filter((p) => p.series === number)));
  box.replaceChildren(picture, h("div", { class: "tip", hidden: true }));
  return points;
}

function drawAxes(picture, spec, across, up, { x, y, wide }) {
  const { height, left, right, top, bottom } = CHART;
  for (const value of ticksOf(across, Math.max(2, Math.floor(wide / 120)))) {
    const at = x(partOf(across, value));
    picture.append(svg("line", { class: "grid", x1: at, x2: at, y1: top, y2: height - bottom }),
      svg("text", { x: at, y: height - bottom + 15, "text-anchor": "middle" }, numberWords(value)));
  }
  for (const value of ticksOf(up, 6)) {
    const at = y(partOf(up, value));
    picture.append(svg("line", { class: "grid", x1: left, x2: wide - right, y1: at, y2: at }),
      svg("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, numberWords(value)));
  }
  const name = (axis, range) => axis.name + (range.log ? " (log)" : "");
  picture.append(
    svg("text", { x: (left + wide - right) / 2, y: height - 8, "text-anchor": "middle" }, name(spec.x, across)),
    svg("text", { x: 4, y: 14 }, name(spec.y, up)));
}

/// Between the lower and the upper end of each point's interval.
function drawBand(picture, series, across, up, x, y) {
  const cut = (value) => y(Math.min(1, Math.max(0, partOf(up, up.log ? Math.max(value, up.low) : value))));
  const shown = series.points.filter((one) => NUMERIC(one.low) && NUMERIC(one.high));
  if (shown.length < 2) return;
  const edge = (key) => shown.map((one) => `${x(partOf(across, one.x))},${cut(one[key])}`);
  picture.append(svg("polygon", { class: "band", style: `--colour: var(--p${series.colour})`,
    points: [...edge("high"), ...edge("low").reverse()].join(" ") }));
}

/// Lines at a value, with words; words that would lie over each other get rows of their own.
function drawMarks(picture, marks, across, up, { x, y, wide, points }) {
  const { height, left, right, top, bottom } = CHART;
  const taken = [];
  for (const one of marks) {
    const part = partOf(one.axis === "x" ? across : up, one.at);
    if (!(part >= -1e-9 && part <= 1 + 1e-9)) continue;
    const line = one.axis === "x" ? { x1: x(part), x2: x(part), y1: top, y2: height - bottom }
      : { x1: left, x2: wide - right, y1: y(part), y2: y(part) };
    picture.append(svg("line", { class: `mark ${one.tone || ""}`, ...line }));
    const long = one.words.length * 6.2;
    if (one.axis === "y") {
      const crowded = points.some(({ px, py }) => px > wide - right - long && Math.abs(py + 8 - y(part)) < 16);
      picture.append(svg("text", { class: "said", x: crowded ? left + 4 : wide - right - 4, y: y(part) - 4,
                                   "text-anchor": crowded ? "start" : "end" }, one.words));
      continue;
    }
    const before = x(part) + long + 6 > wide;
    const from = before ? x(part) - long - 4 : x(part) + 4;
    let row = 0;
    while (taken.some((other) => other.row === row && from < other.to && from + long > other.from)) ++row;
    taken.push({ row, from, to: from + long });
    picture.append(svg("text", { class: "said", x: before ? x(part) - 4 : from, y: top + 12 + 13 * row,
                                 "text-anchor": before ? "end" : "start" }, one.words));
  }
}

function drawSeries(picture, series, points) {
  const style = `--colour: var(--p${series.colour})`;
  if (series.line && points.length > 1) {
    picture.append(svg("polyline", { class: "line", style,
                                     points: points.map((one) => `${one.px},${one.py}`).join(" ") }));
  }
  for (const one of points) {
    const { px, py } = one;
    const shape = series.shape === "diamond"
      ? svg("path", { d: `M${px} ${py - 8}L${px + 8} ${py}L${px} ${py + 8}L${px - 8} ${py}Z` })
      : series.shape === "ring" ? svg("circle", { cx: px, cy: py, r: 8 })
        : svg("circle", { cx: px, cy: py, r: 4 });
    shape.setAttribute("class", `point ${series.shape || "dot"}`);
    shape.setAttribute("style", style);
    picture.append(shape);
    one.shape = shape;
  }
}

function wordsOfPoint(spec, { series, place }) {
  const { name, points } = spec.series[series];
  return [...(name ? [name] : []), ...points[place].says];
}

/// The words of a point beside it; none: they go.
function showPoint(box, spec, point) {
  const tip = box.querySelector(".tip");
  for (const one of box.querySelectorAll(".near")) one.classList.remove("near");
  if (!tip) return;
  tip.hidden = !point;
  if (!point) return;
  point.shape.classList.add("near");
  tip.textContent = wordsOfPoint(spec, point).join("\n");
  const left = point.px + 12 + tip.offsetWidth > box.clientWidth ? point.px - tip.offsetWidth - 12 : point.px + 12;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(point.py - 10, box.clientHeight - tip.offsetHeight - 4))}px`;
}
