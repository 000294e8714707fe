// SPDX-License-Identifier: Apache-2.0
// Painting the lanes of a run on a canvas, and finding what is under the pointer.
"use strict";

/// The label column takes this many pixels; on a narrow screen labels lie over their lanes.
function gutterOf(width) {
  return width < 620 ? 0 : Math.min(190, Math.round(width * 0.16));
}

/// Colours as the theme has them, read once for each painting.
function coloursNow() {
  const style = getComputedStyle(document.documentElement);
  const cache = {};
  return (name) => (cache[name] ||= style.getPropertyValue(`--${name}`).trim());
}

const STATE_COLOUR = {
  NEW: "s-quiet", LIVE: "s-live", FENCING: "s-fence", FENCED: "s-fence", RECOVERING: "s-fence",
  RESETTING: "s-reset", CONNECTING: "s-connect", DELETING: "s-quiet", DELETING_NOIO: "s-quiet",
  DEAD: "s-quiet", created: "s-connect", ready: "s-live", draining: "s-reset", fault: "s-fault",
  fence: "s-fence", stalled: "s-stall", exposed: "s-exposed", trying: "s-connect", failed: "s-quiet",
  connected: "s-live",
};

/// What of a canvas is painted with: sized for the screen's pixels.
function contextOf(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `12px ${FONT}`;
  context.textBaseline = "middle";
  return context;
}

const FONT = 'system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif';

/// From places to pixels within a view.
function mapperOf(view, left, width) {
  const factor = (width - left) / (view.to - view.from);
  return (place) => left + (place - view.from) * factor;
}

/// Stretches that are folded, as bands behind everything else.
function paintFolds(context, scale, x, left, width, height, colour) {
  for (const fold of scale.folds) {
    if (fold.open) continue;
    const a = Math.max(x(fold.at), left), b = Math.min(x(fold.at + fold.width), width);
    if (b < left || a > width || b - a < 1) continue;
    context.fillStyle = colour("fold");
    context.fillRect(a, 0, b - a, height);
  }
}

// What all pictures begin with: to the right of the gutter, with its folds, until it is restored.
function beginPicture(canvas, height, shown) {
  const { view, scale, width, colour } = shown;
  const left = gutterOf(width);
  const context = contextOf(canvas, width, height);
  const x = mapperOf(view, left, width);
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, height);
  context.clip();
  paintFolds(context, scale, x, left, width, height, colour);
  return { context, left, x };
}

function paintLanes(panel, shown) {
  const { run, layout, canvas } = panel;
  const { scale, width, colour } = shown;
  const height = layout.height;
  const { context, left, x } = beginPicture(canvas, height, shown);
  for (const lane of layout.lanes) {
    context.fillStyle = colour("rail");
    context.fillRect(left, lane.y + lane.height - 1, width - left, 1);
    if (lane.type === "attempts") paintAttempts(context, run, lane, shown, x);
    else if (lane.type === "ticks") paintTicks(context, lane, shown, x);
    else paintSpans(context, lane, shown, x, left);
  }
  paintArrows(context, layout, shown, x, panel.selected);
  if (run.fault !== null) paintFaultLine(context, x(toPlace(scale, run.fault + run.shift)), height,
                                         colour);
  if (shown.cursor !== null) paintCursor(context, x(shown.cursor), height, colour);
  if (shown.drag) paintDrag(context, x, shown.drag, height, colour);
  if (panel.focus && panel.lane) {
    context.strokeStyle = colour("accent");
    context.lineWidth = 2;
    const a = Math.max(x(panel.focus.a), left), b = Math.min(x(panel.focus.b), width);
    context.strokeRect(a - 2, panel.lane.y, Math.max(b - a, 3) + 4, panel.lane.height - 1);
  }
  context.restore();
  paintLabels(context, layout, left, colour, panel);
}

