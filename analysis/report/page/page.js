// SPDX-License-Identifier: Apache-2.0
// The page of runs: what is there, and painting it when something changed.
"use strict";

const state = { runs: [], panels: [], active: null, fold: true, open: new Set(), waiting: false,
                shown: { view: { from: 0, to: 1 }, scale: null, width: 0, cursor: null, colour: null,
                         op: null, drag: null, focus: null, range: null } };

const LEGEND = [["s-live", "live"], ["s-fence", "fencing, held"], ["s-reset", "resetting, draining"],
                ["s-connect", "connecting"], ["s-fault", "fault"], ["s-exposed", "exposed, stale"],
                ["io", "I/O, write"], ["read", "read"], ["io-lost", "given up"]];

async function start() {
  // The verdict is text, and is painted before anything is unpacked.
  await painted();
  const data = JSON.parse($("data").textContent);
  $("theme").addEventListener("click", () => {
    nextTheme();
    repaint();
  });
  $("help-open").addEventListener("click", () => $("help").showModal());
  if (typeof DecompressionStream === "undefined" && data.runs.some((run) => run.zip)) {
    say("This browser cannot unpack the data of the picture; one of 2023 or later can.");
    return;
  }
  for (const [index, run] of data.runs.entries())
    state.runs.push(makeRun(run, decodeColumns(await bytesOf(run), run.columns), index));
  for (const run of state.runs) run.shift = state.runs[0].origin - run.origin;
  state.instants = mergedInstants(state.runs);
  state.shown.range = latencyRange(state.runs);
  showHead(data);
  $("picture").hidden = false;
  makePanels();
  makeLegend();
  rescale();
  listen();
  showComparison(state.runs);
  showPrevented(state.runs);
  showOrder(state.runs);
  showAgain(state.runs);
  performance.mark("ready");
  document.documentElement.dataset.ready = "yes";
}

/// After a frame; a page that nobody looks at has none, and does not wait for one.
function painted() {
  return new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 300);
  });
}

function say(text) {
  $("message").textContent = text;
  $("message").hidden = false;
}

