// SPDX-License-Identifier: Apache-2.0
// Time on the page: idle stretches are folded to a fixed width, so that two milliseconds of action in
// fifteen seconds of silence can be seen. Places are nanoseconds of a folded clock.
"use strict";

/// Folded stretches together take at most this part of the picture, and one of them this.
const FOLDED_SHARE = 0.4, ONE_FOLDED = 0.06;
/// Silence is told from action by a jump in the lengths of gaps by at least this factor, and is folded
/// only if it would take most of the picture.
const JUMP = 8, MOSTLY = 0.5;

/// What is folded: gaps longer than `over`, to `width`. `gaps` in rising order. Null: nothing has to
/// be. Where the lengths of gaps jump most, silence begins.
function foldingOf(gaps) {
  let total = 0;
  for (const gap of gaps) total += gap;
  let below = 0, best = null;
  for (let i = 0; i + 1 < gaps.length; ++i) {
    below += gaps[i];
    const jump = gaps[i + 1] / gaps[i];
    if (jump < JUMP || total - below < MOSTLY * total || (best && jump <= best.jump)) continue;
    const cut = gaps.length - 1 - i;
    best = { jump, over: gaps[i],
             width: Math.min(((FOLDED_SHARE / (1 - FOLDED_SHARE)) * below) / cut,
                             ONE_FOLDED * below) };
  }
  return best;
}

/// A scale over instants (rising, at least one). `open` are folds, by number, that were opened.
/// {folds: [{from, to, at, width, number, open}], from, to, length}
function makeScale(instants, from, to, fold = true, open = new Set()) {
  const most = instants.length + 1;
  const gaps = new Float64Array(most), places = new Float64Array(most);
  let count = 0, before = from;
  for (let i = 0; i < most; ++i) {
    const at = i < instants.length ? instants[i] : to;
    if (at <= before) continue;
    gaps[count] = at - before;
    places[count++] = before;
    before = at;
  }
  const folding = fold ? foldingOf(gaps.slice(0, count).sort()) : null;
  const folds = [];
  let saved = 0;
  for (let i = 0; folding && i < count; ++i) {
    const gap = gaps[i];
    if (gap <= folding.over) continue;
    const number = folds.length;
    const width = open.has(number) ? gap : folding.width;
    folds.push({ from: places[i], to: places[i] + gap, at: places[i] - from - saved, width, number,
                 open: open.has(number) });
    saved += gap - width;
  }
  return { folds, from, to, length: to - from - saved };
}

function lastAtOrBelow(list, value, key) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][key] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/// The place of an instant.
function toPlace(scale, at) {
  const i = lastAtOrBelow(scale.folds, at, "from");
  if (i < 0) return at - scale.from;
  const fold = scale.folds[i];
  if (at >= fold.to) return fold.at + fold.width + (at - fold.to);
  return fold.at + ((at - fold.from) / (fold.to - fold.from)) * fold.width;
}

/// The instant of a place.
function toTime(scale, place) {
  const i = lastAtOrBelow(scale.folds, place, "at");
  if (i < 0) return scale.from + place;
  const fold = scale.folds[i];
  const after = place - fold.at - fold.width;
  if (after >= 0) return fold.to + after;
  return fold.from + ((place - fold.at) / fold.width) * (fold.to - fold.from);
}

/// Places of many instants, in rising order or not.
function placesOf(scale, instants) {
  const out = new Float64Array(instants.length);
  for (let i = 0; i < out.length; ++i) out[i] = toPlace(scale, instants[i]);
  return out;
}

/// Steps of 1, 2 and 5 times a power of ten, in ns.
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= least) return factor * power;
  return 10 * power;
}

/// Ticks within a view, [{place, at, main}]: a main one where a stretch of true scale begins, and
/// round ones at least `pixels` apart. `origin` is the instant that counts as zero.
function ticksOf(scale, view, width, origin, pixels = 92) {
  const perPixel = (view.to - view.from) / width;
  const step = niceStep(perPixel * pixels);
  const stretches = [];
  let begin = 0, since = scale.from;
  for (const fold of scale.folds) {
    if (fold.open) continue;
    stretches.push([begin, fold.at, since]);
    begin = fold.at + fold.width;
    since = fold.to;
  }
  stretches.push([begin, scale.length, since]);
  const out = [];
  let last = -Infinity;
  for (const [first, end, since] of stretches) {
    const low = Math.max(first, view.from), high = Math.min(end, view.to);
    if (high < low) continue;
    const room = (place) => place - last >= perPixel * pixels;
    if (first >= view.from && first > 0) {
      // Where a stretch begins matters more than a round distance before it.
      while (!room(first) && out.length > 0 && !out[out.length - 1].main) {
        out.pop();
        last = out.length > 0 ? out[out.length - 1].place : -Infinity;
      }
    }
    if (first >= view.from && first > 0 && room(first)) {
      out.push({ place: first, at: since, main: true });
      last = first;
    }
    const start = toTime(scale, low) - origin;
    let at = Math.ceil(start / step) * step;
    for (let n = 0; n < 400; ++n, at += step) {
      const place = toPlace(scale, origin + at);
      if (place > high) break;
      if (place < low || !room(place)) continue;
      out.push({ place, at: origin + at, main: false });
      last = place;
    }
  }
  return out;
}

/// Everything, with a margin on both sides.
function wholeView(scale) {
  return { from: -0.01 * scale.length, to: 1.01 * scale.length };
}

/// A view moved or zoomed stays within the picture and above one nanosecond a pixel or so.
function clampView(scale, view, least = 200) {
  const all = wholeView(scale), most = all.to - all.from;
  const length = Math.min(Math.max(view.to - view.from, Math.min(least, most)), most);
  const middle = (view.from + view.to) / 2;
  const from = Math.min(Math.max(middle - length / 2, all.from), all.to - length);
  return { from, to: from + length };
}

function zoomView(scale, view, factor, around) {
  return clampView(scale, { from: around - (around - view.from) * factor,
                            to: around + (view.to - around) * factor });
}

/// A length of time with the digits that it has, at most `most`.
function spanWords(ns, most = 5) {
  const size = Math.abs(ns);
  const digits = (value) => String(Number(value.toPrecision(most)));
  if (size === 0) return "0 s";
  if (size >= 1e9) return `${digits(ns / 1e9)} s`;
  if (size >= 1e6) return `${digits(ns / 1e6)} ms`;
  if (size >= 1e3) return `${digits(ns / 1e3)} µs`;
  return `${Math.round(ns)} ns`;
}

/// An instant to the nanosecond: "0.100 030 126 s".
function exactWords(ns) {
  const whole = Math.round(ns), size = Math.abs(whole);
  const seconds = Math.floor(size / 1e9);
  const rest = String(size - seconds * 1e9).padStart(9, "0").replace(/(...)(?=.)/g, "$1\u202f");
  return `${whole < 0 ? "−" : ""}${seconds}.${rest} s`;
}

/// The same, signed, as a distance to the fault.
function sinceWords(ns) {
  return `${ns < 0 ? "" : "+"}${exactWords(ns)}`;
}
