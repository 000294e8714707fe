// SPDX-License-Identifier: Apache-2.0
// Latency over time, throughput, shares of the paths; and how latencies of several runs compare.
"use strict";

const CHART = { latency: 150, rate: 64, shares: 40, gap: 24 };
const CHART_HEIGHT = CHART.latency + CHART.rate + CHART.shares + 3 * CHART.gap;
const BIN_PIXELS = 4;
const PATH_COLOURS = 6;

/// The latency axis of all runs together, so that their charts can be compared: powers of ten.
function latencyRange(runs) {
  let low = Infinity, high = 0;
  for (const run of runs) {
    const { op_took: took, op_submitted: from } = run.c;
    for (let i = 0; i < took.length; ++i) {
      // What is still out counts by its age, if that is more than what others took.
      if (took[i] >= 0) low = Math.min(low, Math.max(took[i], 1));
      high = Math.max(high, took[i] < 0 ? run.end_ns - from[i] : took[i]);
    }
  }
  if (high === 0) return { low: 3, high: 9 };
  low = Math.min(low, high);
  const least = Math.floor(Math.log10(Math.max(low, 1)));
  return { low: least, high: Math.max(Math.ceil(Math.log10(high + 1)), least + 1) };
}

const powerWords = (power) => spanWords(10 ** power);

function paintCharts(panel, shown) {
  const { run, chart } = panel;
  const { width, view, scale, colour } = shown;
  const { context, left, x } = beginPicture(chart, CHART_HEIGHT, shown);
  if (run.fault !== null)
    paintFaultLine(context, x(toPlace(scale, run.fault + run.shift)), CHART_HEIGHT, colour);
  context.restore();
  let top = CHART.gap;
  paintLatency(context, run, shown, x, left, top);
  top += CHART.latency + CHART.gap;
  const bins = binsOf(run, view, Math.max(8, Math.floor((width - left) / BIN_PIXELS)));
  paintRate(context, run, shown, bins, left, top);
  top += CHART.rate + CHART.gap;
  paintShares(context, run, shown, bins, left, top);
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, CHART_HEIGHT);
  context.clip();
  if (shown.cursor !== null) paintCursor(context, x(shown.cursor), CHART_HEIGHT, colour);
  if (shown.drag) paintDrag(context, x, shown.drag, CHART_HEIGHT, colour);
  context.restore();
}

function chartTitle(context, text, left, top, colour) {
  context.font = `600 12px ${FONT}`;
  const at = left > 0 ? left : 4;
  context.fillStyle = colour("veil");
  context.fillRect(at, top - 18, context.measureText(text).width + 6, 15);
  context.fillStyle = colour("ink");
  context.fillText(text, at, top - 11);
}

function axisWords(context, text, left, y, colour) {
  context.font = `11px ${FONT}`;
  context.fillStyle = colour("soft");
  if (left > 0) {
    context.textAlign = "right";
    context.fillText(text, left - 10, y);
    context.textAlign = "left";
  } else {
    context.fillText(text, 3, y + 8);
  }
}