function mergedInstants(runs) {
  const parts = runs.map((run) => instantsOf(run).map((at) => at + run.shift));
  if (parts.length === 1) return parts[0];
  const all = new Float64Array(parts.reduce((sum, one) => sum + one.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all.sort();
}

function showHead(data) {
  const [first] = state.runs;
  const seeds = [...new Set(state.runs.map((run) => run.document.seed))];
  $("extent").textContent =
    (state.runs.length > 1 ? `${state.runs.length} runs, aligned at the fault; ` : "") +
    `${spanWords(first.end_ns)} of simulated time, seed ${seeds.join(", ")}, ` +
    `model ${data.model_version}`;
}

function makePanels() {
  for (const run of state.runs) {
    const layout = makeLanes(run);
    const name = run.document.name;
    const canvas = h("canvas", { class: "lanes", tabindex: 0, role: "application",
      "aria-label": `Lanes of ${name} under ${run.policies}. Arrow keys move, Enter opens; the ` +
                    "section In order has the same as a table.",
      "aria-describedby": "live" });
    const chart = h("canvas", { class: "charts", role: "img",
      "aria-label": `${name}: latency of each I/O, throughput and shares of the paths over time` });
    const head = state.runs.length > 1
      ? h("h3", { class: "panel-head" }, h("span", { class: "letter" }, run.letter), " ",
          `${name} `, h("span", { class: "policy" }, run.policies)) : null;
    const box = h("div", { class: "panel" }, head, canvas, chart);
    $("panels").append(box);
    state.panels.push({ run, layout, canvas, chart, box, selected: -1, lane: null, place: -1 });
  }
  const left = state.panels.flatMap(({ run, layout }) => [
    ...layout.left_out.map((words) => `${words} not drawn`), ...cutWords(run)]
    .map((words) => (state.runs.length > 1 ? `${run.letter}: ${words}` : words)));
  $("left-out").textContent = left.length ? `${left.join("; ")}.` : "";
}

/// What of a long run the page does not have.
function cutWords(run) {
  const { cut } = run, out = [];
  const many = (n) => n.toLocaleString("en");
  if (cut.every) {
    out.push(`of ${many(cut.operations)} I/Os one in ${cut.every} is drawn, and all that were given ` +
             "up, retried, slow or failed; sums count all of them");
  }
  if (cut.told) out.push(`more than ${many(cut.told)} I/Os were out of the ordinary; not all are drawn`);
  if (cut.from_ns !== undefined)
    out.push(`attempts from ${exactWords(cut.from_ns)} on are not drawn: there were too many`);
  if (cut.events) out.push(`${many(cut.events)} later timers and reconnects are not drawn`);
  if (cut.drops) out.push(`${many(cut.drops)} later lost packets are not drawn`);
  return out;
}

function makeLegend() {
  $("legend").append(...LEGEND.map(([colour, words]) =>
    h("li", {}, h("span", { class: "swatch", style: `background: var(--${colour})` }), words)));
}

/// The scale anew; the view stays at its instants.
function rescale() {
  const { shown } = state;
  const old = shown.scale && { from: toTime(shown.scale, shown.view.from),
                               to: toTime(shown.scale, shown.view.to),
                               all: shown.view.to - shown.view.from >= shown.scale.length * 0.999 };
  const from = Math.min(...state.runs.map((run) => run.shift));
  const to = Math.max(...state.runs.map((run) => run.end_ns + run.shift));
  shown.scale = makeScale(state.instants, from, to, state.fold, state.open);
  for (const { run, layout } of state.panels) placeLanes(run, layout, shown.scale);
  shown.view = old && !old.all
    ? clampView(shown.scale, { from: toPlace(shown.scale, old.from), to: toPlace(shown.scale, old.to) })
    : wholeView(shown.scale);
  $("fold").setAttribute("aria-pressed", String(state.fold));
  $("fold").textContent = state.fold ? "Idle time folded" : "True lengths";
  repaint();
}

function repaint() {
  if (state.waiting) return;
  state.waiting = true;
  requestAnimationFrame(() => {
    state.waiting = false;
    paint();
  });
}

/// Everything that is on the screen.
function paint() {
  const { shown } = state;
  if (!shown.scale) return;
  shown.width = $("panels").clientWidth;
  shown.colour = coloursNow();
  paintAxis($("axis"), shown);
  for (const panel of state.panels) {
    const at = panel.box.getBoundingClientRect();
    const near = at.bottom > -200 && at.top < innerHeight + 200;
    if (!near && panel.painted && !state.printing) continue;
    panel.painted = true;
    paintLanes(panel, shown);
    paintCharts(panel, shown);
  }
}

/// The time axis: distances to the fault, and how long what is folded is.
function paintAxis(canvas, shown) {
  const { width, view, scale, colour } = shown;
  const left = gutterOf(width), height = 38;
  const context = contextOf(canvas, width, height);
  const x = mapperOf(view, left, width);
  const { origin, fault } = state.runs[0];
  context.fillStyle = colour("soft");
  context.font = `11px ${FONT}`;
  if (left > 0) {
    context.textAlign = "right";
    context.fillText(fault === null ? "since the start" : "since the fault", left - 10, 26);
    context.textAlign = "left";
  }
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, height);
  context.clip();
  for (const fold of scale.folds) {
    const a = x(fold.at), b = x(fold.at + fold.width);
    if (b < left || a > width) continue;
    context.fillStyle = colour(fold.open ? "rail" : "fold");
    context.fillRect(a, 0, b - a, 15);
    const words = `${fold.open ? "▾ " : ""}${spanWords(fold.to - fold.from, 3)}`;
    const wide = context.measureText(words).width;
    if (b - a > wide + 4) {
      context.fillStyle = colour("soft");
      context.fillText(words, Math.max(a, left) + (Math.min(b, width) - Math.max(a, left) - wide) / 2,
                       8);
    }
  }
  for (const tick of ticksOf(scale, view, width - left, origin)) {
    const at = x(tick.place);
    context.fillStyle = colour(tick.main ? "ink" : "soft");
    context.fillRect(at, 17, 1, height - 17);
    context.font = `${tick.main ? 600 : 400} 11px ${FONT}`;
    const words = tickWords(tick.at - origin, (view.to - view.from) / width);
    if (at + 6 + context.measureText(words).width < width) context.fillText(words, at + 4, 26);
  }
  if (fault !== null) paintFaultLine(context, x(toPlace(scale, fault)), height, colour);
  context.restore();
}

/// As many digits as tell neighbouring ticks apart.
function tickWords(ns, perPixel) {
  if (ns === 0) return "0";
  const sign = ns < 0 ? "−" : "+";
  const size = Math.abs(ns), step = perPixel * 90;
  const unit = size >= 1e9 ? [1e9, "s"] : size >= 1e6 ? [1e6, "ms"] : size >= 1e3 ? [1e3, "µs"]
    : [1, "ns"];
  const digits = Math.max(0, Math.min(9, Math.ceil(Math.log10(unit[0] / step))));
  const words = (size / unit[0]).toFixed(Math.min(digits, Math.round(Math.log10(unit[0]))));
  return `${sign}${words.includes(".") ? words.replace(/\.?0+$/, "") : words} ${unit[1]}`;
}
