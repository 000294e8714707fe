// SPDX-License-Identifier: Apache-2.0
// What the page of many points knows, apart from how it looks; the tests run it by itself.
"use strict";

const NUMERIC = (value) => typeof value === "number";

/// "cqt-only stall_s<5": words that a row must have, and bounds of columns.
/// {tests: [row => bool], wrong: words of what names no column}
function readFilter(columns, text) {
  const tests = [], wrong = [];
  for (const word of text.trim().split(/\s+/).filter(Boolean)) {
    const bound = /^([^<>=!]+)(<=|>=|!=|<|>|=)(.+)$/.exec(word);
    const place = bound ? columns.indexOf(bound[1]) : -1;
    if (bound && place < 0) {
      wrong.push(bound[1]);
    } else if (bound) {
      tests.push((row) => holds(row[place], bound[2], bound[3]));
    } else {
      const low = word.toLowerCase();
      tests.push((row) => row.some((one) => String(one).toLowerCase().includes(low)));
    }
  }
  return { tests, wrong };
}

function holds(value, sign, text) {
  const other = Number(text);
  if (sign === "=" || sign === "!=") {
    const same = NUMERIC(value) && !Number.isNaN(other) ? value === other : String(value) === text;
    return same === (sign === "=");
  }
  if (!NUMERIC(value) || Number.isNaN(other)) return false;
  return sign === "<" ? value < other : sign === ">" ? value > other
    : sign === "<=" ? value <= other : value >= other;
}

/// Places of rows that pass, in the order of a column; nothing comes last, either way.
function ordered(rows, tests, column, down) {
  const out = rows.map((_, place) => place).filter((place) => tests.every((one) => one(rows[place])));
  if (column < 0) return out;
  const less = (a, b) => (NUMERIC(a) && NUMERIC(b) ? a - b : String(a).localeCompare(String(b)));
  return out.sort((a, b) => {
    const one = rows[a][column], other = rows[b][column];
    if (one === null || other === null) return (one === null) - (other === null) || a - b;
    return (down ? -1 : 1) * less(one, other) || a - b;
  });
}

/// The range of a column, and whether it spans decades: then its axis is logarithmic.
function rangeOf(rows, column) {
  let low = Infinity, high = -Infinity, least = Infinity;
  for (const row of rows) {
    const value = row[column];
    if (!NUMERIC(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) least = Math.min(least, value);
  }
  if (low > high) return null;
  const log = low > 0 && high / low >= 100;
  if (low === high) return { low: low - (Math.abs(low) || 1) / 2, high: high + (Math.abs(high) || 1) / 2,
                             log: false };
  return { low, high, log };
}

/// A little more than a range, so that no point lies on the edge of its picture.
function roomAround({ low, high, log }) {
  const room = 0.04;
  const at = (part) => (log ? low * (high / low) ** part : low + part * (high - low));
  return { low: at(-room), high: at(1 + room), log };
}

/// Where a value lies in a range, from 0 to 1.
function partOf(range, value) {
  if (range.log) return Math.log(value / range.low) / Math.log(range.high / range.low);
  return (value - range.low) / (range.high - range.low);
}

/// Values at which an axis has a line: powers of ten, or one, two and five times such.
function ticksOf(range, most) {
  const out = [];
  if (range.log) {
    const first = Math.ceil(Math.log10(range.low) - 1e-9), last = Math.floor(Math.log10(range.high) + 1e-9);
    const every = Math.max(1, Math.ceil((last - first + 1) / most));
    for (let power = first; power <= last; power += every) out.push(Number(`1e${power}`));
    if (out.length > 1) return out;
    // Within a decade or two, twos and fives as well.
    const all = [];
    for (let power = first - 1; power <= last + 1; ++power)
      for (const digit of [1, 2, 5]) all.push(Number(`${digit}e${power}`));
    return all.filter((one) => one >= range.low * (1 - 1e-9) && one <= range.high * (1 + 1e-9));
  }
  const rough = (range.high - range.low) / most, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * unit).find((one) => one >= rough - 1e-12 * unit);
  for (let n = Math.ceil(range.low / step - 1e-9); n * step <= range.high + 1e-9 * step; ++n)
    out.push(Number((n * step).toPrecision(12)));
  return out;
}

/// A number in few digits.
function numberWords(value) {
  if (value === null || value === undefined) return "-";
  if (!NUMERIC(value)) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(6)));
}
