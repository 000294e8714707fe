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

/// A dot may reach beyond the edge by this many pixels of the screen.
const CLOUD_EDGE = 16;

/// The picture of dots, empty: {canvas, context, image, pixels, across, ratio}.
function cloudOf(shown, width, height) {
  const ratio = Math.min(Math.ceil(window.devicePixelRatio || 1), 2);
  const across = Math.ceil(width * ratio) + 2 * CLOUD_EDGE;
  const down = Math.ceil(height * ratio) + 2 * CLOUD_EDGE;
  let cloud = shown.cloud;
  if (!cloud || cloud.across !== across || cloud.ratio !== ratio || cloud.canvas.height !== down) {
    const canvas = h("canvas", { width: across, height: down });
    const context = canvas.getContext("2d"), image = context.createImageData(across, down);
    cloud = shown.cloud = { canvas, context, image, across, ratio,
                            pixels: new Uint32Array(image.data.buffer) };
  }
  cloud.pixels.fill(0);
  return cloud;
}

/// Of each I/O the logarithm of what it took (of one that is out, its age) and its tone: 0, a read 1,
/// one that failed or is out 2. `bad`: there are such.
function dotsOf(run) {
  const { op_took: took, op_kind: kind, op_status: status, op_submitted: from } = run.c;
  const read = run.io_kinds.indexOf("read");
  const logs = Float64Array.from(took, (ns, i) => Math.log10(Math.max(ns < 0 ? run.end_ns - from[i] : ns, 1)));
  const tones = Uint8Array.from(took, (ns, i) => (ns < 0 || status[i] !== 0 ? 2 : kind[i] === read ? 1 : 0));
  return { logs, tones, bad: tones.includes(2) };
}

/// "#rrggbb" as a pixel, opaque; machines that run browsers have the lowest byte first.
function inkOf(hex) {
  const value = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
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
  paintCloud(context, run, shown, x, left, top);
  if (shown.op && shown.op.run === run) {
    const i = shown.op.row;
    const { op_took: took, op_submitted: from } = run.c;
    const ns = took[i] < 0 ? run.end_ns - from[i] : took[i];
    context.strokeStyle = colour("accent");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x(run.opPlaces[i]), y(ns), 5, 0, 7);
    context.stroke();
  }
}

/// Dots are set in a picture of their own, which is laid over the chart: tens of thousands of
/// rectangles a frame would take a canvas longer than a frame has.
function paintCloud(context, run, shown, x, left, top) {
  const { view, width, colour, range } = shown;
  const height = CHART.latency;
  const styles = ["io", "read", "s-exposed"].map((name) => inkOf(colour(name)));
  const cloud = cloudOf(shown, width - left, height);
  const { pixels, across, ratio } = cloud;
  const factor = (x(1) - x(0)) * ratio, zero = (x(0) - left) * ratio, places = run.opPlaces;
  const { logs, tones } = run.dots ||= dotsOf(run);
  const unit = (height * ratio) / (range.high - range.low), lowest = height * ratio;
  const base = lowest + range.low * unit;
  const paint = (side, wanted) => {
    // Half a pixel rounds; all of it is above zero.
    const shift = CLOUD_EDGE - side / 2 + 0.5;
    for (let i = 0; i < places.length; ++i) {
      const tone = tones[i], place = places[i];
      if ((tone === 2) !== wanted || place < view.from || place > view.to) continue;
      const y = base - logs[i] * unit;
      let at = (((y < lowest ? y : lowest) + shift) | 0) * across + ((zero + place * factor + shift) | 0);
      const ink = styles[tone];
      if (pixels[at] === ink && pixels[at + (side - 1) * (across + 1)] === ink) continue;
      for (let row = 0; row < side; ++row, at += across)
        for (let column = 0; column < side; ++column) pixels[at + column] = ink;
    }
  };
  paint(Math.round(2.5 * ratio), false);
  if (run.dots.bad) paint(5 * ratio, true);
  cloud.context.putImageData(cloud.image, 0, 0);
  const edge = CLOUD_EDGE / ratio;
  context.drawImage(cloud.canvas, left - edge, top - edge, cloud.canvas.width / ratio,
                    cloud.canvas.height / ratio);
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
  const sums = new Float64Array(count), y = new Float64Array(count).fill(top);
  for (const { list } of used) for (let i = 0; i < count; ++i) sums[i] += list[i];
  for (const { list, id } of used) {
    context.fillStyle = colour(`p${id % PATH_COLOURS}`);
    for (let i = 0; i < count; ++i) {
      if (list[i] === 0) continue;
      const h = (list[i] / sums[i]) * height;
      const at = Math.round(left + i * pixels), next = Math.round(left + (i + 1) * pixels);
      context.fillRect(at, y[i], next - at, h);
      y[i] += h;
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