function paintLatency(context, run, shown, x, left, top) {
  const { view, width, colour, range } = shown;
  const height = CHART.latency;
  chartTitle(context, "Latency of each I/O (log)", left, top, colour);
  const y = (ns) => top + height -
    ((Math.log10(Math.max(ns, 1)) - range.low) / (range.high - range.low)) * height;
  const every = Math.ceil((range.high - range.low) / 7);
  for (let power = range.low; power <= range.high; ++power) {
    context.fillStyle = colour("rail");
    context.fillRect(left, Math.round(y(10 ** power)), width - left, 1);
    // Without a column for them the words of the lowest one would lie under the next title.
    if ((power - range.low) % every === 0 && (left > 0 || power > range.low))
      axisWords(context, powerWords(power), left, y(10 ** power), colour);
  }
  const { op_took: took, op_kind: kind, op_status: status, op_submitted: from } = run.c;
  const read = run.io_kinds.indexOf("read");
  const styles = [colour("io"), colour("read"), colour("s-exposed")];
  // A dot that lies on another one is not painted again.
  const columns = Math.ceil(width / 2) + 1, rows = Math.ceil(height / 2) + 2;
  const size = columns * rows;
  if (!shown.dots || shown.dots.length < size) shown.dots = new Uint8Array(size);
  shown.dots.fill(0);
  const factor = x(1) - x(0), zero = x(0), places = run.opPlaces;
  const unit = height / (range.high - range.low) / Math.LN10;
  const base = top + height + range.low * unit * Math.LN10;
  let style = -1;
  for (let i = 0; i < places.length; ++i) {
    if (places[i] < view.from || places[i] > view.to) continue;
    const ns = took[i] < 0 ? run.end_ns - from[i] : took[i];
    const px = zero + places[i] * factor;
    const py = Math.min(base - Math.log(ns < 1 ? 1 : ns) * unit, top + height);
    const cell = (((py - top) >> 1) + 1) * columns + (px >> 1);
    const bad = took[i] < 0 || status[i] !== 0;
    if (shown.dots[cell] && !bad) continue;
    shown.dots[cell] = 1;
    const wanted = bad ? 2 : kind[i] === read ? 1 : 0;
    if (wanted !== style) context.fillStyle = styles[style = wanted];
    if (bad) context.fillRect(px - 2.5, py - 2.5, 5, 5);
    else context.fillRect(px - 1.25, py - 1.25, 2.5, 2.5);
  }
  if (shown.op && shown.op.run === run) {
    const i = shown.op.row;
    const ns = took[i] < 0 ? run.end_ns - from[i] : took[i];
    context.strokeStyle = colour("accent");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x(places[i]), y(ns), 5, 0, 7);
    context.stroke();
  }
}

function paintRate(context, run, shown, bins, left, top) {
  const { view, width, scale, colour } = shown;
  const height = CHART.rate, count = bins.done.length;
  const wide = (view.to - view.from) / count, pixels = (width - left) / count;
  const rates = new Float64Array(count);
  let most = 0;
  for (let i = 0; i < count; ++i) {
    const seconds = (toTime(scale, view.from + (i + 1) * wide) -
                     toTime(scale, view.from + i * wide)) / 1e9;
    rates[i] = seconds > 0 ? bins.done[i] / seconds : 0;
    most = Math.max(most, rates[i]);
  }
  chartTitle(context, "Throughput (completed I/O per second)", left, top, colour);
  context.fillStyle = colour("rate");
  for (let i = 0; i < count; ++i) {
    if (rates[i] === 0) continue;
    const h = Math.max((rates[i] / most) * height, 1);
    const at = Math.round(left + i * pixels), next = Math.round(left + (i + 1) * pixels);
    context.fillRect(at, top + height - h, next - at, h);
  }
  const words = most ? rateWords(most) : "0";
  if (left === 0) {
    context.font = `11px ${FONT}`;
    context.fillStyle = colour("veil");
    context.fillRect(0, top + 4, context.measureText(words).width + 6, 15);
  }
  axisWords(context, words, left, top + 4, colour);
  context.fillStyle = colour("rail");
  context.fillRect(left, top + height, width - left, 1);
}

function rateWords(rate) {
  if (rate >= 1e6) return `${Number((rate / 1e6).toPrecision(3))} M/s`;
  return rate >= 1e3 ? `${Number((rate / 1e3).toPrecision(3))} k/s`
                     : `${Number(rate.toPrecision(3))}/s`;
}