function paintLabels(context, layout, left, colour, panel) {
  for (const lane of layout.lanes) {
    const focused = panel.lane === lane;
    context.font = `${focused || !lane.sub ? 600 : 400} 12px ${FONT}`;
    context.fillStyle = focused ? colour("accent") : lane.sub ? colour("soft") : colour("ink");
    const y = lane.y + Math.min(lane.height, LANE) / 2;
    if (left > 0) {
      const text = fitted(context, lane.label, left - 14);
      context.textAlign = "right";
      context.fillText(text, left - 10, y);
      context.textAlign = "left";
    } else if (!lane.sub || lane.type !== "attempts") {
      // Over the lane, on a ground of its own.
      context.font = `600 10px ${FONT}`;
      const text = fitted(context, lane.label, 150);
      const wide = context.measureText(text).width;
      context.fillStyle = colour("veil");
      context.fillRect(0, lane.y, wide + 6, 13);
      context.fillStyle = colour("ink");
      context.fillText(text, 3, lane.y + 7);
    }
  }
}

function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  if (width < 12) return "";
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) --length;
  return `${text.slice(0, length)}…`;
}

function paintSpans(context, lane, shown, x, left) {
  const { view, colour } = shown;
  const top = lane.y + (lane.sub ? 4 : 2), height = lane.height - (lane.sub ? 8 : 5);
  let covered = -Infinity;
  context.font = `600 10px ${FONT}`;
  // Without a column for labels they lie over the lane, and words begin behind them.
  const first = left > 0 ? left + 4 : Math.min(context.measureText(lane.label).width, 150) + 12;
  for (const one of lane.items) {
    if (one.b < view.from || one.a > view.to) continue;
    const a = Math.max(x(one.a), left - 2), b = Math.min(x(one.b), shown.width + 2);
    // What is thinner than a pixel is a pixel, once.
    if (b - a < 1 && a < covered + 0.5) continue;
    covered = b;
    const instant = one.to === one.from;
    context.fillStyle = colour(STATE_COLOUR[one.state] || "s-quiet");
    if (instant) {
      context.fillRect(a - 1.5, lane.y + 1, 3, lane.height - 3);
    } else {
      context.fillRect(a, top, Math.max(b - a, 1.5), height);
      if (one.state === "FENCING" || one.state === "fence" || one.state === "RECOVERING")
        hatch(context, a, top, b - a, height, colour);
    }
    const words = wordsOn(one, lane);
    if (b - a > 30 && words && one !== shown.bare) {
      context.font = `11px ${FONT}`;
      // A diamond at the begin would lie on the first letter.
      const marked = (lane.landings || []).some((at) => Math.abs(x(at.a) - a) < 10);
      const begin = Math.max(a + (marked ? 12 : 4), first);
      const text = fitted(context, words, b - begin - 4);
      context.fillStyle = colour(["exposed", "fault", "stalled"].includes(one.state) ? "on-strong"
                                                                                : "on-state");
      if (text.length > 2) context.fillText(text, begin, top + height / 2 + 0.5);
    }
  }
  if (lane.open && lane.items.length === 0) {
    context.fillStyle = colour("soft");
    context.font = `italic 11px ${FONT}`;
    context.fillText("never", left + 6, lane.y + lane.height / 2);
  }
  paintMarks(context, lane, shown, x);
}

function wordsOn(one, lane) {
  if (one.state === "exposed" || one.state === "stalled") return spanWords(one.to - one.from);
  if (one.state === "fault") return one.to > one.from ? spanWords(one.to - one.from) : "";
  if (one.state === "fence") return spanWords(one.to - one.from);
  if (lane.states) return one.state;
  return one.state === "failed" ? "✗" : "";
}

function hatch(context, a, top, wide, height, colour) {
  if (wide < 6) return;
  context.save();
  context.beginPath();
  context.rect(a, top, wide, height);
  context.clip();
  context.strokeStyle = colour("hatch");
  context.lineWidth = 1;
  context.beginPath();
  for (let at = a - height; at < a + wide; at += 7) {
    context.moveTo(at, top + height);
    context.lineTo(at + height, top);
  }
  context.stroke();
  context.restore();
}

/// Keep-alives and timeouts below the states; landings on the lanes of a target.
function paintMarks(context, lane, shown, x) {
  const { view, colour } = shown;
  let last = -Infinity;
  for (const one of lane.marks || []) {
    if (one.a < view.from || one.a > view.to) continue;
    const at = Math.round(x(one.a));
    if (at === last) continue;
    last = at;
    const timeout = one.kind === "request_timeout";
    context.fillStyle = colour(timeout ? "s-exposed" : "mark");
    context.fillRect(at, lane.y + lane.height - (timeout ? 12 : 6), timeout ? 2 : 1,
                     timeout ? 11 : 5);
  }
  for (const one of lane.landings || []) {
    if (one.a < view.from || one.a > view.to) continue;
    const at = x(one.a), y = lane.y + lane.height / 2 - 1;
    context.fillStyle = colour(one.stale ? "s-exposed" : "mark");
    context.beginPath();
    context.moveTo(at, y - 8);
    context.lineTo(at + 6, y);
    context.lineTo(at, y + 8);
    context.lineTo(at - 6, y);
    context.fill();
    context.strokeStyle = colour("ground");
    context.stroke();
  }
}

function paintTicks(context, lane, shown, x) {
  const { view, colour } = shown;
  context.fillStyle = colour("s-fault");
  let last = -Infinity;
  for (const one of lane.items) {
    if (one.a < view.from || one.a > view.to) continue;
    const at = Math.round(x(one.a));
    if (at === last) continue;
    last = at;
    context.fillRect(at, lane.y + 4, 1.5, lane.height - 9);
  }
}

/// Attempts by their end; what is thinner than a pixel is painted once.
function paintAttempts(context, run, lane, shown, x) {
  const { view, colour } = shown;
  const { a, b, l } = run.places;
  const { try_stale: stale, try_op: op } = run.c;
  const end = run.ends ||= Uint8Array.from(run.c.try_end);
  const styles = [colour("io"), colour("io-lost"), colour("io-open")];
  // Each row has one stretch that grows while the next attempt touches it: where they lie close, a
  // frame paints a few long ones.
  const begin = new Float64Array(ROWS).fill(NaN), covered = new Float64Array(ROWS).fill(-Infinity);
  const factor = x(1) - x(0), zero = x(0), top = lane.y + 1;
  const flush = (row) => {
    if (covered[row] > begin[row])
      context.fillRect(begin[row], top + row * ROW, covered[row] - begin[row], ROW - 1);
  };
  context.fillStyle = styles[0];
  const others = [], chosen = shown.op && shown.op.run === run ? shown.op.row : -1;
  const { items, row: rows } = lane;
  for (let place = 0; place < items.length; ++place) {
    const i = items[place];
    if (a[i] > view.to) break;
    if (end[i] !== ANSWERED || op[i] === chosen) {
      others.push(place);
      continue;
    }
    if (b[i] < view.from) continue;
    const row = rows[place];
    const from = zero + a[i] * factor, to = zero + b[i] * factor;
    if (from <= covered[row] + 0.6) {
      if (to > covered[row]) covered[row] = to;
      continue;
    }
    flush(row);
    begin[row] = from;
    covered[row] = to > from + 1 ? to : from + 1;
  }
  for (let row = 0; row < ROWS; ++row) flush(row);
  for (const place of others) {
    const i = lane.items[place];
    const until = Math.max(b[i], l[i]);
    if (until < view.from) continue;
    const y = lane.y + 1 + lane.row[place] * ROW;
    const from = zero + a[i] * factor, to = zero + b[i] * factor;
    const picked = op[i] === chosen;
    context.fillStyle = picked ? colour("accent") : stale[i] ? colour("s-exposed") : styles[end[i]];
    context.fillRect(from, y, Math.max(to - from, 2), ROW - 1);
    if (l[i] > b[i]) {
      // Given up, and still under way.
      context.fillRect(to, y + 1.5, Math.max(zero + l[i] * factor - to, 1), 1);
    }
  }
}