function paintShares(context, run, shown, bins, left, top) {
  const { width, colour } = shown;
  const height = CHART.shares, count = bins.done.length, pixels = (width - left) / count;
  const used = bins.by.map((list, id) => ({ list, id, sum: list.reduce((a, b) => a + b, 0) }))
    .filter((one) => one.sum > 0);
  const title = left > 0 ? "Share of each path in what is sent" : "Share of each path";
  chartTitle(context, title, left, top, colour);
  let at = (left > 0 ? left : 4) + context.measureText(title).width + 16;
  context.font = `11px ${FONT}`;
  for (const { id } of used.slice(0, 8)) {
    const name = controllerName(run, id), wide = context.measureText(name).width;
    if (at + wide + 26 > width) break;
    context.fillStyle = colour(`p${id % PATH_COLOURS}`);
    context.fillRect(at, top - 16, 10, 10);
    context.fillStyle = colour("ink");
    context.fillText(name, at + 14, top - 10);
    at += wide + 30;
  }
  for (let i = 0; i < count; ++i) {
    let sum = 0;
    for (const { list } of used) sum += list[i];
    let y = top;
    for (const { list, id } of sum > 0 ? used : []) {
      const h = (list[i] / sum) * height;
      if (h === 0) continue;
      context.fillStyle = colour(`p${id % PATH_COLOURS}`);
      const at = Math.round(left + i * pixels), next = Math.round(left + (i + 1) * pixels);
      context.fillRect(at, y, next - at, h);
      y += h;
    }
  }
  context.fillStyle = colour("rail");
  context.fillRect(left, top + height, width - left, 1);
}

/// How large a part of the I/O took at least so long, for all runs over each other.
function paintTails(canvas, runs, colour) {
  const width = canvas.clientWidth || 600, height = 260;
  const context = contextOf(canvas, width, height);
  const left = 88, right = width - 14, top = 12, bottom = height - 34;
  const tails = runs.map((run) => tailOf(latenciesOf(run)));
  const all = tails.flat();
  if (all.length === 0) return;
  const low = Math.floor(Math.log10(Math.max(Math.min(...all.map((one) => one[0])), 1)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...all.map((one) => one[0])) + 1)), low + 1);
  const least = Math.floor(Math.log10(Math.min(...all.map((one) => one[1]))) - 1e-9);
  const x = (ns) => left + ((Math.log10(Math.max(ns, 1)) - low) / (high - low)) * (right - left);
  const y = (part) => top + (Math.log10(part) / least) * (bottom - top);
  context.font = `11px ${FONT}`;
  for (let power = low; power <= high; ++power) {
    context.fillStyle = colour("rail");
    context.fillRect(x(10 ** power), top, 1, bottom - top);
    if (width < 620 && (high - power) % 2 === 1) continue;
    context.fillStyle = colour("soft");
    context.textAlign = power === high ? "right" : "center";
    context.fillText(powerWords(power), x(10 ** power), bottom + 14);
  }
  for (let power = 0; power >= least; --power) {
    context.fillStyle = colour("rail");
    context.fillRect(left, y(10 ** power), right - left, 1);
    context.fillStyle = colour("soft");
    context.textAlign = "right";
    context.fillText(power === 0 ? "all" : `1 in ${(10 ** -power).toLocaleString("en")}`, left - 8,
                     y(10 ** power));
  }
  context.textAlign = "left";
  tails.forEach((tail, i) => {
    context.strokeStyle = colour(`p${i % PATH_COLOURS}`);
    context.lineWidth = 2;
    context.setLineDash(i >= PATH_COLOURS ? [6, 3] : []);
    context.beginPath();
    tail.forEach(([took, part], n) => {
      if (n === 0) context.moveTo(x(took), y(part));
      else {
        context.lineTo(x(took), y(tail[n - 1][1]));
        context.lineTo(x(took), y(part));
      }
    });
    context.stroke();
    if (tail.length > 0) {
      const [took, part] = tail[tail.length - 1];
      context.fillStyle = colour(`p${i % PATH_COLOURS}`);
      context.beginPath();
      context.arc(x(took), y(part), 3.5, 0, 7);
      context.fill();
    }
  });
  context.setLineDash([]);
}