function paintArrows(context, layout, shown, x, selected) {
  const { view, colour } = shown;
  const near = layout.arrows.filter((one) => one.b >= view.from && one.a <= view.to);
  // Too many to tell apart: only those that harm, and those of what was chosen.
  const few = near.length <= 120 ? near
    : near.filter((one) => one.type === "stale" || one.op === selected).slice(0, 120);
  for (const one of few) {
    const strong = one.op === selected;
    context.strokeStyle = context.fillStyle =
      strong ? colour("accent") : colour(one.type === "stale" ? "s-exposed" : "arrow");
    context.lineWidth = one.type === "stale" || strong ? 1.8 : 1;
    const a = x(one.a), b = x(one.b), bend = Math.max(12, Math.min(60, Math.abs(b - a) / 2));
    context.beginPath();
    context.moveTo(a, one.fromY);
    context.bezierCurveTo(a + bend, one.fromY, b - bend, one.toY, b - 5, one.toY);
    context.stroke();
    context.beginPath();
    context.moveTo(b, one.toY);
    context.lineTo(b - 7, one.toY - 3.5);
    context.lineTo(b - 7, one.toY + 3.5);
    context.fill();
  }
}

function paintFaultLine(context, at, height, colour) {
  context.strokeStyle = colour("s-fault");
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  context.beginPath();
  context.moveTo(at, 0);
  context.lineTo(at, height);
  context.stroke();
  context.setLineDash([]);
}

/// The stretch that a mouse is marking.
function paintDrag(context, x, drag, height, colour) {
  context.globalAlpha = 0.18;
  context.fillStyle = colour("accent");
  context.fillRect(x(Math.min(drag.from, drag.to)), 0, Math.abs(x(drag.to) - x(drag.from)), height);
  context.globalAlpha = 1;
}

function paintCursor(context, at, height, colour) {
  context.fillStyle = colour("ink");
  context.fillRect(Math.round(at), 0, 1, height);
}

/// What is at a point of a panel: {lane, item | attempt | landing | mark}, or the lane alone.
function hitLanes(panel, shown, pointerX, pointerY) {
  const { run, layout } = panel;
  const lane = layout.lanes.find((one) => pointerY >= one.y - 1 && pointerY < one.y + one.height + 1);
  if (!lane) return null;
  const x = mapperOf(shown.view, gutterOf(shown.width), shown.width);
  const close = (place, within) => Math.abs(x(place) - pointerX) <= within;
  const landing = (lane.landings || []).find((one) => close(one.a, 7));
  if (landing) return { lane, landing };
  if (lane.type === "attempts") {
    const { a, b } = run.places;
    let best = -1, least = 5;
    const row = Math.min(Math.floor((pointerY - lane.y - 1) / ROW), lane.rows - 1);
    for (let place = 0; place < lane.items.length; ++place) {
      const i = lane.items[place], from = x(a[i]), to = Math.max(x(b[i]), from + 2);
      if (from > pointerX + 5) break;
      const off = Math.max(from - pointerX, pointerX - to, 0) +
                  1.5 * Math.abs(lane.row[place] - row);
      if (off < least) [best, least] = [i, off];
    }
    return best < 0 ? { lane } : { lane, attempt: best };
  }
  let found = null;
  for (const one of lane.items) {
    const from = x(one.a) - 2, to = Math.max(x(one.b), from + 4) + 1;
    if (pointerX >= from && pointerX <= to && (!found || one.b - one.a <= found.b - found.a))
      found = one;
  }
  const mark = pointerY > lane.y + lane.height / 2 &&
               (lane.marks || []).find((one) => close(one.a, 3));
  if (mark) return { lane, mark };
  return found ? { lane, item: found } : { lane };
}
